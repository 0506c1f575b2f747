-- One row per value that a filter can take: dimension (source, channel, team, agent), value, label, in the order of the list.
with
    seen_channels as (select distinct channel from queue_hours where channel is not null),

    choices as (
        select distinct 'source' as dimension, source as value, source as label, 0 as position
        from sources
        union all
        select
            'channel' as dimension,
            seen_channels.channel as value,
            coalesce(channels.label, seen_channels.channel) as label,
            coalesce(channels.position, 1000) as position,
        from seen_channels
        left join channels on channels.channel = seen_channels.channel
        union all
        select distinct 'team' as dimension, team as value, team as label, 0 as position
        from teams
        where team is not null
        union all
        select distinct 'agent' as dimension, agent as value, agent as label, 0 as position
        from agents
        where agent is not null
    )

select dimension, value, label,
from choices
order by dimension, position, label
