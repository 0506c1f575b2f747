-- One row per table and view that people query (schema main), by name: what it is, its comment, and a query to begin with.
with
    objects as (
        select table_name as name, 'table' as kind, comment,
        from duckdb_tables()
        where schema_name = 'main' and database_name = current_database() and not internal
        union all
        select view_name as name, 'view' as kind, comment,
        from duckdb_views()
        where schema_name = 'main' and database_name = current_database() and not internal
    )

-- A comment ends with the query to begin with (see warehouse/dictionary.py).
select
    name,
    kind,
    split_part(comment, chr(10) || 'example: ', 1) as comment,
    coalesce(
        nullif(split_part(comment, chr(10) || 'example: ', 2), ''), format('select *{1}from {0}{1}limit 100', name, chr(10))
    ) as example,
from objects
order by name
