-- One row per message of a conversation: what began it, and every part in which somebody says something.
with
    conversations as (
        select filename, body as conversation, conversation_lacks(body) as fault
        from pages
        where not coalesce((body ->> '$.deleted')::boolean, false)
    ),

    beginnings as (
        select
            filename,
            coalesce(fault, lacks(conversation -> '$.source', ['type', 'body', 'author'])) as fault,
            conversation ->> '$.id' as ticket_id,
            (conversation ->> '$.id') || '-source' as message_id,
            conversation ->> '$.created_at' as sent_at,
            conversation ->> '$.updated_at' as updated_at,
            'comment' as part_type,
            conversation -> '$.source.author' as author,
            conversation ->> '$.source.body' as body,
            -- A call is no message: it has words only where somebody wrote them down.
            coalesce(conversation ->> '$.source.type' in ('phone_call', 'phone_switch'), false) as is_call,
            false as is_erased,
        from conversations
    ),

    every_part as (
        select
            filename,
            conversation ->> '$.id' as ticket_id,
            -- Of a customer who was erased no id is left, and of words an empty text.
            conversation ->> '$.contacts.contacts[0].id' is null as is_erased,
            unnest(json_extract(conversation, '$.conversation_parts.conversation_parts[*]')) as part,
        from conversations
        where fault is null
    ),

    parts as (
        select
            filename,
            lacks(part, ['id', 'part_type', 'body', 'created_at', 'author']) as fault,
            ticket_id,
            part ->> '$.id' as message_id,
            part ->> '$.created_at' as sent_at,
            coalesce(part ->> '$.updated_at', part ->> '$.created_at') as updated_at,
            part ->> '$.part_type' as part_type,
            part -> '$.author' as author,
            part ->> '$.body' as body,
            false as is_call,
            is_erased,
        from every_part
    )

select
    filename,
    fault,
    ticket_id,
    message_id,
    sent_at,
    updated_at,
    author ->> '$.id' as author,
    case
        when author ->> '$.type' in ('bot', 'team') or coalesce((author ->> '$.from_ai_agent')::boolean, false)
        then 'bot'
        -- Campaigns write under a teammate's name: we turn to the customer, nobody waits for an answer.
        when author ->> '$.type' = 'admin'
        then 'agent'
        when author ->> '$.type' in ('user', 'lead', 'contact', 'visitor')
        then 'customer'
        else 'unknown'
    end as author_kind,
    case when part_type in ('note', 'note_and_reopen') then 'false' else 'true' end as is_public,
    body,
from
    (
        from beginnings
        union all by name
        from parts
    )
-- A close, an assignment and the like are messages where somebody wrote something with them; a comment is one without words, too.
where
    fault is not null
    or body <> ''
    or (is_erased and body = '')
    or (part_type in ('comment', 'quick_reply', 'note', 'note_and_reopen') and not is_call)
