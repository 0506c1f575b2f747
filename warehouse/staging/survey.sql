-- One row per delivered survey invitation, with the usual scale of its kind where none is given.
with
    scaled as (
        select
            * replace (
                lower(kind) as kind,
                coalesce(scale_min, case lower(kind) when 'nps' then 0 else 1 end) as scale_min,
                coalesce(scale_max, case lower(kind) when 'nps' then 10 when 'ces' then 7 else 5 end) as scale_max,
                case when score is not null then coalesce(answered_at, sent_at) end as answered_at
            ),
        from typed
    )

select
    * replace (
        coalesce(
            reason,
            case when kind not in ('csat', 'nps', 'ces') then 'kind is ' || as_quoted(kind) || '; it must be csat, nps or ces' end,
            case
                when score not between scale_min and scale_max
                then 'score ' || score || ' lies outside the scale ' || scale_min || ' to ' || scale_max
            end
        ) as reason
    ),
from scaled
