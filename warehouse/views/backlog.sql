-- What was open, at the end of a day and of an hour.
create or replace view backlog_days as
with changed as (
    select
        source,
        ticket_id,
        happened_at,
        -- A field may become empty: the change is kept in a list, so that null means not changed.
        max_by([lower(new_value)], position) filter (where field = 'status') as status,
        max_by([new_value], position) filter (where field = 'agent') as agent,
        max_by([new_value], position) filter (where field = 'team') as team,
        max_by([new_value], position) filter (where field = 'priority') as priority,
    from ticket_events
    where field in ('status', 'agent', 'team', 'priority')
    group by source, ticket_id, happened_at
),

carried as (
    select
        source,
        ticket_id,
        happened_at as began_at,
        lead(happened_at) over changes as ended_at,
        last_value(status ignore nulls) over so_far as status,
        last_value(agent ignore nulls) over so_far as agent,
        last_value(team ignore nulls) over so_far as team,
        last_value(priority ignore nulls) over so_far as priority,
    from changed
    window
        changes as (partition by source, ticket_id order by happened_at),
        so_far as (partition by source, ticket_id order by happened_at rows unbounded preceding)
),

-- It stood at the end of each day from the one it began on to the one before the day it was over; the present day stands as it is now.
days as (
    select
        carried.*,
        unnest(
            generate_series(
                date_trunc('day', carried.began_at),
                case when carried.ended_at is null then date_trunc('day', as_of.as_of) else date_trunc('day', carried.ended_at) - interval 1 day end,
                interval 1 day
            )
        )::date as day,
    from carried
    inner join as_of on as_of.source = carried.source
    where is_open_status(carried.status[1])
)

select
    days.source,
    days.day,
    days.ticket_id,
    days.status[1] as status,
    tickets.channel,
    days.team[1] as team,
    days.agent[1] as agent,
    days.priority[1] as priority,
from days
inner join store.tickets as tickets on tickets.source = days.source and tickets.ticket_id = days.ticket_id;
comment on view backlog_days is 'One row per ticket x day (UTC) at whose end it was open, with status, team, agent and priority as they were then; the present day as it is now.
example: select day, team, count(*) as open_tickets from backlog_days group by all order by day, team';
comment on column backlog_days.source is 'Source of the ticket, as support.toml names it. Ids are unique within a source only: join on source and ticket_id.';
comment on column backlog_days.day is 'The day (UTC) at whose end it was open; the present day as it is now.';
comment on column backlog_days.ticket_id is 'Its ticket: joins tickets on source and ticket_id.';
comment on column backlog_days.status is 'Its status then, in lower case.';
comment on column backlog_days.channel is 'The ticket''s present channel: changes of channel are not followed here.';
comment on column backlog_days.team is 'The team that held it then; null: none, or no change of team is told.';
comment on column backlog_days.agent is 'The agent that held it then; null: none, or no change of agent is told.';
comment on column backlog_days.priority is 'Its priority then; null: none, or no change of priority is told.';

create or replace view queue_hours as
select
    * exclude (open_change, waits_began, waits_ended),
    waits_began,
    waits_ended,
    (sum(open_change) over levels)::bigint as open_at_end,
    (sum(waits_began - waits_ended) over levels)::bigint as waiting_at_end,
from store.queue_changes
window levels as (partition by source, channel, team order by hour rows unbounded preceding);
comment on view queue_hours is 'One row per hour x channel x team in which something happened; open_at_end and waiting_at_end hold until the next row of that channel and team.
example: select channel, sum(arrived) as arrived, sum(answered) as answered, sum(solved) as solved from queue_hours where hour >= timestamp ''2026-01-01'' group by channel';
comment on column queue_hours.source is 'Source it comes from, as support.toml names it.';
comment on column queue_hours.hour is 'When the hour begins (UTC): at half past in zones such as Asia/Kolkata, see hour_of.';
comment on column queue_hours.channel is 'The ticket''s present channel; of waits and answers the channel the customer waited on.';
comment on column queue_hours.team is 'The team that holds the ticket now; null: none.';
comment on column queue_hours.arrived is 'Tickets that came in, abandoned calls and chats among them.';
comment on column queue_hours.answered is 'Customers whose first wait an agent answered in this hour.';
comment on column queue_hours.abandoned is 'Tickets whose customer gave up before an answer.';
comment on column queue_hours.solved is 'Times a ticket was solved; solved again counts again.';
comment on column queue_hours.reopened is 'Times a solved ticket was opened again.';
comment on column queue_hours.removed is 'Tickets that were deleted or merged while open.';
comment on column queue_hours.waits_began is 'Waits that began, first and next; those whose times make no sense are left out.';
comment on column queue_hours.waits_ended is 'Waits that ended, whatever their outcome; those whose times make no sense are left out.';
comment on column queue_hours.open_at_end is 'Tickets open at the end of the hour: holds until the next row of this source, channel and team.';
comment on column queue_hours.waiting_at_end is 'Customers waiting at the end of the hour: holds until the next row of this source, channel and team.';
