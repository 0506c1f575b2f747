-- One row per stretch of a touched ticket in one status, with its business clock at both ends. ended_at null: it is in it now.
with
    timed as (
        select
            changes.ticket,
            changes.happened_at,
            changes.position,
            -- A source's own words count as open, as in the backlog.
            case when changes.is_open and changes.status not in ('new', 'pending', 'hold') then 'open' else changes.status end as status,
            changes.is_open,
            changes.is_inferred,
            moments.clock,
            moments.unscheduled,
        from status_changes as changes
        left join ticket_moments as moments using (ticket, happened_at)
    )

select
    ticket,
    position,
    happened_at as began_at,
    lead(happened_at) over later as ended_at,
    status,
    is_open,
    coalesce(lag(status) over later in ('solved', 'closed'), false) as was_over,
    is_inferred,
    clock as began_clock,
    unscheduled as began_unscheduled,
    lead(clock) over later as ended_clock,
    lead(unscheduled) over later as ended_unscheduled,
from timed
window later as (partition by ticket order by position)
