-- One row per delivered annotation.
select
    * replace (
        coalesce(
            reason, case when ended_at < happened_at then 'ended_at ' || ended_at || ' is before happened_at ' || happened_at end
        ) as reason,
        lower(kind) as kind,
        coalesce(is_removed, false) as is_removed
    ),
from typed
