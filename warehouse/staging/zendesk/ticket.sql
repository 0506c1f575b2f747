-- One row per ticket of a page.
with
    tickets as (select filename, unnest(json_extract(body, '$.tickets[*]')) as ticket from pages),

    -- All at once: a ticket is a long text, and would be gone through anew for each key.
    told as (
        select
            filename,
            lacks(
                ticket,
                [
                    'id',
                    'created_at',
                    'updated_at',
                    'status',
                    'via',
                    'group_id',
                    'assignee_id',
                    'requester_id',
                    'priority',
                    'subject',
                    'tags'
                ]
            ) as fault,
            json_transform(
                ticket,
                '{"id": "varchar", "created_at": "varchar", "updated_at": "varchar", "generated_timestamp": "varchar", "status": "varchar", "via": {"channel": "varchar"}, "group_id": "varchar", "assignee_id": "varchar", "requester_id": "varchar", "priority": "varchar", "subject": "varchar", "tags": ["varchar"], "metric_set": {"solved_at": "varchar"}}'
            ) as ticket,
        from tickets
    )

select
    filename,
    fault,
    ticket.id as ticket_id,
    ticket.created_at as created_at,
    -- Changes that the service makes itself, such as a deletion for good, move this one alone.
    coalesce(ticket.generated_timestamp, ticket.updated_at) as updated_at,
    channel_of(ticket.via.channel) as channel,
    ticket.group_id as team,
    ticket.assignee_id as agent,
    ticket.requester_id as customer,
    ticket.priority as priority,
    ticket.subject as subject,
    ticket.metric_set.solved_at as solved_at,
    case when ticket.status = 'closed' and list_contains(ticket.tags, 'closed_by_merge') then 'merged' else ticket.status end as status,
from told
