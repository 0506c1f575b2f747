-- One row per channel, team or topic ($part): what came in and went out between $start and $end, the arrivals of the period before, and the open ones now.
with changes as (
    select
        case $part when 'channel' then channel when 'team' then team else topic end as part,
        change,
        open_change,
        happened_at >= $start as in_period,
        happened_at >= $previous_start and happened_at < $previous_end as in_previous,
    from backlog_changes
    where
        happened_at < $end
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
        count(*) filter (where change = 'arrived' and in_previous) as arrived_before,
        sum(open_change)::bigint as open_at_end,
    from changes
    group by part
)

select
    *
from parts
where arrived > 0 or solved > 0 or abandoned > 0 or open_at_end > 0 or arrived_before > 0
order by arrived desc, part
