-- One row per team x agent: how many tickets more they hold now than before, of the touched ones.
select source, team, agent, sum(sign)::bigint as tickets,
from
    (
        select source, team, agent, 1 as sign,
        from tickets_built
        union all by name
        select source, team, agent, -1 as sign,
        from tickets_before
    )
where team is not null
group by source, team, agent
