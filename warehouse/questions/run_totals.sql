-- One row per state in which runs ended: how many, and what their steps took in sum, in seconds.
select
    state,
    count(*) as runs,
    max(finished_at) as finished_at,
    coalesce(sum(pull_seconds), 0)::double as pull_seconds,
    coalesce(sum(load_seconds), 0)::double as load_seconds,
    coalesce(sum(build_seconds), 0)::double as build_seconds,
    coalesce(sum(check_seconds), 0)::double as check_seconds,
from runs
group by state
order by state
