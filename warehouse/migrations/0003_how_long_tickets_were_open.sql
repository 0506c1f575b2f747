-- Changes of the backlog say until when what they say was so, and when their ticket was made. Of changes at one instant a ticket comes
-- before all, and then goes out and in by turns. Updates come in the order of the table: in any other they take many times as long.
update backlog_changes as changes
set until_at = spans.until_at, created_at = spans.created_at
from (
    with
        instants as (
            select
                rowid as row_no,
                source,
                ticket_id,
                happened_at,
                row_number() over (partition by source, ticket_id, happened_at, open_change order by change <> 'arrived') as turn,
                sum(open_change) over (partition by source, ticket_id order by happened_at)
                - sum(open_change) over (partition by source, ticket_id, happened_at) as open_before,
                (open_change = 1) = (open_before > 0) as is_second,
            from backlog_changes
        )

    select
        row_no,
        lead(happened_at) over (partition by source, ticket_id order by happened_at, turn, is_second) as until_at,
        min(happened_at) over (partition by source, ticket_id) as created_at,
    from instants
    order by row_no
) as spans
where spans.row_no = changes.rowid;
