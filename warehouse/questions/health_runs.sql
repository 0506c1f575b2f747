-- One row per run, newest first; at most 50.
select
    run_id,
    started_at,
    state,
    message,
    files,
    rows_read,
    rows_rejected,
    tickets_built,
    pull_seconds,
    load_seconds,
    build_seconds,
    check_seconds,
from runs
order by run_id desc
limit 50
