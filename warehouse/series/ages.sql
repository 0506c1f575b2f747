-- One row per ticket that was open at the end of a bin: how old it was then. The last bin stands as the data does.
with
    ends as ({{ ends }}),

    -- Of tickets made before the last bin ended, and open now or until the first one did: one that is over is in its status since it left,
    -- or since later.
    stretches as (
        select
            source,
            {{ part }} as part,
            happened_at,
            first_value(happened_at) over so_far as created_at,
            -- Of changes at one instant the last one lasts.
            coalesce(lead(happened_at) over so_far, timestamp '9999-01-01') as until_at,
            sum(open_change) over so_far as is_open,
        from backlog_changes
        semi join
            (
                select ticket_no,
                from store.tickets
                where
                    (is_open or status_since_at is null or status_since_at >= (select min(ends_at) from ends))
                    and created_at < (select max(ends_at) from ends)
            ) using (ticket_no)
        where {{ chosen }}
        window so_far as (partition by ticket_no, source, ticket_id order by happened_at)
    )

select stretches.part, ends.bin, epoch(least(ends.ends_at, as_of.as_of) - stretches.created_at) as age_seconds,
from stretches
inner join as_of on as_of.source = stretches.source
inner join ends on stretches.happened_at < ends.ends_at and stretches.until_at >= ends.ends_at
where stretches.is_open > 0
