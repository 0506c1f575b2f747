-- One row per ticket made in the period that one of the chosen agents holds, the newest first, at most $most; `found`: how many in all.
select
    source,
    ticket_id,
    created_at,
    channel,
    team,
    agent,
    topic,
    priority,
    subject,
    status,
    first_response_seconds,
    full_resolution_seconds,
    reopen_count,
    count(*) over () as found,
from tickets
where
    ($start is null or created_at >= $start)
    and ($end is null or created_at < $end)
    and ($sources is null or list_contains($sources, source))
    and ($channels is null or list_contains($channels, channel))
    and ($teams is null or list_contains($teams, team))
    and ($agents is null or list_contains($agents, agent))
order by created_at desc, source, ticket_id
limit $most
