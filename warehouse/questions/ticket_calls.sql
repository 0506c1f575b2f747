-- One row per call or queued chat of ticket $ticket_id of $source, in order.
select call_id, agent, entered_at, queued_at, answered_at, abandoned_at, ended_at,
from store.call_rows
where source = $source and coalesce(ticket_id, call_id) = $ticket_id
order by entered_at, call_id
