"""The publish step: checkpoint, copy, prove the copy, rename. Readers always see a whole version; nobody blocks the writer."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import duckdb

from warehouse import copying
from warehouse.connection import numbered_versions
from warehouse.errors import FolderError

PUBLIC_NAME = "warehouse.duckdb"


def publish(connection: duckdb.DuckDBPyConnection, loading: Path, folder: Path, version: int, keep: int) -> Path:
    """Makes `loading` the published `version` of `folder` and returns its path.

    Copies only after a checkpoint: a copy without its write-ahead log silently lacks rows.
    Raises FolderError where the disk is full or the copy does not hold what the original holds.
    """
    connection.execute("checkpoint")
    copy = folder / f".publishing-{version}.duckdb"
    target = folder / f"warehouse-{version}.duckdb"
    try:
        copying.copy(loading, copy, _spare(folder, keep))
        _prove(connection, copy)
        _forbid_writing(copy)
        copy.rename(target)
        _point_public_name(target, folder)
    except OSError as error:
        copy.unlink(missing_ok=True)
        raise FolderError(f"version {version} cannot be published in {folder}: {error.strerror}") from error
    _sweep(folder, keep)
    return target


def _spare(folder: Path, keep: int) -> Path | None:
    """A version that would be swept after this publication; None where none would, or where nothing of what was may stay."""
    versions = numbered_versions(folder)
    return versions[min(versions)] if 1 < keep <= len(versions) else None


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


def is_newest(folder: Path, version: int) -> bool:
    """Whether `version` is there for readers under both its names: a process may have been killed before it gave them.

    0, of a loading file that knows of none: whether there is any.
    """
    versions, public = numbered_versions(folder), folder / PUBLIC_NAME
    if not version:
        return bool(versions)
    target = versions.get(version)
    if target is None or not public.exists():
        return False
    return target.stat().st_size == public.stat().st_size and target.stat().st_mtime_ns <= public.stat().st_mtime_ns


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
