-- One row per agent of a source: everyone who holds a ticket, answered a wait or wrote as an agent.
select
    source,
    agent,
    coalesce(max(name) filter (where way = 'team held'), max(name) filter (where way = 'team answered')) as team,
    max(name) filter (where way = 'supervisor') as supervisor,
    max(name) filter (where way = 'manager') as manager,
    min(first_at) as first_seen_at,
    max(last_at) as last_seen_at,
from store.sightings
group by source, agent
