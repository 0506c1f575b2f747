-- One row per message of a touched ticket.
select source, ticket_id, message_id, sent_at, author, author_kind, is_public, channel, body,
from store.message_rows
semi join ticket_messages using (source, ticket_id, key)
