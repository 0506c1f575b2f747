"""Writing that outlasts a loss of power."""

from __future__ import annotations

import os
from pathlib import Path

# What is written under this ending was not finished, where nobody writes it any more.
UNFINISHED = ".part"


def write_whole(path: Path, text: str) -> None:
    """Replaces a file that one process writes: readers see all of it or what was there before. Raises OSError, and leaves nothing then.

    The unfinished file has one name, so that what a killed process left is taken away by the next one that writes.
    """
    unfinished = path.with_name(f".{path.name}{UNFINISHED}")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes names that were given or taken in a folder lasting."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
