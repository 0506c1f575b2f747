-- One row per working interval of each group, and of what holds without a group (default). A page file has groups and hours together.
-- A zone that nobody knows counts as UTC, and the name says so.
with
    calendars as (select filename, unnest(json_extract(body, '$[*]')) as calendar from pages where address like '%/business_hours?%'),

    groups as (select filename, unnest(json_extract(body, '$[*]')) as named from pages where address like '%/groups?%'),

    -- A group without hours of its own has the account's.
    schedules as (
        select filename, calendar, 'default' as schedule_id, calendar ->> '$.name' as name, null as group_fault,
        from calendars
        where coalesce(calendar ->> '$.is_default', 'true') = 'true'
        union all
        select
            calendars.filename,
            calendars.calendar,
            'group ' || (groups.named ->> '$.id') as schedule_id,
            concat(calendars.calendar ->> '$.name', ' of ', groups.named ->> '$.name') as name,
            lacks(groups.named, ['id', 'name', 'business_hour_id']) as group_fault,
        from groups
        inner join
            calendars
            on calendars.filename = groups.filename
            and case
                when (groups.named ->> '$.business_hour_id') is null
                then coalesce(calendars.calendar ->> '$.is_default', 'true') = 'true'
                else (calendars.calendar ->> '$.id') = (groups.named ->> '$.business_hour_id')
            end
    ),

    days as (
        select
            unnest(['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']) as day,
            unnest(range(0, 7 * 1440, 1440)) as day_minute,
    ),

    intervals as (
        select
            schedules.filename,
            schedules.schedule_id,
            days.day_minute,
            json_extract(schedules.calendar, '$.business_hours.' || days.day) as worked,
            -- Such as 8:00 am, or 08:00:00 am.
            try_strptime(upper(worked ->> '$.start_time'), ['%I:%M %p', '%I:%M:%S %p']) as opens,
            try_strptime(upper(worked ->> '$.end_time'), ['%I:%M %p', '%I:%M:%S %p']) as closes,
        from schedules
        cross join days
        where json_type(worked) <> 'NULL'
    )

select
    schedules.filename,
    coalesce(
        lacks(schedules.calendar, ['id', 'name', 'time_zone', 'is_default', 'business_hours']),
        schedules.group_fault,
        case when intervals.worked is not null then lacks(intervals.worked, ['start_time', 'end_time']) end,
        case
            when intervals.worked is not null and (intervals.opens is null or intervals.closes is null)
            then 'has hours that are not such as 8:00 am to 5:00 pm: ' || intervals.worked
        end
    ) as fault,
    schedules.schedule_id,
    case
        when zones.name is null
        then concat(schedules.name, ' (in UTC: time zone ', coalesce(schedules.calendar ->> '$.time_zone', 'not given'), ' is not known)')
        else schedules.name
    end as name,
    coalesce(zones.name, 'UTC') as time_zone,
    intervals.day_minute + date_diff('minute', date_trunc('day', intervals.opens), intervals.opens) as opens_minute,
    -- A day that is worked to its end closes at 11:59 pm; one that closes before it opens, on the next day.
    intervals.day_minute
    + case when intervals.closes <= intervals.opens then 1440 else 0 end
    + case
        when hour(intervals.closes) = 23 and minute(intervals.closes) = 59
        then 1440
        else date_diff('minute', date_trunc('day', intervals.closes), intervals.closes)
    end as closes_minute,
from schedules
left join intervals using (filename, schedule_id)
left join pg_timezone_names() as zones on zones.name = zone_of(schedules.calendar ->> '$.time_zone')
