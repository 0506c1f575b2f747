-- One row per target put on ticket $ticket_id of $source, in order: when it was kept, missed, or is due.
select metric, policy, applied_at, target_seconds, is_business_time, state, elapsed_seconds, due_at, breached_at, ended_at,
from sla_outcomes
where source = $source and ticket_id = $ticket_id
order by applied_at, metric
