-- One row per delivered change; a row that names no field is the whole ticket after the change.
select
    * replace (
        coalesce(
            reason,
            case
                when field is not null and new_value is null and old_value is null
                then 'field is ' || as_quoted(field) || ' but both old_value and new_value are empty'
            end
        ) as reason,
        lower(field) as field
    ),
from typed
