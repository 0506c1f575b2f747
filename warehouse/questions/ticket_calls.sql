-- One row per call or queued chat of ticket $ticket_id of $source, in order.
select call_id, agent, entered_at, queued_at, answered_at, abandoned_at, ended_at,
from calls
where source = $source and ticket_id = $ticket_id
order by entered_at, call_id
