-- One row per feed and kind of reason why rows were rejected, most rows first. A reason's own value is left out of its kind.
select
    feed,
    regexp_replace(
        regexp_replace(reason, '^(\w+): .* (is not .*|is negative)$', '\1: … \2', 's'),
        '^(\w+) .*?((?:; it must be| lies outside| is before) .*)$',
        '\1 …\2',
        's'
    ) as kind_of_reason,
    count(*) as rows_rejected,
    count(distinct file_no) as files,
    arg_max(file_name, file_no) as newest_file,
from rejected_rows
group by all
order by rows_rejected desc, feed, kind_of_reason
