"""Comments that two places share: a view's columns, and those of the table of the store that it completes."""

from __future__ import annotations

import duckdb

from warehouse.sql_text import identifier, quoted

# Tables of the store, and the view that shows their columns to people.
SHOWN_BY = {
    "tickets": "tickets",
    "waits": "waits",
    "sla_outcomes": "sla_outcomes",
    "queue_changes": "queue_hours",
}

_SHARED = """
select
    stored.column_name,
    shown.comment,
from duckdb_columns() as stored
inner join duckdb_columns() as shown on shown.column_name = stored.column_name and shown.database_name = stored.database_name
where
    stored.database_name = current_database()
    and stored.schema_name = 'store'
    and stored.table_name = $table
    and shown.schema_name = 'main'
    and shown.table_name = $view
    and stored.comment is distinct from shown.comment"""


def comment_store(connection: duckdb.DuckDBPyConnection) -> None:
    """Gives columns of the store the comments of the same columns of the view; those that the view lacks have their own in tables/."""
    for table, view in SHOWN_BY.items():
        for column, meaning in connection.execute(_SHARED, {"table": table, "view": view}).fetchall():
            connection.execute(f"comment on column store.{table}.{identifier(column)} is {quoted(meaning)}")
