-- One row per message of a touched ticket.
select
    delivered.source,
    delivered.ticket_id,
    delivered.message_id,
    delivered.sent_at,
    ticket_messages.author,
    ticket_messages.author_kind,
    delivered.is_public,
    delivered.channel,
    delivered.body,
from store.message_rows as delivered
inner join ticket_messages using (source, ticket_id, key)
