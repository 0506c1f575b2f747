-- One row per agent who answered a customer in the half hour up to $as_of: how many answers, and how long ago the last one was.
select agent, arg_max(team, ended_at) as team, count(*) as answers, epoch($as_of - max(ended_at)) as last_answer_seconds,
from waits
where
    outcome = 'answered'
    and agent is not null
    and ended_at > $as_of - interval 30 minutes
    and ended_at <= $as_of
    and ($sources is null or list_contains($sources, source))
    and ($channels is null or list_contains($channels, channel))
    and ($teams is null or list_contains($teams, team))
    and ($agents is null or list_contains($agents, agent))
group by agent
order by answers desc, agent
