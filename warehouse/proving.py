"""The proof of a copy: opened by itself, it must hold what the writer's file holds.

DuckDB compares the checksum of each block that it reads. What only looks right is told by sums: of each row one number is made of all its
columns (DuckDB's hash), and their sums are compared. Rows that are written go to the end of their table, so after a small run the ends are
read; all of a file is read at night, in steps (`Rereading`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from warehouse.connection import numbered_versions, table_names
from warehouse.errors import CopyDamaged, line_of
from warehouse.sql_text import identifier, quoted

# Rows read at the end of every table besides those that were written since the last publication.
ALWAYS_READ = 10_000
# A ticket that changed may have this many times the rows that tickets have on average.
WIDE_TICKETS = 2
ROWS_A_STEP = 250_000
# Steps that wait for the writer's file to hold what is published, before it is read without comparing.
MOST_WAITS = 100
END = 2**62
# Reading keeps no more of a file in memory.
READER_MEMORY = "256MB"
# What the pipelines note of their own work also after a publication: read, but not compared.
NOTED_AFTERWARDS = (
    "main.runs",
    "main.upkeeps",
    "main.pulls",
    "main.files",
    "main.check_results",
    "store.memory",
    "store.looked",
)


class Written(NamedTuple):
    """What was written since the last publication, at most: rows of any table of delivered rows, and the share of all tickets."""

    rows: int
    share: float

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, rows: int, tickets: int) -> Written:
        """So many delivered rows, and what was built of so many tickets."""
        row = connection.execute("select count(*) from store.tickets").fetchone()
        return cls(rows, tickets / max(row[0] if row else 0, 1))


class Extent(NamedTuple):
    """How many rows a table has, and one more than the highest rowid."""

    rows: int
    end: int


class Stretch(NamedTuple):
    """Rows of a table by rowid, the last one excluded."""

    table: str
    first: int
    last: int = END


def prove(connection: duckdb.DuckDBPyConnection, copy: Path, written: Written | None) -> None:
    """Compares every table of the copy with the writer's: rows of all, and sums over what was written; None: over everything.

    Raises CopyDamaged, which names the tables and what differs, and duckdb.Error where the writer's own file cannot be read.
    """
    extents = _extents(connection)
    stretches = [Stretch(table, _first_to_read(extent, written)) for table, extent in extents.items() if extent.rows]
    expected = _sums(connection, stretches)
    try:
        with opened(copy) as reader:
            wrong = _other_rows({table: extent.rows for table, extent in extents.items()}, rows_of_tables(reader))
            found = {} if wrong else _sums(reader, stretches)
            differing = [stretch for stretch in found.keys() & expected.keys() if found[stretch] != expected[stretch]]
            wrong += [_other_values(connection, reader, stretch) for stretch in sorted(differing)]
    except duckdb.Error as error:
        raise CopyDamaged(_unreadable(copy, stretches, error)) from error
    if wrong:
        raise CopyDamaged("; ".join(wrong))


class Rereading:
    """Every column of every table of the newest version in `folder` read, a step at a time, and compared where it should be the same."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._connection, self._folder = connection, folder
        self._stretches = self._all_stretches()
        self._waits = 0

    def step(self, is_same: bool) -> bool:
        """Reads the next rows, and compares them where the writer's file holds what is published (`is_same`); False where all is read.

        Waits a few steps for such a moment. Raises CopyDamaged, which names the file, the table and what differs, and duckdb.Error
        where the writer's own file cannot be read.
        """
        if not is_same and self._waits < MOST_WAITS:
            self._waits += 1
            return True
        stretch = next(self._stretches, None)
        versions = numbered_versions(self._folder)
        if stretch is None or not versions:
            return False
        path = versions[max(versions)]
        try:
            _read(path, stretch, self._connection if is_same and stretch.table not in NOTED_AFTERWARDS else None)
        except CopyDamaged as error:
            raise CopyDamaged(f"{path.name} is damaged: {error}") from error
        return True

    def _all_stretches(self) -> Iterator[Stretch]:
        for table, extent in _extents(self._connection).items():
            for first in range(0, extent.end, ROWS_A_STEP):
                yield Stretch(table, first, first + ROWS_A_STEP)


def _read(path: Path, stretch: Stretch, compared: duckdb.DuckDBPyConnection | None) -> None:
    """Reads rows of a published file, and compares them with the same of another; raises CopyDamaged."""
    expected = _sums(compared, [stretch]) if compared else None
    try:
        with opened(path) as reader:
            found = _sums(reader, [stretch])
            is_other = expected and found and found != expected
            wrong = _other_values(compared, reader, stretch) if compared and is_other else None
    except duckdb.Error as error:
        raise CopyDamaged(_unreadable(path, [stretch], error)) from error
    if wrong:
        raise CopyDamaged(wrong)


def opened(path: Path) -> duckdb.DuckDBPyConnection:
    """The file by itself, in a DuckDB of its own that only reads it."""
    reader = duckdb.connect(":memory:", config={"memory_limit": READER_MEMORY, "temp_directory": ""})
    reader.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
    reader.execute(f"attach {quoted(str(path))} as copy (read_only); use copy")
    return reader


def _first_to_read(extent: Extent, written: Written | None) -> int:
    """The rowid from which on a table is read."""
    if written is None:
        return 0
    return max(0, extent.end - ALWAYS_READ - max(written.rows, int(WIDE_TICKETS * written.share * extent.rows)))


def _extents(connection: duckdb.DuckDBPyConnection) -> dict[str, Extent]:
    """Of every table of the file."""
    found = _of_every_table(connection, "count(*), coalesce(max(rowid) + 1, 0)")
    return {table: Extent(rows, end) for table, rows, end in found}


def rows_of_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows of every table of the file."""
    return dict(_of_every_table(connection, "count(*)"))


def _of_every_table(connection: duckdb.DuckDBPyConnection, what: str) -> list[tuple[Any, ...]]:
    """The name of each table with `what` of it: in one statement, as forty small ones take five times as long."""
    one_each = (f"select {quoted(name)}, {what} from {name}" for name in table_names(connection))
    return connection.execute(" union all ".join(one_each)).fetchall()


def _sums(connection: duckdb.DuckDBPyConnection, stretches: Iterable[Stretch]) -> dict[Stretch, int | None]:
    """The sum over the rows of each stretch; None: it has none. Of texts so long that memory does not do for them nothing is said."""
    stretches = list(stretches)
    with suppress(duckdb.OutOfMemoryException):
        return _summed(connection, stretches)
    found: dict[Stretch, int | None] = {}
    for stretch in stretches:
        with suppress(duckdb.OutOfMemoryException):
            found |= _summed(connection, [stretch])
    return found


def _summed(connection: duckdb.DuckDBPyConnection, stretches: list[Stretch]) -> dict[Stretch, int | None]:
    numbered = dict(enumerate(stretches))
    one_each = (
        f"select {number}, sum(hash(*columns(*))) from {stretch.table} where {_within(stretch)}"
        for number, stretch in numbered.items()
    )
    found = connection.execute(" union all ".join(one_each)).fetchall() if numbered else []
    return {numbered[number]: total for number, total in found}


def _within(stretch: Stretch) -> str:
    return f"rowid >= {stretch.first} and rowid < {stretch.last}"


def _other_rows(expected: dict[str, int], found: dict[str, int]) -> list[str]:
    """Tables that have another number of rows, or are in one of the two alone."""
    return [
        f"{table} has {found[table]:,} rows instead of {expected[table]:,}"
        if table in expected and table in found
        else f"{table} is {'missing' if table in expected else 'one too many'}"
        for table in sorted(expected.keys() | found.keys())
        if expected.get(table) != found.get(table)
    ]


def _other_values(connection: duckdb.DuckDBPyConnection, reader: duckdb.DuckDBPyConnection, stretch: Stretch) -> str:
    """Which columns of a stretch have other sums."""
    columns = [row[0] for row in connection.execute(f"describe {stretch.table}").fetchall()]
    sums = ", ".join(f"sum(hash({identifier(column)}))" for column in columns)
    query = f"select {sums} from {stretch.table} where {_within(stretch)}"
    ours, theirs = (one.execute(query).fetchone() or () for one in (connection, reader))
    wrong = [column for column, one, other in zip(columns, ours, theirs, strict=True) if one != other]
    return f"{stretch.table} has other values in {', '.join(wrong) or 'some rows'}"


def _unreadable(path: Path, stretches: Iterable[Stretch], error: duckdb.Error) -> str:
    """Which tables cannot be read, and why: DuckDB does not say it."""
    wrong = [stretch.table for stretch in stretches if not _is_readable(path, stretch)] if _is_readable(path) else []
    return f"{', '.join(wrong) or 'it'} cannot be read: {line_of(error)}"


def _is_readable(path: Path, *stretches: Stretch) -> bool:
    try:
        with opened(path) as reader:
            _sums(reader, stretches)
    except duckdb.Error:
        return False
    return True
