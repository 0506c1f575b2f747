-- One row per message of a conversation; what Chatwoot itself writes down of a change is none.
with
    messages as (select filename, unnest(json_extract(body, '$.payload[*]')) as message from pages),

    -- A fault stays, whatever kind of message it may be.
    written as (
        select *, lacks(message, ['id', 'conversation_id', 'message_type', 'content', 'created_at', 'private']) as fault,
        from messages
        where message ->> '$.message_type' is distinct from '2'
    )

select
    filename,
    fault,
    message ->> '$.id' as message_id,
    message ->> '$.conversation_id' as ticket_id,
    message ->> '$.created_at' as sent_at,
    case when message ->> '$.message_type' = '0' then '' else 'agent-' end || (message ->> '$.sender.id') as author,
    case
        when message ->> '$.message_type' = '0'
        then 'customer'
        when message ->> '$.message_type' = '1' and (message ->> '$.sender.type') = 'user'
        then 'agent'
        -- Written in the app of the channel itself rather than in Chatwoot.
        when (message ->> '$.content_attributes.external_echo')::boolean
        then 'agent'
        when message ->> '$.message_type' in ('1', '3')
        then 'bot'
        else 'unknown'
    end as author_kind,
    case when (message ->> '$.private')::boolean then 'false' else 'true' end as is_public,
    message ->> '$.content' as body,
from written
