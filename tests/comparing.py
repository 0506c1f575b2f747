"""Whether two data folders hold the same: every table of their published warehouses, without the bookkeeping of how the rows came in."""

from __future__ import annotations

from collections import Counter
from typing import Any

import duckdb

from tests.conftest import Desk

Rows = list[tuple[Any, ...]]
Tables = dict[str, Rows]

# Bookkeeping, and the columns of other tables that tell of it.
BOOKKEEPING = (
    "runs",
    "pulls",
    "files",
    "rejected_rows",
    "delivered_columns",
    "check_results",
    "looked",
    "memory",
    "upkeeps",
)
VOLATILE = ("file_no", "line_no", "modified_at", "version_at", "delivered_at", "row_hash", "run_id", "made_of")


def tables(desk: Desk) -> Tables:
    """Every table and view of the published warehouse, without bookkeeping and the columns that tell of it; rows in order."""
    with duckdb.connect(str(desk.folder / "data" / "warehouse.duckdb"), read_only=True) as connection:
        names = connection.execute(
            "select schema_name, table_name from duckdb_tables() where not internal"
            " union all select schema_name, view_name from duckdb_views() where not internal order by all"
        ).fetchall()
        return {
            f"{schema}.{name}": connection.execute(
                f"select columns(lambda name: not list_contains($volatile, name)) from {schema}.{name} order by all",
                {"volatile": list(VOLATILE)},
            ).fetchall()
            for schema, name in names
            if name not in BOOKKEEPING
        }


def same_tables(found: Tables, expected: Tables) -> None:
    """Fails with the rows that differ in the first table that differs."""
    assert found.keys() == expected.keys()
    for name, rows in expected.items():
        same_rows(name, found[name], rows)


def same_rows(name: str, found: Rows, expected: Rows) -> None:
    """Fails with the rows that differ, in whatever order they are."""
    missing, superfluous = Counter(expected) - Counter(found), Counter(found) - Counter(expected)
    lines = [f"missing:     {row}" for row in list(missing)[:5]] + [
        f"superfluous: {row}" for row in list(superfluous)[:5]
    ]
    assert not lines, "\n".join([f"{name}: {missing.total()} missing, {superfluous.total()} superfluous", *lines])
