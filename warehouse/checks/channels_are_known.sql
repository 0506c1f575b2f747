-- severity: warning
-- meaning: a channel that the product does not know; map it under values.channel, or leave it as a further channel
select source, coalesce(channel, 'no channel') as example,
from store.queue_changes
where arrived > 0 and (channel is null or channel not in (select channel from channels))
group by source, channel
