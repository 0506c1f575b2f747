-- What depends on the present instant is worked out when asked, never stored: nothing has to be rewritten as time passes.
create or replace view as_of as
select
    source,
    max(as_of) as as_of,
from sources
group by source;
comment on view as_of is 'One row per source: the instant its data is as of.';

create or replace view open_seconds_now as
select
    hours.source,
    hours.schedule_id,
    max_by(hours.open_seconds_before + epoch(least(as_of.as_of, hours.closes_at) - hours.opens_at), hours.opens_at) as open_seconds,
from open_hours as hours
inner join as_of on as_of.source = hours.source and hours.opens_at <= as_of.as_of
group by hours.source, hours.schedule_id;
comment on view open_seconds_now is 'One row per schedule: its working seconds up to now (the source''s as-of instant).';

create or replace view waits as
select
    waits.* exclude (business_due_at, schedule_id, clock_ahead, clock_unscheduled, began_clock, began_unscheduled),
    coalesce(
        waits.wait_seconds,
        case when waits.outcome = 'waiting' and waits.began_at <= as_of.as_of then epoch(as_of.as_of - waits.began_at) end
    ) as waited_seconds,
    coalesce(
        waits.wait_business_seconds,
        -- Null where the ticket has, or had, no schedule since the wait began.
        case
            when waits.outcome = 'waiting' and waits.clock_unscheduled = waits.began_unscheduled
                then waits.clock_ahead + open_seconds_now.open_seconds - waits.began_clock
        end
    ) as waited_business_seconds,
    case when waits.outcome = 'answered' then waits.agent end as answered_by,
    case when waits.is_business_time then waits.business_due_at else waits.began_at + to_seconds(waits.target_seconds) end as due_at,
    case
        when waits.fault is not null then null
        when waits.outcome = 'waiting' then case when as_of.as_of > due_at then false end
        when waits.outcome = 'answered' then case when waits.is_business_time then waits.wait_business_seconds else waits.wait_seconds end <= waits.target_seconds
        when case when waits.is_business_time then waits.wait_business_seconds else waits.wait_seconds end > waits.target_seconds then false
    end as within_target,
from store.waits as waits
left join as_of on as_of.source = waits.source
left join open_seconds_now
    on open_seconds_now.source = waits.source
    and open_seconds_now.schedule_id = waits.schedule_id;
comment on view waits is 'One row per time a customer waited for us: from turning to us until an agent answers, the customer gives up, or the ticket is solved without an answer; or it has not ended.';
comment on column waits.channel is 'Where the customer waits: the channel they called or wrote on, which may differ from the ticket''s.';
comment on column waits.turn is '1 is the first wait of a ticket.';
comment on column waits.kind is 'first or next.';
comment on column waits.agent is 'Who answered; for a wait that was not answered, who holds the ticket.';
comment on column waits.answered_by is 'Who answered; null: nobody did, or it is not known who. Counted rather than shown: who may not see the agent by name has a code here.';
comment on column waits.outcome is 'answered, abandoned, solved (without an answer) or waiting.';
comment on column waits.queued is 'False where the customer was answered without queueing.';
comment on column waits.wait_seconds is 'From beginning to end; null while waiting and where fault says why it cannot be.';
comment on column waits.wait_business_seconds is 'The same, only within the schedule of the ticket; null: it had none, for some of the time.';
comment on column waits.target_seconds is 'Within how long an answer was promised; is_business_time: counting only time within the schedule.';
comment on column waits.due_at is 'When the promised time is used up.';
comment on column waits.waited_seconds is 'wait_seconds, or for a customer still waiting the time until now (the source''s as-of instant).';
comment on column waits.waited_business_seconds is 'wait_business_seconds, or for a customer still waiting the working time until now.';
comment on column waits.within_target is 'True, false, or null: still open within its target, given up before the target passed, or no target.';
comment on column waits.fault is 'Why the times make no sense: counted and shown, never averaged in.';

create or replace view tickets as
with present as (
    select
        tickets.*,
        case when tickets.is_open and tickets.created_at <= as_of.as_of then epoch(as_of.as_of - tickets.created_at) end as age_seconds,
        -- The clock shows what has passed since creation; null where the ticket had no schedule for some of the time.
        case when tickets.is_open and tickets.clock_unscheduled = 0 then tickets.clock_ahead + open_seconds_now.open_seconds end as age_business_seconds,
        epoch(as_of.as_of - tickets.status_since_at) as present_seconds,
        -- Null where the ticket has, or had, no schedule since it came into its present status.
        case
            when tickets.clock_unscheduled = tickets.status_since_unscheduled
                then tickets.clock_ahead + open_seconds_now.open_seconds - tickets.status_since_clock
        end as present_business_seconds,
    from store.tickets as tickets
    left join as_of on as_of.source = tickets.source
    left join open_seconds_now
        on open_seconds_now.source = tickets.source
        and open_seconds_now.schedule_id = tickets.schedule_id
),

until_now as (
    select
        * replace (
            new_seconds + case when last_status = 'new' then present_seconds else 0 end as new_seconds,
            open_seconds + case when last_status = 'open' then present_seconds else 0 end as open_seconds,
            agent_wait_seconds + case when last_status = 'pending' then present_seconds else 0 end as agent_wait_seconds,
            on_hold_seconds + case when last_status = 'hold' then present_seconds else 0 end as on_hold_seconds,
            new_business_seconds + case when last_status = 'new' then present_business_seconds else 0 end as new_business_seconds,
            open_business_seconds + case when last_status = 'open' then present_business_seconds else 0 end as open_business_seconds,
            agent_wait_business_seconds + case when last_status = 'pending' then present_business_seconds else 0 end as agent_wait_business_seconds,
            on_hold_business_seconds + case when last_status = 'hold' then present_business_seconds else 0 end as on_hold_business_seconds
        ),
    from present
)

select
    * exclude (
        last_status,
        status_since_clock,
        status_since_unscheduled,
        clock_ahead,
        clock_unscheduled,
        present_seconds,
        present_business_seconds
    ),
    reply_count as public_agent_comment_count,
    customer_message_count as customer_comment_count,
    new_seconds + open_seconds as agent_work_seconds,
    new_business_seconds + open_business_seconds as agent_work_business_seconds,
    new_seconds + open_seconds + on_hold_seconds as requester_wait_seconds,
    new_business_seconds + open_business_seconds + on_hold_business_seconds as requester_wait_business_seconds,
    new_seconds + open_seconds + on_hold_seconds + agent_wait_seconds as solve_seconds,
    new_business_seconds + open_business_seconds + on_hold_business_seconds + agent_wait_business_seconds as solve_business_seconds,
from until_now;
comment on view tickets is 'One row per ticket, its durations until now. A call or chat that was abandoned is a ticket with status abandoned. Durations ending _business_seconds count only time within the schedules it was under; null: it had none, for some of the time.';
comment on column tickets.age_seconds is 'For open tickets: since creation, until now (the source''s as-of instant).';
comment on column tickets.age_business_seconds is 'The same within its schedule, counted from the call where one came first.';
comment on column tickets.solved_at is 'Last time it was solved; null while it is open.';
comment on column tickets.status_since_at is 'When it came into its present status.';
comment on column tickets.schedule_id is 'The schedule it is under now; null: none.';
comment on column tickets.first_response_at is 'When an agent first answered in public; a message by which an agent opened the ticket is none.';
comment on column tickets.first_response_seconds is 'From creation to first_response_at; for calls the time in the queue. Null while unanswered.';
comment on column tickets.first_response_business_seconds is 'The same within its schedule.';
comment on column tickets.total_reply_seconds is 'Sum of all waits for an answer: from creation, and from each first message of a customer''s turn, to the agent''s next public message. Unanswered turns add nothing.';
comment on column tickets.first_resolution_seconds is 'From creation to the first time it was solved (closed, where it never was).';
comment on column tickets.first_resolution_business_seconds is 'The same within its schedule, where it is solved or closed now.';
comment on column tickets.full_resolution_seconds is 'From creation to the last time it was solved (closed, where it never was), also where it is open again.';
comment on column tickets.full_resolution_business_seconds is 'The same within its schedule, where it is solved or closed now.';
comment on column tickets.new_seconds is 'Time in status new; this and the next are null where the source does not tell changes of status.';
comment on column tickets.new_business_seconds is 'The same within its schedule.';
comment on column tickets.open_seconds is 'Time in status open, or in a status that counts as open.';
comment on column tickets.open_business_seconds is 'The same within its schedule.';
comment on column tickets.agent_wait_seconds is 'Time in status pending: agents waited for the customer.';
comment on column tickets.agent_wait_business_seconds is 'The same within its schedule.';
comment on column tickets.on_hold_seconds is 'Time in status hold.';
comment on column tickets.on_hold_business_seconds is 'The same within its schedule.';
comment on column tickets.agent_work_seconds is 'new_seconds + open_seconds.';
comment on column tickets.agent_work_business_seconds is 'The same within its schedule.';
comment on column tickets.requester_wait_seconds is 'new_seconds + open_seconds + on_hold_seconds.';
comment on column tickets.requester_wait_business_seconds is 'The same within its schedule.';
comment on column tickets.solve_seconds is 'new_seconds + open_seconds + on_hold_seconds + agent_wait_seconds: all the time it was not solved.';
comment on column tickets.solve_business_seconds is 'The same within its schedule.';
comment on column tickets.unassigned_seconds is 'Time without an agent before it got one; null: it never had one, or the source does not tell.';
comment on column tickets.unassigned_since_at is 'Without an agent since; null: it has one.';
comment on column tickets.handle_seconds is 'Time agents worked on it, where the source says so: the length of its calls.';
comment on column tickets.resolution_count is 'Times its status became solved.';
comment on column tickets.reopen_count is 'Times it was finished (solved or closed) again. A ticket that is open again counts once it is finished; backlog_changes has the moment of each reopening.';
comment on column tickets.reply_count is 'Public messages by agents. This and the next are null where the source delivers no messages; bots and unknown authors are left out.';
comment on column tickets.public_agent_comment_count is 'reply_count, under the name that help desks know.';
comment on column tickets.customer_message_count is 'Messages by customers.';
comment on column tickets.customer_comment_count is 'customer_message_count, under the name that help desks know.';
comment on column tickets.agent_comment_count is 'Messages by agents, private ones too.';
comment on column tickets.internal_comment_count is 'Private messages.';
comment on column tickets.comment_count is 'All messages.';
comment on column tickets.agent_reply_count is 'Public messages by agents after the ticket''s first public message.';
comment on column tickets.handoff_count is 'Different agents who wrote on it.';
comment on column tickets.assignee_station_count is 'Times an agent was set; null where the source delivers no changes.';
comment on column tickets.unique_assignee_count is 'Different agents it was set to.';
comment on column tickets.group_station_count is 'Times a team was set.';
comment on column tickets.reassignment_count is 'Times it went from one agent or team to another.';
comment on column tickets.is_one_touch is 'Solved or closed now, with exactly one public message by an agent.';
comment on column tickets.is_two_touch is 'Solved or closed now, with exactly two.';
comment on column tickets.is_multi_touch is 'Solved or closed now, with none or more than two.';

create or replace view sla_outcomes as
with present as (
    select
        outcomes.*,
        as_of.as_of,
        case
            when outcomes.running_since_at is null then 0
            when not outcomes.is_business_time then epoch(as_of.as_of - outcomes.running_since_at)
            when outcomes.clock_unscheduled = outcomes.running_since_unscheduled
                then outcomes.clock_ahead + open_seconds_now.open_seconds - outcomes.running_since_clock
        end as present_seconds,
    from store.sla_outcomes as outcomes
    left join as_of on as_of.source = outcomes.source
    left join open_seconds_now
        on open_seconds_now.source = outcomes.source
        and open_seconds_now.schedule_id = outcomes.schedule_id
),

judged as (
    select
        *,
        -- Exactly on target is met. Still unfinished at the very moment it is due is breached: nothing can meet it any more.
        case
            when ended_at is null then counted_seconds + present_seconds >= target_seconds
            else counted_seconds > target_seconds
        end as is_breached,
    from present
)

select
    source,
    ticket_id,
    metric,
    policy,
    applied_at,
    target_seconds,
    is_business_time,
    case
        when is_breached then 'breached'
        when is_breached is null or gave_up then null
        when ended_at is null then 'running'
        else 'met'
    end as state,
    elapsed_seconds + present_seconds as elapsed_seconds,
    case when is_breached is not null then due_at end as due_at,
    case when is_breached then due_at end as breached_at,
    replied_at,
    ended_at,
from judged;
comment on view sla_outcomes is 'One row per target put on a ticket: met, breached or running now. Share kept: met / (met + breached), null where there are none.';
comment on column sla_outcomes.metric is 'first_response, next_response, agent_work (time new or open), requester_wait (new, open or on hold), resolution (all time until solved), periodic_update (from one public message of an agent to the next), pausable_update (the same, not counting time the customer is waited for).';
comment on column sla_outcomes.policy is 'The policy that promises it, where the source or support.toml names one.';
comment on column sla_outcomes.applied_at is 'From when the target counts.';
comment on column sla_outcomes.target_seconds is 'Within how long.';
comment on column sla_outcomes.is_business_time is 'Whether only time within the ticket''s schedules counts.';
comment on column sla_outcomes.state is 'met (exactly on target too), breached or running; null: business time was promised and the ticket has no schedule, or the customer gave up in time.';
comment on column sla_outcomes.elapsed_seconds is 'What has counted towards the target until it ended, or until now; for answers the whole wait until the answer, though the ticket was solved before it.';
comment on column sla_outcomes.due_at is 'When the target is used up if the ticket stays as it is; null: it is on hold or waiting for the customer, or ended before.';
comment on column sla_outcomes.breached_at is 'When the target was used up; null: it was not.';
comment on column sla_outcomes.replied_at is 'When an agent answered; null: not yet, or no answer was promised.';
comment on column sla_outcomes.ended_at is 'When it was decided: by the answer, by the solving, or by the next target; null: not yet.';

create or replace view annotations as
select source, annotation_id, happened_at, ended_at, kind, label, body, channel, team, author, updated_at,
from store.annotation_rows
where not is_removed;
comment on view annotations is 'One row per annotation: what charts show as having happened at a time, as written in the dashboard (source written) or delivered.';
comment on column annotations.happened_at is 'When it happened, or began.';
comment on column annotations.ended_at is 'When it ended; null: it is a moment.';
comment on column annotations.kind is 'release, holiday, campaign, incident or another word; null: not said.';
comment on column annotations.label is 'What it is, in a few words, as a person wrote it.';
comment on column annotations.body is 'More about it.';
comment on column annotations.channel is 'The channel it is about; null: every one.';
comment on column annotations.team is 'The team it is about; null: every one.';
comment on column annotations.author is 'Who wrote it.';
comment on column annotations.updated_at is 'When this version of it was written.';

create or replace view agent_notes as
select source, note_id, agent, kind, body, author, written_at, ticket_id, updated_at,
from store.note_rows
where not is_removed;
comment on view agent_notes is 'One row per coaching or recognition note about an agent.';
comment on column agent_notes.agent is 'The agent it is about.';
comment on column agent_notes.kind is 'coaching or recognition.';
comment on column agent_notes.body is 'What it says, as a person wrote it.';
comment on column agent_notes.author is 'Who wrote it.';
comment on column agent_notes.written_at is 'When it was first written.';
comment on column agent_notes.ticket_id is 'The ticket it is about; null: none.';
comment on column agent_notes.updated_at is 'When this version of it was written.';

create or replace view saved_views as
with newest_of_name as (
    select *,
    from store.view_rows
    qualify row_number() over (partition by page, name order by saved_at desc, updated_at desc nulls last, source, view_id) = 1
)

-- Removed ones go last: a name that is taken back does not bring back what it meant before.
select source, view_id, name, page, query, author, saved_at, updated_at,
from newest_of_name
where not is_removed;
comment on view saved_views is 'One row per page x name: a page with its filters, saved under a name. Of two with the same name the one saved last holds.';
comment on column saved_views.name is 'What it is called, as a person wrote it.';
comment on column saved_views.page is 'The page it opens.';
comment on column saved_views.query is 'The query string of its address.';
comment on column saved_views.author is 'Who saved it.';
comment on column saved_views.saved_at is 'When it was saved.';
comment on column saved_views.updated_at is 'When this version of it was written.';

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
comment on view backlog_days is 'One row per ticket x day (UTC) at whose end it was open, with status, team, agent and priority as they were then; the present day as it is now.';

create or replace view queue_hours as
select
    * exclude (open_change, waits_began, waits_ended),
    waits_began,
    waits_ended,
    (sum(open_change) over levels)::bigint as open_at_end,
    (sum(waits_began - waits_ended) over levels)::bigint as waiting_at_end,
from store.queue_changes
window levels as (partition by source, channel, team order by hour rows unbounded preceding);
comment on view queue_hours is 'One row per hour x channel x team in which something happened; open_at_end and waiting_at_end hold until the next row of that channel and team.';
