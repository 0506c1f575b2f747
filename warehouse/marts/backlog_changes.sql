-- One row per moment a touched ticket entered or left the backlog.
with status_changes as (
    select
        events.source,
        events.ticket_id,
        greatest(events.happened_at, ticket_base.created_at) as happened_at,
        events.position,
        lower(events.new_value) as status,
        is_open_status(lower(events.new_value)) as is_open,
        coalesce(lag(is_open_status(lower(events.new_value))) over (partition by events.source, events.ticket_id order by events.position), true) as was_open,
        ticket_base.abandoned_at is not null and events.happened_at <= ticket_base.abandoned_at + interval 1 second as gave_up,
    from ticket_events as events
    inner join ticket_base using (source, ticket_id)
    where events.field = 'status'
),

changes as (
    select
        source,
        ticket_id,
        created_at as happened_at,
        'arrived' as change,
        1 as open_change,
    from ticket_base
    union all
    select
        source,
        ticket_id,
        happened_at,
        case
            when is_open then 'reopened'
            when status in ('deleted', 'merged') then 'removed'
            when status = 'abandoned' or gave_up then 'abandoned'
            else 'solved'
        end as change,
        case when is_open then 1 else -1 end as open_change,
    from status_changes
    where is_open <> was_open
)

select
    changes.*,
    ticket_base.channel,
    ticket_base.team,
    ticket_base.agent,
    ticket_base.topic,
    ticket_base.priority,
from changes
inner join ticket_base using (source, ticket_id)
