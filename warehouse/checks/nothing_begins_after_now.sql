-- severity: warning
-- meaning: a ticket begins after the data's own time; its date is a mistake, or the export's is
select tickets.source, tickets.ticket_id as example,
from store.tickets as tickets
inner join as_of using (source)
where tickets.created_at > as_of.as_of
