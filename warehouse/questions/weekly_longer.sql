-- One row per part ($split: channel, team or topic; null: none given): first waits that began in the period and are decided at $seconds
-- (n), and those that lasted longer (hits). Given up, solved or still waiting before $seconds: not decided, left out.
select
    case $split when 'channel' then channel when 'team' then team else topic end as part,
    count(*) as n,
    count(*) filter (where waited_seconds > $seconds) as hits,
    hits / n as value,
from waits
where
    kind = 'first'
    and fault is null
    and (waited_seconds > $seconds or outcome = 'answered')
    and began_at >= $start
    and began_at < $end
    and ($sources is null or list_contains($sources, source))
    and ($channels is null or list_contains($channels, channel))
    and ($teams is null or list_contains($teams, team))
    and ($agents is null or list_contains($agents, agent))
group by all
order by part nulls last
