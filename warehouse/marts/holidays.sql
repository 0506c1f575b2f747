-- One row per holiday of a schedule: local dates, both included.
select schedules.source, holidays.schedule_id, null::varchar as name, holidays.from_date, holidays.to_date,
from store.given_holidays as holidays
inner join schedules_now as schedules using (schedule_id)
where schedules.position is not null
union all
select source, schedule_id, name, from_date, to_date,
from store.holiday_rows
where not coalesce(is_removed, false)
