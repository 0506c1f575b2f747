-- One row per run, newest first; at most 50. publish_seconds is of the publication before.
select
    run_id,
    trigger,
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
    publish_seconds,
    version,
from runs
order by run_id desc
limit 50
