-- One row per message of ticket $ticket_id of $source, in order.
select message_id, sent_at, author, author_kind, is_public, channel, body,
from messages
where source = $source and ticket_id = $ticket_id
order by sent_at, message_id
