-- One row per delivered ticket row.
select * replace (coalesce(reason, case when handle_seconds < 0 then 'handle_seconds: ' || handle_seconds || ' is negative' end) as reason),
from typed
