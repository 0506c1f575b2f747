-- One row per unbroken stretch of working time of a schedule, in UTC, with the open seconds before it.
with
    weeks as (
        select
            source,
            unnest(
                generate_series(
                    date_trunc('week', first_date + 1)::date - 8,  -- the Sunday before the week it is in: a night shift may reach into it
                    last_date,
                    interval 7 days
                )
            )::date as sunday,
        from store.calendars
        semi join changed_calendars using (source)
    ),

    -- Intervals are cut at local midnight, so that a holiday takes out its own date and nothing of the nights around it.
    weekly_pieces as (
        select
            source,
            schedule_id,
            day_no,
            greatest(opens_minute - 1440 * day_no, 0) as opens_minute,
            least(closes_minute - 1440 * day_no, 1440) as closes_minute,
        from
            (
                select
                    *,
                    -- floor, as the formatter takes DuckDB's whole-number division for a comment
                    unnest(range(floor(opens_minute / 1440)::bigint, floor((closes_minute - 1) / 1440)::bigint + 1))::integer as day_no,
                from schedule_hours
            )
    ),

    local_pieces as (
        select
            pieces.source,
            pieces.schedule_id,
            schedules.time_zone,
            weeks.sunday + pieces.day_no as local_date,
            pieces.opens_minute,
            pieces.closes_minute,
        from weekly_pieces as pieces
        inner join schedules on schedules.source = pieces.source and schedules.schedule_id = pieces.schedule_id
        inner join weeks on weeks.source = pieces.source
    ),

    worked_pieces as (
        from local_pieces as pieces
        anti join
            holidays
            on holidays.source = pieces.source
            and holidays.schedule_id = pieces.schedule_id
            and pieces.local_date between holidays.from_date and holidays.to_date
    ),

    utc_pieces as (
        select
            source,
            schedule_id,
            utc_of(local_date + to_minutes(opens_minute), time_zone) as opens_at,
            utc_of(local_date + to_minutes(closes_minute), time_zone) as closes_at,
        from worked_pieces
    ),

    -- A new stretch begins where nothing before it is still open: pieces that touch or overlap count once.
    marked as (
        select
            *,
            coalesce(
                opens_at > max(closes_at) over (
                    partition by source, schedule_id order by opens_at, closes_at rows between unbounded preceding and 1 preceding
                ),
                true
            ) as begins_stretch,
        from utc_pieces
        where closes_at > opens_at  -- a piece that begins in the hour clocks skip can come out empty
    ),

    numbered as (
        select
            *,
            count(*) filter (where begins_stretch) over (
                partition by source, schedule_id order by opens_at, closes_at rows unbounded preceding
            ) as stretch,
        from marked
    ),

    stretches as (
        select source, schedule_id, min(opens_at) as opens_at, max(closes_at) as closes_at,
        from numbered
        group by source, schedule_id, stretch
        union all
        -- An empty stretch before all others, so that a look-up finds 0 there; only a schedule that does not exist finds nothing.
        select distinct source, schedule_id, timestamp '0001-01-01' as opens_at, timestamp '0001-01-01' as closes_at,
        from schedules
        semi join changed_calendars using (source)
    )

select
    source,
    schedule_id,
    opens_at,
    closes_at,
    coalesce(
        sum(epoch(closes_at - opens_at)) over (
            partition by source, schedule_id order by opens_at rows between unbounded preceding and 1 preceding
        ),
        0
    ) as open_seconds_before,
from stretches
order by source, schedule_id, opens_at
