-- One row per message of a touched ticket, without its text.
select source, ticket_id, key, sent_at, author, author_kind, is_public, channel,
from store.message_rows
semi join touched using (source, ticket_id)
