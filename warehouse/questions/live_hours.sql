-- One row per full hour counted back from $as_of (25 of them, oldest first): tickets that arrived, first answers, and who waited at its
-- end.
with
    hours as (select hours_back, $as_of - to_hours(hours_back) as ends_at, from (select unnest(range(25)) as hours_back)),

    arrivals as (
        select floor(epoch($as_of - happened_at) / 3600)::bigint as hours_back, count(*) as arrived,
        from backlog_changes
        where
            change = 'arrived'
            and happened_at > $as_of - interval 25 hours
            and happened_at <= $as_of
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
        group by hours_back
    ),

    -- Waits that lasted into the last 25 hours.
    recent_waits as (
        select kind, outcome, fault, began_at, ended_at,
        from waits
        where
            (outcome = 'waiting' or ended_at > $as_of - interval 25 hours)
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
    ),

    answers as (
        select floor(epoch($as_of - ended_at) / 3600)::bigint as hours_back, count(*) as answered,
        from recent_waits
        where outcome = 'answered' and kind = 'first' and ended_at <= $as_of
        group by hours_back
    ),

    levels as (
        select hours.hours_back, count(recent_waits.began_at) as waiting,
        from hours
        left join
            recent_waits
            on recent_waits.fault is null
            and recent_waits.began_at <= hours.ends_at
            and coalesce(recent_waits.ended_at > hours.ends_at, true)
        group by hours.hours_back
    )

select
    hours.ends_at - interval 1 hour as began_at,
    hours.ends_at,
    coalesce(arrivals.arrived, 0) as arrived,
    coalesce(answers.answered, 0) as answered,
    levels.waiting,
from hours
left join arrivals on arrivals.hours_back = hours.hours_back
left join answers on answers.hours_back = hours.hours_back
left join levels on levels.hours_back = hours.hours_back
order by hours.ends_at
