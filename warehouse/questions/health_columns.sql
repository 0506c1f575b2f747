-- One row per column that came after its feed's first file and that nothing is read from, or that the newest file no longer has, newest
-- first;
-- at most $most.
select
    columns.feed,
    columns.name,
    files.name as file_name,
    case
        when columns.gone_file_no is null
        then 'new, not mapped: its values are in the landed files alone'
        when columns.is_mapped
        then 'gone: what it fills is empty from this file on'
        else 'gone; nothing was read from it'
    end as what,
    count(*) over () as found,
from delivered_columns as columns
inner join files on files.file_no = coalesce(columns.gone_file_no, columns.first_file_no)
where columns.gone_file_no is not null or (columns.is_new and not columns.is_mapped)
order by files.file_no desc, columns.feed, columns.name
limit $most
