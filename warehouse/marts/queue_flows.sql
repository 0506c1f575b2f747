-- One row per hour x channel x team: what the touched tickets add to the roll-up as they stand now.
with
    flows as (
        select
            source,
            hour_of(happened_at) as hour,
            channel,
            team,
            (change = 'arrived')::bigint as arrived,
            0::bigint as answered,
            (change = 'abandoned')::bigint as abandoned,
            (change = 'solved')::bigint as solved,
            (change = 'reopened')::bigint as reopened,
            (change = 'removed')::bigint as removed,
            open_change::bigint as open_change,
            0::bigint as waits_began,
            0::bigint as waits_ended,
        from backlog_changes
        semi join touched using (source, ticket_id)
        union all by name
        select source, hour_of(began_at) as hour, channel, team, (fault is null)::bigint as waits_began,
        from store.waits
        semi join touched using (source, ticket_id)
        union all by name
        select
            source,
            hour_of(ended_at) as hour,
            channel,
            team,
            (kind = 'first' and outcome = 'answered')::bigint as answered,
            (fault is null)::bigint as waits_ended,
        from store.waits
        semi join touched using (source, ticket_id)
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
