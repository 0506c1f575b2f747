"""Which schema a file has: the shape of its tables, and what this code can do with another one."""

from __future__ import annotations

import duckdb

from warehouse import __version__
from warehouse.errors import OtherSchema

# The schema that this code writes. Another shape of a table is another number, with a step in migrations/ where rows are not simply
# copied by name; tests/test_upgrades.py holds that nobody forgets it.
SCHEMA_VERSION = 4
# The oldest one that pages and their questions can read.
OLDEST_READ = 4
# Of files that were written before their schema had a number; and of those in which there is nothing yet.
UNNUMBERED, EMPTY = 0, -1


def note(connection: duckdb.DuckDBPyConnection) -> None:
    """Says in table `about` which schema the file has, and which version of the product wrote it."""
    connection.execute("delete from about")
    values = {"schema_version": SCHEMA_VERSION, "product_version": __version__}
    connection.execute("insert into about values ($schema_version, $product_version)", values)


def version_of(connection: duckdb.DuckDBPyConnection, database: str | None = None) -> tuple[int, str]:
    """The schema of a file that is open, or attached as `database`, and the version of the product that wrote it."""
    tables = connection.execute(
        "select table_name from duckdb_tables() where database_name = coalesce($database, current_database()) and not temporary",
        {"database": database},
    ).fetchall()
    if not tables:
        return EMPTY, ""
    if ("about",) not in tables:
        return UNNUMBERED, ""
    prefix = f"{database}." if database else ""
    row = connection.execute(f"select schema_version, product_version from {prefix}main.about").fetchone()
    return (int(row[0]), str(row[1])) if row else (UNNUMBERED, "")


def is_older(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether the writer's file `name` has to be brought up to date. Raises OtherSchema where a newer version wrote it."""
    schema, product = version_of(connection)
    if schema > SCHEMA_VERSION:
        raise OtherSchema(f"{_written_by_newer(name, schema, product)}, or name another [data] folder in support.toml")
    return EMPTY < schema < SCHEMA_VERSION


def refuse_other(connection: duckdb.DuckDBPyConnection, name: str, database: str | None = None) -> None:
    """Raises OtherSchema where the published file `name` cannot be read by this version."""
    schema, product = version_of(connection, database)
    if schema > SCHEMA_VERSION:
        raise OtherSchema(_written_by_newer(name, schema, product))
    if schema < OLDEST_READ:
        raise OtherSchema(
            f"{name} was published by an older version than {__version__}, which serves this page: start the pipelines of"
            f" {__version__}, which bring the data up to date and publish it anew"
        )


def _written_by_newer(name: str, schema: int, product: str) -> str:
    return (
        f"{name} was written by version {product}, which is newer than this one, {__version__} (its schema is {schema}, this one knows"
        f" up to {SCHEMA_VERSION}): nothing was changed. Start version {product} or a later one"
    )
