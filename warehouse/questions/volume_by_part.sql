-- One row per channel, per team and per topic (part): what came in and went out between $start and $end, and the arrivals of the
-- period before ($previous_start, $previous_end).
with
    -- Once through all rows: there are far fewer of these.
    combined as materialized(
        select
            channel,
            team,
            topic,
            count(*) filter (where change = 'arrived' and happened_at >= $start) as arrived,
            count(*) filter (where change = 'solved' and happened_at >= $start) as solved,
            count(*) filter (where change = 'abandoned' and happened_at >= $start) as abandoned,
            count(*) filter (where change = 'arrived' and happened_at < $start) as arrived_before,
        from backlog_changes
        where
            happened_at >= least($start::timestamp, $previous_start::timestamp)
            and happened_at < $end
            and (happened_at >= $start or happened_at < $previous_end)
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
        group by channel, team, topic
    )

select
    case when grouping(channel) = 0 then 'channel' when grouping(team) = 0 then 'team' else 'topic' end as part,
    case when grouping(channel) = 0 then channel when grouping(team) = 0 then team else topic end as name,
    sum(arrived)::bigint as arrived,
    sum(solved)::bigint as solved,
    sum(abandoned)::bigint as abandoned,
    sum(arrived_before)::bigint as arrived_before,
from combined
group by grouping sets ((channel), (team), (topic))
having sum(arrived) > 0 or sum(solved) > 0 or sum(abandoned) > 0 or sum(arrived_before) > 0
order by part, arrived desc, name
