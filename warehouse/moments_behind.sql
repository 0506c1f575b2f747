-- One row per moment that a figure counts, with its ticket and, where waits or answers have one, their `figure`. $which says what counts:
-- created, arrived, answered, first_answered, abandoned, solved, reopened, removed, open (now), open_then (at $end), unassigned (open
-- now), first_solved,
-- resolved (for good);
-- waits, first_waits, next_waits, waiting (now), decided, kept, missed, past (waiting now, target missed), due (waiting now, target to
-- come);
-- promises (decided), broken; surveys (sent), csat, nps, ces (answered), unhappy (lowest two fifths of the scale, for nps 0 to 6),
-- commented.
-- $topics and $priorities restrict as the filters do. $none names a column that must be empty: channel, team, agent, topic or priority.
-- $words all occur in the ticket's number or
-- subject; null: any. Dates count as the figure's: $start and $end are left out for what is so now. $weekday (1 is Monday) and $hour are
-- local time
-- of $zone. Figures of answers count waits whose times make no sense too, and so do their tickets. Moments before $since are left out,
-- whatever the set; null: none are.
with
    changes as (
        select source, ticket_id, ticket_no, happened_at as moment, channel, team, agent, topic, priority, null::double as figure,
        from backlog_changes
        where change = $which
    ),

    -- Open just before $end: in by then, and out since or not yet.
    open_then as (
        select source, ticket_id, ticket_no, happened_at as moment, channel, team, agent, topic, priority, null::double as figure,
        from backlog_changes
        where $which = 'open_then' and open_change = 1 and ($end is null or happened_at < $end) and (until_at is null or until_at >= $end)
    ),

    ticket_moments as (
        select
            source,
            ticket_id,
            ticket_no,
            case $which when 'first_solved' then first_solved_at when 'resolved' then solved_at else created_at end as moment,
            channel,
            team,
            agent,
            topic,
            priority,
            null::double as figure,
        from store.tickets
        where
            $which in ('created', 'first_solved', 'resolved')
            or ($which = 'open' and is_open)
            or ($which = 'unassigned' and is_open and agent is null)
    ),

    wait_moments as (
        select
            source,
            ticket_id,
            ticket_no,
            case
                when $which in ('answered', 'first_answered')
                then ended_at
                when $which in ('decided', 'kept', 'missed')
                then due_at
                else began_at
            end as moment,
            channel,
            team,
            agent,
            topic,
            priority,
            waited_seconds as figure,
        from waits
        where
            (fault is null or $which in ('answered', 'first_answered'))
            and case
                $which
                when 'waits'
                then true
                when 'first_waits'
                then kind = 'first'
                when 'next_waits'
                then kind = 'next'
                when 'answered'
                then outcome = 'answered'
                when 'first_answered'
                then outcome = 'answered' and kind = 'first'
                when 'waiting'
                then outcome = 'waiting'
                when 'decided'
                then within_target is not null
                when 'kept'
                then within_target
                when 'missed'
                then not within_target
                when 'past'
                then outcome = 'waiting' and not within_target
                when 'due'
                then outcome = 'waiting' and within_target is null and due_at is not null
                else false
            end
    ),

    promise_moments as (
        select
            promises.source,
            promises.ticket_id,
            promises.ticket_no,
            coalesce(promises.breached_at, promises.ended_at) as moment,
            promises.channel,
            promises.team,
            promises.agent,
            promises.topic,
            promises.priority,
            promises.elapsed_seconds as figure,
        from sla_outcomes as promises
        where
            (($which = 'promises' and promises.state in ('met', 'breached')) or ($which = 'broken' and promises.state = 'breached'))
            -- What is stored leaves out most of what is not of the period, before the state of a promise is worked out.
            and ($end is null or promises.applied_at < $end)
            and ($start is null or promises.ended_at is null or promises.ended_at >= $start)
            and ($since is null or promises.ended_at is null or promises.ended_at >= $since)
    ),

    survey_moments as (
        select
            surveys.source,
            surveys.ticket_id,
            tickets.ticket_no,
            surveys.sent_at as moment,
            surveys.channel,
            surveys.team,
            surveys.agent,
            surveys.topic,
            tickets.priority,
            surveys.score as figure,
        from survey_responses as surveys
        left join store.tickets as tickets on tickets.source = surveys.source and tickets.ticket_id = surveys.ticket_id
        where
            $which = 'surveys'
            or ($which in ('csat', 'nps', 'ces') and surveys.kind = $which and surveys.score is not null)
            or ($which = 'commented' and surveys.comment <> '')
            or (
                $which = 'unhappy'
                and surveys.score
                <= surveys.scale_min + (surveys.scale_max - surveys.scale_min) * case surveys.kind when 'nps' then 0.6 else 0.4 end
            )
    ),

    every_moment as (
        select *
        from changes
        union all
        select *
        from open_then
        union all
        select *
        from ticket_moments
        union all
        select *
        from wait_moments
        union all
        select *
        from promise_moments
        union all
        select *
        from survey_moments
    ),

    -- Every word must occur, in capitals or not. Two are looked for one by one, as a list of answers for each ticket takes twice as long.
    -- Tickets made at another time are not looked through where only those made in the period count.
    named as (
        select source, ticket_id,
        from store.tickets
        where
            $words is not null
            and (
                $which <> 'created'
                or (
                    ($start is null or created_at >= $start)
                    and ($since is null or created_at >= $since)
                    and ($end is null or created_at < $end)
                )
            )
            and (contains(lower(subject), lower($words[1])) or contains(lower(ticket_id), lower($words[1])))
            and (contains(lower(subject), lower(coalesce($words[2], ''))) or contains(lower(ticket_id), lower(coalesce($words[2], ''))))
            and (
                len($words) < 3 or list_bool_and([contains(lower(concat_ws(' ', ticket_id, subject)), lower(word)) for word in $words[3:]])
            )
    )

select
    source,
    ticket_id,
    ticket_no,
    moment,
    figure,
    -- A ticket is in some sets once only: nothing has to be grouped.
    list_contains(['created', 'arrived', 'open', 'open_then', 'unassigned', 'first_solved', 'resolved', 'first_waits'], $which) as is_once,
from every_moment
where
    moment is not null
    and ticket_id is not null  -- a survey may be of no ticket
    and ($start is null or $which = 'open_then' or moment >= $start)
    and ($since is null or moment >= $since)
    and ($end is null or moment < $end)
    and ($sources is null or list_contains($sources, source))
    and ($channels is null or list_contains($channels, channel))
    and ($teams is null or list_contains($teams, team))
    and ($agents is null or list_contains($agents, agent))
    and ($topics is null or list_contains($topics, topic))
    and ($priorities is null or list_contains($priorities, priority))
    and (
        $none is null
        or case
            $none
            when 'channel'
            then channel is null
            when 'team'
            then team is null
            when 'agent'
            then agent is null
            when 'topic'
            then topic is null
            when 'priority'
            then priority is null
        end
    )
    and ($words is null or (source, ticket_id) in (select (source, ticket_id) from named))
    and ($weekday is null or isodow(moment at time zone 'UTC' at time zone $zone) = $weekday)
    and ($hour is null or hour(moment at time zone 'UTC' at time zone $zone) = $hour)
