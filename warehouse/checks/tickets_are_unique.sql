-- severity: error
-- meaning: a ticket stands more than once in tickets
select source, ticket_id as example,
from store.tickets
semi join checked_tickets using (ticket_no)
group by source, ticket_id
having count(*) > 1
