-- One row per conversation of a list, or of an answer that is one conversation.
with
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
    lacks(
        conversation,
        ['id', 'created_at', 'last_activity_at', 'status', 'meta', 'labels', 'additional_attributes', 'first_reply_created_at']
    ) as fault,
    conversation ->> '$.id' as ticket_id,
    conversation ->> '$.created_at' as created_at,
    greatest(try_cast(conversation ->> '$.last_activity_at' as double), try_cast(conversation ->> '$.updated_at' as double))::varchar
    as updated_at,
    case
        conversation ->> '$.status' when 'resolved' then 'solved' when 'snoozed' then 'hold' else conversation ->> '$.status'
    end as status,
    case
        when conversation ->> '$.meta.channel' = 'Channel::WebWidget'
        then 'chat'
        when conversation ->> '$.meta.channel' in ('Channel::Sms', 'Channel::TwilioSms', 'Channel::Voice')
        then 'phone'
        when
            conversation ->> '$.meta.channel' in (
                'Channel::FacebookPage',
                'Channel::Instagram',
                'Channel::TwitterProfile',
                'Channel::Whatsapp',
                'Channel::Telegram',
                'Channel::Line',
                'Channel::Tiktok'
            )
        then 'social'
        else lower(replace(conversation ->> '$.meta.channel', 'Channel::', ''))
    end as channel,
    conversation ->> '$.meta.team.id' as team,
    case
        when conversation ->> '$.meta.assignee_type' is distinct from 'AgentBot' then 'agent-' || (conversation ->> '$.meta.assignee.id')
    end as agent,
    conversation ->> '$.meta.sender.id' as customer,
    case conversation ->> '$.priority' when 'medium' then 'normal' else conversation ->> '$.priority' end as priority,
    conversation ->> '$.labels[0]' as topic,
    conversation ->> '$.additional_attributes.mail_subject' as subject,
    nullif(conversation ->> '$.first_reply_created_at', '0') as first_response_at,
from conversations
