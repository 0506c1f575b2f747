-- One row per endpoint of a source that is pulled, those of failing sources first: how far, and how the last pull ended.
select
    name,
    endpoint,
    case
        when message is not null
        then 'failing'
        when complete_at is null
        then 'begun'
        when attempted_at > complete_at
        then 'under way'
        else 'complete'
    end as state,
    through_at,
    pages,
    complete_at,
    attempted_at,
    message,
from pulls
order by message is null, name, endpoint
