"""The publish step: checkpoint, copy, prove the copy, rename. Readers always see a whole version; nobody blocks the writer."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import duckdb

from warehouse import copying, published, spares
from warehouse.connection import numbered_versions, version_path
from warehouse.durable import UNFINISHED
from warehouse.errors import CopyDamaged, FolderError
from warehouse.proving import Written, prove
from warehouse.published import PUBLIC_NAME, UNPROVEN

# Damaged copies that are kept for somebody to look at.
KEPT_ASIDE = 2


def publish(
    connection: duckdb.DuckDBPyConnection,
    loading: Path,
    folder: Path,
    version: int,
    keep: int,
    written: Written | None = None,
) -> Path:
    """Makes `loading` the published `version` of `folder` and returns its path. `written` is what the copy is proven by; None: all of it.

    Copies only after a checkpoint: a copy without its write-ahead log silently lacks rows.
    Raises FolderError where the disk is full, CopyDamaged where the copy does not hold what the original holds: it is kept aside then.
    """
    connection.execute("checkpoint")
    target = version_path(folder, version)
    copy = target.with_name(f"{UNPROVEN}{target.name}")
    try:
        copying.copy(loading, copy, spares.found(connection, folder, keep))
        _prove(connection, copy, written)
        _forbid_writing(copy)
        copy.rename(target)
        published.set_aside(folder, published.noted(connection))
        _point_public_name(target, folder)
    except OSError as error:
        copy.unlink(missing_ok=True)
        raise FolderError(f"version {version} cannot be published in {folder}: {error.strerror}") from error
    _sweep(folder, keep)
    published.note(connection, folder, target)
    return target


def _forbid_writing(path: Path) -> None:
    """A client that forgets to say read-only is refused, instead of locking readers out of a version or changing it."""
    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))


def _prove(connection: duckdb.DuckDBPyConnection, copy: Path, written: Written | None) -> None:
    try:
        prove(connection, copy, written)
    except CopyDamaged as error:
        aside = published.keep_aside(copy)
        raise CopyDamaged(f"not published, as the copy is damaged: {error}; it is kept as {aside}") from error


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
        spares.drop(folder)
        for path in folder.glob("damaged-*.duckdb*"):
            path.unlink()
    for path in sorted(folder.glob("damaged-warehouse*.duckdb"), key=lambda path: path.stat().st_mtime)[:-KEPT_ASIDE]:
        path.unlink()
    versions = numbered_versions(folder)
    for number in sorted(versions)[:-keep]:
        versions[number].unlink(missing_ok=True)


def clear_leftovers(folder: Path) -> None:
    """Removes what killed runs left half made: copies, and the small files beside them."""
    for pattern in (f"{UNPROVEN}*.duckdb", f".{PUBLIC_NAME}.*", f".*{UNFINISHED}"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)
