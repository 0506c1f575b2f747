-- severity: error
-- meaning: a duration is negative
select source, ticket_id as example,
from store.tickets
semi join checked_tickets using (ticket_no)
where least(first_response_seconds, first_resolution_seconds, full_resolution_seconds, handle_seconds) < 0
union all
select source, ticket_id || ' turn ' || turn as example,
from store.waits
semi join checked_tickets using (ticket_no)
where wait_seconds < 0
