-- One row per rating that a conversation's customer was asked for, given or not.
with
    ratings as (
        select filename, body as conversation, body -> '$.conversation_rating' as rating
        from pages
        where not coalesce((body ->> '$.deleted')::boolean, false) and json_type(body, '$.conversation_rating') is distinct from 'NULL'
    )

select
    filename,
    coalesce(lacks(conversation, ['id', 'updated_at', 'conversation_rating']), lacks(rating, ['rating', 'created_at'])) as fault,
    conversation ->> '$.id' as response_id,
    'Conversation rating' as survey,
    'csat' as kind,
    '1' as scale_min,
    '5' as scale_max,
    rating ->> '$.rating' as score,
    nullif(rating ->> '$.remark', '') as comment,
    rating ->> '$.created_at' as sent_at,
    case when rating ->> '$.rating' is not null then coalesce(rating ->> '$.updated_at', rating ->> '$.created_at') end as answered_at,
    conversation ->> '$.id' as ticket_id,
    case when rating ->> '$.teammate.type' = 'admin' then nullif(rating ->> '$.teammate.id', '0') end as agent,
    nullif(conversation ->> '$.team_assignee_id', '0') as team,
    coalesce(rating ->> '$.contact.id', conversation ->> '$.contacts.contacts[0].id') as customer,
    conversation ->> '$.updated_at' as updated_at,
from ratings
