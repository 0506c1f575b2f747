-- One row per channel: the target that most of its waits of the period had, and how many different ones there were.
-- $kind: first answers or next ones; null: both.
select channel, mode(target_seconds) as target_seconds, count(distinct target_seconds) as targets,
from waits
where
    target_seconds is not null
    and began_at >= $start
    and began_at < $end
    and ($kind is null or kind = $kind)
    and ($sources is null or list_contains($sources, source))
    and ($channels is null or list_contains($channels, channel))
    and ($teams is null or list_contains($teams, team))
    and ($agents is null or list_contains($agents, agent))
group by channel
order by channel
