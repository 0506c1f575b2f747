-- severity: error
-- meaning: arrived - solved - abandoned - removed + reopened is not the number of open tickets
with
    flows as (
        select source, sum(arrived - solved - abandoned - removed + reopened) as by_flows, sum(open_change) as by_changes,
        from store.queue_changes
        group by source
    ),

    levels as (select source, count(*) filter (where is_open) as by_tickets, from store.tickets group by source)

select levels.source, 'by flows ' || flows.by_flows || ', by tickets ' || levels.by_tickets as example,
from levels
left join flows using (source)
where flows.by_flows is distinct from levels.by_tickets or flows.by_changes is distinct from levels.by_tickets
