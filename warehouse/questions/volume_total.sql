-- One row: what came in and went out between $start and $end, and the backlog before and after.
with moments as (
    select
        count(*) filter (where change = 'arrived' and happened_at >= $start) as arrived,
        count(*) filter (where change = 'abandoned' and happened_at >= $start) as abandoned,
        count(*) filter (where change = 'solved' and happened_at >= $start) as solved,
        count(*) filter (where change = 'reopened' and happened_at >= $start) as reopened,
        count(*) filter (where change = 'removed' and happened_at >= $start) as removed,
        coalesce(sum(open_change) filter (where happened_at < $start), 0)::bigint as open_at_start,
        coalesce(sum(open_change), 0)::bigint as open_at_end,
    from backlog_changes
    where
        happened_at < $end
        and ($sources is null or list_contains($sources, source))
        and ($channels is null or list_contains($channels, channel))
        and ($teams is null or list_contains($teams, team))
        and ($agents is null or list_contains($agents, agent))
),

answers as (
    select count(*) as answered
    from waits
    where
        outcome = 'answered'
        and kind = 'first'
        and ended_at >= $start
        and ended_at < $end
        and ($sources is null or list_contains($sources, source))
        and ($channels is null or list_contains($channels, channel))
        and ($teams is null or list_contains($teams, team))
        and ($agents is null or list_contains($agents, agent))
)

select
    moments.arrived,
    answers.answered,
    moments.abandoned,
    moments.solved,
    moments.reopened,
    moments.removed,
    moments.open_at_start,
    moments.open_at_end,
from moments
cross join answers
