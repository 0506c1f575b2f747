-- One row per conversation of a page, as it was when it was asked for.
with conversations as (select filename, body as conversation from pages where not coalesce((body ->> '$.deleted')::boolean, false))

select
    filename,
    conversation_lacks(conversation) as fault,
    conversation ->> '$.id' as ticket_id,
    conversation ->> '$.created_at' as created_at,
    conversation ->> '$.updated_at' as updated_at,
    case conversation ->> '$.state' when 'closed' then 'solved' when 'snoozed' then 'hold' else conversation ->> '$.state' end as status,
    case
        when conversation ->> '$.source.type' = 'conversation'
        then 'chat'
        when conversation ->> '$.source.type' in ('facebook', 'instagram', 'twitter', 'whatsapp')
        then 'social'
        when conversation ->> '$.source.type' in ('phone_call', 'phone_switch', 'sms')
        then 'phone'
        else conversation ->> '$.source.type'
    end as channel,
    nullif(conversation ->> '$.team_assignee_id', '0') as team,
    nullif(conversation ->> '$.admin_assignee_id', '0') as agent,
    conversation ->> '$.contacts.contacts[0].id' as customer,
    case conversation ->> '$.priority' when 'priority' then 'high' when 'not_priority' then 'normal' end as priority,
    conversation ->> '$.topics.topics[0].name' as topic,
    coalesce(nullif(conversation ->> '$.title', ''), nullif(conversation ->> '$.source.subject', '')) as subject,
    conversation ->> '$.statistics.first_admin_reply_at' as first_response_at,
    case when conversation ->> '$.state' = 'closed' then conversation ->> '$.statistics.last_close_at' end as solved_at,
    conversation ->> '$.statistics.adjusted_handling_time' as handle_seconds,
    case conversation ->> '$.sla_applied.sla_status' when 'hit' then 'true' when 'missed' then 'false' end as promise_kept,
from conversations
