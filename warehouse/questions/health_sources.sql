-- One row per feed: what it delivers, how far its data goes, what became of its rows, and how often it delivers: median and 95th percentile
-- of the gaps between its last thirty deliveries.
with
    feeds as (
        select feed, source, kind, as_of, delivered_at,
        from sources
        union all by name
        -- What people note in the dashboard, or deliver as notes, is no source of tickets, yet files of it come.
        select feed, any_value(source) as source, 'remark' as kind, max(as_of) as as_of, max(modified_at) as delivered_at,
        from files
        anti join sources using (feed)
        group by feed
    ),

    totals as (
        select
            feed,
            count(*) as files,
            count(*) filter (where state = 'refused') as files_refused,
            sum(rows_read) as rows_read,
            sum(rows_loaded) as rows_loaded,
            sum(rows_unchanged) as rows_unchanged,
            sum(rows_superseded) as rows_superseded,
            sum(rows_rejected) as rows_rejected,
        from files
        group by feed
    ),

    written as (
        select feed, modified_at, lag(modified_at) over (partition by feed order by modified_at) as before_at,
        from files
        qualify row_number() over (partition by feed order by modified_at desc) <= 1000
    ),

    -- Files written one right after the other came together: a history in a hundred files is one delivery.
    deliveries as (
        select feed, modified_at as delivered_at,
        from written
        where before_at is null or modified_at - before_at > interval 2 seconds
        qualify row_number() over (partition by feed order by modified_at desc) <= 31
    ),

    gaps as (
        select feed, epoch(delivered_at - lag(delivered_at) over (partition by feed order by delivered_at)) as gap_seconds, from deliveries
    ),

    rhythms as (
        select
            feed,
            count(gap_seconds) as gaps,
            median(gap_seconds) as usual_gap_seconds,
            quantile_cont(gap_seconds, 0.95) as long_gap_seconds,
        from gaps
        group by feed
    )

select
    feeds.source,
    feeds.feed,
    feeds.kind,
    feeds.as_of,
    max(feeds.as_of) over (partition by feeds.source) as source_as_of,
    feeds.delivered_at,
    coalesce(rhythms.gaps, 0) as gaps,
    rhythms.usual_gap_seconds,
    rhythms.long_gap_seconds,
    coalesce(totals.files, 0)::bigint as files,
    coalesce(totals.files_refused, 0)::bigint as files_refused,
    coalesce(totals.rows_read, 0)::bigint as rows_read,
    coalesce(totals.rows_loaded, 0)::bigint as rows_loaded,
    coalesce(totals.rows_unchanged, 0)::bigint as rows_unchanged,
    coalesce(totals.rows_superseded, 0)::bigint as rows_superseded,
    coalesce(totals.rows_rejected, 0)::bigint as rows_rejected,
from feeds
left join totals using (feed)
left join rhythms using (feed)
order by feeds.source, feeds.feed
