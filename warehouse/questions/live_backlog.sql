-- One row: tickets open now, those that no agent holds, and the change of the open ones over the week before $as_of.
with
    open_now as (
        select count(*) as open, count(*) filter (where agent is null) as unassigned,
        from tickets
        where
            is_open
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
    ),

    last_week as (
        select coalesce(sum(open_change), 0)::bigint as change
        from backlog_changes
        where
            happened_at > $as_of - interval 7 days
            and happened_at <= $as_of
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
    )

select open_now.open, open_now.unassigned, last_week.change as open_change,
from open_now
cross join last_week
