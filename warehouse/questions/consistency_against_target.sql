-- One row per channel (column part): its waits as a share of what was promised, on the clock of the promise, as marks. Out of them
-- warehouse/percentiles.py works out the median (1: exactly on target), its 95 % interval and whether it is known. The other columns are
-- those of a series. A wait counts when it began; still open, given up or ended without an answer, it lasted at least so long. In SQL the
-- median is censored_percentile(ratio, outcome = 'answered').
-- A mark is a wait in millionths of its target, doubled, plus one where it is still open, was given up, or ended without an answer.
with
    ratios as (
        select channel, case when is_business_time then waited_business_seconds else waited_seconds end / target_seconds as ratio, outcome,
        from waits
        where
            fault is null
            and target_seconds > 0
            and began_at >= $start
            and began_at < $end
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
    )

select
    channel as part,
    null::timestamp as bin,
    true as is_complete,
    null::double as value,
    count(*) as n,
    null::double as hits,
    null::double as low,
    null::double as high,
    list((ratio * 1000000)::bigint * 2 + (outcome <> 'answered')::bigint) as marks,
from ratios
where ratio is not null
group by channel
order by channel nulls last
