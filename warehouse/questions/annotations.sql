-- One row per annotation that touches the period and concerns the chosen channels and teams, newest first, with where it was noted.
select source, annotation_id, kind, label, body, happened_at, ended_at, channel, team, author,
from annotations
where
    ($start is null or coalesce(ended_at, happened_at) >= $start)
    and ($end is null or happened_at < $end)
    and ($channels is null or channel is null or list_contains($channels, channel))
    and ($teams is null or team is null or list_contains($teams, team))
order by happened_at desc, annotation_id
