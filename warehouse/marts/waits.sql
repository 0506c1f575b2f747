-- One row per wait of a touched ticket: the wait, its working time, and what was promised for it.
with
    promised as (
        select
            ticket,
            metric,
            applied_at,
            any_value(target_seconds) as target_seconds,
            any_value(is_business_time) as is_business_time,
            any_value(due_at) filter (where is_business_time) as business_due_at,
        from sla_built
        where metric in ('first_response', 'next_response')
        group by ticket, metric, applied_at
    )

select
    turns.*,
    case
        when turns.fault is null then business_seconds(began.clock, began.unscheduled, ended.clock, ended.unscheduled)
    end as wait_business_seconds,
    promised.target_seconds,
    promised.is_business_time,
    case
        when promised.is_business_time then promised.business_due_at else turns.began_at + to_seconds(promised.target_seconds)
    end as due_at,
    case when turns.outcome = 'waiting' then tickets.schedule_id end as schedule_id,
    case when turns.outcome = 'waiting' then tickets.clock_ahead end as clock_ahead,
    case when turns.outcome = 'waiting' then tickets.clock_unscheduled end as clock_unscheduled,
    case when turns.outcome = 'waiting' then began.clock end as began_clock,
    case when turns.outcome = 'waiting' then began.unscheduled end as began_unscheduled,
from wait_turns as turns
left join ticket_moments as began on began.ticket = turns.ticket and began.happened_at = turns.began_at
left join ticket_moments as ended on ended.ticket = turns.ticket and ended.happened_at = turns.ended_at
left join
    promised on promised.ticket = turns.ticket and promised.metric = turns.kind || '_response' and promised.applied_at = turns.began_at
left join tickets_built as tickets on tickets.ticket = turns.ticket
