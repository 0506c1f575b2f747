-- One row: found, how many tickets are behind a figure; counted, how many moments, as a ticket may have several waits; since, the first
-- instant of a day (UTC) from which on at least $near of these moments are, null where all are fewer.
-- What the figure counts and what restricts it: see warehouse/moments_behind.sql. $by_number: see ticket_numbers.sql.
with
    chosen as (
        select source, ticket_id, case when $by_number then ticket_no end as ticket_no, moment::date as day, is_once,
        from ({{ moments_behind }})
    ),

    -- A bit for each number takes a tenth of the time that a table of the tickets seen would.
    repeated as (
        select
            ticket_no >> 16 as block,
            day,
            count(*) as moments,
            bit_count(bitstring_agg((ticket_no & 65535)::usmallint, 0, 65535)) as tickets,
        from chosen
        where not is_once
        group by grouping sets ((source, ticket_no >> 16), (day))
    ),

    unnumbered as (
        select count(*) as tickets, from (select distinct source, ticket_id, from chosen where ticket_no is null and not is_once)
    ),

    days as (
        select day, count(*) as moments, count(*) as tickets,
        from chosen
        where is_once
        group by day
        union all
        select day, moments, 0 as tickets,
        from repeated
        where day is not null
    ),

    ending as (select *, sum(moments) over (order by day desc) as moments_since, from days)

select
    coalesce(sum(tickets), 0)::bigint
    + (select coalesce(sum(tickets), 0)::bigint from repeated where block is not null)
    + (select tickets from unnumbered) as found,
    coalesce(sum(moments), 0)::bigint as counted,
    max(day) filter (where moments_since >= $near)::timestamp as since,
from ending
