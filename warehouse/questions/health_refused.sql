-- One row per file of which nothing was loaded, newest first; at most $most, of $feed (null: of every one).
select feed, name, modified_at, reason, count(*) over () as found,
from files
where state = 'refused' and ($feed is null or feed = $feed)
order by file_no desc
limit $most
