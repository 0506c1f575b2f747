-- One row per schedule of a source: those it delivers, and those of support.toml that can hold for its tickets.
with
    said as (
        select
            source,
            schedule_id,
            any_value(name) as name,
            any_value(time_zone) as time_zone,
            max((modified_at, file_no)) filter (where is_default) as default_by,
        from store.schedule_rows
        where not coalesce(is_removed, false)
        group by source, schedule_id
    ),

    -- A source has one default: what was said last.
    delivered as (
        select
            source, schedule_id, name, time_zone, coalesce(default_by = max(default_by) over (partition by source), false) as is_for_source,
        from said
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
