-- One row per channel x duration of a scale from 1 second to the longest wait: the share of customers answered within it.
-- Kaplan-Meier: a wait that is still open, was given up, or ended without an answer counts as having lasted at least so long.
-- $kind: first answers or next ones; null: both.
with
    population as (
        select channel, greatest(waited_seconds, 0) as waited_seconds, outcome,
        from waits
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

    durations as (
        select channel, waited_seconds, count(*) as ended, count(*) filter (where outcome = 'answered') as answered,
        from population
        group by all
    ),

    at_risk as (select *, sum(ended) over (partition by channel order by waited_seconds desc) as at_risk, from durations),

    curves as (
        select
            channel,
            waited_seconds,
            1 - product(1 - answered / at_risk) over (partition by channel order by waited_seconds) as answered_share,
        from at_risk
    ),

    -- Eight points for every doubling, up to the last wait of the channel.
    scale as (
        select
            channel,
            unnest(
                list_transform(range(0, ceil(8 * log2(greatest(max(waited_seconds), 2)))::bigint + 1), lambda step:pow(2, step / 8))
            ) as seconds,
        from curves
        group by channel
    )

select scale.channel, scale.seconds, coalesce(curves.answered_share, 0) as answered_share,
from scale
asof left join curves on curves.channel = scale.channel and curves.waited_seconds <= scale.seconds
order by scale.channel, scale.seconds
