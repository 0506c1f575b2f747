-- One row per source with schedules: the span of its calendar, in whole years, and what it is made of.
-- It begins with the oldest row of a ticket (never later than it began before), and goes on ten years: promises of today are due in it.
with
    spans as (
        select
            schedules.source,
            date_trunc('year', least(min(oldest.created_at), min(calendars.first_date), min(built.created_at)))::date as first_date,
            date_trunc('year', max(as_of.as_of) + interval 11 years)::date as last_date,
        from (select distinct source from schedules_now) as schedules
        left join oldest using (source)
        left join store.calendars as calendars using (source)
        left join built_before as built using (source)
        left join as_of using (source)
        group by schedules.source
    )

select spans.*, md5(concat_ws('|', first_date, schedules.parts, hours.parts, holidays.parts)) as made_of,
from spans
left join
    (
        select
            source,
            string_agg(
                concat_ws(' ', schedule_id, time_zone, position, is_for_source, channel, '/', team), ',' order by schedule_id
            ) as parts
        from schedules_now
        group by source
    ) as schedules using (source)
left join
    (
        select
            source,
            string_agg(
                concat_ws(' ', schedule_id, opens_minute, closes_minute), ',' order by schedule_id, opens_minute, closes_minute
            ) as parts
        from schedule_hours_now
        group by source
    ) as hours using (source)
left join
    (
        select source, string_agg(concat_ws(' ', schedule_id, from_date, to_date), ',' order by schedule_id, from_date, to_date) as parts
        from holidays_now
        group by source
    ) as holidays using (source)
where spans.first_date is not null and spans.last_date is not null
