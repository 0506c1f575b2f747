"""The loading file written anew, beside the old one and in its place by a rename: killed at any moment, there is one of the two, whole.

So it is brought up to the schema of this version: rows are copied by name, and numbered steps do what that leaves. And so it loses what
must be gone: DuckDB leaves what is deleted in the free blocks of its file.
"""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree

import duckdb

from warehouse import journal, schema_version
from warehouse.building import create_schema
from warehouse.connection import SQL_FOLDER, open_for_writing
from warehouse.errors import FolderError, line_of
from warehouse.sql_text import identifier, quoted

UNFINISHED = ".rewriting.duckdb"
BEFORE = "before"
# One file a schema that needs more than rows copied by name, such as 0002_waits_by_queue.sql: what makes rows of the schema before
# (database `before`) rows of this one.
MIGRATIONS = SQL_FOLDER / "migrations"
# Columns whose values are copied from one of another name: the table, what it was called, and what it is.
RENAMED = ["store.waits.business_due_at.due_at"]
_SHARED = """
select
    after.schema_name,
    after.table_name,
    list(after.column_name order by after.column_index) as columns,
    list(before.column_name order by after.column_index) as columns_before,
from duckdb_columns() as after
inner join duckdb_tables() using (database_name, schema_name, table_name)
inner join duckdb_columns() as before using (schema_name, table_name)
where
    after.database_name = current_database()
    and before.database_name = 'before'
    and (
        before.column_name = after.column_name
        or list_contains($renamed, concat_ws('.', schema_name, table_name, before.column_name, after.column_name))
    )
group by all
order by all"""


def upgrade(path: Path, time_zone: str, memory_limit: str | None = None) -> None:
    """Brings the database at `path`, which nobody has open, up to the schema of this version.

    Raises FolderError where that cannot be done: the file is as it was.
    """
    try:
        rewrite(path, time_zone, memory_limit)
    except (duckdb.Error, OSError) as error:
        raise FolderError(
            f"{path} cannot be brought up to this version, and is as it was: {line_of(error)}. Start the version before"
            f" again, or move {path.name} away: it is then made anew from {path.parent / 'landing'}"
        ) from error


def rewrite(path: Path, time_zone: str, memory_limit: str | None = None) -> None:
    """Replaces the database at `path`, which nobody has open, by one in the schema of this version that holds the same rows and nothing else."""
    unfinished = path.with_name(UNFINISHED)
    clear_unfinished(path.parent)
    with open_for_writing(unfinished, memory_limit) as connection:
        create_schema(connection, time_zone)
        connection.execute(f"attach {quoted(str(path))} as {BEFORE} (read_only)")
        for schema, table, *columns in connection.execute(_SHARED, {"renamed": RENAMED}).fetchall():
            names, names_before = (", ".join(map(identifier, each)) for each in columns)
            connection.execute(f"delete from {schema}.{table}")
            connection.execute(
                f"insert into {schema}.{table} ({names}) select {names_before} from {BEFORE}.{schema}.{table}"
            )
        _migrate(connection, schema_version.version_of(connection, BEFORE)[0])
        connection.execute(f"detach {BEFORE}")
        connection.execute("checkpoint")
    unfinished.replace(path)


def _migrate(connection: duckdb.DuckDBPyConnection, schema_before: int) -> None:
    """Takes every step from the schema before to this one, in order."""
    if schema_before < schema_version.SCHEMA_VERSION:
        for step in sorted(MIGRATIONS.glob("*.sql")):
            if int(step.name[:4]) > schema_before:
                connection.execute(step.read_text(encoding="utf-8"))
        journal.note_upgraded(connection)
    schema_version.note(connection)


def clear_unfinished(folder: Path) -> None:
    """Removes what a killed run left half done."""
    rmtree(folder / f"{UNFINISHED}.tmp", ignore_errors=True)  # what did not fit in memory
    for path in folder.glob(f"{UNFINISHED}*"):
        path.unlink()
