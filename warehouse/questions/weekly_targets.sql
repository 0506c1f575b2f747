-- One row per target of support.toml that is in force in the period and concerns the chosen sources and channels.
select metric, source, channel, priority, target_seconds, target_share, is_business_time, policy,
from targets
where
    (since_at is null or since_at < $end)
    and (until_at is null or until_at > $start)
    and ($sources is null or source is null or list_contains($sources, source))
    and ($channels is null or channel is null or list_contains($channels, channel))
order by metric, target_seconds, channel, priority, source, policy
