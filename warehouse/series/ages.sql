-- One row per ticket that was open at the end of a bin: how old it was then. The last bin stands as the data does.
with
    ends as ({{ ends }}),

    -- Joined to their source before they are to bins: there are many times as many of them after.
    stretches as materialized(
        select {{ part }} as part, happened_at, coalesce(until_at, timestamp '9999-01-01') as until_at, created_at, as_of.as_of,
        from backlog_changes
        inner join as_of using (source)
        where
            open_change = 1
            and happened_at < (select max(ends_at) from ends)
            and (until_at is null or until_at >= (select min(ends_at) from ends))
            and {{ chosen }}
    )

select stretches.part, ends.bin, epoch(least(ends.ends_at, stretches.as_of) - stretches.created_at) as age_seconds,
from stretches
inner join ends on stretches.happened_at < ends.ends_at and stretches.until_at >= ends.ends_at
