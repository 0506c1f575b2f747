-- One row per kind of survey (csat, nps, ces) and hour, day, week or month ($grain) of the account's time zone: customers asked in it,
-- their
-- answers, and how many count for the score (ups) or against it (downs).
with
    -- Quarter hours of the period and the bin each belongs to: clocks change on quarter hours, and rows are many.
    quarters as (
        select quarter, date_trunc($grain, quarter at time zone 'UTC' at time zone $zone) as bin,
        from (select unnest(range(time_bucket(interval 15 minutes, $start::timestamp), $end::timestamp, interval 15 minutes)) as quarter)
    ),

    -- What each score counts as is the metric's own say: 1 for the score, -1 against it, 0 neither.
    scored as (
        select
            time_bucket(interval 15 minutes, sent_at) as quarter,
            kind,
            score,
            coalesce(
                csat(score, scale_min, scale_max, kind),
                ces(score, scale_min, scale_max, kind),
                nps(score, scale_min, scale_max, kind) / 100
            ) as counts_as,
            count(*) as surveys,
        from survey_responses
        where
            (kind <> 'nps' or (scale_min = 0 and scale_max = 10))
            and sent_at >= $start
            and sent_at < $end
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
        group by quarter, kind, scale_min, scale_max, score
    ),

    tallies as (
        select
            scored.kind,
            quarters.bin,
            sum(surveys) as asked,
            sum(surveys) filter (where score is not null) as n,
            sum(surveys) filter (where counts_as = 1) as ups,
            sum(surveys) filter (where counts_as = -1) as downs,
        from scored
        inner join quarters on quarters.quarter = scored.quarter
        group by scored.kind, quarters.bin
    ),

    bins as (select distinct bin from quarters),

    kinds as (select distinct kind from tallies)

select
    kinds.kind,
    bins.bin,
    coalesce(tallies.asked, 0)::bigint as asked,
    coalesce(tallies.n, 0)::bigint as n,
    coalesce(tallies.ups, 0)::bigint as ups,
    coalesce(tallies.downs, 0)::bigint as downs,
from kinds
cross join bins
left join tallies on tallies.kind = kinds.kind and tallies.bin = bins.bin
order by kinds.kind, bins.bin
