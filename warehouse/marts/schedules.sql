-- One row per schedule of a source: those it delivers, and those of support.toml that can hold for its tickets.
with
    delivered as (
        select source, schedule_id, any_value(name) as name, any_value(time_zone) as time_zone,
        from store.schedule_rows
        where not coalesce(is_removed, false)
        group by source, schedule_id
    ),

    given as (
        select distinct
            sources.source,
            schedules.schedule_id,
            schedules.schedule_id as name,
            schedules.time_zone,
            schedules.position,
            schedules.source is not null as is_for_source,
            schedules.channel,
            schedules.team,
        from store.given_schedules as schedules
        inner join sources on schedules.source is null or schedules.source = sources.source
    )

select *
from given
union all by name
select *
from delivered
anti join given using (source, schedule_id)
