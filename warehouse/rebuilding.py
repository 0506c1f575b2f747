"""A loading file made anew: what it takes over from the one before, since no delivered file says it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse.building import LET_WAIT
from warehouse.connection import roll_back, temporary
from warehouse.journal import note_rewriting, note_taken_out
from warehouse.rows import ROW_KINDS
from warehouse.sql_text import identifier, quoted

# What the pipelines note of their own work.
_NOTES = ("runs", "upkeeps", "pulls", "store.looked")


def take_over(connection: duckdb.DuckDBPyConnection, before: Path, kept: list[str], with_gone: bool) -> int:
    """Into a new file from the version before: notes, and files as they were delivered, which wait to be loaded if the archive has them
    (landed names in `kept`). Of those that are gone it takes over what was read, or leaves them out. Returns how many are gone.
    """
    with _attached(connection, before):
        for table in (*_NOTES, "files"):
            _copy(connection, table)
        connection.execute(
            "update files set expired_at = coalesce(expired_at, now()::timestamp) where not list_contains($kept, landed_name)",
            {"kept": kept},
        )
        connection.execute(f"update files {LET_WAIT} where state <> 'left' and expired_at is null")
        gone = connection.execute("select count(*) from files where expired_at is not null").fetchone()
        if with_gone:
            _take_over_rows(connection)
        else:
            connection.execute("delete from files where expired_at is not null")
    return int(gone[0]) if gone else 0


def _take_over_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """What was read from files that are gone, marked to be built."""
    of_gone = "where file_no in (select file_no from files where expired_at is not null)"
    _copy(connection, "rejected_rows", of_gone)
    for kind in ROW_KINDS.values():
        _copy(connection, f"store.{kind.table}", of_gone)
        if kind.marks():
            connection.execute(
                f"insert into store.{kind.marks()} select distinct {kind.marked()} from store.{kind.table}"
            )


def settle(connection: duckdb.DuckDBPyConnection, before: Path) -> None:
    """Into a file that was made beside the running one, from that one: its notes since, and files that came meanwhile. Safe to repeat.

    The run that made the file gets the next number. What is to be gone from published versions is remembered.
    """
    with _attached(connection, before):
        temporary(connection, "made_by", "select * from runs order by run_id desc limit 1")
        for table in _NOTES:
            connection.execute(f"delete from {table}")
            _copy(connection, table)
        number = "(select coalesce(max(run_id), 0) + 1 from before.runs)"
        for table in ("files", "check_results"):
            connection.execute(f"update {table} set run_id = {number} where run_id = (select run_id from made_by)")
        connection.execute(f"insert into runs by name select * replace ({number} as run_id) from made_by")
        # What was adopted was known by its name alone.
        connection.execute(
            "update files set name = known.name, landed_at = known.landed_at from before.files as known where known.file_no = files.file_no"
        )
        temporary(
            connection,
            "arrived",
            "select file_no from before.files where expired_at is null and file_no not in (select file_no from files)",
        )
        _copy(connection, "files", "where file_no in (select file_no from arrived)")
        connection.execute(
            f"update files {LET_WAIT} where state <> 'left' and file_no in (select file_no from arrived)"
        )
        is_to_be_gone = connection.execute(
            "select 1 from before.store.memory where name = 'file to be written anew'"
        ).fetchall()
    if is_to_be_gone:
        note_rewriting(connection)
    note_taken_out(connection)


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, before: Path) -> Iterator[None]:
    """The file before as database `before`, in one transaction."""
    connection.execute(f"attach {quoted(str(before))} as before (read_only)")
    try:
        connection.execute("begin")
        yield
        connection.execute("commit")
    finally:
        roll_back(connection)
        connection.execute("detach before")


def _copy(connection: duckdb.DuckDBPyConnection, table: str, which: str = "") -> None:
    """Rows of a table of the file before, in the columns that both have."""
    schema, _, name = table.rpartition(".")
    found = connection.execute(
        """
select column_name
from duckdb_columns()
where schema_name = $schema and table_name = $name and database_name in ('before', current_database())
group by column_name
having count(*) = 2""",
        {"schema": schema or "main", "name": name},
    ).fetchall()
    columns = ", ".join(identifier(column) for (column,) in found)
    if columns:
        connection.execute(
            f"insert into {table} ({columns}) select {columns} from before.{schema or 'main'}.{name} {which}"
        )
