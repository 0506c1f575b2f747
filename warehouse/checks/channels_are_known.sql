-- severity: warning
-- meaning: a channel that the product does not know; map it under values.channel, or leave it as a further channel
select source, coalesce(channel, 'no channel') as example,
from store.tickets
where channel is null or channel not in (select channel from channels)
group by source, channel
