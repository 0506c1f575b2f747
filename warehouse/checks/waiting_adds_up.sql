-- severity: error
-- meaning: waits begun less waits ended is not the number of customers waiting
with
    flows as (select source, sum(waits_began - waits_ended) as by_flows, from store.queue_changes group by source),

    levels as (select source, count(*) filter (where outcome = 'waiting') as by_waits, from store.waits group by source)

select levels.source, 'by flows ' || flows.by_flows || ', by waits ' || levels.by_waits as example,
from levels
left join flows using (source)
where flows.by_flows is distinct from levels.by_waits
