-- One row per promised share of waits within target ($kind: first, next, or null for both) that holds for the chosen channels.
select distinct target_share
from targets
where
    target_share is not null
    and ($kind is null or metric = $kind || '_response')
    and ($sources is null or source is null or list_contains($sources, source))
    and ($channels is null or channel is null or list_contains($channels, channel))
order by target_share
