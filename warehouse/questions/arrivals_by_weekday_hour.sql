-- One row per weekday (1 is Monday) x hour of the account's time zone: tickets that arrived in such an hour, on average over the period.
-- Only quarter hours that lie wholly in the period count, so an unfinished hour cannot look quiet.
with
    quarters as (
        select quarter, quarter at time zone 'UTC' at time zone $zone as local_quarter,
        from (select unnest(range(time_bucket(interval 15 minutes, $start::timestamp), $end::timestamp, interval 15 minutes)) as quarter)
        where quarter >= $start and quarter + interval 15 minutes <= $end
    ),

    arrivals as (
        select time_bucket(interval 15 minutes, happened_at) as quarter, count(*) as arrived,
        from backlog_changes
        where
            change = 'arrived'
            and happened_at >= $start
            and happened_at < $end
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
        group by quarter
    )

select
    isodow(quarters.local_quarter) as weekday,
    hour(quarters.local_quarter) as hour,
    count(*) / 4 as hours,
    coalesce(sum(arrivals.arrived), 0)::bigint as arrived,
    coalesce(sum(arrivals.arrived), 0) / (count(*) / 4) as arrived_per_hour,
from quarters
left join arrivals on arrivals.quarter = quarters.quarter
group by weekday, hour
order by weekday, hour
