-- One row per change of a conversation's status, agent or team that its parts tell of; and one where it was found to be deleted.
with
    conversations as (
        select filename, body as conversation, conversation_lacks(body) as fault
        from pages
        where not coalesce((body ->> '$.deleted')::boolean, false)
    ),

    every_part as (
        select
            filename,
            conversation ->> '$.id' as ticket_id,
            unnest(json_extract(conversation, '$.conversation_parts.conversation_parts[*]')) as part,
        from conversations
        where fault is null
    ),

    moments as (
        select
            filename,
            fault,
            conversation ->> '$.id' as ticket_id,
            'source' as moment_id,
            conversation ->> '$.created_at' as happened_at,
            conversation ->> '$.created_at' as updated_at,
            'comment' as part_type,
            conversation -> '$.source.author' as author,
            null::json as assigned_to,
            true as is_said,
        from conversations
        union all by name
        select
            filename,
            lacks(part, ['id', 'part_type', 'body', 'created_at', 'author', 'assigned_to']) as fault,
            ticket_id,
            part ->> '$.id' as moment_id,
            part ->> '$.created_at' as happened_at,
            coalesce(part ->> '$.updated_at', part ->> '$.created_at') as updated_at,
            part ->> '$.part_type' as part_type,
            part -> '$.author' as author,
            part -> '$.assigned_to' as assigned_to,
            part ->> '$.part_type' in ('comment', 'quick_reply') or coalesce(part ->> '$.body', '') <> '' as is_said,
        from every_part
    ),

    -- Parts within one second come in the order of their ids.
    ordered as (select *, coalesce(try_cast(moment_id as bigint), 0) as position, from moments where fault is null),

    status_moments as (
        select
            *,
            'status' as field,
            case
                when part_type = 'close'
                then 'solved'
                when part_type = 'snoozed'
                then 'hold'
                when part_type = 'open' or part_type like '%reopen' or part_type like '%unsnooze%'
                then 'open'
                -- What a customer says opens a closed or snoozed conversation again.
                when is_said and (author ->> '$.type') in ('user', 'lead', 'contact', 'visitor')
                then 'open'
                -- What we begin waits for nobody until the customer answers.
                when moment_id = 'source'
                then 'solved'
            end as new_value,
        from ordered
    ),

    holder_moments as (
        select
            *,
            case assigned_to ->> '$.type' when 'team' then 'team' else 'agent' end as field,
            nullif(assigned_to ->> '$.id', '0') as new_value,
        from ordered
        where assigned_to ->> '$.type' in ('admin', 'team', 'nobody_admin')
    ),

    values_of_fields as (
        select *, lag(new_value) over (partition by filename, ticket_id, field order by happened_at::bigint, position) as old_value,
        from
            (
                from status_moments
                where new_value is not null
                union all by name
                from holder_moments
            )
    )

select
    filename,
    null as fault,
    ticket_id || '-' || moment_id || '-' || field as event_id,
    ticket_id,
    happened_at,
    position::varchar as position,
    author ->> '$.id' as actor,
    field,
    old_value,
    new_value,
    updated_at,
from values_of_fields
where old_value is distinct from new_value
union all
select
    filename,
    fault,
    null as event_id,
    ticket_id,
    null as happened_at,
    null as position,
    null as actor,
    null as field,
    null as old_value,
    null as new_value,
    null as updated_at,
from moments
where fault is not null
union all
select
    filename,
    lacks(body, ['id', 'noticed_at']) as fault,
    (body ->> '$.id') || '-deleted' as event_id,
    body ->> '$.id' as ticket_id,
    body ->> '$.noticed_at' as happened_at,
    null as position,
    null as actor,
    'status' as field,
    null as old_value,
    'deleted' as new_value,
    body ->> '$.noticed_at' as updated_at,
from pages
where coalesce((body ->> '$.deleted')::boolean, false)
