"""The loading file written anew: DuckDB leaves what is deleted in the free blocks of its file, and what is not to be kept must be gone."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree

import duckdb

from warehouse.building import create_schema
from warehouse.connection import open_for_writing
from warehouse.sql_text import quoted

UNFINISHED = ".rewriting.duckdb"


def rewrite(path: Path, time_zone: str, memory_limit: str | None = None) -> None:
    """Replaces the database at `path`, which nobody has open, by one that holds the same rows and nothing else."""
    unfinished = path.with_name(UNFINISHED)
    clear_unfinished(path.parent)
    with open_for_writing(unfinished, memory_limit) as connection:
        create_schema(connection, time_zone)
        connection.execute(f"attach {quoted(str(path))} as before (read_only)")
        for schema, table in _tables(connection):
            connection.execute(f"delete from {schema}.{table}")
            connection.execute(f"insert into {schema}.{table} by name from before.{schema}.{table}")
        connection.execute("detach before")
        connection.execute("checkpoint")
    unfinished.replace(path)


def _tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'before' and not internal order by all"
    ).fetchall()


def clear_unfinished(folder: Path) -> None:
    """Removes what a killed run left half done."""
    rmtree(folder / f"{UNFINISHED}.tmp", ignore_errors=True)  # what did not fit in memory
    for path in folder.glob(f"{UNFINISHED}*"):
        path.unlink()
