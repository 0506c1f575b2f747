-- One row per change of a conversation's status: as it began, as Chatwoot wrote it down among the messages, and where it was found deleted.
-- Texts are those of an account in English; newer Chatwoots say the status beside the text, in every language.
with
    activities as (select filename, unnest(json_extract(body, '$.payload[*]')) as message from pages where endpoint = 'messages'),

    changes as (
        select
            filename,
            lacks(message, ['id', 'conversation_id', 'message_type', 'content', 'created_at']) as fault,
            message ->> '$.conversation_id' as ticket_id,
            message ->> '$.id' as event_id,
            message ->> '$.created_at' as happened_at,
            message ->> '$.id' as position,
            case
                when message ->> '$.content_attributes.activity.type' = 'conversation_status_changed'
                then message ->> '$.content_attributes.activity.status'
                when message ->> '$.content' like 'Conversation was marked resolved by %'
                then 'resolved'
                when message ->> '$.content' like 'Conversation was resolved by %'
                then 'resolved'
                when
                    message ->> '$.content' like 'Conversation was reopened by %'
                    or (message ->> '$.content') like 'System reopened the conversation %'
                then 'open'
                when message ->> '$.content' like 'Conversation was marked open %'
                then 'open'
                when message ->> '$.content' like 'Conversation was marked as pending by %'
                then 'pending'
                when message ->> '$.content' like 'Conversation was snoozed by %'
                then 'snoozed'
            end as status,
        from activities
        where coalesce(message ->> '$.message_type', '2') = '2'
    ),

    conversations as (
        select filename, unnest(json_extract(body, '$.data.payload[*]')) as conversation
        from pages
        where endpoint = 'conversations'
        union all
        select filename, body as conversation
        from pages
        where endpoint = 'single_conversations' and not coalesce((body ->> '$.deleted')::boolean, false)
    )

select
    filename,
    fault,
    event_id,
    ticket_id,
    happened_at,
    position,
    'status' as field,
    case status when 'resolved' then 'solved' when 'snoozed' then 'hold' else status end as new_value,
from changes
where status is not null or fault is not null
union all
select
    filename,
    lacks(conversation, ['id', 'created_at']) as fault,
    (conversation ->> '$.id') || '-created' as event_id,
    conversation ->> '$.id' as ticket_id,
    conversation ->> '$.created_at' as happened_at,
    '0' as position,
    'status' as field,
    'open' as new_value,
from conversations
union all
select
    filename,
    lacks(body, ['id', 'noticed_at']) as fault,
    (body ->> '$.id') || '-deleted' as event_id,
    body ->> '$.id' as ticket_id,
    body ->> '$.noticed_at' as happened_at,
    null as position,
    'status' as field,
    'deleted' as new_value,
from pages
where coalesce((body ->> '$.deleted')::boolean, false)
