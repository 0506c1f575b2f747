-- One row per message of a page: a ticket's description, which is what it began with, or a conversation of it.
with
    -- Lists of tickets, and of what was written on one of them, lie in the same files.
    tickets as (select filename, unnest(json_extract(body, '$[*]')) as ticket from pages where address not like '%/conversations?%'),

    conversations as (select filename, unnest(json_extract(body, '$[*]')) as message from pages where address like '%/conversations?%'),

    descriptions as (
        select
            filename,
            lacks(ticket, ['id', 'created_at', 'updated_at', 'source', 'requester_id', 'description_text']) as fault,
            'description of ' || (ticket ->> '$.id') as message_id,
            ticket ->> '$.id' as ticket_id,
            ticket ->> '$.created_at' as sent_at,
            -- An outbound email (10) is begun by an agent; which one is not told.
            case when (ticket ->> '$.source') <> '10' then ticket ->> '$.requester_id' end as author,
            case when (ticket ->> '$.source') = '10' then 'agent' else 'customer' end as author_kind,
            'true' as is_public,
            coalesce(ticket ->> '$.description_text', ticket ->> '$.description') as body,
            ticket ->> '$.updated_at' as updated_at,
        from tickets
    ),

    replies as (
        select
            filename,
            lacks(
                message, ['id', 'ticket_id', 'created_at', 'updated_at', 'source', 'user_id', 'incoming', 'private', 'body', 'body_text']
            ) as fault,
            message ->> '$.id' as message_id,
            message ->> '$.ticket_id' as ticket_id,
            message ->> '$.created_at' as sent_at,
            message ->> '$.user_id' as author,
            case
                -- The comment of a rating (6) neither asks nor answers.
                when (message ->> '$.source') = '6'
                then 'unknown'
                when (message ->> '$.incoming') = 'true'
                then 'customer'
                when
                    (message ->> '$.auto_response') = 'true'
                    or (message ->> '$.automation_id') is not null
                    or (message ->> '$.user_id') is null
                then 'bot'
                else 'agent'
            end as author_kind,
            -- What is forwarded (8) goes to somebody else than the customer.
            case when (message ->> '$.private') = 'true' or (message ->> '$.source') = '8' then 'false' else 'true' end as is_public,
            coalesce(message ->> '$.body_text', message ->> '$.body') as body,
            message ->> '$.updated_at' as updated_at,
        from conversations
    )

from descriptions
union all by name
from replies
