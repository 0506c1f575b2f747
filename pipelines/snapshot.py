"""A data folder's files as they are at one time, by further names: nothing that goes on meanwhile changes them, as files are replaced
whole and never written to."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pipelines.lock import FolderLock
from pipelines.sources import files
from warehouse.connection import numbered_versions
from warehouse.errors import FolderInUse


def take(origin: Path, target: Path) -> None:
    """`target` becomes another name of a file, or a copy where the file system has no such names; what was taken before stays as it was."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(origin, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copy2(origin, target)


def take_newest_version(folder: Path, target: Path) -> Path | None:
    """The newest published version into another folder, under its own name; None where nothing was published."""
    for _, path in sorted(numbered_versions(folder).items(), reverse=True):
        try:
            take(path, target / path.name)
        except FileNotFoundError:
            continue  # another version is the newest by now
        return target / path.name
    return None


def take_tree(origin: Path, target: Path) -> None:
    """Every file of a folder but those that are still written, which have hidden names; one that goes meanwhile is left out."""
    for place, folders, names in os.walk(origin):
        folders.sort()
        for name in sorted(names):
            if not name.startswith("."):
                path = Path(place, name)
                try:
                    take(path, target / path.relative_to(origin))
                except FileNotFoundError:
                    continue


def take_landing(origin: Path, target: Path) -> None:
    """The archive; what is noted as taken out of it last, so that all that is missing is noted."""
    for path in sorted(origin.glob("*/*")):
        if files.is_landed(path):
            try:
                take(path, target / path.relative_to(origin))
            except FileNotFoundError:
                continue
    target.mkdir(parents=True, exist_ok=True)
    for path in origin.glob("*.jsonl"):
        shutil.copy2(path, target / path.name)  # it is added to


def sweep(folder: Path, name: str, lock_name: str) -> None:
    """Removes a folder of files that a killed process gathered: a living one holds its lock."""
    if not (folder / name).exists():
        return
    try:
        lock = FolderLock(folder, lock_name)
    except FolderInUse:
        return
    shutil.rmtree(folder / name)
    lock.release()
