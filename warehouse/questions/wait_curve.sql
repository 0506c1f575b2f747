-- One row per channel: its waits, as marks. Out of them warehouse/percentiles.py works out the share of customers answered within each
-- duration of a scale from 1 second to the longest wait (Kaplan-Meier): a wait that is still open, was given up, or ended without an answer
-- counts as having lasted at least so long.
-- A mark is a wait in milliseconds, doubled, plus one where it was not answered.
-- $kind: first answers or next ones; null: both.
select channel, list((greatest(waited_seconds, 0) * 1000)::bigint * 2 + (outcome <> 'answered')::bigint) as marks,
from waits
where
    fault is null
    and waited_seconds is not null
    and began_at >= $start
    and began_at < $end
    and ($kind is null or kind = $kind)
    and ($sources is null or list_contains($sources, source))
    and ($channels is null or list_contains($channels, channel))
    and ($teams is null or list_contains($teams, team))
    and ($agents is null or list_contains($agents, agent))
group by channel
order by channel
