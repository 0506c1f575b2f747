"""Whether a database file is damaged: what looks like it is looked into by reading the whole file, since memory or a disk that is full
end DuckDB with the same kinds of errors."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse.connection import table_names
from warehouse.errors import line_of

# How DuckDB speaks of files that are not what it wrote.
_WORDS = (
    "not a valid duckdb database",
    "corrupt database file",
    "does not match stored checksum",
    "could not read enough bytes",
    "failed to deserialize",
)
_KINDS = (duckdb.FatalException, duckdb.InternalException)
_UNHARMED = (duckdb.OutOfMemoryException, duckdb.InterruptException)


def is_suspected(error: BaseException) -> bool:
    """Whether an error, or what caused it, may come from a damaged file. A lock, a right that is missing or memory is none."""
    causes = [one for one in (error, error.__cause__) if isinstance(one, duckdb.Error)]
    return any(
        not isinstance(one, _UNHARMED) and (isinstance(one, _KINDS) or any(word in str(one).lower() for word in _WORDS))
        for one in causes
    )


def found_in(path: Path) -> str | None:
    """What is wrong with a file that nobody has open, in one line; None: all of it can be read.

    Raises duckdb.Error where that cannot be told, as for want of memory or while another process holds it.
    """
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            connection.execute("set enable_progress_bar = false")
            for table in table_names(connection):
                connection.execute(f"select bit_xor(hash(whole)) from {table} as whole").fetchone()
    except duckdb.Error as error:
        if is_suspected(error):
            return line_of(error)
        raise
    return None


def put_aside(path: Path) -> Path:
    """Renames a damaged file, its write-ahead log first, so that none meets another file; returns where it is."""
    aside = path.with_name(f"damaged-{path.stem}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}{path.suffix}")
    wal = path.with_name(f"{path.name}.wal")
    if wal.exists():
        wal.rename(aside.with_name(f"{aside.name}.wal"))
    path.rename(aside)
    return aside
