-- One row per message of a touched ticket.
select
    delivered.source,
    ticket_messages.ticket,
    delivered.message_id,
    delivered.sent_at,
    ticket_messages.author,
    ticket_messages.author_kind,
    delivered.is_public,
    delivered.channel,
    delivered.body,
from ticket_messages
inner join delivered_messages as delivered using (stored_row)
