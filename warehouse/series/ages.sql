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
                    -- Open at the end, or until some time in the period.
                    (
                        select source, ticket_id,
                        from backlog_changes
                        where {{ chosen }}
                        group by source, ticket_id
                        having sum(open_change) > 0 or $start::timestamp is null or max(happened_at) >= $start
                    ) using (source, ticket_id)
                where {{ chosen }}
                group by all
            )
        window so_far as (partition by source, ticket_id order by happened_at)
    ) as stretches
inner join as_of on as_of.source = stretches.source
inner join
    ({{ ends }}) as ends on stretches.happened_at < ends.ends_at and coalesce(stretches.until_at, timestamp '9999-01-01') >= ends.ends_at
where stretches.is_open > 0
