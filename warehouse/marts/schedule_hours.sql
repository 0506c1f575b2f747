-- One row per weekly working interval of a schedule, in minutes since Sunday 00:00 local time.
with
    newest as (
        select *
        from store.schedule_rows
        qualify (modified_at, file_no) = max((modified_at, file_no)) over (partition by source, schedule_id)
    ),

    delivered as (
        select source, schedule_id, opens_minute, closes_minute,
        from newest
        where opens_minute is not null and not coalesce(is_removed, false)
    )

select schedules.source, hours.schedule_id, hours.opens_minute, hours.closes_minute,
from store.given_hours as hours
inner join schedules_now as schedules using (schedule_id)
where schedules.position is not null
union all
select *
from delivered
where (source, schedule_id) in (select (source, schedule_id) from schedules_now where position is null)
