-- One row per weekday (1 is Monday) x hour of local time in which the chosen agents answered: answers, the days among them, and the days
-- with an answer in all.
with
    answers as (
        select ended_at at time zone 'UTC' at time zone $zone as answered_at,
        from waits
        where
            outcome = 'answered'
            and ended_at >= $start
            and ended_at < $end
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
    )

select
    isodow(answered_at) as weekday,
    hour(answered_at) as hour,
    count(*) as answers,
    count(distinct answered_at::date) as days,
    (select count(distinct answered_at::date) from answers) as days_in_all,
from answers
group by weekday, hour
order by weekday, hour
