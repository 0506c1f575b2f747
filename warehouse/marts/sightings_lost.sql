-- One row per agent x way of being seen of which the first or last sighting was one of the touched tickets before, and no longer is.
select source, agent, way,
from store.sightings as kept
inner join sightings_before as before using (source, agent, way)
left join sightings_built as built using (source, agent, way)
where
    (before.first_at = kept.first_at and (built.agent is null or built.first_at > kept.first_at))
    or (
        (before.last_at, before.last_ticket, before.last_turn) = (kept.last_at, kept.last_ticket, kept.last_turn)
        and (built.agent is null or (built.last_at, built.last_ticket, built.last_turn) < (kept.last_at, kept.last_ticket, kept.last_turn))
    )
