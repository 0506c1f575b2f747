-- What depends on the present instant is worked out when asked, never stored: nothing has to be rewritten as time passes.

create or replace view as_of as
select
    source,
    max(as_of) as as_of,
from sources
group by source;
comment on view as_of is 'One row per source: the instant its data is as of.';

create or replace view waits as
select
    waits.*,
    coalesce(waits.wait_seconds, case when waits.outcome = 'waiting' then epoch(as_of.as_of - waits.began_at) end) as waited_seconds,
    case
        when waits.fault is not null then null
        when waits.outcome = 'waiting' then case when epoch(as_of.as_of - waits.began_at) > waits.target_seconds then false end
        when waits.outcome = 'answered' then waits.wait_seconds <= waits.target_seconds
        when waits.wait_seconds > waits.target_seconds then false
    end as within_target,
    waits.began_at + to_seconds(waits.target_seconds) as due_at,
from store.waits as waits
left join as_of on as_of.source = waits.source;
comment on view waits is 'One row per time a customer waited for us: from turning to us until an agent answers, the customer gives up, or the ticket is solved without an answer; or it has not ended.';
comment on column waits.channel is 'Where the customer waits: the channel they called or wrote on, which may differ from the ticket''s.';
comment on column waits.turn is '1 is the first wait of a ticket.';
comment on column waits.kind is 'first or next.';
comment on column waits.agent is 'Who answered; for a wait that was not answered, who holds the ticket.';
comment on column waits.outcome is 'answered, abandoned, solved (without an answer) or waiting.';
comment on column waits.queued is 'False where the customer was answered without queueing.';
comment on column waits.wait_seconds is 'From beginning to end; null while waiting and where fault says why it cannot be.';
comment on column waits.waited_seconds is 'wait_seconds, or for a customer still waiting the time until now (the source''s as-of instant).';
comment on column waits.within_target is 'True, false, or null: still open within its target, given up before the target passed, or no target.';
comment on column waits.fault is 'Why the times make no sense: counted and shown, never averaged in.';

create or replace view tickets as
select
    tickets.*,
    case when tickets.is_open then epoch(as_of.as_of - tickets.created_at) end as age_seconds,
from store.tickets as tickets
left join as_of on as_of.source = tickets.source;
comment on view tickets is 'One row per ticket. A call or chat that was abandoned is a ticket with status abandoned.';
comment on column tickets.age_seconds is 'For open tickets: since creation, until now (the source''s as-of instant).';

create or replace view queue_hours as
select
    * exclude (open_change, waits_began, waits_ended),
    waits_began,
    waits_ended,
    sum(open_change) over levels as open_at_end,
    sum(waits_began - waits_ended) over levels as waiting_at_end,
from store.queue_changes
window levels as (partition by source, channel, team order by hour rows unbounded preceding);
comment on view queue_hours is 'One row per hour x channel x team in which something happened; open_at_end and waiting_at_end hold until the next row of that channel and team.';
