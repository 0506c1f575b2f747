-- One row per agent of the chosen tickets, by name. Each share and mean has its n and its 95 % interval (Wilson; for the mean 1.96 standard
-- errors), counts on the date that the glossary gives it, and has beside it what the agent's mix of channels and topics lets expect: what
-- all agents together have on each, as often as the agent had it (indirect standardisation, Breslow and Day 1987, chapter 2).
-- Who answered a wait, who holds a ticket: work without an agent is in no row.
-- $within_days: coming back within so many days undoes a first contact resolution.
with
    passed_on as not materialized(select * from transfers(of_tickets := 'store.tickets', of_all := true)),

    outcomes as not materialized(
        select *, ($start is null or first_solved_at >= $start) and ($end is null or first_solved_at < $end) as is_solved_then,
        from first_contacts(days := $within_days, of_tickets := 'passed_on', of_all := true)
    ),

    -- Rows are grouped once, though some count on two dates: first those in the period by one, then those that are so by the other alone.
    facts as (
        select
            agent,
            source,
            channel,
            team,
            topic,
            created_at as happened_at,
            ticket_id,
            handle_seconds,
            is_transferred,
            is_open,
            reopen_count,
            case when is_solved_then then first_solved_at end as first_solved_at,
            case when is_solved_then then is_first_contact_resolution end as is_first_contact_resolution,
        from outcomes
        union all by name
        select
            agent,
            source,
            channel,
            team,
            topic,
            first_solved_at as happened_at,
            is_open,
            reopen_count,
            first_solved_at,
            is_first_contact_resolution,
        from outcomes
        where created_at < $start
        union all by name
        select
            agent,
            source,
            channel,
            team,
            topic,
            ended_at as happened_at,
            outcome,
            case when ($start is null or due_at >= $start) and ($end is null or due_at < $end) then within_target end as within_target,
        from waits
        where ended_at is not null
        union all by name
        select agent, source, channel, team, topic, due_at as happened_at, within_target,
        from waits
        where within_target is not null and (ended_at is null or ended_at < $start or ended_at >= $end)
        union all by name
        select agent, source, channel, team, topic, sent_at as happened_at, score, scale_min, scale_max, kind,
        from survey_responses
    ),

    chosen as (
        select *
        from facts
        where
            agent is not null
            and ($start is null or happened_at >= $start)
            and ($end is null or happened_at < $end)
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
    ),

    grouped as (
        select
            agent,
            grouping(channel) = 1 as is_whole,
            channel,
            topic,
            count(ticket_id) as tickets,
            answered(outcome) as answered,
            average_handle_time(handle_seconds) as average_handle_time,
            count(handle_seconds) as average_handle_time_n,
            1.959963984540054 * stddev_samp(handle_seconds) / sqrt(count(handle_seconds)) as average_handle_time_margin,
            promise_kept_rate(within_target) as promise_kept_rate,
            count(within_target) as promise_kept_rate_n,
            csat(score, scale_min, scale_max, kind) as csat,
            answers(score, kind, 'csat') as csat_n,
            first_contact_resolution(is_first_contact_resolution) as first_contact_resolution,
            count(is_first_contact_resolution) as first_contact_resolution_n,
            reopen_rate(reopen_count, first_solved_at, is_open) as reopen_rate,
            count(first_solved_at) as reopen_rate_n,
            transfer_rate(is_transferred) as transfer_rate,
            count(is_transferred) as transfer_rate_n,
        from chosen
        group by grouping sets ((agent), (agent, channel, topic))
    ),

    strata as (
        select
            channel,
            topic,
            sum(average_handle_time * average_handle_time_n) / sum(average_handle_time_n) as average_handle_time,
            sum(promise_kept_rate * promise_kept_rate_n) / sum(promise_kept_rate_n) as promise_kept_rate,
            sum(csat * csat_n) / sum(csat_n) as csat,
            sum(first_contact_resolution * first_contact_resolution_n) / sum(first_contact_resolution_n) as first_contact_resolution,
            sum(reopen_rate * reopen_rate_n) / sum(reopen_rate_n) as reopen_rate,
            sum(transfer_rate * transfer_rate_n) / sum(transfer_rate_n) as transfer_rate,
        from grouped
        where not is_whole
        group by channel, topic
    ),

    expected as (
        select
            grouped.agent,
            sum(strata.average_handle_time * grouped.average_handle_time_n)
            / sum(grouped.average_handle_time_n) as average_handle_time_expected,
            sum(strata.promise_kept_rate * grouped.promise_kept_rate_n) / sum(grouped.promise_kept_rate_n) as promise_kept_rate_expected,
            sum(strata.csat * grouped.csat_n) / sum(grouped.csat_n) as csat_expected,
            sum(strata.first_contact_resolution * grouped.first_contact_resolution_n)
            / sum(grouped.first_contact_resolution_n) as first_contact_resolution_expected,
            sum(strata.reopen_rate * grouped.reopen_rate_n) / sum(grouped.reopen_rate_n) as reopen_rate_expected,
            sum(strata.transfer_rate * grouped.transfer_rate_n) / sum(grouped.transfer_rate_n) as transfer_rate_expected,
        from grouped
        inner join strata on strata.channel is not distinct from grouped.channel and strata.topic is not distinct from grouped.topic
        where not grouped.is_whole
        group by grouped.agent
    ),

    homes as (select agent, max_by(team, last_seen_at) as team, min(first_seen_at) as first_seen_at, from agents group by agent)

select
    agent,
    team,
    first_seen_at,
    tickets,
    answered,
    average_handle_time,
    average_handle_time_n,
    average_handle_time - average_handle_time_margin as average_handle_time_low,
    average_handle_time + average_handle_time_margin as average_handle_time_high,
    promise_kept_rate,
    promise_kept_rate_n,
    wilson_low(round(promise_kept_rate * promise_kept_rate_n), promise_kept_rate_n) as promise_kept_rate_low,
    wilson_high(round(promise_kept_rate * promise_kept_rate_n), promise_kept_rate_n) as promise_kept_rate_high,
    csat,
    csat_n,
    wilson_low(round(csat * csat_n), csat_n) as csat_low,
    wilson_high(round(csat * csat_n), csat_n) as csat_high,
    first_contact_resolution,
    first_contact_resolution_n,
    wilson_low(round(first_contact_resolution * first_contact_resolution_n), first_contact_resolution_n) as first_contact_resolution_low,
    wilson_high(round(first_contact_resolution * first_contact_resolution_n), first_contact_resolution_n) as first_contact_resolution_high,
    reopen_rate,
    reopen_rate_n,
    wilson_low(round(reopen_rate * reopen_rate_n), reopen_rate_n) as reopen_rate_low,
    wilson_high(round(reopen_rate * reopen_rate_n), reopen_rate_n) as reopen_rate_high,
    transfer_rate,
    transfer_rate_n,
    wilson_low(round(transfer_rate * transfer_rate_n), transfer_rate_n) as transfer_rate_low,
    wilson_high(round(transfer_rate * transfer_rate_n), transfer_rate_n) as transfer_rate_high,
    expected.* exclude (agent),
from grouped
left join expected using (agent)
left join homes using (agent)
where is_whole
order by agent
