-- One row per touched agent of a source: everyone who holds a ticket, answered a wait or wrote as an agent.
with
    held as (
        select
            source,
            agent,
            arg_max(team, (created_at, ticket_id)) as team,
            arg_max(supervisor, (created_at, ticket_id)) as supervisor,
            arg_max(manager, (created_at, ticket_id)) as manager,
            min(created_at) as first_seen_at,
            max(created_at) as last_seen_at,
        from store.tickets
        semi join touched_agents using (source, agent)
        group by source, agent
    ),

    answered as (
        select
            source,
            agent,
            arg_max(team, (ended_at, ticket_id, turn)) as team,
            min(ended_at) as first_seen_at,
            max(ended_at) as last_seen_at,
        from store.waits
        semi join touched_agents using (source, agent)
        where outcome = 'answered'
        group by source, agent
    )

select
    touched_agents.source,
    touched_agents.agent,
    coalesce(held.team, answered.team) as team,
    held.supervisor,
    held.manager,
    least(held.first_seen_at, answered.first_seen_at) as first_seen_at,
    greatest(held.last_seen_at, answered.last_seen_at) as last_seen_at,
from touched_agents
left join held using (source, agent)
left join answered using (source, agent)
where held.agent is not null or answered.agent is not null
