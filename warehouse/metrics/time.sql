-- Durations in seconds. `share` asks for a percentile: 0.5 the median, 0.9, 0.95.
-- A percentile is the shortest duration by which that share was done: one that occurred, never one in between.
create or replace macro first_response_time(waited_seconds, outcome, kind, share := 0.5) as
    censored_percentile(case when kind = 'first' then waited_seconds end, outcome = 'answered', share);

comment on macro first_response_time is
'family: time
definition: From a customer''s first turning to us until an agent answers (FRT): median, or the percentile that share asks for. Who still waits, gave up, or was never answered counts as having waited at least so long. A bot is no answer.
unit: seconds
clock: calendar or business, as the column given: waited_seconds or waited_business_seconds
population: first waits whose times make sense, open ones included
date: began_at of the wait
direction: lower is better
call: first_response_time(waited_seconds, outcome, kind, share := 0.5)
example: select channel, first_response_time(waited_seconds, outcome, kind, 0.9) as p90_seconds from waits group by all';

create or replace macro next_response_time(waited_seconds, outcome, kind, share := 0.5) as
    censored_percentile(case when kind = 'next' then waited_seconds end, outcome = 'answered', share);

comment on macro next_response_time is
'family: time
definition: From a customer''s writing after our last reply until an agent answers (NRT): median, or the percentile that share asks for. Who still waits, gave up, or was never answered counts as having waited at least so long.
unit: seconds
clock: calendar or business, as the column given: waited_seconds or waited_business_seconds
population: waits after the first whose times make sense, open ones included
date: began_at of the wait
direction: lower is better
call: next_response_time(waited_seconds, outcome, kind, share := 0.5)
example: select channel, next_response_time(waited_seconds, outcome, kind) as median_seconds from waits group by all';

create or replace macro speed_of_answer(wait_seconds, outcome) as
    avg(case when outcome = 'answered' then wait_seconds end);

comment on macro speed_of_answer is
'family: time
definition: Mean wait of those who were answered (ASA), as call centres report it. It leaves out who gave up and who still waits: read first_response_time beside it.
unit: seconds
clock: calendar or business, as the column given: wait_seconds or wait_business_seconds
population: answered waits whose times make sense, those answered without queueing included
date: began_at of the wait
direction: lower is better
call: speed_of_answer(wait_seconds, outcome)
example: select team, speed_of_answer(wait_seconds, outcome) as mean_seconds from waits where channel = ''phone'' group by all';

create or replace macro requester_wait_time(requester_wait_seconds, status, share := 0.5) as
    censored_percentile(requester_wait_seconds, is_solved_status(status), share);

comment on macro requester_wait_time is
'family: time
definition: Time a ticket spent waiting for us in all, in new, open and on hold: median, or the percentile that share asks for. A ticket that is not solved counts as taking at least what it took so far.
unit: seconds
clock: calendar or business, as the column given: requester_wait_seconds or requester_wait_business_seconds
population: tickets whose waiting is known, unsolved ones included
date: created_at of the ticket
direction: lower is better
call: requester_wait_time(requester_wait_seconds, status, share := 0.5)
example: select channel, requester_wait_time(requester_wait_seconds, status) as median_seconds from tickets group by all';

create or replace macro agent_wait_time(agent_wait_seconds, status, share := 0.5) as
    censored_percentile(agent_wait_seconds, is_solved_status(status), share);

comment on macro agent_wait_time is
'family: time
definition: Time a ticket spent waiting for the customer in all, in pending: median, or the percentile that share asks for. A ticket that is not solved counts as taking at least what it took so far.
unit: seconds
clock: calendar or business, as the column given: agent_wait_seconds or agent_wait_business_seconds
population: tickets whose waiting is known, unsolved ones included
date: created_at of the ticket
direction: lower is better
call: agent_wait_time(agent_wait_seconds, status, share := 0.5)
example: select channel, agent_wait_time(agent_wait_seconds, status) as median_seconds from tickets group by all';

create or replace macro agent_work_time(agent_work_seconds, status, share := 0.5) as
    censored_percentile(agent_work_seconds, is_solved_status(status), share);

comment on macro agent_work_time is
'family: time
definition: Time a ticket was with agents in all, in new and open: median, or the percentile that share asks for. A ticket that is not solved counts as taking at least what it took so far.
unit: seconds
clock: calendar or business, as the column given: agent_work_seconds or agent_work_business_seconds
population: tickets whose work is known, unsolved ones included
date: created_at of the ticket
direction: lower is better
call: agent_work_time(agent_work_seconds, status, share := 0.5)
example: select team, agent_work_time(agent_work_seconds, status) as median_seconds from tickets group by all';

create or replace macro on_hold_time(on_hold_seconds, status, share := 0.5) as
    censored_percentile(on_hold_seconds, is_solved_status(status), share);

comment on macro on_hold_time is
'family: time
definition: Time a ticket spent on hold in all, waiting for somebody else: median, or the percentile that share asks for. A ticket that is not solved counts as taking at least what it took so far; one that was never on hold counts as zero.
unit: seconds
clock: calendar or business, as the column given: on_hold_seconds or on_hold_business_seconds
population: tickets whose time on hold is known, unsolved ones included
date: created_at of the ticket
direction: lower is better
call: on_hold_time(on_hold_seconds, status, share := 0.5)
example: select team, on_hold_time(on_hold_seconds, status, 0.9) as p90_seconds from tickets group by all';

create or replace macro first_resolution_time(first_resolution_seconds, age_seconds, share := 0.5) as
    censored_percentile(coalesce(first_resolution_seconds, age_seconds), first_resolution_seconds is not null, share);

comment on macro first_resolution_time is
'family: time
definition: From a ticket''s creation until it was solved for the first time: median, or the percentile that share asks for. An open ticket that was never solved counts as taking at least its age.
unit: seconds
clock: calendar or business, as the columns given: first_resolution_seconds with age_seconds, or first_resolution_business_seconds with age_business_seconds
population: tickets that were solved, or are open; never solved and given up, deleted or merged: left out
date: created_at of the ticket
direction: lower is better
call: first_resolution_time(first_resolution_seconds, age_seconds, share := 0.5)
example: select channel, first_resolution_time(first_resolution_seconds, age_seconds) as median_seconds from tickets group by all';

-- Only open tickets have an age: one that was solved and is open again is not done.
create or replace macro full_resolution_time(full_resolution_seconds, age_seconds, share := 0.5) as
    censored_percentile(coalesce(age_seconds, full_resolution_seconds), age_seconds is null, share);

comment on macro full_resolution_time is
'family: time
definition: From a ticket''s creation until it was solved for good, the time after a reopening included: median, or the percentile that share asks for. An open ticket, solved before or not, counts as taking at least its age.
unit: seconds
clock: calendar or business, as the columns given: full_resolution_seconds with age_seconds, or full_resolution_business_seconds with age_business_seconds
population: tickets that are solved or open; never solved and given up, deleted or merged: left out
date: created_at of the ticket
direction: lower is better
call: full_resolution_time(full_resolution_seconds, age_seconds, share := 0.5)
example: select channel, full_resolution_time(full_resolution_seconds, age_seconds, 0.95) as p95_seconds from tickets group by all';

create or replace macro handle_time(handle_seconds, share := 0.5) as
    quantile_disc(handle_seconds, share);

comment on macro handle_time is
'family: time
definition: Time agents worked on a ticket, as the source measured it: median, or the percentile that share asks for.
unit: seconds
clock: calendar
population: tickets whose handle time is known; unknown is not zero
date: created_at of the ticket
direction: lower is better
call: handle_time(handle_seconds, share := 0.5)
example: select agent, handle_time(handle_seconds, 0.9) as p90_seconds from tickets group by all';

create or replace macro average_handle_time(handle_seconds) as
    avg(handle_seconds);

comment on macro average_handle_time is
'family: time
definition: Mean time agents worked on a ticket (AHT), as the source measured it: what staffing is worked out from.
unit: seconds
clock: calendar
population: tickets whose handle time is known; unknown is not zero
date: created_at of the ticket
direction: lower is better
call: average_handle_time(handle_seconds)
example: select channel, average_handle_time(handle_seconds) as mean_seconds from tickets group by all';

create or replace macro open_ticket_age(age_seconds, share := 0.5) as
    quantile_disc(age_seconds, share);

comment on macro open_ticket_age is
'family: time
definition: How old open tickets are: median, or the percentile that share asks for; 1 is the oldest.
unit: seconds
clock: calendar or business, as the column given: age_seconds or age_business_seconds
population: open tickets
date: none: as the data stands, whenever the ticket was made
direction: lower is better
call: open_ticket_age(age_seconds, share := 0.5)
example: select team, open_ticket_age(age_seconds, 0.9) as p90_seconds from tickets group by all';
