-- One row per delivered holiday; one without a last day is a single day.
select
    * replace (
        coalesce(reason, case when to_date < from_date then 'to_date ' || to_date || ' is before from_date ' || from_date end) as reason,
        coalesce(to_date, from_date) as to_date
    ),
from typed
