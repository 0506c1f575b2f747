"""A DuckDB connection that can read one published file, and nothing else: the inner fence of ad-hoc SQL.

The order is what holds: attach read-only, then close what could open anything, then lock.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from warehouse.connection import newest_version, version_path
from warehouse.errors import NoWarehouse
from warehouse.schema_version import refuse_other
from warehouse.sql_text import quoted

ALIAS = "warehouse"
_EARLY = (
    "errors_as_json = true",
    "TimeZone = 'UTC'",
    "enable_progress_bar = false",
    "python_enable_replacements = false",
    "autoinstall_known_extensions = false",
    "autoload_known_extensions = false",
    "allow_community_extensions = false",
    "secret_directory = ''",
    "asof_loop_join_threshold = 0",
)


def prepare() -> duckdb.DuckDBPyConnection:
    """A connection to an empty database in memory, as far as it can be made before a query is known."""
    connection = duckdb.connect(":memory:", config={"threads": 1, "async_threads": 1})
    for setting in _EARLY:
        connection.execute(f"set {setting}")
    return connection


def attach_newest(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Attaches the newest published version of `folder` read-only and makes its names the plain names.

    A version that was swept away between looking and opening is looked for once more. Raises NoWarehouse, and OtherSchema.
    """
    version = newest_version(folder)
    try:
        _attach(connection, folder, version)
    except duckdb.IOException as error:
        newer = newest_version(folder)
        if newer == version:
            raise NoWarehouse("The newest published version cannot be opened: see the page Data health") from error
        _attach(connection, folder, newer)
    connection.execute(f"use {ALIAS}")


def _attach(connection: duckdb.DuckDBPyConnection, folder: Path, version: int) -> None:
    path = version_path(folder, version)
    connection.execute(f"attach {quoted(str(path))} as {ALIAS} (read_only)")
    refuse_other(connection, path.name, ALIAS)


def lock(
    connection: duckdb.DuckDBPyConnection, memory: int, threads: int, temp_folder: str | None, temp_space: int
) -> None:
    """Closes everything that could read, write or open something else, for good. `memory` and `temp_space` in bytes.

    Where there is temp space DuckDB itself must reach files: external access is off all the same, and so is every other folder
    (warehouse/fences.py).
    """
    folder = (temp_folder or "").replace("'", "''")
    settings = [
        f"threads = {threads}",
        f"memory_limit = '{memory}B'",
        f"temp_directory = '{folder}'",
        f"max_temp_directory_size = '{temp_space}B'",
        "enable_external_access = false",
        *([] if temp_folder else ["disabled_filesystems = 'LocalFileSystem'"]),
        "lock_configuration = true",
    ]
    for setting in settings:
        connection.execute(f"set {setting}")
