-- One row per delivered saved view.
select * replace (coalesce(is_removed, false) as is_removed), from typed
