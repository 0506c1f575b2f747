-- One row per part and bin: what was counted, and how sure it is. Nothing counted: 0 for counts, null for everything else.
with
    -- How far the clocks on the wall were ahead of UTC when a day began and when it ended. Asking them is slow: they are asked once a day,
    -- and only of the days on which they change, of each instant.
    days as (
        select day, (day at time zone 'UTC' at time zone $zone) - day as ahead, lead(ahead) over (order by day) as ahead_next_day,
        from (select unnest(range(date_trunc('day', $start::timestamp), $end::timestamp + interval 2 days, interval 1 day)) as day)
    ),

    bins as ({{ bins }}),

    figures as ({{ figures }}),

    parts as ({{ parts }})

select
    parts.part::varchar as part,
    bins.bin,
    {{ complete }} as is_complete,
    coalesce(figures.value, {{ nothing }})::double as value,
    coalesce(figures.n, 0)::bigint as n,
    figures.hits::double as hits,
    figures.low::double as low,
    figures.high::double as high,
    figures.marks,
from parts
cross join bins
left join figures on figures.part is not distinct from parts.part and figures.bin is not distinct from bins.bin
order by parts.part nulls last, bins.bin
