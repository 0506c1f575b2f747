-- One row per bin of the period, local time. What the clocks on the wall skip is none.
select bin,
from
    (
        select
            unnest(
                generate_series(
                    date_trunc('{{ grain }}', $start::timestamp at time zone 'UTC' at time zone $zone),
                    ($end::timestamp - interval 1 microsecond) at time zone 'UTC' at time zone $zone,
                    interval 1 {{ grain }}
                )
            ) as bin
    )
where date_trunc('{{ grain }}', bin at time zone $zone at time zone $zone) = bin
