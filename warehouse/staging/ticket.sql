-- One row per delivered ticket row: nothing to derive.
select * from typed
