-- One row per delivered promise.
select
    * replace (
        coalesce(
            reason,
            case
                when
                    metric not in (
                        'first_response',
                        'next_response',
                        'agent_work',
                        'requester_wait',
                        'periodic_update',
                        'pausable_update',
                        'resolution'
                    )
                then
                    'metric is '
                    || metric
                    || '; it must be first_response, next_response, agent_work, requester_wait, periodic_update, pausable_update or resolution'
                when target_seconds <= 0
                then 'target_seconds ' || target_seconds || ' is not above 0'
            end
        ) as reason,
        coalesce(is_business_time, false) as is_business_time
    ),
from typed
