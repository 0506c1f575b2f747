-- One row per hour x channel x team: what the touched tickets add to the roll-up now, less what they added before.
with
    changes as (
        select source, happened_at, channel, team, change, open_change, 1 as sign,
        from backlog_built
        union all by name
        select source, happened_at, channel, team, change, open_change, -1 as sign,
        from backlog_before
    ),

    turns as (
        select source, began_at, ended_at, channel, team, kind, outcome, fault, 1 as sign,
        from waits_built
        union all by name
        select source, began_at, ended_at, channel, team, kind, outcome, fault, -1 as sign,
        from waits_before
    ),

    flows as (
        select
            source,
            hour_of(happened_at) as hour,
            channel,
            team,
            case when change = 'arrived' then sign end as arrived,
            case when change = 'abandoned' then sign end as abandoned,
            case when change = 'solved' then sign end as solved,
            case when change = 'reopened' then sign end as reopened,
            case when change = 'removed' then sign end as removed,
            sign * open_change as open_change,
        from changes
        union all by name
        select source, hour_of(began_at) as hour, channel, team, case when fault is null then sign end as waits_began,
        from turns
        union all by name
        select
            source,
            hour_of(ended_at) as hour,
            channel,
            team,
            case when kind = 'first' and outcome = 'answered' then sign end as answered,
            case when fault is null then sign end as waits_ended,
        from turns
        where ended_at is not null
    )

select
    source,
    hour,
    channel,
    team,
    coalesce(sum(arrived), 0)::bigint as arrived,
    coalesce(sum(answered), 0)::bigint as answered,
    coalesce(sum(abandoned), 0)::bigint as abandoned,
    coalesce(sum(solved), 0)::bigint as solved,
    coalesce(sum(reopened), 0)::bigint as reopened,
    coalesce(sum(removed), 0)::bigint as removed,
    coalesce(sum(open_change), 0)::bigint as open_change,
    coalesce(sum(waits_began), 0)::bigint as waits_began,
    coalesce(sum(waits_ended), 0)::bigint as waits_ended,
from flows
group by source, hour, channel, team
