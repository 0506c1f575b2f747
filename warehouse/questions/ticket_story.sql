-- One row per thing that happened to ticket $ticket_id of $source, in order of time; what is due comes last. kind: ticket, message, call,
-- wait, change, target or survey. seconds: how long it took, or what was promised. is_told false: read off the ticket's own times.
with
    created as (
        select created_at as happened_at, 'ticket' as kind, 'Created' as what, customer as who, subject as detail,
        from store.tickets
        where source = $source and ticket_id = $ticket_id
    ),

    written as (
        select
            sent_at as happened_at,
            'message' as kind,
            case
                author_kind when 'customer' then 'Customer wrote' when 'agent' then 'Agent wrote' when 'bot' then 'Bot wrote' else 'Message'
            end
            || case when is_public is false then ', private' else '' end as what,
            author as who,
            body as detail,
            row_number() over (order by sent_at, message_id) as position,
        from messages
        where source = $source and ticket_id = $ticket_id
    ),

    own_calls as (
        select
            unnest([entered_at, answered_at, abandoned_at, ended_at]) as happened_at,
            'call' as kind,
            unnest(['Call came in', 'Call answered', 'Caller gave up', 'Call ended']) as what,
            unnest([customer, agent, customer, null]) as who,
            unnest(
                [
                    null,
                    epoch(answered_at - entered_at),
                    epoch(abandoned_at - entered_at),
                    epoch(ended_at - coalesce(answered_at, entered_at))
                ]
            ) as seconds,
        from calls
        where source = $source and ticket_id = $ticket_id
    ),

    own_waits as (select * from waits where source = $source and ticket_id = $ticket_id),

    wait_moments as (
        select
            began_at as happened_at, 'wait' as kind, 'Wait began' as what, null::varchar as who, null::double as seconds, fault as detail,
        from own_waits
        union all
        select
            ended_at as happened_at,
            'wait' as kind,
            case
                outcome
                when 'answered'
                then 'Wait ended: answered'
                when 'abandoned'
                then 'Wait ended: gave up'
                else 'Wait ended: solved without an answer'
            end as what,
            case when outcome = 'answered' then agent end as who,
            waited_seconds as seconds,
            coalesce(fault, case when within_target then 'within its target' when not within_target then 'past its target' end) as detail,
        from own_waits
    ),

    changes as (
        select
            happened_at,
            'change' as kind,
            upper(field[1]) || field[2:] || ': ' || coalesce(nullif(new_value, ''), 'none') as what,
            actor as who,
            case when old_value is not null then 'was ' || old_value end as detail,
            not is_inferred as is_told,
            position,
        from ticket_events
        where source = $source and ticket_id = $ticket_id
    ),

    targets as (
        select
            case state when 'met' then ended_at else due_at end as happened_at,
            'target' as kind,
            case state when 'met' then 'Target kept: ' when 'breached' then 'Target missed: ' else 'Target due: ' end
            || replace(metric, '_', ' ') as what,
            policy as who,
            case state when 'met' then elapsed_seconds else target_seconds end as seconds,
            case when is_business_time then 'in business time' end as detail,
        from sla_outcomes
        where source = $source and ticket_id = $ticket_id and state is not null
    ),

    surveys as (
        select
            unnest([sent_at, answered_at]) as happened_at,
            'survey' as kind,
            unnest(
                ['Asked: ' || kind, 'Answered: ' || kind || coalesce(' ' || printf('%g of %g to %g', score, scale_min, scale_max), '')]
            ) as what,
            customer as who,
            unnest([survey, comment]) as detail,
            unnest([1, 2]) as position,
        from survey_responses
        where source = $source and ticket_id = $ticket_id
    ),

    everything as (
        select *, 0 as step,
        from created
        union all by name
        select *, 1 as step,
        from written
        union all by name
        select *, 2 as step,
        from own_calls
        union all by name
        select *, 3 as step,
        from wait_moments
        union all by name
        select *, 4 as step,
        from changes
        union all by name
        select *, 5 as step,
        from targets
        union all by name
        select *, 6 as step,
        from surveys
    )

select happened_at, kind, what, who, seconds, detail, coalesce(is_told, true) as is_told,
from everything
where happened_at is not null
order by happened_at, step, position, what
