-- severity: warning
-- meaning: far fewer arrivals in the last 24 hours than in the same 24 hours of the four weeks before; is an export missing?
with
    windows as (
        select changes.source, floor(epoch(as_of.as_of - changes.hour) / 86400) as days_back, sum(changes.arrived) as arrived,
        from store.queue_changes as changes
        inner join as_of using (source)
        where changes.hour <= as_of.as_of and changes.hour > as_of.as_of - interval 29 day
        group by changes.source, days_back
    ),

    compared as (
        select
            source,
            coalesce(sum(arrived) filter (where days_back = 0), 0) as last_day,
            min(arrived) filter (where days_back in (7, 14, 21, 28)) as fewest_before,
            count(*) filter (where days_back in (7, 14, 21, 28)) as weeks,
        from windows
        group by source
    )

select source, last_day || ' arrived, at least ' || fewest_before || ' in the weeks before' as example,
from compared
where weeks = 4 and fewest_before >= 20 and last_day < fewest_before * 0.3
