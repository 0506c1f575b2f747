-- One row per moment a touched ticket entered or left the backlog.
with
    compared as (select *, coalesce(lag(is_open) over (partition by ticket order by position), true) as was_open, from status_changes),

    changes as (
        select ticket, 0 as position, created_at as happened_at, 'arrived' as change, 1 as open_change,
        from ticket_base
        union all
        select
            ticket,
            position,
            happened_at,
            case
                when is_open
                then 'reopened'
                when status in ('deleted', 'merged')
                then 'removed'
                when status = 'abandoned'
                then 'abandoned'
                else 'solved'
            end as change,
            case when is_open then 1 else -1 end as open_change,
        from compared
        where is_open <> was_open
    )

select
    ticket_base.source,
    changes.* exclude (position),
    lead(changes.happened_at) over (partition by ticket order by changes.position) as until_at,
    ticket_base.created_at,
    ticket_base.channel,
    ticket_base.team,
    ticket_base.agent,
    ticket_base.topic,
    ticket_base.priority,
from changes
inner join ticket_base using (ticket)
