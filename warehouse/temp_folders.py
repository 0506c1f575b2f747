"""A folder of this process's own for what does not fit in memory: DuckDB gives its files the same names in every process."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
from functools import cache
from pathlib import Path
from uuid import uuid4

_PREFIX, _SUFFIX = "reading-", ".tmp"
_LOCK = ".held"


@cache
def own_temp_folder(folder: Path) -> Path:
    """The path of a folder within `folder` that no other process uses; those of processes that were killed are removed.

    It is held by a lock, which the system lets go of when the process dies, wherever it runs. Where nothing can be made in `folder`, the
    path of one that is not there: who only reads needs none until the memory is full.
    """
    path = folder / f"{_PREFIX}{uuid4().hex}{_SUFFIX}"
    try:
        path.mkdir()
        fcntl.flock(os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600), fcntl.LOCK_EX)
        atexit.register(shutil.rmtree, path, ignore_errors=True)
        _clear(folder, but=path)
    except OSError:
        return path
    return path


def _clear(folder: Path, but: Path) -> None:
    for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        if path != but and not _is_held(path):
            shutil.rmtree(path, ignore_errors=True)


def _is_held(path: Path) -> bool:
    """Whether a process that lives holds it, or is about to: one without a lock file was made this moment."""
    try:
        with (path / _LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
