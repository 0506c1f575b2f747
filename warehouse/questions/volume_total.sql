-- One row: what came in and went out between $start and $end, and the backlog before and after.
with
    opening as (
        select coalesce(sum(open_change), 0)::bigint as open_before
        from backlog_changes
        where
            happened_at < $start
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
    ),

    changes as (
        select
            count(*) filter (where change = 'arrived') as arrived,
            count(*) filter (where change = 'abandoned') as abandoned,
            count(*) filter (where change = 'solved') as solved,
            count(*) filter (where change = 'reopened') as reopened,
            count(*) filter (where change = 'removed') as removed,
            coalesce(sum(open_change), 0)::bigint as open_change,
        from backlog_changes
        where
            happened_at >= $start
            and happened_at < $end
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
    ),

    -- A wait that ended in the period began before its end: said twice, as rows lie in order of their beginning.
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
    changes.arrived,
    answers.answered,
    changes.abandoned,
    changes.solved,
    changes.reopened,
    changes.removed,
    opening.open_before as open_at_start,
    opening.open_before + changes.open_change as open_at_end,
from changes
cross join opening
cross join answers
