-- One row per weekly working interval of a schedule in a page, or per schedule without any. A zone that nobody knows counts as UTC, and
-- the name says so.
with
    listed as (select filename, unnest(json_extract(body, '$.schedules[*]')) as schedule from pages),

    told as (
        select
            filename,
            schedule,
            zones.name as zone,
            -- A ticket that no rule puts under another is under the schedule that was made first.
            row_number() over (
                partition by filename
                order by try_cast(schedule ->> '$.created_at' as timestamptz), try_cast(schedule ->> '$.id' as hugeint)
            )
            = 1 as is_default,
        from listed
        left join pg_timezone_names() as zones on zones.name = zone_of(schedule ->> '$.time_zone')
    ),

    hours as (select *, unnest(coalesce(nullif(json_extract(schedule, '$.intervals[*]'), []), [null])) as hours, from told)

select
    filename,
    coalesce(
        lacks(schedule, ['id', 'name', 'time_zone', 'created_at', 'intervals']),
        case when hours is not null then lacks(hours, ['start_time', 'end_time']) end
    ) as fault,
    schedule ->> '$.id' as schedule_id,
    case
        when zone is null
        then concat(schedule ->> '$.name', ' (in UTC: time zone ', coalesce(schedule ->> '$.time_zone', 'not given'), ' is not known)')
        else schedule ->> '$.name'
    end as name,
    coalesce(zone, 'UTC') as time_zone,
    hours ->> '$.start_time' as opens_minute,
    hours ->> '$.end_time' as closes_minute,
    is_default::varchar as is_default,
from hours
