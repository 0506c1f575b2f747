-- One row per column of the tables and views that people query (schema main), in the order they have there: its table, type and comment.
select table_name, column_name, lower(data_type) as data_type, comment,
from duckdb_columns()
where schema_name = 'main' and database_name = current_database() and not internal
order by table_name, column_index
