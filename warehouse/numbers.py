"""Numbers made of ids: rows are found by them, as a scan of small numbers is several times cheaper than one of texts.

An id that is a number, or ends in one after letters, gives that number: such ids are handed out in order, so rows that lie together
have numbers that are near. Any other id gives a hash. Different ids may have one number: who looks by number takes all of them, or
compares the ids of what was found.
"""

from __future__ import annotations

import duckdb

from warehouse.rows import ROW_KINDS

_DIGITS = "regexp_extract(id, '^[A-Za-z#_ -]*([0-9]{1,18})$', 1)"
_MACRO = f"""
create or replace temp macro number_of(id) as
    (case when {_DIGITS} <> '' then {_DIGITS}::ubigint else hash(id) end % 4294967296)::uinteger"""
_MEMORY = "numbers of ids"


def set_up(connection: duckdb.DuckDBPyConnection) -> None:
    """Gives the connection number_of(id), and the rows of the store their numbers, where they have none or DuckDB hashes otherwise now."""
    connection.execute(_MACRO)
    row = connection.execute(
        "select number_of('a-b')::varchar, (select value from store.memory where name = $name)", {"name": _MEMORY}
    ).fetchone()
    assert row
    if row[0] == row[1]:
        return
    connection.execute("begin")
    for kind in ROW_KINDS.values():
        for column, of in kind.numbers().items():
            connection.execute(f"update store.{kind.table} set {column} = number_of({of})")
    connection.execute("delete from store.memory where name = $name", {"name": _MEMORY})
    connection.execute("insert into store.memory values ($name, $value)", {"name": _MEMORY, "value": row[0]})
    connection.execute("commit")
