-- One row per channel (column part): the median of waits as a share of what was promised (1: exactly on target), on the clock of the
-- promise.
-- Columns as those of a series. A wait counts when it began; still open, given up or ended without an answer, it lasted at least so long
-- (Kaplan and Meier, as the macro censored_percentile). Interval, 95 %: Brookmeyer and Crowley 1982, Biometrics 38:29, from Greenwood's
-- standard error, on the scale of log(-log) (Klein and Moeschberger 2003, Survival Analysis, 4.5). No end known: null.
with
    ratios as (
        select
            channel as part,
            case when is_business_time then waited_business_seconds else waited_seconds end / target_seconds as ratio,
            outcome = 'answered' as is_done,
        from waits
        where
            fault is null
            and target_seconds > 0
            and began_at >= $start
            and began_at < $end
            and ($sources is null or list_contains($sources, source))
            and ($channels is null or list_contains($channels, channel))
            and ($teams is null or list_contains($teams, team))
            and ($agents is null or list_contains($agents, agent))
    ),

    ordered as (
        select *, row_number() over (partition by part order by ratio, is_done desc) as place, count(*) over (partition by part) as n,
        from ratios
        where ratio is not null
    ),

    -- Of n waits, n - place + 1 had lasted so long; each one done leaves 1 - 1 / of them.
    curves as (
        select
            part,
            ratio,
            product(case when is_done then (n - place) / (n - place + 1) else 1.0::double end) over shorter as undone,
            sum(case when is_done and place < n then 1 / ((n - place) * (n - place + 1)) else 0.0::double end) over shorter as doubt,
        from ordered
        window shorter as (partition by part order by place rows unbounded preceding)
    ),

    bounds as (
        select *, case when undone between 1e-12 and 1 - 1e-12 then exp(1.959963984540054 * sqrt(doubt) / abs(ln(undone))) end as reach,
        from curves
    )

select
    part,
    null::timestamp as bin,
    true as is_complete,
    coalesce(min(ratio) filter (where undone <= 0.5 + 1e-9), max(ratio)) as value,
    count(*) as n,
    null::double as hits,
    min(ratio) filter (where pow(undone, reach) <= 0.5 + 1e-9) as low,
    min(ratio) filter (where pow(undone, 1 / reach) <= 0.5 + 1e-9) as high,
    min(undone) <= 0.5 + 1e-9 as is_known,
from bounds
group by part
order by part nulls last
