-- One row per status that a touched ticket came into, in order.
select
    events.ticket,
    greatest(events.happened_at, ticket_base.created_at) as happened_at,
    events.position,
    case
        when
            ticket_base.abandoned_at is not null
            and events.happened_at <= ticket_base.abandoned_at + interval 1 second
            and lower(events.new_value) in ('solved', 'closed')
        then 'abandoned'
        else lower(events.new_value)
    end as status,
    is_open_status(lower(events.new_value)) as is_open,
    events.is_inferred,
from events_built as events
inner join ticket_base using (ticket)
where events.field = 'status'
