-- One row per time the customer of ticket $ticket_id of $source waited for us, in order.
select
    turn,
    kind,
    channel,
    agent,
    began_at,
    ended_at,
    outcome,
    waited_seconds,
    waited_business_seconds,
    target_seconds,
    is_business_time,
    due_at,
    within_target,
    fault,
from waits
where source = $source and ticket_id = $ticket_id
order by turn
