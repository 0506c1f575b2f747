-- One row per channel and one per team (part) where customers wait now: how many, how many past their target, and the longest wait.
select
    case grouping(channel) when 0 then 'channel' else 'team' end as part,
    case grouping(channel) when 0 then channel else team end as name,
    count(*) as waiting,
    count(*) filter (where within_target is false) as past_target,
    max(waited_seconds) as longest_seconds,
    arg_max(ticket_id, waited_seconds) as longest_ticket_id,
from waits
where
    outcome = 'waiting'
    and fault is null
    and ($sources is null or list_contains($sources, source))
    and ($channels is null or list_contains($channels, channel))
    and ($teams is null or list_contains($teams, team))
    and ($agents is null or list_contains($agents, agent))
group by grouping sets ((channel), (team))
order by part, waiting desc, name
