-- One row per duration that has a channel, of about $most of each kind (column what): first_response, a first wait in seconds;
-- against_target, any wait as a share of what was promised; full_resolution, a ticket's time until it was solved for good, in seconds. A
-- duration still running, or cut short, is not done. found: how many there are in all. Which ones are taken is chance, but the same every
-- time: those whose key has a low hash.
with
    waits_of_period as (
        select
            channel,
            kind,
            waited_seconds,
            case when is_business_time then waited_business_seconds else waited_seconds end / nullif(target_seconds, 0) as ratio,
            outcome = 'answered' as is_done,
            hash(ticket_id, began_at) as place,
        from waits
        where
            fault is null
            and channel is not null
            and began_at >= $start
            and began_at < $end
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
    ),

    -- Of all time they are too many to be kept; reading them twice takes less.
    every_duration as not materialized(
        select 'first_response' as what, channel, waited_seconds as duration, is_done, place,
        from waits_of_period
        where kind = 'first'
        union all
        select 'against_target' as what, channel, ratio as duration, is_done, place,
        from waits_of_period
        union all
        select
            'full_resolution' as what,
            channel,
            coalesce(age_seconds, full_resolution_seconds) as duration,
            age_seconds is null as is_done,
            hash(ticket_id) as place,
        from tickets
        where
            channel is not null
            and created_at >= $start
            and created_at < $end
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
    ),

    counted as (select what, count(*) as found, from every_duration where duration is not null group by what)

select every_duration.what, every_duration.channel, every_duration.duration, every_duration.is_done, counted.found,
from every_duration
inner join counted on counted.what = every_duration.what
where every_duration.duration is not null and every_duration.place <= 18446744073709551615.0 * least(1, $most / counted.found)
order by every_duration.what, every_duration.place
