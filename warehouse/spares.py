"""A copy of the newest version that is made while nobody waits: where no older version is of use, the next one is made of it, in
a tenth of the time that copying the whole file takes."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from warehouse import copying, published
from warehouse.connection import numbered_versions
from warehouse.published import UNPROVEN

# Both are swept with what killed runs left: after a start nobody knows whether they are whole.
_NAME = f"{UNPROVEN}spare.duckdb"
_UNFINISHED = f"{UNPROVEN}spare-unfinished.duckdb"
# So many times its own size has to be free on the disk before one is made.
FREE = 2


def found(connection: duckdb.DuckDBPyConnection, folder: Path, keep: int) -> Path | None:
    """What the next version may be made of: the version that would be swept then, if it is as it was published and nobody keeps it under
    another name, else a spare. None where there is neither, or where nothing of what was may stay (`keep` 1)."""
    if keep < 2:
        return None
    versions = numbered_versions(folder)
    oldest = versions[min(versions)] if len(versions) >= keep else None
    if oldest and published.is_as_noted(oldest, published.noted(connection)) and oldest.stat().st_nlink == 1:
        return oldest
    return folder / _NAME if (folder / _NAME).exists() else None


def wanted(connection: duckdb.DuckDBPyConnection, folder: Path, keep: int) -> Path | None:
    """The version that a spare is to be copied of; None where the next version needs none, or the disk has no room for one."""
    versions = numbered_versions(folder)
    if not versions or found(connection, folder, keep):
        return None
    newest = versions[max(versions)]
    is_room = shutil.disk_usage(folder).free > FREE * newest.stat().st_size
    is_good = published.is_as_noted(newest, published.noted(connection))
    return newest if is_room and is_good else None


def make(origin: Path) -> None:
    """Copies a version. Any thread may, beside the writer: a version does not change. Raises OSError; nothing of it stays then."""
    unfinished = origin.with_name(_UNFINISHED)
    try:
        with origin.open("rb", buffering=0) as read:
            if not copying.cloned(read, unfinished):
                shutil.copyfile(origin, unfinished)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def keep(origin: Path) -> None:
    """Makes what was copied of `origin` the spare, unless that was swept meanwhile, as where somebody was erased. In the writer's turn."""
    unfinished = origin.with_name(_UNFINISHED)
    if origin.exists():
        copying.copied_again(origin, unfinished)
        unfinished.rename(origin.with_name(_NAME))
    else:
        unfinished.unlink(missing_ok=True)


def drop(folder: Path) -> None:
    """Removes the spare, and what is being copied: nothing of what was may stay."""
    for name in (_NAME, _UNFINISHED):
        (folder / name).unlink(missing_ok=True)
