-- severity: warning
-- meaning: far fewer or far more than this source's own same weekdays; is an export missing, or delivered twice?
-- The last 24 whole hours of each source are compared with the same hours of the same weekday in the eight weeks before, of which four have
-- to be known: median and median deviation of square roots, as chance alone spreads these by a half, for few as for many (Poisson). Usual
-- is
-- within 4.5 deviations; one is at least that half, and a twentieth of the median. Counts that would be below 20 either way are not judged.
with
    ends as (
        select
            source,
            hour_of(coalesce(max(as_of) filter (where kind in ('ticket', 'call')), max(as_of))) as tickets_end,
            hour_of(max(as_of) filter (where kind = 'survey')) as surveys_end,
        from sources
        group by source
    ),

    happened as (
        select changes.source, 'tickets' as what, ends.tickets_end as ended_at, changes.hour as happened_at, changes.arrived as number,
        from store.queue_changes as changes
        inner join ends using (source)
        union all
        select
            responses.source,
            'surveys' as what,
            ends.surveys_end as ended_at,
            coalesce(responses.sent_at, responses.answered_at) as happened_at,
            1 as number,
        from survey_responses as responses
        inner join ends using (source)
    ),

    firsts as (select source, what, ended_at, min(happened_at) as first_at, from happened where number > 0 group by source, what, ended_at),

    counts as (
        select source, what, floor(epoch(ended_at - happened_at - interval 1 microsecond) / 86400) as days_back, sum(number) as number,
        from happened
        where happened_at < ended_at and happened_at >= ended_at - interval 57 day
        group by source, what, days_back
    ),

    weeks as (
        select firsts.source, firsts.what, firsts.ended_at, week, coalesce(counts.number, 0) as number,
        from firsts
        cross join range(0, 9) as weeks(week)
        left join counts on counts.source = firsts.source and counts.what = firsts.what and counts.days_back = 7 * week
        where firsts.ended_at - to_days(7 * week::integer + 1) >= firsts.first_at or week = 0
    ),

    middles as (
        select
            source,
            what,
            ended_at,
            max(number) filter (where week = 0) as last_day,
            count(*) filter (where week > 0) as known_weeks,
            median(number) filter (where week > 0) as usual,
            median(sqrt(number)) filter (where week > 0) as middle,
            mad(sqrt(number)) filter (where week > 0) as deviation,
        from weeks
        group by source, what, ended_at
    ),

    limits as (
        select
            *,
            pow(greatest(0, middle - 4.5 * greatest(0.5, 1.4826 * deviation, 0.05 * middle)), 2) as lowest,
            pow(middle + 4.5 * greatest(0.5, 1.4826 * deviation, 0.05 * middle), 2) as highest,
        from middles
        where known_weeks >= 4 and greatest(last_day, usual) >= 20
    )

select
    source,
    last_day
    || ' '
    || what
    || ' in the 24 hours to '
    || strftime(ended_at, '%a %-d %b %H:%M')
    || ' UTC; usual then are '
    || ceil(lowest)::bigint
    || ' to '
    || floor(highest)::bigint as example,
from limits
where last_day < lowest or last_day > highest
