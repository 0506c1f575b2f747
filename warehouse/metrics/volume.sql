-- Counts and levels. None is 0 for a count: that nothing came is known.
create or replace macro arrived(change) as
    count(*) filter (where change = 'arrived');

comment on macro arrived is
'family: volume
definition: How many tickets came in, abandoned calls and chats among them.
unit: tickets
clock: calendar
population: all tickets, deleted and merged ones too
date: happened_at of the change: when the ticket was made
direction: neither
call: arrived(change)
example: select hour_of(happened_at) as hour, channel, arrived(change) as tickets from backlog_changes group by all';

create or replace macro answered(outcome) as
    count(*) filter (where outcome = 'answered');

comment on macro answered is
'family: volume
definition: How many waits an agent ended with an answer. A customer who writes three times and is answered three times counts three times.
unit: waits
clock: calendar
population: all waits, those whose times make no sense too
date: ended_at of the wait: when it was answered
direction: higher is better
call: answered(outcome)
example: select agent, answered(outcome) as answers from waits where ended_at >= timestamp ''2026-01-01'' group by all';

create or replace macro solved(change) as
    count(*) filter (where change = 'solved');

comment on macro solved is
'family: volume
definition: How many times a ticket was solved; a ticket that was reopened and solved again counts again, as it did in the backlog.
unit: tickets
clock: calendar
population: all tickets
date: happened_at of the change: when it was solved
direction: higher is better
call: solved(change)
example: select agent, solved(change) as tickets from backlog_changes where happened_at >= timestamp ''2026-01-01'' group by all';

create or replace macro reopened(change) as
    count(*) filter (where change = 'reopened');

comment on macro reopened is
'family: volume
definition: How many times a solved ticket was opened again.
unit: tickets
clock: calendar
population: all tickets
date: happened_at of the change: when it was opened again
direction: lower is better
call: reopened(change)
example: select topic, reopened(change) as tickets from backlog_changes group by all';

create or replace macro backlog(open_change) as
    sum(open_change)::bigint;

comment on macro backlog is
'family: volume
definition: How many tickets were open at an instant: every change up to it, added up. Never of a period alone: that is its net flow, not its backlog.
unit: tickets
clock: calendar
population: all tickets; without a change before the instant, null
date: happened_at of the change, up to the instant asked for
direction: lower is better
call: backlog(open_change)
example: select channel, backlog(open_change) as open_tickets from backlog_changes where happened_at <= timestamp ''2026-01-01'' group by all';

create or replace macro occupancy(busy_seconds, staffed_seconds) as
    case
        when sum(staffed_seconds) filter (where busy_seconds is not null) > 0
            then sum(busy_seconds) filter (where staffed_seconds is not null) / sum(staffed_seconds) filter (where busy_seconds is not null)
    end;

comment on macro occupancy is
'family: volume
definition: The share of staffed time in which agents were busy with customers. Above 1 where agents work on several at once, as in chat.
unit: share 0-1
clock: calendar
population: rows, such as agents x hours, whose busy and staffed time are both known; nobody staffed is null
date: the interval of the row
direction: neither
call: occupancy(busy_seconds, staffed_seconds)
example: select team, occupancy(busy_seconds, staffed_seconds) as share from (values (''Billing'', 2700, 3600), (''Billing'', 1800, 3600)) as shifts (team, busy_seconds, staffed_seconds) group by all';

create or replace macro agents_active(agent, outcome) as
    count(distinct case when outcome = 'answered' then agent end);

comment on macro agents_active is
'family: volume
definition: How many different agents answered somebody. Parts do not add up: an agent of two channels counts in both and once in the total.
unit: agents
clock: calendar
population: answered waits whose agent is known
date: ended_at of the wait: when it was answered
direction: neither
call: agents_active(agent, outcome)
example: select hour_of(ended_at) as hour, agents_active(agent, outcome) as agents from waits group by all';
