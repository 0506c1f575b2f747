-- One row per agent of $agents and per agent of the same team, by name: the team of the newest ticket they hold (null: none is said), since
-- when the data knows them, and whether they are of $agents.
with
    homes as (
        select
            agent,
            max_by(team, last_seen_at) as team,
            min(first_seen_at) as first_seen_at,
            max(last_seen_at) as last_seen_at,
            list_contains($agents, agent) as is_chosen,
        from agents
        where agent is not null
        group by agent
    )

select agent, team, first_seen_at, last_seen_at, is_chosen,
from homes
where is_chosen or team in (select team from homes where is_chosen)
order by agent
