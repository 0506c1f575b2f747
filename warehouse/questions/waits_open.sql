-- One row per customer waiting now: first those who will miss their target next, then those whose target is missed, the longest wait first.
-- At most 100 of each. is_past says whether the target is missed; due_in_seconds is negative then.
select
    ticket_id,
    source,
    channel,
    team,
    agent,
    topic,
    waited_seconds,
    epoch(due_at - as_of.as_of) as due_in_seconds,
    within_target is false as is_past,
from waits
inner join as_of using (source)
where
    outcome = 'waiting'
    and fault is null
    and due_at is not null
    and ($sources is null or list_contains($sources, source))
    and ($channels is null or list_contains($channels, channel))
    and ($teams is null or list_contains($teams, team))
    and ($agents is null or list_contains($agents, agent))
qualify row_number() over (partition by within_target is false order by due_in_seconds, began_at, ticket_id) <= 100
order by is_past, case when is_past then - waited_seconds else due_in_seconds end, ticket_id
