-- Changes of the backlog before $start: of whole hours as the roll-up has them, which knows no agents, and what happened since one by one.
select channel, team, open_change
from store.queue_changes
where
    $agents is null
    and hour < hour_of($start::timestamp)
    and ($sources is null or list_contains($sources, source))
    and ($channels is null or list_contains($channels, channel))
    and ($teams is null or list_contains($teams, team))
union all
select channel, team, open_change
from backlog_changes
where
    ($agents is not null or happened_at >= hour_of($start::timestamp))
    and happened_at < $start
    and ($sources is null or list_contains($sources, source))
    and ($channels is null or list_contains($channels, channel))
    and ($teams is null or list_contains($teams, team))
    and ($agents is null or list_contains($agents, agent))
