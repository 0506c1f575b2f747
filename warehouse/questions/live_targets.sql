-- One row: waits whose target time fell between $today and $as_of, those kept within it, their share with its Wilson interval (95 %),
-- and the share in the same hours a week earlier.
with
    decided as (
        select due_at >= $today as is_today, within_target,
        from waits
        where
            fault is null
            and within_target is not null
            -- Rows lie in order of their beginning: no need to read those before any target could reach into the week.
            and began_at >= $today - interval 7 days - to_seconds((select coalesce(max(target_seconds), 0) from targets))
            and due_at >= $today - interval 7 days
            and due_at <= $as_of
            and (due_at >= $today or due_at <= $as_of - interval 7 days)
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
    ),

    counts as (
        select
            count(*) filter (where is_today) as decided,
            count(*) filter (where is_today and within_target) as kept,
            count(*) filter (where not is_today) as decided_before,
            count(*) filter (where not is_today and within_target) as kept_before,
        from decided
    )

select
    decided,
    kept,
    kept / nullif(decided, 0) as share,
    kept_before / nullif(decided_before, 0) as share_before,
    wilson_low(kept, decided) as share_low,
    wilson_high(kept, decided) as share_high,
from counts
