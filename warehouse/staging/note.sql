-- One row per delivered note about an agent.
select
    * replace (
        coalesce(
            reason,
            case
                when lower(kind) not in ('coaching', 'recognition')
                then 'kind is ' || kind || '; it must be coaching or recognition: map it under values.kind'
            end
        ) as reason,
        lower(kind) as kind,
        coalesce(is_removed, false) as is_removed
    ),
from typed
