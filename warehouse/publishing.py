"""The publish step: checkpoint, copy, prove the copy, rename. Readers always see a whole version; nobody blocks the writer."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from functools import lru_cache
from io import FileIO
from pathlib import Path

import duckdb

from warehouse.connection import numbered_versions
from warehouse.errors import FolderError

PUBLIC_NAME = "warehouse.duckdb"
_FICLONE = 0x40049409  # Linux: share the blocks of the original until one of the two changes


def publish(connection: duckdb.DuckDBPyConnection, loading: Path, folder: Path, version: int, keep: int) -> Path:
    """Makes `loading` the published `version` of `folder` and returns its path.

    Copies only after a checkpoint: a copy without its write-ahead log silently lacks rows.
    Raises FolderError where the disk is full or the copy does not hold what the original holds.
    """
    connection.execute("checkpoint")
    copy = folder / f".publishing-{version}.duckdb"
    target = folder / f"warehouse-{version}.duckdb"
    try:
        _copy(loading, copy)
        _prove(connection, copy)
        _forbid_writing(copy)
        copy.rename(target)
        _point_public_name(target, folder)
    except OSError as error:
        copy.unlink(missing_ok=True)
        raise FolderError(f"version {version} cannot be published in {folder}: {error.strerror}") from error
    _sweep(folder, keep)
    return target


def _copy(origin: Path, copy: Path) -> None:
    read = _kept_open(origin, origin.stat().st_ino)
    with copy.open("wb") as write:
        try:
            fcntl.ioctl(write.fileno(), _FICLONE, read.fileno())
        except OSError:
            read.seek(0)
            shutil.copyfileobj(read, write, 1 << 24)


@lru_cache(maxsize=1)
def _kept_open(path: Path, inode: int) -> FileIO:
    """The writer's own file, to read from, open for as long as it is the one that is published.

    Closing it would drop the lock that DuckDB holds on it for this process (POSIX), and another process could write to it.
    """
    del inode  # a file made anew is another one
    return path.open("rb", buffering=0)


def _forbid_writing(path: Path) -> None:
    """A client that forgets to say read-only is refused, instead of locking readers out of a version or changing it."""
    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))


def _prove(connection: duckdb.DuckDBPyConnection, copy: Path) -> None:
    """Opened by itself, the copy must hold as many rows of every table as the original."""
    with duckdb.connect(str(copy), read_only=True) as reader:
        expected, found = table_counts(connection), table_counts(reader)
    if expected != found:
        aside = copy.with_name(f"damaged-{copy.name.lstrip('.')}")
        copy.rename(aside)
        wrong = sorted(name for name in expected if expected[name] != found.get(name))
        raise FolderError(
            f"the copy to publish differs in {', '.join(wrong)}; it is kept as {aside.name} and not published"
        )


def table_counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows by table of the file's own tables."""
    names = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where not temporary and not internal order by all"
    ).fetchall()
    return {name: _count(connection, name) for (name,) in names}


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def _point_public_name(target: Path, folder: Path) -> None:
    """Makes warehouse.duckdb the newest version: a hard link under another name, then a rename, which is atomic."""
    link = folder / f".{PUBLIC_NAME}.{os.getpid()}"
    link.unlink(missing_ok=True)
    try:
        os.link(target, link)
    except OSError:
        shutil.copy(target, link)  # file systems without hard links
    link.rename(folder / PUBLIC_NAME)


def _sweep(folder: Path, keep: int) -> None:
    """Removes all but the newest versions; open readers keep theirs."""
    if keep < 2:
        for path in folder.glob("damaged-*.duckdb"):
            path.unlink()
    versions = numbered_versions(folder)
    for number in sorted(versions)[:-keep]:
        versions[number].unlink(missing_ok=True)


def clear_leftovers(folder: Path) -> None:
    """Removes half-made copies of killed runs."""
    for pattern in (".publishing-*.duckdb", f".{PUBLIC_NAME}.*"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)
