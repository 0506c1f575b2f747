-- One row per target that a policy puts on a ticket, or takes off it (no target_seconds), in a page of metric events.
with
    events as (select filename, unnest(json_extract(body, '$.ticket_metric_events[*]')) as event from pages),

    told as (
        select
            filename,
            event,
            case
                event ->> '$.metric'
                when 'reply_time'
                then if(try_cast(event ->> '$.instance_id' as integer) <= 1, 'first_response', 'next_response')
                when 'agent_work_time'
                then 'agent_work'
                when 'requester_wait_time'
                then 'requester_wait'
                when 'periodic_update_time'
                then 'periodic_update'
                when 'pausable_update_time'
                then 'pausable_update'
                when 'resolution_time'
                then 'resolution'
                when 'total_resolution_time'
                then 'resolution'
            end as metric,
            (event ->> '$.type') = 'apply_sla' and not coalesce(try_cast(event ->> '$.deleted' as boolean), false) as is_put_on,
            coalesce(
                lacks(event, ['ticket_id', 'metric', 'instance_id', 'type', 'time']),
                case when (event ->> '$.type') = 'apply_sla' then lacks(event -> '$.sla', ['target', 'business_hours', 'policy']) end
            ) as fault,
        from events
    )

select
    filename,
    fault,
    event ->> '$.ticket_id' as ticket_id,
    metric,
    event ->> '$.time' as applied_at,
    case
        when is_put_on then coalesce(event ->> '$.sla.target_in_seconds', (60 * try_cast(event ->> '$.sla.target' as double))::varchar)
    end as target_seconds,
    case when is_put_on then event ->> '$.sla.business_hours' end as is_business_time,
    case when is_put_on then event ->> '$.sla.policy.title' end as policy,
from told
where
    fault is not null
    or (metric is not null and (event ->> '$.type') = 'apply_sla')
    -- Work and waiting are promised no further once they are done; a reopened ticket is promised them anew.
    or (metric in ('agent_work', 'requester_wait') and (event ->> '$.type') = 'fulfill')
