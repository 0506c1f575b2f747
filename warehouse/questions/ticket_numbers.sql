-- One row: by_number, whether tickets may be counted by their numbers: in no source do two share one, and at most 32 bits a ticket are
-- enough for a bit for each number up to the last.
select
    exists (from store.memory where name = 'numbers of tickets' and value = 'unique')
    and coalesce(max(ticket_no) <= 32 * count(*), false) as by_number,
from store.tickets
