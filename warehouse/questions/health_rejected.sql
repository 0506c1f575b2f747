-- One row per rejected row as delivered, newest file first; at most $most, of $feed and of $reason (a kind of reason as health_reasons has
-- it; null: any), with `found`, how many there are in all.
select feed, file_name, line_no, reason, delivered, count(*) over () as found,
from rejected_rows
where
    ($feed is null or feed = $feed)
    and (
        $reason is null
        or regexp_replace(
            regexp_replace(reason, '^(\w+): .* (is not .*|is negative)$', '\1: … \2', 's'),
            '^(\w+) .*?((?:; it must be| lies outside| is before) .*)$',
            '\1 …\2',
            's'
        )
        = $reason
    )
order by file_no desc, line_no
limit $most
