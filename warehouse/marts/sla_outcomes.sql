-- One row per target put on a touched ticket: what counted towards it, when it was or is due.
-- A promise either waits for an answer (first and next response) or adds up the time in certain statuses (all others).
with
    agent_messages as (
        select messages.ticket, messages.sent_at,
        from ticket_messages as messages
        semi join ticket_promises using (ticket)
        where messages.author_kind = 'agent' and messages.is_public
    ),

    -- What the clock of a promise shows (its dial): the ticket's business clock, or seconds since 1970.
    dialled as (
        select
            promises.*,
            counted_statuses(promises.metric) as statuses,
            counted_statuses(promises.metric) is null as is_reply,
            began.clock as applied_clock,
            began.unscheduled as applied_unscheduled,
            replaced.clock as replaced_clock,
            replaced.unscheduled as replaced_unscheduled,
        from ticket_promises as promises
        left join ticket_moments as began on began.ticket = promises.ticket and began.happened_at = promises.applied_at
        left join ticket_moments as replaced on replaced.ticket = promises.ticket and replaced.happened_at = promises.replaced_at
    ),

    -- Replies --------------------------------------------------------------------------------------------------------
    -- The first response is the ticket's; a next response is the next public message of an agent.
    answered as (
        select
            dialled.ticket,
            dialled.metric,
            dialled.applied_at,
            case when dialled.metric = 'first_response' then tickets.first_response_at else messages.sent_at end as replied_at,
        from dialled
        left join tickets_built as tickets on tickets.ticket = dialled.ticket
        asof left join agent_messages as messages on messages.ticket = dialled.ticket and messages.sent_at > dialled.applied_at
        where dialled.is_reply and dialled.turn is null
    ),

    solves as (select ticket, began_at as solved_at, from status_spans where status in ('solved', 'closed')),

    -- A promise of support.toml is one on a wait, and ends with it.
    ends as (
        select
            answered.ticket,
            answered.metric,
            answered.applied_at,
            null::bigint as turn,
            answered.replied_at,
            solves.solved_at,
            false as gave_up,
        from answered
        asof left join solves on solves.ticket = answered.ticket and solves.solved_at > answered.applied_at
        union all
        select
            dialled.ticket,
            dialled.metric,
            dialled.applied_at,
            dialled.turn,
            case when turns.outcome = 'answered' then turns.ended_at end as replied_at,
            case when turns.outcome <> 'answered' then turns.ended_at end as solved_at,
            turns.outcome = 'abandoned' as gave_up,
        from dialled
        inner join wait_turns as turns using (ticket, turn)
    ),

    -- The wait is measured to the reply; the promise is judged where the reply or, before it, the solving ended it.
    reply_outcomes as (
        select
            dialled.*,
            least(ends.replied_at, ends.solved_at) as ended_at,
            ends.replied_at,
            ends.gave_up,
            case when ended_at is null then dialled.applied_at end as running_since_at,
            dialled.applied_clock as running_since_clock,
            dialled.applied_unscheduled as running_since_unscheduled,
            case
                when ended_at is null
                then 0
                when dialled.is_business_time
                then business_seconds(dialled.applied_clock, dialled.applied_unscheduled, ended.clock, ended.unscheduled)
                else epoch(ended_at - dialled.applied_at)
            end as counted_seconds,
            case
                when ended_at is null
                then 0
                when dialled.is_business_time
                then business_seconds(dialled.applied_clock, dialled.applied_unscheduled, measured.clock, measured.unscheduled)
                else epoch(coalesce(ends.replied_at, ends.solved_at) - dialled.applied_at)
            end as elapsed_seconds,
            case when dialled.is_business_time then dialled.applied_clock else epoch(dialled.applied_at) end
            + dialled.target_seconds as due_dial,
        from dialled
        inner join
            ends
            on ends.ticket = dialled.ticket
            and ends.metric = dialled.metric
            and ends.applied_at = dialled.applied_at
            and ends.turn is not distinct from dialled.turn
        left join ticket_moments as ended on ended.ticket = ends.ticket and ended.happened_at = least(ends.replied_at, ends.solved_at)
        left join
            ticket_moments as measured on measured.ticket = ends.ticket and measured.happened_at = coalesce(ends.replied_at, ends.solved_at)
    ),

    -- Time in statuses -----------------------------------------------------------------------------------------------
    -- Each stretch in a status that counts, cut to the time the promise held. A clock never runs back, so it is cut like the time.
    cut as (
        select
            dialled.ticket,
            dialled.metric,
            dialled.applied_at,
            dialled.target_seconds,
            dialled.is_business_time,
            greatest(spans.began_at, dialled.applied_at) as from_at,
            greatest(spans.began_clock, dialled.applied_clock) as from_clock,
            greatest(spans.began_unscheduled, dialled.applied_unscheduled) as from_unscheduled,
            least(spans.ended_at, dialled.replaced_at) as to_at,  -- null: counting now
            least(spans.ended_clock, dialled.replaced_clock) as to_clock,
            least(spans.ended_unscheduled, dialled.replaced_unscheduled) as to_unscheduled,
        from dialled
        inner join
            status_spans as spans
            on spans.ticket = dialled.ticket
            and list_contains(dialled.statuses, spans.status)
            and (spans.ended_at > dialled.applied_at or spans.ended_at is null)
            and (spans.began_at < dialled.replaced_at or dialled.replaced_at is null)
    ),

    pieces as (
        select
            *,
            case when is_business_time then from_clock else epoch(from_at) end as from_dial,
            case
                when is_business_time
                then business_seconds(from_clock, from_unscheduled, to_clock, to_unscheduled)
                else epoch(to_at - from_at)
            end as piece_seconds,
        from cut
    ),

    added_up as (
        select *, coalesce(sum(piece_seconds) over earlier, 0) as seconds_before,
        from pieces
        window earlier as (partition by ticket, metric, applied_at order by from_at rows between unbounded preceding and 1 preceding)
    ),

    counted as (
        select
            ticket,
            metric,
            applied_at,
            -- A piece that is over without a known length (no schedule) leaves the sum unknown.
            case when bool_and(to_at is null or piece_seconds is not null) then coalesce(sum(piece_seconds), 0) end as counted_seconds,
            any_value(from_at) filter (where to_at is null) as running_since_at,
            any_value(from_clock) filter (where to_at is null) as running_since_clock,
            any_value(from_unscheduled) filter (where to_at is null) as running_since_unscheduled,
            -- The target is used up within the first piece that reaches it, or will be within the one that is counting now.
            min(from_dial + target_seconds - seconds_before) filter (
                where seconds_before < target_seconds and (to_at is null or seconds_before + piece_seconds >= target_seconds)
            ) as due_dial,
        from added_up
        group by ticket, metric, applied_at
    ),

    present_status as (select ticket, status, began_at, from status_spans where ended_at is null),

    status_outcomes as (
        select
            dialled.*,
            -- It ended with the next target, or with the ticket. A ticket on hold or waiting for the customer may still use the rest up.
            coalesce(
                dialled.replaced_at,
                case
                    when present_status.status not in ('new', 'open', 'hold', 'pending')
                    then greatest(present_status.began_at, dialled.applied_at)
                end
            ) as ended_at,
            counted.running_since_at,
            counted.running_since_clock,
            counted.running_since_unscheduled,
            case when counted.applied_at is null then 0 else counted.counted_seconds end as counted_seconds,
            case when counted.applied_at is null then 0 else counted.counted_seconds end as elapsed_seconds,
            counted.due_dial,
        from dialled
        left join counted using (ticket, metric, applied_at)
        left join present_status using (ticket)
        where
            not dialled.is_reply
            -- A message that solves the ticket promises no further update.
            and (counted.applied_at is not null or dialled.metric not in ('periodic_update', 'pausable_update'))
    ),

    outcomes as (
        from reply_outcomes
        union all by name
        from status_outcomes
    ),

    -- When it is due -------------------------------------------------------------------------------------------------
    -- The schedule in whose time the target is used up: the last one whose clock began before that, leaving out those that never ran.
    stages as (select *, lead(clock_from) over (partition by ticket order by from_at) as clock_to, from ticket_clocks),

    running_stages as (from stages where has_schedule and (clock_to > clock_from or clock_to is null)),

    due_stages as (
        select outcomes.*, stages.source, stages.schedule_id as due_schedule_id, outcomes.due_dial - stages.clock_ahead as due_open_seconds,
        from outcomes
        asof left join running_stages as stages on stages.ticket = outcomes.ticket and stages.clock_from < outcomes.due_dial
    ),

    -- The instant at which the open seconds of that schedule reach it; null beyond the end of the calendar.
    due as (
        select
            stages.*,
            case
                when not stages.is_business_time
                then make_timestamp((1000000 * stages.due_dial)::bigint)
                when stages.due_open_seconds <= hours.open_seconds_before + epoch(hours.closes_at - hours.opens_at)
                then hours.opens_at + to_microseconds((1000000 * (stages.due_open_seconds - hours.open_seconds_before))::bigint)
            end as due_at,
        from due_stages as stages
        asof left join
            (from open_hours where closes_at > opens_at) as hours
            on hours.source = stages.source
            and hours.schedule_id = stages.due_schedule_id
            and hours.open_seconds_before < stages.due_open_seconds
    )

select
    tickets.source,
    due.ticket,
    due.metric,
    due.applied_at,
    due.target_seconds,
    due.is_business_time,
    due.policy,
    due.replied_at,
    due.ended_at,
    coalesce(due.gave_up, false) as gave_up,
    due.counted_seconds,
    due.elapsed_seconds,
    due.running_since_at,
    due.running_since_clock,
    due.running_since_unscheduled,
    due.due_at,
    tickets.channel,
    tickets.team,
    tickets.agent,
    tickets.topic,
    tickets.priority,
    tickets.schedule_id,
    tickets.clock_ahead,
    tickets.clock_unscheduled,
from due
inner join tickets_built as tickets on tickets.ticket = due.ticket
