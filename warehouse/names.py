"""What ids of agents and teams stand for: a service's rows name them by id, and say the names in pages of their own.

Rows keep the ids they were delivered with; tables show what store.names_shown says, whichever came first. What names an id that is shown
otherwise now is built anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from warehouse.connection import read_sql
from warehouse.rows import ROW_KINDS

# What a column names, as SQL: a change names what its field says.
_NAMES_A = {
    **dict.fromkeys(("agent", "supervisor", "manager", "actor", "author"), "'agent'"),
    "team": "'team'",
    "old_value": "row_of.field",
    "new_value": "row_of.field",
}
# Where delivered rows name agents and teams.
_NAMING = {
    "ticket": ("agent", "team", "supervisor", "manager"),
    "event": ("agent", "team", "supervisor", "manager", "actor", "old_value", "new_value"),
    "message": ("author",),
    "call": ("agent", "team"),
    "survey": ("agent", "team"),
}


def keep_names(connection: duckdb.DuckDBPyConnection) -> bool:
    """Brings store.names_shown up to date with the delivered names, and touches what names an id that is shown otherwise now.

    Makes temp table spelled_names (source, of, spelling, shown): each id as rows may have it. Returns whether any name is known.
    """
    if _finds(connection, "store.name_rows") or _finds(connection, "store.names_shown"):
        connection.execute(f"create or replace temp table names_now as {read_sql('marts/names_shown')}")
        _follow_changes(connection)
        connection.execute("drop table temp.names_now")
    connection.execute(f"create or replace temp table spelled_names as {_spelled('select * from store.names_shown')}")
    return _finds(connection, "spelled_names")


def by_name(select: str, columns: Sequence[str]) -> str:
    """The rows of `select` with what `columns` name by id shown by name. What stands for no known id stays: so does a name."""
    joins = "\n".join(
        f"left join spelled_names as of_{column} on {_is_named(column, f'of_{column}')}" for column in columns
    )
    shown = ", ".join(f"coalesce(of_{column}.shown, row_of.{column}) as {column}" for column in columns)
    return f"select row_of.* replace ({shown}) from ({select}\n) as row_of\n{joins}"


def _follow_changes(connection: duckdb.DuckDBPyConnection) -> None:
    changed = (
        "select distinct source, of, id, id as shown"
        " from ((from names_now except from store.names_shown) union all (from store.names_shown except from names_now))"
    )
    connection.execute(f"create or replace temp table renamed as {_spelled(changed)}")
    if _finds(connection, "renamed"):
        _touch_renamed(connection)
        connection.execute("delete from store.names_shown")
        connection.execute("insert into store.names_shown by name from names_now order by all")
    connection.execute("drop table temp.renamed")


def _touch_renamed(connection: duckdb.DuckDBPyConnection) -> None:
    for name, columns in _NAMING.items():
        kind = ROW_KINDS[name]
        for column in columns:
            connection.execute(
                f"insert into store.{kind.marks()} select distinct {kind.marked()} from store.{kind.table} as row_of"
                f" semi join renamed on {_is_named(column, 'renamed')}"
            )


def _is_named(column: str, names: str) -> str:
    """The SQL of whether a name stands for what a column of row_of names."""
    return f"{names}.source = row_of.source and {names}.of = {_NAMES_A[column]} and {names}.spelling = row_of.{column}"


def _spelled(names: str) -> str:
    """The select of ids as rows may have them: as delivered, and, where a row does not tell agents from customers, as those are kept."""
    return f"""
with named as ({names})
select source, of, spelling, min(shown) as shown,
from (
    select source, of, id as spelling, shown from named
    union all
    select source, of, as_customer(id) as spelling, shown from named where of = 'agent'
)
group by source, of, spelling"""


def _finds(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    return connection.execute(f"select 1 from {table} limit 1").fetchone() is not None
