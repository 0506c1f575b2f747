-- One row per channel (null: all of them) and bin ($grain of the account's time zone; null: the whole period): waits kept within their
-- target. A wait counts on the day its target fell due: by then every wait is decided, so a slow day cannot hide in waits that are still
-- open. Given up before the target: left out. Interval: Wilson, 95 %. $kind: first answers or next ones; null: both.
-- Quarter hours of the period and the bin each belongs to: clocks change on quarter hours, and rows are many.
with
    quarters as (
        select quarter, date_trunc(coalesce($grain, 'day'), quarter at time zone 'UTC' at time zone $zone) as bin,
        from (select unnest(range(time_bucket(interval 15 minutes, $start::timestamp), $end::timestamp, interval 15 minutes)) as quarter)
    ),

    decided as (
        select channel, quarters.bin, within_target,
        from waits
        inner join quarters on quarters.quarter = time_bucket(interval 15 minutes, waits.due_at)
        where
            fault is null
            and within_target is not null
            and began_at < $end
            and due_at >= $start
            and due_at < $end
            and ($kind is null or kind = $kind)
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
    ),

    grouped as (
        select
            case when not levels.whole then decided.channel end as channel,
            levels.whole as all_channels,
            case when $grain is not null then decided.bin end as bin,
            count(*) as decided,
            count(*) filter (where decided.within_target) as kept,
        from decided
        cross join (values (true), (false)) as levels(whole)
        group by all
    )

select
    channel,
    all_channels,
    bin,
    decided,
    kept,
    kept / decided as share,
    wilson_low(kept, decided) as share_low,
    wilson_high(kept, decided) as share_high,
from grouped
order by all_channels desc, channel, bin
