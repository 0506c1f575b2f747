-- One row per feed: what it delivers, how far its data goes, and what became of its rows.
select
    sources.source,
    sources.feed,
    sources.kind,
    sources.as_of,
    sources.delivered_at,
    count(files.file_no) as files,
    count(*) filter (where files.state = 'refused') as files_refused,
    coalesce(sum(files.rows_read), 0)::bigint as rows_read,
    coalesce(sum(files.rows_loaded), 0)::bigint as rows_loaded,
    coalesce(sum(files.rows_unchanged), 0)::bigint as rows_unchanged,
    coalesce(sum(files.rows_superseded), 0)::bigint as rows_superseded,
    coalesce(sum(files.rows_rejected), 0)::bigint as rows_rejected,
from sources
left join files using (feed)
group by all
order by sources.source, sources.feed
