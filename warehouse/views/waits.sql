-- Waits, until now.
create or replace view waits as
select
    waits.* exclude (schedule_id, clock_ahead, clock_unscheduled, began_clock, began_unscheduled),
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
    case
        when waits.fault is not null then null
        when waits.outcome = 'waiting' then case when as_of.as_of > waits.due_at then false end
        when waits.outcome = 'answered' then case when waits.is_business_time then waits.wait_business_seconds else waits.wait_seconds end <= waits.target_seconds
        when case when waits.is_business_time then waits.wait_business_seconds else waits.wait_seconds end > waits.target_seconds then false
    end as within_target,
from store.waits as waits
left join as_of on as_of.source = waits.source
left join open_seconds_now
    on open_seconds_now.source = waits.source
    and open_seconds_now.schedule_id = waits.schedule_id;
comment on view waits is 'One row per time a customer waited for us: from turning to us until an agent answers, the customer gives up, or the ticket is solved without an answer; or it has not ended.
example: select ticket_id, channel, waited_seconds, due_at from waits where outcome = ''waiting'' and fault is null order by began_at';
comment on column waits.source is 'Source of the ticket, as support.toml names it. Ids are unique within a source only: join on source and ticket_id.';
comment on column waits.ticket_id is 'Its ticket: joins tickets on source and ticket_id.';
comment on column waits.ticket_no is 'A number made of ticket_id, by which tickets are found and counted sooner. Not unique: join on source and ticket_id.';
comment on column waits.turn is 'Order of the waits of a ticket, from 1.';
comment on column waits.kind is 'first (turn 1) or next.';
comment on column waits.channel is 'Where the customer waits: the channel they called or wrote on, which may differ from the ticket''s.';
comment on column waits.team is 'The team that holds the ticket now; null: none.';
comment on column waits.agent is 'Who answered; for a wait that was not answered, who holds the ticket; null: not known, or nobody.';
comment on column waits.topic is 'The ticket''s present topic; null: not said.';
comment on column waits.priority is 'The ticket''s present priority; null: not said.';
comment on column waits.began_at is 'When the customer turned to us (UTC): for a call, when they began to queue.';
comment on column waits.ended_at is 'When the wait was over (UTC), whatever its outcome; null: they wait still.';
comment on column waits.outcome is 'answered, abandoned (the customer gave up), solved (without an answer) or waiting.';
comment on column waits.queued is 'False where a call or chat was answered without queueing.';
comment on column waits.wait_seconds is 'From beginning to end; null while waiting and where fault says why it cannot be.';
comment on column waits.wait_business_seconds is 'As wait_seconds, counting only time within the ticket''s schedules; null while waiting, and where it had none for some of the time.';
comment on column waits.target_seconds is 'Within how long an answer was promised; null: nothing was. is_business_time says what counts.';
comment on column waits.is_business_time is 'Whether the promise counts only time within the ticket''s schedules; null: nothing was promised.';
comment on column waits.fault is 'Why the times make no sense (answered before asked): counted and shown, never averaged in; null: they do.';
comment on column waits.waited_seconds is 'wait_seconds, or for a customer still waiting the time until now (the source''s as-of instant); null where fault says why it cannot be.';
comment on column waits.waited_business_seconds is 'wait_business_seconds, or for a customer still waiting the working time until now; null: the ticket had no schedule for some of the time, or fault says why it cannot be.';
comment on column waits.answered_by is 'Who answered; null: nobody did, or it is not known who. For counting agents: a visitor of the dashboard who may not see the agent by name is given a code.';
comment on column waits.due_at is 'When the promised time is used up (UTC); null: nothing was promised, or there is no schedule to count by.';
comment on column waits.within_target is 'True, false, or null: still open within its target, given up or solved before the target passed, no target, no schedule to count by, or fault.';
