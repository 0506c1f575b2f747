-- One row per channel x duration of a scale from 1 second to the longest wait: the share of customers answered within it.
-- Kaplan-Meier: a wait that is still open, was given up, or ended without an answer counts as having lasted at least so long.
-- $kind: first answers or next ones; null: both.
-- The scale has eight points for every doubling, up to the last wait of the channel. After k of n waits the share unanswered is (n - k) /
-- n,
-- and for each one that was not answered among them, at place p, (n - p + 1) / (n - p) times as high. A mark is the wait in milliseconds,
-- doubled, plus one where it was not answered.
with
    population as (
        select
            channel,
            (greatest(waited_seconds, 0) * 1000)::bigint as milliseconds,
            milliseconds * 2 + (outcome <> 'answered')::bigint as mark,
            ceil(8 * log2(greatest(milliseconds, 1000) / 1000))::bigint as step,
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

    in_order as (
        select channel, count(*) as waits, max(step) as last_step, list_sort(list(mark)) as marks, from population group by channel
    ),

    -- Nothing is known beyond the last wait, so that it was not answered says nothing.
    unanswered as (
        select
            channel,
            waits,
            unnest(list_filter(marks, lambda mark:mark % 2 = 1)) as mark,
            unnest(
                list_filter(
                    list_transform(marks, lambda mark, place: case when mark % 2 = 1 then place end), lambda place:place is not null
                )
            ) as place,
        from in_order
    ),

    rises as (
        select
            channel,
            ceil(8 * log2(greatest(mark >> 1, 1000) / 1000))::bigint as step,
            product(case when place < waits then (waits - place + 1) / (waits - place) else 1.0::double end) as rise,
        from unanswered
        group by channel, step
    ),

    counted as (select channel, step, count(*) as waits, from population group by channel, step),

    scale as (select channel, waits, marks[-1] % 2 as last_unanswered, unnest(range(0, greatest(last_step, 8) + 1)) as step, from in_order),

    passed as (
        select
            scale.channel,
            scale.step,
            scale.waits,
            least(coalesce(sum(counted.waits) over so_far, 0), scale.waits - scale.last_unanswered) as so_many,
            product(coalesce(rises.rise, 1)) over so_far as rise,
        from scale
        left join counted on counted.channel is not distinct from scale.channel and counted.step = scale.step
        left join rises on rises.channel is not distinct from scale.channel and rises.step = scale.step
        window so_far as (partition by scale.channel order by scale.step)
    )

select channel, pow(2, step / 8) as seconds, 1 - (waits - so_many) / waits * rise as answered_share,
from passed
order by channel, seconds
