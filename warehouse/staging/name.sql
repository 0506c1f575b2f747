-- One row per delivered name of an agent or a team.
select
    * replace (
        coalesce(
            reason,
            case
                when lower(of) not in ('agent', 'team')
                then 'of is ' || as_quoted(of) || '; it must be agent or team: map it under values.of'
            end
        ) as reason,
        lower(of) as of
    ),
from typed
