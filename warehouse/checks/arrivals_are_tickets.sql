-- severity: error
-- meaning: arrivals in the hourly roll-up are not the number of tickets
with
    flows as (select source, sum(arrived) as arrived, from store.queue_changes group by source),

    counts as (select source, count(*) as tickets, from store.tickets group by source)

select counts.source, 'arrived ' || coalesce(flows.arrived, 0) || ', tickets ' || counts.tickets as example,
from counts
left join flows using (source)
where flows.arrived is distinct from counts.tickets
