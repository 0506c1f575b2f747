-- One row per channel (null: all of them) and bin ($grain of the account's time zone; null: the whole period) in which waits began: how
-- long they took.
-- Kaplan-Meier: a wait that is still open, was given up, or ended without an answer counts as having lasted at least so long. A
-- percentile that
-- cannot be known yet is the longest wait seen, with _is_known false: it takes at least that long. naive_ figures look at answered waits
-- alone.
-- Quarter hours of the period and the bin each belongs to: clocks change on quarter hours, and rows are many.
-- $kind: first answers or next ones; null: both.
with
    quarters as (
        select quarter, date_trunc(coalesce($grain, 'day'), quarter at time zone 'UTC' at time zone $zone) as bin,
        from (select unnest(range(time_bucket(interval 15 minutes, $start::timestamp), $end::timestamp, interval 15 minutes)) as quarter)
    ),

    durations_by_channel as (
        select
            channel,
            case when $grain is not null then quarters.bin end as bin,
            waited_seconds,
            count(*) as waits,
            count(*) filter (where outcome = 'answered') as answered,
            count(*) filter (where outcome = 'waiting') as waiting,
            count(*) filter (where outcome = 'abandoned') as abandoned,
            count(*) filter (where outcome = 'solved') as solved,
        from waits
        inner join quarters on quarters.quarter = time_bucket(interval 15 minutes, waits.began_at)
        where
            fault is null
            and waited_seconds is not null
            and began_at >= $start
            and began_at < $end
            and ($kind is null or kind = $kind)
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
        group by all
    ),

    durations as (
        select false as all_channels, *,
        from durations_by_channel
        union all by name
        select
            true as all_channels,
            null as channel,
            bin,
            waited_seconds,
            sum(waits) as waits,
            sum(answered) as answered,
            sum(waiting) as waiting,
            sum(abandoned) as abandoned,
            sum(solved) as solved,
        from durations_by_channel
        group by all
    ),

    at_risk as (
        select *, sum(waits) over (partition by all_channels, channel, bin order by waited_seconds desc) as at_risk, from durations
    ),

    curves as (
        select
            *,
            product(1 - answered / at_risk) over shorter as unanswered_share,
            sum(answered) over shorter as answered_so_far,
            sum(answered) over (partition by all_channels, channel, bin) as all_answered,
        from at_risk
        window shorter as (partition by all_channels, channel, bin order by waited_seconds)
    ),

    percentiles as (
        select
            channel,
            all_channels,
            bin,
            sum(waits)::bigint as waits,
            sum(answered)::bigint as answered,
            sum(waiting)::bigint as waiting,
            sum(abandoned)::bigint as abandoned,
            sum(solved)::bigint as solved,
            min(waited_seconds) filter (where answered > 0 and answered_so_far >= all_answered * 0.5) as naive_median_seconds,
            min(waited_seconds) filter (where answered > 0 and answered_so_far >= all_answered * 0.9) as naive_p90_seconds,
            min(waited_seconds) filter (where answered > 0 and answered_so_far >= all_answered * 0.95) as naive_p95_seconds,
            min(waited_seconds) filter (where unanswered_share <= 0.5 + 1e-9) as median_known,
            min(waited_seconds) filter (where unanswered_share <= 0.1 + 1e-9) as p90_known,
            min(waited_seconds) filter (where unanswered_share <= 0.05 + 1e-9) as p95_known,
            max(waited_seconds) as longest_seconds,
        from curves
        group by all
    )

select
    * exclude (median_known, p90_known, p95_known, longest_seconds),
    coalesce(median_known, longest_seconds) as median_seconds,
    coalesce(p90_known, longest_seconds) as p90_seconds,
    coalesce(p95_known, longest_seconds) as p95_seconds,
    median_known is not null as median_is_known,
    p90_known is not null as p90_is_known,
    p95_known is not null as p95_is_known,
from percentiles
order by all_channels desc, channel, bin
