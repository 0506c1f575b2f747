-- One row per ticket that was open at the end of a bin: how old it was then. The last bin stands as the data does.
select stretches.part, ends.bin, epoch(least(ends.ends_at, as_of.as_of) - stretches.created_at) as age_seconds,
from
    (
        select
            source,
            part,
            happened_at,
            first_value(happened_at) over so_far as created_at,
            lead(happened_at) over so_far as until_at,
            sum(open_change) over so_far as is_open,
        from
            (
                select source, ticket_id, {{ part }} as part, happened_at, sum(open_change) as open_change,
                from backlog_changes
                semi join
                    -- Open now, or until the first bin ended: a ticket over is in its status since it left, or since later.
                    (
                        select distinct ticket_no,
                        from store.tickets
                        where
                            is_open
                            or status_since_at is null
                            or status_since_at >= (select min(first_bin.ends_at) from ({{ ends }}) as first_bin)
                    ) using (ticket_no)
                where {{ chosen }}
                group by all
            )
        window so_far as (partition by source, ticket_id order by happened_at)
    ) as stretches
inner join as_of on as_of.source = stretches.source
inner join
    ({{ ends }}) as ends on stretches.happened_at < ends.ends_at and coalesce(stretches.until_at, timestamp '9999-01-01') >= ends.ends_at
where stretches.is_open > 0
