-- One row per message of a touched ticket, without its text. Where a source's key lets one message stand under two keys, the newest row
-- holds.
select source, ticket_id, key, sent_at, author, author_kind, is_public, channel,
from store.message_rows
semi join touched using (source, ticket_id)
qualify
    row_number() over (
        partition by source, ticket_id, message_id
        order by coalesce(version_at, modified_at) desc, modified_at desc, file_no desc, line_no desc
    )
    = 1
