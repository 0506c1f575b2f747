-- One row per kind of survey (csat, nps, ces) and channel, team or topic ($part; null: all together): customers asked between $start and
-- $end, answers, and how many answers count for the score (ups: satisfied, found it easy, promoters) or against it (downs: detractors).
-- weight, weight_ups, weight_downs and weight_squared are the sums of the answers' weights; null where the survey has none.
with
    chosen as (
        select
            kind,
            case $part when 'channel' then channel when 'team' then team when 'topic' then topic else null::varchar end as part,
            scale_min,
            scale_max,
            score,
            weight,
        from survey_responses
        where
            (kind <> 'nps' or (scale_min = 0 and scale_max = 10))
            and ($start is null or sent_at >= $start)
            and ($end is null or sent_at < $end)
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
    ),

    -- What each score counts as is the metric's own say: 1 for the score, -1 against it, 0 neither.
    scored as (
        select
            kind,
            part,
            score,
            coalesce(
                csat(score, scale_min, scale_max, kind),
                ces(score, scale_min, scale_max, kind),
                nps(score, scale_min, scale_max, kind) / 100
            ) as counts_as,
            count(*) as surveys,
            sum(weight) as weight,
            sum(weight * weight) as weight_squared,
        from chosen
        group by kind, part, scale_min, scale_max, score
    )

select
    kind,
    part,
    sum(surveys)::bigint as asked,
    coalesce(sum(surveys) filter (where score is not null), 0)::bigint as n,
    coalesce(sum(surveys) filter (where counts_as = 1), 0)::bigint as ups,
    coalesce(sum(surveys) filter (where counts_as = -1), 0)::bigint as downs,
    sum(weight) filter (where score is not null) as weight,
    coalesce(sum(weight) filter (where counts_as = 1), 0) as weight_ups,
    coalesce(sum(weight) filter (where counts_as = -1), 0) as weight_downs,
    sum(weight_squared) filter (where score is not null) as weight_squared,
from scored
group by kind, part
order by kind, n desc, part nulls last
