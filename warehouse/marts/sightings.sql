-- One row per agent x way of being seen that touched tickets change: what is kept of it, with what they say now.
select
    source,
    agent,
    way,
    min(first_at) as first_at,
    max(last_at) as last_at,
    arg_max(last_ticket, (last_at, last_ticket, last_turn, is_new)) as last_ticket,
    arg_max(last_turn, (last_at, last_ticket, last_turn, is_new)) as last_turn,
    arg_max(name, (last_at, last_ticket, last_turn, is_new)) as name,
from
    (
        select kept.*, false as is_new,
        from store.sightings as kept
        semi join sightings_built using (source, agent, way)
        anti join sightings_lost using (source, agent, way)
        union all by name
        select *, true as is_new,
        from sightings_built
        union all by name
        select *, true as is_new,
        from sightings_found
    )
group by source, agent, way
