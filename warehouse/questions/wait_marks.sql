-- One row per channel and bin ($grain of the account's time zone; null: the whole period) in which waits began: the waits, as marks.
-- Out of them warehouse/percentiles.py works out what wait_times.sql says, of all channels together too: numpy sorts faster than SQL.
-- A mark is a wait in milliseconds, doubled, plus one where it is still open, was given up, or ended without an answer.
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
    )

select
    channel,
    bin,
    count(*) as waits,
    count(*) filter (where outcome = 'answered') as answered,
    count(*) filter (where outcome = 'waiting') as waiting,
    count(*) filter (where outcome = 'abandoned') as abandoned,
    count(*) filter (where outcome = 'solved') as solved,
    list((waited_seconds * 1000)::bigint * 2 + (outcome <> 'answered')::bigint) as marks,
from population
group by channel, bin
