-- One row: what came in and went out between $start and $end, the same of the period before ($previous_start, $previous_end; null: there is
-- none), and the backlog before and after.
with
    opening as (select coalesce(sum(open_change), 0)::bigint as open_before, from ({{ open_before }})),

    changes as (
        select
            count(*) filter (where change = 'arrived' and happened_at >= $start) as arrived,
            count(*) filter (where change = 'abandoned' and happened_at >= $start) as abandoned,
            count(*) filter (where change = 'solved' and happened_at >= $start) as solved,
            count(*) filter (where change = 'reopened' and happened_at >= $start) as reopened,
            count(*) filter (where change = 'removed' and happened_at >= $start) as removed,
            coalesce(sum(open_change) filter (where happened_at >= $start), 0)::bigint as open_change,
            count(*) filter (where change = 'arrived' and happened_at < $start) as arrived_before,
            count(*) filter (where change = 'abandoned' and happened_at < $start) as abandoned_before,
            count(*) filter (where change = 'solved' and happened_at < $start) as solved_before,
        from backlog_changes
        where
            happened_at >= least($start::timestamp, $previous_start::timestamp)
            and happened_at < $end
            and (happened_at >= $start or happened_at < $previous_end)
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
    ),

    answers as (
        select count(*) filter (where ended_at >= $start) as answered, count(*) filter (where ended_at < $start) as answered_before,
        from waits
        where
            outcome = 'answered'
            and kind = 'first'
            and ended_at >= least($start::timestamp, $previous_start::timestamp)
            and ended_at < $end
            and (ended_at >= $start or ended_at < $previous_end)
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
    case when $previous_start is not null then changes.arrived_before end as arrived_before,
    case when $previous_start is not null then answers.answered_before end as answered_before,
    case when $previous_start is not null then changes.abandoned_before end as abandoned_before,
    case when $previous_start is not null then changes.solved_before end as solved_before,
from changes
cross join opening
cross join answers
