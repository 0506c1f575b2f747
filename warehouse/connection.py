"""Opening the two files: the writer's own, and the published versions that anyone may read."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import duckdb

from warehouse.errors import NoWarehouse, line_of
from warehouse.parsing import parsing_once
from warehouse.schema_version import refuse_other
from warehouse.temp_folders import own_temp_folder

# Written so that DuckDB 1.5 clients, which most analysts' tools still bring, open the files too.
STORAGE_VERSION = "v1.5.0"
# What the pages' questions and the blocks that are kept for them may take together; more goes to temporary files.
READING_MEMORY = "1GB"
SQL_FOLDER = Path(__file__).parent
_NUMBERED = re.compile(r"warehouse-(\d+)\.duckdb")


def open_for_writing(path: Path, memory_limit: str | None = None) -> duckdb.DuckDBPyConnection:
    """The writer's connection to `path`, created with all tables where new.

    Raises duckdb.IOException where another process holds the file.
    """
    config: dict[str, str | bool | int | float | list[str]] = {"storage_compatibility_version": STORAGE_VERSION}
    if memory_limit:
        config["memory_limit"] = memory_limit
    connection = duckdb.connect(str(path), config=config)
    connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
    # An ASOF join of what looks like few rows would be a nested loop: the estimate is often far too low, and the loop quadratic.
    connection.execute("set asof_loop_join_threshold = 0")
    return parsing_once(connection)


def temporary(connection: duckdb.DuckDBPyConnection, name: str, select: str) -> None:
    """The rows of `select` as temporary table `name`, in place of one of that name."""
    connection.execute(f"create or replace temp table {name} as {select}")


def table_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The file's own tables, as schema.name, in order."""
    found = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables()"
        " where not temporary and not internal and database_name = current_database() order by all"
    ).fetchall()
    return [name for (name,) in found]


def roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    """Ends a transaction where one is open."""
    with suppress(duckdb.TransactionException):
        connection.execute("rollback")


def version_path(folder: Path, version: int) -> Path:
    """Where a published version of `folder` lies."""
    return folder / f"warehouse-{version}.duckdb"


def numbered_versions(folder: Path) -> dict[int, Path]:
    """Published versions in `folder`, by number."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return {}
    # Pages look here in every run and every two seconds besides: a glob takes ten times as long.
    return {int(match[1]): folder / match[0] for match in map(_NUMBERED.fullmatch, names) if match}


def newest_version(folder: Path) -> int:
    """The number of the newest published version.

    Raises NoWarehouse where nothing was published yet.
    """
    versions = numbered_versions(folder)
    if not versions:
        raise NoWarehouse(f"{folder} holds no warehouse yet. Start the pipelines: python -m pipelines run")
    return max(versions)


def open_version(folder: Path, version: int) -> duckdb.DuckDBPyConnection:
    """A read-only connection to one published version.

    Its numbered name is opened, as a path that is still open in this process hands back the old file even after a rename.
    Raises NoWarehouse where the file is gone or damaged, OtherSchema where this code cannot read it.
    """
    path = version_path(folder, version)
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.IOException as error:
        raise NoWarehouse(f"{path.name} cannot be opened: {line_of(error)}") from error
    connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
    refuse_other(connection, path.name)
    return connection


def prove_readable(folder: Path, version: int) -> None:
    """Opens a published version anew and asks it something. Raises NoWarehouse where it cannot be read."""
    try:
        with open_version(folder, version) as connection:
            connection.execute("select max(run_id) from runs").fetchall()
    except (duckdb.Error, OSError) as error:
        raise NoWarehouse(f"{folder} holds a version that cannot be opened: {line_of(error)}") from error


def reader(folder: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB of its own, in memory, to which versions of `folder` can be attached; what does not fit in memory goes beside them."""
    temp_folder = own_temp_folder(folder) / uuid4().hex
    connection = duckdb.connect(":memory:", config={"temp_directory": str(temp_folder), "memory_limit": READING_MEMORY})
    connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
    return connection


def read_sql(name: str) -> str:
    """The text of `warehouse/<name>.sql`."""
    return (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
