-- One row per delivered weekly interval of a schedule.
select
    * replace (
        coalesce(
            reason,
            case
                when time_zone not in (select name from pg_timezone_names())
                then 'time_zone is ' || time_zone || '; it must be a time zone such as UTC, Europe/Berlin or America/New_York'
                when (opens_minute is null) <> (closes_minute is null)
                then 'opens_minute and closes_minute must both be given, or neither'
                when not opens_minute between 0 and 10079 or not closes_minute between opens_minute + 1 and opens_minute + 10080
                then
                    'opens_minute ' || opens_minute || ' to closes_minute ' || closes_minute || ' is no interval of a week of 10080 minutes'
            end
        ) as reason
    ),
from typed
