-- Promises, as they stand now.
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
    ticket_no,
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
    channel,
    team,
    agent,
    topic,
    priority,
from judged;
comment on view sla_outcomes is 'One row per target put on a ticket: met, breached or running now. Share kept: met / (met + breached), null where there are none.
example: select metric, count(*) filter (where state = ''met'') / nullif(count(*) filter (where state in (''met'', ''breached'')), 0) as share_kept from sla_outcomes group by metric';
comment on column sla_outcomes.source is 'Source of the ticket, as support.toml names it. Ids are unique within a source only: join on source and ticket_id.';
comment on column sla_outcomes.ticket_id is 'Its ticket: joins tickets on source and ticket_id.';
comment on column sla_outcomes.ticket_no is 'A number made of ticket_id, by which tickets are found and counted sooner. Not unique: join on source and ticket_id.';
comment on column sla_outcomes.metric is 'first_response, next_response, agent_work (time new or open), requester_wait (new, open or on hold), resolution (all time until solved), periodic_update (from one public message of an agent to the next), pausable_update (the same, not counting time the customer is waited for).';
comment on column sla_outcomes.channel is 'Channel of the ticket: joins channels.';
comment on column sla_outcomes.team is 'The team that holds the ticket now, or held it last; null: none.';
comment on column sla_outcomes.agent is 'The agent that holds the ticket now, or held it last; null: none.';
comment on column sla_outcomes.topic is 'Topic of the ticket, as the source says; null: it does not.';
comment on column sla_outcomes.priority is 'Priority of the ticket now; null: not said.';
comment on column sla_outcomes.policy is 'The policy that promises it; null: neither the source nor support.toml names one.';
comment on column sla_outcomes.applied_at is 'From when the target counts (UTC).';
comment on column sla_outcomes.target_seconds is 'Within how long. Exactly on target is kept.';
comment on column sla_outcomes.is_business_time is 'Whether only time within the ticket''s schedules counts.';
comment on column sla_outcomes.state is 'met (exactly on target too), breached or running; null: business time was promised and the ticket has no schedule, or the customer gave up in time.';
comment on column sla_outcomes.elapsed_seconds is 'What has counted towards the target until it ended, or until now; for answers the whole wait until the answer, though the ticket was solved before it.';
comment on column sla_outcomes.due_at is 'When the target is used up if the ticket stays as it is (UTC); null: it is on hold or waiting for the customer, or ended before.';
comment on column sla_outcomes.breached_at is 'When the target was used up (UTC); null: it was not.';
comment on column sla_outcomes.replied_at is 'When an agent answered (UTC); null: not yet, or no answer was promised.';
comment on column sla_outcomes.ended_at is 'When it was decided (UTC): by the answer, by the solving, or by the next target; null: not yet.';
