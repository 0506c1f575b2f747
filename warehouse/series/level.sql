-- How many were open at the end of each bin: what was open before the period, and every change since.
with
    before as (select {{ part }} as part, {{ value }} as level, from ({{ before }}) group by all),

    changes as (
        select {{ part }} as part, {{ bin }} as bin, {{ value }} as change, from {{ rows }} {{ placed }} where {{ chosen }} group by all
    ),

    of_period as (
        select part,
        from changes
        union
        select part,
        from before
        where level <> 0
    )

select
    of_period.part,
    bins.bin,
    coalesce(before.level, 0) + coalesce(sum(changes.change) over (partition by of_period.part order by bins.bin), 0) as value,
    value as n,
    null as hits,
    null as low,
    null as high,
    null as marks,
from of_period
cross join bins
left join before on before.part is not distinct from of_period.part
left join changes on changes.part is not distinct from of_period.part and changes.bin is not distinct from bins.bin
