-- One row per team of a source.
select source, team, count(distinct agent) as agents, sum(tickets)::bigint as tickets, from store.team_tickets group by source, team
