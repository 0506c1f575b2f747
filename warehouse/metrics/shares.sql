-- Shares, 0 to 1. What is not decided yet is neither yes nor no, and a share of nothing is null.
create or replace macro service_level(waited_seconds, outcome, within_seconds, abandoned := 'early_left_out') as
    share_of(
        case
            when abandoned not in ('early_left_out', 'early_kept', 'missed', 'left_out')
                then error('service_level: abandoned is one of early_left_out, early_kept, missed, left_out')::boolean
            when waited_seconds is null then null
            when outcome = 'answered' then waited_seconds <= within_seconds
            when outcome = 'abandoned' and abandoned = 'left_out' then null
            when outcome = 'abandoned' and abandoned = 'missed' then false
            when outcome = 'abandoned' and abandoned = 'early_kept' then waited_seconds <= within_seconds
            when waited_seconds > within_seconds then false
        end
    );

comment on macro service_level is
'family: share
definition: The share of customers who were answered within so many seconds. Who waits longer counts as missed at once; who waits less is not decided yet. Who gave up counts as the setting abandoned says: early_left_out (given up within the time: left out; later: missed), early_kept (given up within the time: kept; later: missed), missed (always missed), left_out (never counted).
unit: share 0-1
clock: calendar or business, as the column given: waited_seconds or waited_business_seconds
population: waits whose times make sense and that are decided; solved without an answer within the time: left out
date: began_at of the wait; a target that is not yet due leaves early answers alone in the count, so choose waits that began longer ago than the target
direction: higher is better
call: service_level(waited_seconds, outcome, within_seconds, abandoned := ''early_left_out'')
example: select hour_of(began_at) as hour, service_level(waited_seconds, outcome, 20) as share from waits where channel = ''phone'' group by all
source: the four treatments call centres know, as in Genesys Cloud''s service level settings';

create or replace macro abandonment_rate(outcome, waited_seconds := null, short_seconds := 0) as
    share_of(
        case
            when outcome = 'answered' then false
            when outcome = 'abandoned' and not coalesce(waited_seconds < short_seconds, false) then true
        end
    );

comment on macro abandonment_rate is
'family: share
definition: The share of customers who gave up before an agent answered. Give short_seconds to leave out who gave up sooner than that.
unit: share 0-1
clock: calendar
population: waits that were answered or given up; still waiting is neither
date: began_at of the wait
direction: lower is better
call: abandonment_rate(outcome, waited_seconds := null, short_seconds := 0)
example: select channel, abandonment_rate(outcome, waited_seconds, 5) as share from waits where queued group by all';

create or replace macro first_contact_resolution(is_first_contact_resolution) as
    share_of(is_first_contact_resolution);

comment on macro first_contact_resolution is
'family: share
definition: The share of solved tickets that one agent reply settled (FCR): not reopened, and no new ticket of that customer on that topic within 7 days of solving.
unit: share 0-1
clock: calendar
population: tickets of first_contacts() that are decided: 7 days have passed since they were first solved, and customer and replies are known
date: first_solved_at of the ticket
direction: higher is better
call: first_contact_resolution(is_first_contact_resolution)
example: select channel, first_contact_resolution(is_first_contact_resolution) as share from first_contacts() group by all';

create or replace macro one_touch_rate(is_one_touch, status) as
    share_of(case when is_solved_status(status) then is_one_touch end);

comment on macro one_touch_rate is
'family: share
definition: The share of solved tickets that took exactly one agent reply.
unit: share 0-1
clock: none
population: solved and closed tickets whose replies are known
date: solved_at of the ticket
direction: higher is better
call: one_touch_rate(is_one_touch, status)
example: select team, one_touch_rate(is_one_touch, status) as share from tickets group by all';

create or replace macro two_touch_rate(is_two_touch, status) as
    share_of(case when is_solved_status(status) then is_two_touch end);

comment on macro two_touch_rate is
'family: share
definition: The share of solved tickets that took exactly two agent replies.
unit: share 0-1
clock: none
population: solved and closed tickets whose replies are known
date: solved_at of the ticket
direction: neither
call: two_touch_rate(is_two_touch, status)
example: select team, two_touch_rate(is_two_touch, status) as share from tickets group by all';

-- reopen_count counts a reopening once the ticket is solved again: one that is open again is told by is_open.
create or replace macro reopen_rate(reopen_count, first_solved_at, is_open) as
    share_of(case when first_solved_at is not null then reopen_count > 0 or is_open end);

comment on macro reopen_rate is
'family: share
definition: The share of tickets once solved that were opened again.
unit: share 0-1
clock: none
population: tickets that were solved at least once, open again or not
date: first_solved_at of the ticket; recent ones may still come back
direction: lower is better
call: reopen_rate(reopen_count, first_solved_at, is_open)
example: select agent, reopen_rate(reopen_count, first_solved_at, is_open) as share from tickets group by all';

create or replace macro escalation_rate(is_escalated) as
    share_of(is_escalated);

comment on macro escalation_rate is
'family: share
definition: The share of tickets that were passed from one team to another or whose priority was raised (low, normal, high, urgent).
unit: share 0-1
clock: none
population: tickets of transfers(): those of sources that deliver changes
date: created_at of the ticket
direction: lower is better
call: escalation_rate(is_escalated)
example: select topic, escalation_rate(is_escalated) as share from transfers() group by all';

create or replace macro transfer_rate(is_transferred) as
    share_of(is_transferred);

comment on macro transfer_rate is
'family: share
definition: The share of tickets that were passed from one agent or team to another; giving a ticket to its first agent is no transfer.
unit: share 0-1
clock: none
population: tickets of transfers(): those of sources that deliver changes
date: created_at of the ticket
direction: lower is better
call: transfer_rate(is_transferred)
example: select channel, transfer_rate(is_transferred) as share from transfers() group by all';

create or replace macro sla_met_rate(state) as
    share_of(case state when 'met' then true when 'breached' then false end);

comment on macro sla_met_rate is
'family: share
definition: The share of targets that were met, of those met or breached. A target that is still running is neither.
unit: share 0-1
clock: calendar or business, as each target says
population: applications of targets that are decided
date: when it was decided: breached_at, or ended_at where it was met
direction: higher is better
call: sla_met_rate(state)
example: select policy, metric, sla_met_rate(state) as share from sla_outcomes where coalesce(breached_at, ended_at) >= timestamp ''2026-01-01'' group by all';

create or replace macro promise_kept_rate(within_target) as
    share_of(within_target);

comment on macro promise_kept_rate is
'family: share
definition: The share of waits that were answered within the time promised in support.toml. Still waiting beyond it is broken; given up before it is neither.
unit: share 0-1
clock: calendar or business, as the promise says
population: waits with a promise that are decided and whose times make sense
date: due_at of the wait: by then every one is decided, so a slow day cannot hide in who still waits
direction: higher is better
call: promise_kept_rate(within_target)
example: select channel, promise_kept_rate(within_target) as share from waits where due_at >= timestamp ''2026-01-01'' group by all';

create or replace macro bot_handled_rate(bot_reply_count, agent_reply_count, status) as
    share_of(case when is_solved_status(status) then bot_reply_count > 0 and agent_reply_count = 0 end);

comment on macro bot_handled_rate is
'family: share
definition: The share of solved tickets that a bot answered and no agent did.
unit: share 0-1
clock: none
population: solved and closed tickets whose messages are known
date: solved_at of the ticket
direction: neither
call: bot_handled_rate(bot_reply_count, agent_reply_count, status)
example: select channel, bot_handled_rate(bot_reply_count, reply_count, status) as share from tickets group by channel';

create or replace macro response_rate(answered_at) as
    share_of(answered_at is not null);

comment on macro response_rate is
'family: share
definition: The share of survey invitations that were answered. Both sides are the same rows, so whatever filter holds for answers holds for invitations.
unit: share 0-1
clock: none
population: survey invitations, answered or not
date: sent_at of the invitation; recent ones may still be answered
direction: higher is better
call: response_rate(answered_at)
example: select survey, channel, response_rate(answered_at) as share from survey_responses group by all';
