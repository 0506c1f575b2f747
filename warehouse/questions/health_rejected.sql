-- One row per rejected row as delivered, newest file first; at most 500.
select feed, file_name, line_no, reason, delivered, from rejected_rows order by file_no desc, line_no limit 500
