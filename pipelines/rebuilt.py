"""A loading file made anew beside the running one, in a folder of its own: ready to be swapped in by whoever holds the data folder.

Once it is ready, a file says so, with what it knew of erasures. Whoever runs next moves it to its place; where people were erased since,
takes away that file instead: it would bring them back.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from pipelines import snapshot
from pipelines.lock import FolderLock
from warehouse import rebuilding
from warehouse.connection import open_for_writing
from warehouse.durable import sync_folder
from warehouse.erasures import PEOPLE_FILE, TICKETS_FILE
from warehouse.errors import FolderError

READY, LOCK = "ready", "rebuild"


def workspace(folder: Path) -> Path:
    """Where the warehouse of a data folder is made anew: a data folder itself."""
    return folder / "rebuilding"


def loading_of(folder: Path) -> Path:
    return workspace(folder) / "loading.duckdb"


def lock(folder: Path) -> FolderLock:
    """Held by the one process that rebuilds. Raises FolderInUse where another does."""
    return FolderLock(folder, LOCK, "a rebuild")


def erased(folder: Path) -> str:
    """What is known of erasures, as a fingerprint."""
    digest = hashlib.sha256()
    for name in (PEOPLE_FILE, TICKETS_FILE):
        path = folder / name
        digest.update(path.read_bytes() if path.exists() else b"")
        digest.update(b"\0")
    return digest.hexdigest()


def say_ready(folder: Path, known_erased: str) -> None:
    """On the disk when this returns, as is what it speaks of."""
    os.sync()
    unfinished = workspace(folder) / f".{READY}"
    unfinished.write_text(known_erased, encoding="utf-8")
    unfinished.rename(workspace(folder) / READY)
    sync_folder(workspace(folder))


def is_ready(folder: Path) -> bool:
    return (workspace(folder) / READY).exists() and loading_of(folder).exists()


def is_out_of_date(folder: Path) -> bool:
    """Whether people were erased since it was begun; what is ready is no longer so then."""
    if (workspace(folder) / READY).read_text(encoding="utf-8") == erased(folder):
        return False
    refuse(folder)
    return True


def refuse(folder: Path) -> None:
    """What is ready is not to be used."""
    (workspace(folder) / READY).unlink()
    sweep(folder)


def swap_in(folder: Path, loading: Path, memory_limit: str | None) -> None:
    """Puts what is ready in the place of the loading file, which nobody has open. Killed anywhere, one of the two is whole in its place."""
    wal = loading.with_name(f"{loading.name}.wal")
    if wal.exists():
        with open_for_writing(loading, memory_limit) as connection:
            connection.execute("checkpoint")
    if wal.exists():
        raise FolderError(f"{wal} cannot be written into {loading.name}: the rebuilt file is not swapped in")
    with open_for_writing(loading_of(folder), memory_limit) as connection:
        if loading.exists():
            rebuilding.settle(connection, loading)
        connection.execute("checkpoint")
    loading_of(folder).replace(loading)
    sync_folder(folder)


def sweep(folder: Path) -> None:
    """Removes what a killed rebuild left, unless it is ready."""
    if not is_ready(folder):
        snapshot.sweep(folder, workspace(folder).name, LOCK)
