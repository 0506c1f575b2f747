-- One row per message of a touched ticket.
select source, ticket_id, message_id, sent_at, author, author_kind, is_public, channel, body,
from store.message_rows
semi join touched using (source, ticket_id)
qualify
    row_number() over (
        partition by source, ticket_id, message_id
        order by coalesce(version_at, modified_at) desc, modified_at desc, file_no desc, line_no desc
    )
    = 1
