-- Tickets say when their customer asked again, and how many of their calls were answered. Updates come in the order of the table: in any
-- other they take many times as long.
update store.tickets set asker_no = asker_number(source, customer, topic);
update store.tickets as tickets
set next_created_at = returns.next_created_at
from (
    select
        rowid as row_no,
        lead(created_at) over (partition by asker_no order by created_at, ticket_id) as next_created_at,
    from store.tickets
    where asker_no is not null
    order by row_no
) as returns
where returns.row_no = tickets.rowid;
update store.tickets as tickets
set answered_call_count = answers.answered_call_count
from (
    select
        all_tickets.rowid as row_no,
        coalesce(calls.answered, 0) as answered_call_count,
    from store.tickets as all_tickets
    left join (
        select
            source,
            ticket_id,
            count(*) as answered,
        from store.waits
        where channel = 'phone' and outcome = 'answered'
        group by source, ticket_id
    ) as calls using (source, ticket_id)
    order by row_no
) as answers
where answers.row_no = tickets.rowid;
