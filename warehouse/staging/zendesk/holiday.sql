-- One row per holiday in a page, which holds those of the schedule that it was asked for: local dates, both included.
with listed as (select filename, address, unnest(json_extract(body, '$.holidays[*]')) as holiday from pages)

select
    filename,
    lacks(holiday, ['id', 'name', 'start_date', 'end_date']) as fault,
    regexp_extract(address, 'schedules/(\d+)/holidays', 1) as schedule_id,
    holiday ->> '$.name' as name,
    holiday ->> '$.start_date' as from_date,
    holiday ->> '$.end_date' as to_date,
from listed
