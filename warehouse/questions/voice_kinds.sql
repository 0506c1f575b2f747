-- One row per kind of survey that was ever delivered (csat, nps, ces): late_seconds, within which 95 % of its answers came; and of the
-- invitations between $start and $end how many are younger than that and unanswered (still_open): they may be answered yet.
with
    delivered as (
        select
            surveys.kind,
            surveys.sent_at,
            surveys.score is null as is_unanswered,
            epoch(surveys.answered_at - surveys.sent_at) as took_seconds,
            epoch(as_of.as_of - surveys.sent_at) as age_seconds,
            ($start is null or surveys.sent_at >= $start)
            and ($end is null or surveys.sent_at < $end)
            and ($channels is null or list_contains($channels, surveys.channel))
            and ($teams is null or list_contains($teams, surveys.team))
            and ($agents is null or list_contains($agents, surveys.agent)) as is_chosen,
        from survey_responses as surveys
        left join as_of on as_of.source = surveys.source
        where
            (surveys.kind <> 'nps' or (surveys.scale_min = 0 and surveys.scale_max = 10))
            and ($sources is null or list_contains($sources, surveys.source))
    ),

    patience as (
        select kind, quantile_cont(took_seconds, 0.95) filter (where not is_unanswered) as late_seconds, from delivered group by kind
    )

select
    delivered.kind,
    any_value(patience.late_seconds) as late_seconds,
    count(*) filter (where delivered.is_chosen and delivered.is_unanswered and delivered.age_seconds < patience.late_seconds) as still_open,
from delivered
inner join patience on patience.kind = delivered.kind
group by delivered.kind
order by delivered.kind
