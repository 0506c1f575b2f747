-- One row per reason why waits of the period have times that make no sense: they are counted here and averaged in nowhere.
-- $kind: first answers or next ones; null: both.
select fault, count(*) as waits,
from waits
where
    fault is not null
    and began_at >= $start
    and began_at < $end
    and ($kind is null or kind = $kind)
    and ($sources is null or list_contains($sources, source))
    and ($channels is null or list_contains($channels, channel))
    and ($teams is null or list_contains($teams, team))
    and ($agents is null or list_contains($agents, agent))
group by fault
order by waits desc, fault
