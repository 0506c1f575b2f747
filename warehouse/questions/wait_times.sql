-- One row per channel (null: all of them) and bin ($grain of the account's time zone; null: the whole period) in which waits began: how long they took.
-- Kaplan-Meier: a wait that is still open, was given up, or ended without an answer counts as having lasted at least so long. A percentile that
-- cannot be known yet is the longest wait seen, with _is_known false: it takes at least that long. naive_ figures look at answered waits alone.
-- Quarter hours of the period and the bin each belongs to: clocks change on quarter hours, and rows are many.
with quarters as (
    select
        quarter,
        date_trunc(coalesce($grain, 'day'), quarter at time zone 'UTC' at time zone $zone) as bin,
    from (select unnest(range(time_bucket(interval 15 minutes, $start::timestamp), $end::timestamp, interval 15 minutes)) as quarter)
),

population as (
    select
        channel,
        quarters.bin,
        waited_seconds,
        outcome,
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
),

grouped as (
    select
        case when not levels.whole then population.channel end as channel,
        levels.whole as all_channels,
        case when $grain is not null then population.bin end as bin,
        population.waited_seconds,
        population.outcome,
    from population
    cross join (values (true), (false)) as levels (whole)
),

durations as (
    select
        channel,
        all_channels,
        bin,
        waited_seconds,
        count(*) as ended,
        count(*) filter (where outcome = 'answered') as answered,
    from grouped
    group by all
),

at_risk as (
    select
        *,
        sum(ended) over (partition by all_channels, channel, bin order by waited_seconds desc) as at_risk,
    from durations
),

curves as (
    select
        *,
        product(1 - answered / at_risk) over (partition by all_channels, channel, bin order by waited_seconds) as unanswered_share,
    from at_risk
),

percentiles as (
    select
        channel,
        all_channels,
        bin,
        min(waited_seconds) filter (where unanswered_share <= 0.5 + 1e-9) as median_known,
        min(waited_seconds) filter (where unanswered_share <= 0.1 + 1e-9) as p90_known,
        min(waited_seconds) filter (where unanswered_share <= 0.05 + 1e-9) as p95_known,
        max(waited_seconds) as longest_seconds,
    from curves
    group by all
),

counts as (
    select
        channel,
        all_channels,
        bin,
        count(*) as waits,
        count(*) filter (where outcome = 'answered') as answered,
        count(*) filter (where outcome = 'waiting') as waiting,
        count(*) filter (where outcome = 'abandoned') as abandoned,
        count(*) filter (where outcome = 'solved') as solved,
        quantile_disc(waited_seconds, 0.5) filter (where outcome = 'answered') as naive_median_seconds,
        quantile_disc(waited_seconds, 0.9) filter (where outcome = 'answered') as naive_p90_seconds,
        quantile_disc(waited_seconds, 0.95) filter (where outcome = 'answered') as naive_p95_seconds,
    from grouped
    group by all
)

select
    counts.*,
    coalesce(percentiles.median_known, percentiles.longest_seconds) as median_seconds,
    coalesce(percentiles.p90_known, percentiles.longest_seconds) as p90_seconds,
    coalesce(percentiles.p95_known, percentiles.longest_seconds) as p95_seconds,
    percentiles.median_known is not null as median_is_known,
    percentiles.p90_known is not null as p90_is_known,
    percentiles.p95_known is not null as p95_is_known,
from counts
inner join percentiles
    on percentiles.all_channels = counts.all_channels
    and percentiles.channel is not distinct from counts.channel
    and percentiles.bin is not distinct from counts.bin
order by counts.all_channels desc, counts.channel, counts.bin
