-- severity: warning
-- meaning: an agent without a team; figures by team leave them out
select source, agent as example, from agents where team is null
