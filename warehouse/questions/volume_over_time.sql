-- One row per hour, day, week or month ($grain) of the account's time zone: what came in, what went out, and how many were open at its end.
-- is_complete is false where the data ends inside the bin: its counts will still grow.
-- Quarter hours of the period and the bin each belongs to: clocks change on quarter hours, and rows are many.
with
    quarters as (
        select quarter, date_trunc($grain, quarter at time zone 'UTC' at time zone $zone) as bin,
        from (select unnest(range(time_bucket(interval 15 minutes, $start::timestamp), $end::timestamp, interval 15 minutes)) as quarter)
    ),

    opening as (select coalesce(sum(open_change), 0)::bigint as open_before, from ({{ open_before }})),

    changes as (
        select
            time_bucket(interval 15 minutes, happened_at) as quarter,
            count(*) filter (where change = 'arrived') as arrived,
            count(*) filter (where change = 'abandoned') as abandoned,
            count(*) filter (where change = 'solved') as solved,
            sum(open_change) as open_change,
        from backlog_changes
        where
            happened_at >= $start
            and happened_at < $end
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
        group by quarter
    ),

    answers as (
        select time_bucket(interval 15 minutes, ended_at) as quarter, count(*) as answered,
        from waits
        where
            outcome = 'answered'
            and kind = 'first'
            and ended_at >= $start
            and ended_at < $end
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
        group by quarter
    ),

    bins as (
        select
            quarters.bin,
            coalesce(sum(changes.arrived), 0)::bigint as arrived,
            coalesce(sum(answers.answered), 0)::bigint as answered,
            coalesce(sum(changes.abandoned), 0)::bigint as abandoned,
            coalesce(sum(changes.solved), 0)::bigint as solved,
            coalesce(sum(changes.open_change), 0)::bigint as open_change,
        from quarters
        left join changes on changes.quarter = quarters.quarter
        left join answers on answers.quarter = quarters.quarter
        group by quarters.bin
    )

select
    bins.bin,
    bins.arrived,
    bins.answered,
    bins.abandoned,
    bins.solved,
    (opening.open_before + sum(bins.open_change) over (order by bins.bin))::bigint as open_at_end,
    bins.bin
    + case $grain when 'hour' then interval 1 hour when 'day' then interval 1 day when 'week' then interval 7 days else interval 1 month end
    <= $end at time zone 'UTC' at time zone $zone as is_complete,
from bins
cross join opening
order by bins.bin
