-- One row per weekday (1 is Monday) x hour of the account's time zone: waits that began then and are decided, and the share kept within
-- target.
-- Interval: Wilson, 95 %.
-- Quarter hours of the period and the hour each belongs to: clocks change on quarter hours, and rows are many.
with
    quarters as (
        select quarter, quarter at time zone 'UTC' at time zone $zone as local_quarter,
        from (select unnest(range(time_bucket(interval 15 minutes, $start::timestamp), $end::timestamp, interval 15 minutes)) as quarter)
    ),

    decided as (
        select isodow(quarters.local_quarter) as weekday, hour(quarters.local_quarter) as hour, waits.within_target,
        from waits
        inner join quarters on quarters.quarter = time_bucket(interval 15 minutes, waits.began_at)
        where
            fault is null
            and within_target is not null
            and began_at >= $start
            and began_at < $end
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
    )

select
    weekday,
    hour,
    count(*) as n,
    count(*) filter (where within_target) as hits,
    promise_kept_rate(within_target) as value,
    wilson_low(hits, n) as low,
    wilson_high(hits, n) as high,
from decided
group by weekday, hour
order by weekday, hour
