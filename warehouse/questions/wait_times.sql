-- One row per channel (null: all of them) and bin ($grain of the account's time zone; null: the whole period) in which waits began: how
-- long they took, in SQL alone; the page asks wait_marks, which gives the same several times faster.
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

    population as (
        select waits.channel, quarters.bin, waits.waited_seconds, waits.outcome,
        from waits
        -- Without bins nothing has to be looked up.
        left join quarters on quarters.quarter = case when $grain is not null then time_bucket(interval 15 minutes, waits.began_at) end
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

    figures as (
        select
            channel,
            grouping(channel) = 1 as all_channels,
            bin,
            count(*) as waits,
            count(*) filter (where outcome = 'answered') as answered,
            count(*) filter (where outcome = 'waiting') as waiting,
            count(*) filter (where outcome = 'abandoned') as abandoned,
            count(*) filter (where outcome = 'solved') as solved,
            quantile_disc(waited_seconds, [0.5, 0.9, 0.95]) filter (where outcome = 'answered') as naive,
            censored_percentile(waited_seconds, outcome = 'answered', 0.5) as median_seconds,
            censored_percentile(waited_seconds, outcome = 'answered', 0.9) as p90_seconds,
            censored_percentile(waited_seconds, outcome = 'answered', 0.95) as p95_seconds,
            censored_percentile_is_known(waited_seconds, outcome = 'answered', 0.5) as median_is_known,
            censored_percentile_is_known(waited_seconds, outcome = 'answered', 0.9) as p90_is_known,
            censored_percentile_is_known(waited_seconds, outcome = 'answered', 0.95) as p95_is_known,
        from population
        group by grouping sets ((channel, bin), (bin))
    )

select
    * exclude (naive, median_seconds, p90_seconds, p95_seconds, median_is_known, p90_is_known, p95_is_known),
    naive[1] as naive_median_seconds,
    naive[2] as naive_p90_seconds,
    naive[3] as naive_p95_seconds,
    median_seconds,
    p90_seconds,
    p95_seconds,
    median_is_known,
    p90_is_known,
    p95_is_known,
from figures
order by all_channels desc, channel, bin
