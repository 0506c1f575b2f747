-- severity: error
-- meaning: a file's rows read are not the sum of loaded, unchanged, superseded and rejected
select source, name as example,
from files
where state = 'loaded' and rows_read <> rows_loaded + rows_unchanged + rows_superseded + rows_rejected
