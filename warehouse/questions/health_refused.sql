-- One row per file of which nothing was loaded, newest first; at most 200.
select feed, name, modified_at, reason, from files where state = 'refused' order by file_no desc limit 200
