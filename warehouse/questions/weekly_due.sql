-- One row per day ($zone) at which a promise falls due that ran at $at, until $until; null: it was past due already. Promises of an answer
-- are waits, others are sla_outcomes. kept and missed say what is known of them by now.
with
    running as (
        select due_at, within_target as is_kept,
        from waits
        where
            fault is null
            and due_at is not null
            and began_at < $at
            and (ended_at is null or ended_at >= $at)
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))

        union all

        select
            coalesce(outcomes.breached_at, outcomes.due_at) as due_at,
            case outcomes.state when 'met' then true when 'breached' then false end,
        from sla_outcomes as outcomes
        where
            outcomes.metric not in ('first_response', 'next_response')
            and coalesce(outcomes.breached_at, outcomes.due_at) is not null
            and outcomes.applied_at < $at
            and (outcomes.ended_at is null or outcomes.ended_at >= $at)
            and ($sources is null or list_contains($sources, outcomes.source))
            and ($channels is null or list_contains($channels, outcomes.channel))
            and ($teams is null or list_contains($teams, outcomes.team))
            and ($agents is null or list_contains($agents, outcomes.agent))
    )

select
    case when due_at >= $at then (due_at at time zone 'UTC' at time zone $zone)::date::timestamp end as day,
    count(*) as promises,
    count(*) filter (where is_kept) as kept,
    count(*) filter (where not is_kept) as missed,
from running
where due_at < $until
group by all
order by day nulls first
