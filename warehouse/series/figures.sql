-- What one pass over the rows gives. marks are of durations: each in milliseconds, doubled, plus one where it was cut short.
with
    counted as (
        select
            {{ part }} as part,
            {{ bin }} as bin,
            {{ value }} as value,
            count({{ counted }}) as n,
            {{ margin }} as margin,
            {{ marks }} as marks,
        from {{ rows }} {{ placed }}
        where {{ chosen }}
        group by all
    )

select *, {{ hits }} as hits, {{ low }} as low, {{ high }} as high,
from counted
