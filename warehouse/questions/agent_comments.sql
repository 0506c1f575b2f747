-- One row per survey answer with a comment about a ticket of the chosen agents, the newest first, at most $most; `found`: how many in all.
select
    source, ticket_id, sent_at, answered_at, survey, kind, score, scale_min, scale_max, comment, channel, topic, count(*) over () as found,
from survey_responses
where
    trim(comment) <> ''
    and ($start is null or sent_at >= $start)
    and ($end is null or sent_at < $end)
    and ($sources is null or list_contains($sources, source))
    and ($channels is null or list_contains($channels, channel))
    and ($teams is null or list_contains($teams, team))
    and ($agents is null or list_contains($agents, agent))
order by sent_at desc, source, response_id
limit $most
