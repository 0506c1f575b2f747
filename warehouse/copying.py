"""A copy of the loading file, for as little writing as can be: a clone where the file system can, else an older copy brought up to date.

DuckDB's file is three headers and then blocks. Between two publications few blocks change, so a version that nobody reads any more becomes
the new one when the blocks that differ are written over. The checksum that each begins with does not say in which order its words stand, so
a CRC goes with it. What a copy holds is remembered: then only the original is read.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from io import FileIO
from pathlib import Path

HEADERS = 3 * 4096
BLOCK = 262_144
_CHECKSUM = 8
# What the newest copies of this process hold, a digest a block (a megabyte each at ten million tickets), and of how many that is kept.
_known: dict[tuple[int, int, int], list[bytes]] = {}
_REMEMBERED = 4
_THREADS = 2
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
        ours = _digests(read)
        theirs = _known.pop(_state(write), None) or _digests(write)
        for place, digest in enumerate(ours):
            if place >= len(theirs) or digest != theirs[place]:
                begin, length = _piece(place)
                os.pwrite(write.fileno(), os.pread(read.fileno(), length, begin), begin)
        write.truncate(size)
        _remember(_state(write), ours)
    return True


def _state(file: FileIO) -> tuple[int, int, int]:
    """What is another one where a file was written to, or is another file."""
    stat = os.fstat(file.fileno())
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _remember(state: tuple[int, int, int], digests: list[bytes]) -> None:
    _known[state] = digests
    while len(_known) > _REMEMBERED:
        del _known[next(iter(_known))]


def _piece(place: int) -> tuple[int, int]:
    """Where the headers, and after them each block, begin, and how long they are."""
    return (HEADERS + (place - 1) * BLOCK, BLOCK) if place else (0, HEADERS)


def _digests(file: FileIO) -> list[bytes]:
    """What tells the headers, and each block, from any other content: its first eight bytes, DuckDB's checksum, and its CRC."""
    count = 1 + max(-(-(os.fstat(file.fileno()).st_size - HEADERS) // BLOCK), 0)
    bounds = [count * part // _THREADS for part in range(_THREADS + 1)]
    with ThreadPoolExecutor(_THREADS) as pool:
        parts = pool.map(partial(_digests_between, file), bounds[:-1], bounds[1:])
        return [digest for part in parts for digest in part]


def _digests_between(file: FileIO, first: int, end: int) -> list[bytes]:
    found = []
    for place in range(first, end):
        begin, length = _piece(place)
        content = os.pread(file.fileno(), length, begin)
        found.append(content[:_CHECKSUM] + zlib.crc32(content).to_bytes(4))
    return found


def _locked(file: FileIO) -> bool:
    """Whether the file is ours alone now: every DuckDB that reads it holds a lock on it."""
    try:
        fcntl.fcntl(file, _OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    except OSError:
        return False
    return True
