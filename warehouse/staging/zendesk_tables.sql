-- The raw tables of a Zendesk account (raw_*, all text) as export files of our own kinds of rows: one view ..._export a kind.
-- What is peculiar to Zendesk ends here. Text goes through as delivered: the staging step casts it, and rejects with a reason.
-- One row per user who answers: known by name, or by name and id where several share one. A person counts once, whatever they are called.
create view agents as
select
    id,
    case when count(*) over (partition by name) > 1 then name || ' (' || id || ')' else coalesce(name, id) end as agent,
from raw_user
where role in ('agent', 'admin');

create view teams as
select
    id,
    case when count(*) over (partition by name) > 1 then name || ' (' || id || ')' else coalesce(name, id) end as team,
from raw_group;

-- One row per ticket as it stands now. The newest moment of replication is how far the tables go.
create view ticket_export as
select
    ticket.id as ticket_id,
    ticket.created_at,
    ticket.updated_at,
    ticket.status,
    channel_of(ticket.via_channel) as channel,
    coalesce(teams.team, ticket.group_id) as team,
    coalesce(agents.agent, ticket.assignee_id) as agent,
    ticket.requester_id as customer,
    ticket.priority,
    ticket.subject,
    (select max(_fivetran_synced) from raw_ticket) as exported_at,
from raw_ticket as ticket
left join teams on teams.id = ticket.group_id
left join agents on agents.id = ticket.assignee_id;

-- One row per change of a ticket. The first value of a field is a change from nothing.
create view field_changes as
select
    history.ticket_id,
    history.updated as happened_at,
    case history.field_name
        when 'assignee_id' then 'agent'
        when 'group_id' then 'team'
        when 'sla_policy' then 'policy'
        else history.field_name
    end as field,
    coalesce(teams.team, agents.agent, history.value) as new_value,
    coalesce(actors.agent, history.user_id) as actor,
from raw_ticket_field_history as history
left join teams on history.field_name = 'group_id' and teams.id = history.value
left join agents on history.field_name = 'assignee_id' and agents.id = history.value
left join agents as actors on actors.id = history.user_id
where history.field_name in ('status', 'assignee_id', 'group_id', 'priority', 'sla_policy');

-- One row per moment a ticket came under a schedule; it holds until the next.
-- Zendesk writes the first one a moment after the ticket. Up to 5 seconds late nothing held before it, and those seconds are no working
-- time;
-- later than that the account's default held until then. A ticket that never gets one is under the default.
create view schedule_changes as
with assigned as (
    select
        ticket_id,
        created_at as happened_at,
        max(schedule_id) as schedule_id,
    from raw_ticket_schedule
    group by ticket_id, created_at
),

first_assigned as (
    select
        ticket_id,
        min(try_cast(happened_at as timestamp)) as from_at,
    from assigned
    group by ticket_id
),

default_schedule as (
    select
        arg_min(id, (try_cast(created_at as timestamp), id)) as schedule_id,
    from raw_schedule
    where not coalesce(try_cast(_fivetran_deleted as boolean), false)
),

at_creation as (
    select
        ticket.id as ticket_id,
        ticket.created_at as happened_at,
        case
            when first_assigned.from_at <= try_cast(ticket.created_at as timestamp) + interval 5 seconds then 'none yet'
            else default_schedule.schedule_id
        end as schedule_id,
    from raw_ticket as ticket
    left join first_assigned on first_assigned.ticket_id = ticket.id
    cross join default_schedule
    where first_assigned.from_at is null or first_assigned.from_at > try_cast(ticket.created_at as timestamp)
)

select
    ticket_id,
    happened_at,
    'schedule' as field,
    schedule_id as new_value,
    null as actor,
from (
    from assigned
    union all by name
    from at_creation
)
where schedule_id is not null;

create view event_export as
select
    ticket_id,
    happened_at,
    field,
    lag(new_value) over (partition by ticket_id, field order by try_cast(happened_at as timestamp)) as old_value,
    new_value,
    actor,
from (
    from field_changes
    union all by name
    from schedule_changes
)
-- A field that becomes empty is a change too, unless it was empty before.
qualify new_value is not null or old_value is not null;

-- One row per message of a ticket. An author whom the user table does not know neither asks nor answers.
create view message_export as
select
    comment.id as message_id,
    comment.ticket_id,
    comment.created as sent_at,
    coalesce(agents.agent, comment.user_id) as author,
    case
        when comment.user_id = '-1' then 'bot'
        when agents.id is not null then 'agent'
        when people.role = 'end-user' then 'customer'
        else 'unknown'
    end as author_kind,
    comment.public as is_public,
    comment.body,
from raw_ticket_comment as comment
left join agents on agents.id = comment.user_id
left join raw_user as people on people.id = comment.user_id;

-- One row per weekly working interval of a schedule. A zone that nobody knows counts as UTC, and the name says so. And one without hours
-- for the seconds until a new ticket is put under a schedule.
create view schedule_export as
select
    schedule.id as schedule_id,
    case
        when zones.name is null then concat(schedule.name, ' (in UTC: time zone ', coalesce(schedule.time_zone, 'not given'), ' is not known)')
        else schedule.name
    end as name,
    coalesce(zones.name, 'UTC') as time_zone,
    schedule.start_time as opens_minute,
    schedule.end_time as closes_minute,
    coalesce(schedule._fivetran_deleted, 'false') as is_removed,
from raw_schedule as schedule
left join pg_timezone_names() as zones on zones.name = zone_of(schedule.time_zone)
union all
select
    'none yet' as schedule_id,
    'None yet' as name,
    'UTC' as time_zone,
    null as opens_minute,
    null as closes_minute,
    'false' as is_removed,
where exists (from raw_schedule);

-- One row per holiday of a schedule: local dates, both included.
create view holiday_export as
select
    schedule_id,
    name,
    start_date as from_date,
    end_date as to_date,
    coalesce(_fivetran_deleted, 'false') as is_removed,
from raw_schedule_holiday;

-- One row per target put on a ticket, or taken off it (no target_seconds), by the account's policies.
create view target_export as
with targets as (
    select
        ticket_id,
        case field_name
            when 'first_reply_time' then 'first_response'
            when 'next_reply_time' then 'next_response'
            when 'periodic_update_time' then 'periodic_update'
            when 'pausable_update_time' then 'pausable_update'
            when 'agent_work_time' then 'agent_work'
            when 'requester_wait_time' then 'requester_wait'
            else 'resolution'
        end as metric,
        updated as applied_at,
        60 * try_cast(json_extract_string(value, '$.minutes') as double) as target_seconds,
        json_extract_string(value, '$.in_business_hours') as is_business_time,
        try_cast(updated as timestamp) as applied,
    from raw_ticket_field_history
    where field_name in (
        'first_reply_time', 'next_reply_time', 'periodic_update_time', 'pausable_update_time', 'agent_work_time', 'requester_wait_time',
        'total_resolution_time'
    )
),

policies as (
    select
        ticket_id,
        value as policy,
        try_cast(updated as timestamp) as applied,
    from raw_ticket_field_history
    where field_name = 'sla_policy' and value is not null
)

select
    targets.* exclude (applied),
    policies.policy,
from targets
asof left join policies on policies.ticket_id = targets.ticket_id and policies.applied <= targets.applied;
