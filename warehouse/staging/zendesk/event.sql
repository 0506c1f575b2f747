-- One row per changed field of a ticket in a page's audits, and per audit that cannot be read.
with
    audits as (select filename, unnest(json_extract(body, '$.ticket_events[*]')) as audit from pages),

    told as (
        select
            filename,
            lacks(audit, ['id', 'ticket_id', 'timestamp', 'child_events']) as fault,
            json_transform(
                audit,
                '{"ticket_id": "varchar", "created_at": "varchar", "timestamp": "varchar", "updater_id": "varchar", "child_events": ["json"]}'
            ) as audit,
        from audits
    ),

    changes as (
        select
            filename,
            audit.ticket_id as ticket_id,
            coalesce(audit.created_at, audit.timestamp) as happened_at,
            audit.updater_id as actor,
            unnest(audit.child_events) as change,
        from told
        where fault is null
    ),

    -- A change names its field by a key of that name, which holds the new value.
    fields as (
        select
            *,
            unnest(
                list_intersect(json_keys(change), ['status', 'priority', 'group_id', 'assignee_id', 'sla_policy', 'new_schedule_id'])
            ) as name,
        from changes
        where (change ->> '$.event_type') in ('Create', 'Change', 'ScheduleAssignment')
    ),

    valued as (
        select
            *,
            json_extract_string(change, '$.' || name) as new_value,
            case when name = 'new_schedule_id' then change ->> '$.previous_schedule_id' else change ->> '$.previous_value' end as old_value,
        from fields
    )

select filename, fault
from told
where fault is not null
union all by name
select
    filename,
    case when (change ->> '$.event_type') = 'Change' then lacks(change, ['id', 'previous_value']) else lacks(change, ['id']) end as fault,
    -- Changes of one moment are in the order of their numbers.
    lpad(change ->> '$.id', 20, '0') || ':' || name as event_id,
    ticket_id,
    happened_at,
    actor,
    case
        name
        when 'group_id'
        then 'team'
        when 'assignee_id'
        then 'agent'
        when 'sla_policy'
        then 'policy'
        when 'new_schedule_id'
        then 'schedule'
        else name
    end as field,
    old_value,
    new_value,
from valued
-- What a ticket is made without is no change.
where old_value is not null or new_value is not null
