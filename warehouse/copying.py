"""A copy of the loading file, for as little writing as can be: a clone where the file system can, else an older copy brought up to date.

DuckDB's file is three headers and then blocks. Between two publications few blocks change, so a version that nobody reads any more becomes
the new one when the blocks that differ are written over. They are compared whole: the checksum that each begins with is the same for the
same words in another order, as where a table was written anew.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
from functools import lru_cache
from io import FileIO
from pathlib import Path

BLOCK = 262_144
_FICLONE = 0x40049409  # Linux: share the blocks of the original until one of the two changes
_OFD_SETLK = 37  # Linux: a lock of this open file, which even a reader in this process would stand against


def copy(origin: Path, target: Path, spare: Path | None) -> None:
    """Makes `target` a copy of `origin`, which is checkpointed and not written to meanwhile.

    `spare` is an older copy that is of no use any more: it is used up for it, unless somebody still reads it. It has no
    other name (see spares.found): who has it open under one would see it change.
    """
    read = _kept_open(origin, origin.stat().st_ino)
    if cloned(read, target) or (spare and _brought_up_to_date(read, spare, target)):
        return
    with target.open("wb") as write:
        read.seek(0)
        shutil.copyfileobj(read, write, 1 << 24)


def cloned(read: FileIO, target: Path) -> bool:
    """Makes `target` a clone of an open file, where the file system can."""
    with target.open("wb") as write:
        try:
            fcntl.ioctl(write.fileno(), _FICLONE, read.fileno())
        except OSError:
            target.unlink()
            return False
    return True


@lru_cache(maxsize=1)
def _kept_open(path: Path, inode: int) -> FileIO:
    """The writer's own file, to read from, open for as long as it is the one that is published.

    Closing it would drop the lock that DuckDB holds on it for this process (POSIX), and another process could write to it.
    """
    del inode  # a file made anew is another one
    return path.open("rb", buffering=0)


def _brought_up_to_date(read: FileIO, spare: Path, target: Path) -> bool:
    """The spare as `target`, with what differs written over; False where it may be in use.

    It has its new name first: nobody opens it by the old one any more, and what a killed process leaves half done is swept.
    """
    spare.rename(target)
    target.chmod(0o644)
    size = os.fstat(read.fileno()).st_size
    with target.open("rb+", buffering=0) as write:
        if not _locked(write):
            target.unlink()
            return False
        ours, theirs = bytearray(BLOCK), bytearray(BLOCK)
        for begin in range(0, size, BLOCK):
            length = os.preadv(read.fileno(), [ours], begin)
            if os.preadv(write.fileno(), [theirs], begin) != length or ours != theirs:
                os.pwrite(write.fileno(), memoryview(ours)[:length], begin)
        write.truncate(size)
    return True


def _locked(file: FileIO) -> bool:
    """Whether the file is ours alone now: every DuckDB that reads it holds a lock on it."""
    try:
        fcntl.fcntl(file, _OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    except OSError:
        return False
    return True
