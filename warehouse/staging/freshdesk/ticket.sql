-- One row per ticket of a page. What is in the lists of deleted tickets and of spam counts as deleted.
with tickets as (select filename, endpoint, unnest(json_extract(body, '$[*]')) as ticket from pages)

select
    filename,
    coalesce(
        lacks(
            ticket,
            [
                'id',
                'created_at',
                'updated_at',
                'status',
                'priority',
                'source',
                'type',
                'subject',
                'requester_id',
                'responder_id',
                'group_id',
                'stats'
            ]
        ),
        'stats ' || lacks(ticket -> '$.stats', ['first_responded_at', 'resolved_at', 'closed_at'])
    ) as fault,
    ticket ->> '$.id' as ticket_id,
    ticket ->> '$.created_at' as created_at,
    ticket ->> '$.updated_at' as updated_at,
    case
        when endpoint in ('deleted_tickets', 'spam_tickets') or 'true' in (ticket ->> '$.deleted', ticket ->> '$.spam')
        then 'deleted'
        -- Waiting on the customer (6) and on a third party (7) come with every account; others are the account's own, and count as open.
        else
            case
                ticket ->> '$.status'
                when '2'
                then 'open'
                when '3'
                then 'pending'
                when '4'
                then 'solved'
                when '5'
                then 'closed'
                when '6'
                then 'pending'
                when '7'
                then 'hold'
                else 'status ' || (ticket ->> '$.status')
            end
    end as status,
    case
        ticket ->> '$.source'
        when '1'
        then 'email'
        when '2'
        then 'web'
        when '3'
        then 'phone'
        when '4'
        then 'web'
        when '5'
        then 'social'
        when '6'
        then 'social'
        when '7'
        then 'chat'
        when '8'
        then 'chat'
        when '9'
        then 'web'
        when '10'
        then 'email'
        when '12'
        then 'chat'
        when '13'
        then 'social'
        else 'source ' || (ticket ->> '$.source')
    end as channel,
    ticket ->> '$.group_id' as team,
    ticket ->> '$.responder_id' as agent,
    ticket ->> '$.requester_id' as customer,
    case ticket ->> '$.priority' when '1' then 'low' when '2' then 'normal' when '3' then 'high' when '4' then 'urgent' end as priority,
    ticket ->> '$.type' as topic,
    ticket ->> '$.subject' as subject,
    ticket ->> '$.stats.first_responded_at' as first_response_at,
    coalesce(ticket ->> '$.stats.resolved_at', ticket ->> '$.stats.closed_at') as solved_at,
    ticket ->> '$.stats.closed_at' as closed_at,
from tickets
