-- One row per channel, team or topic ($part): what came in and went out between $start and $end, and the arrivals of the
-- period before ($previous_start, $previous_end).
with
    changes as (
        select
            case $part when 'channel' then channel when 'team' then team else topic end as part, change, happened_at >= $start as in_period,
        from backlog_changes
        where
            happened_at >= least($start::timestamp, $previous_start::timestamp)
            and happened_at < $end
            and (happened_at >= $start or happened_at < $previous_end)
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
    ),

    parts as (
        select
            part,
            count(*) filter (where change = 'arrived' and in_period) as arrived,
            count(*) filter (where change = 'solved' and in_period) as solved,
            count(*) filter (where change = 'abandoned' and in_period) as abandoned,
            count(*) filter (where change = 'arrived' and not in_period) as arrived_before,
        from changes
        group by part
    )

select *
from parts
where arrived > 0 or solved > 0 or abandoned > 0 or arrived_before > 0
order by arrived desc, part
