"""A copy of the loading file, for as little writing as can be: a clone where the file system can, else an older copy brought up to date.

DuckDB's file is three headers and then blocks. Between two publications few blocks change, so a version that nobody reads any more becomes
the new one when the blocks that differ are written over. Which ones those are is followed from checkpoint to checkpoint; where that is not
known of a copy, as after a start, all of it is compared. The checksum that each block begins with is compared in any case, but would not do:
it is the same for the same words in another order.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from io import FileIO
from pathlib import Path

from warehouse.blocks import BLOCK, CHECKSUM, HEADERS, Checkpoint, begin_of, last_checkpoint, written

# By which blocks a copy is behind the loading file, by the copy's inode, time and size, and of how many copies that is kept.
_behind: dict[tuple[int, int, int], set[int]] = {}
_FOLLOWED = 4
_THREADS = 2
_FICLONE = 0x40049409  # Linux: share the blocks of the original until one of the two changes
_OFD_SETLK = 37  # Linux: a lock of this open file, which even a reader in this process would stand against


@dataclass
class _Original:
    """The writer's own file, and its last checkpoint that was looked at."""

    file: FileIO
    checkpoint: Checkpoint | None = None

    def follow(self) -> None:
        """Adds what was written since to what each copy is behind by; forgets the copies where that cannot be told."""
        before, self.checkpoint = self.checkpoint, last_checkpoint(self.file)
        wrote = written(before, self.checkpoint) if before and self.checkpoint else None
        if wrote is None:
            _behind.clear()
            return
        for blocks in _behind.values():
            blocks.update(wrote)


def copy(origin: Path, target: Path, spare: Path | None) -> None:
    """Makes `target` a copy of `origin`, which is checkpointed and not written to meanwhile.

    `spare` is an older copy that is of no use any more: it is used up for it, unless somebody still reads it. It has no
    other name (see spares.found): who has it open under one would see it change.
    """
    original = _kept_open(origin, origin.stat().st_ino)
    if cloned(original.file, target):
        return
    original.follow()
    if spare and _brought_up_to_date(original.file, spare, target):
        return
    with target.open("wb") as write:
        original.file.seek(0)
        shutil.copyfileobj(original.file, write, 1 << 24)
    _follow(target, set())


def copied_again(copy: Path, again: Path) -> None:
    """Says that `again` is a copy of `copy`, and so behind by the same blocks."""
    if (blocks := _behind.get(_state(copy.stat()))) is not None:
        _follow(again, set(blocks))


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
def _kept_open(path: Path, inode: int) -> _Original:
    """The writer's own file, to read from, open for as long as it is the one that is published.

    Closing it would drop the lock that DuckDB holds on it for this process (POSIX), and another process could write to it.
    """
    del inode  # a file made anew is another one
    return _Original(path.open("rb", buffering=0))


def _brought_up_to_date(read: FileIO, spare: Path, target: Path) -> bool:
    """The spare as `target`, with what differs written over; False where it may be in use.

    It has its new name first: nobody opens it by the old one any more, and what a killed process leaves half done is swept.
    """
    behind = _behind.pop(_state(spare.stat()), None)
    spare.rename(target)
    target.chmod(0o644)
    size = os.fstat(read.fileno()).st_size
    with target.open("rb+", buffering=0) as write:
        if not _locked(write):
            target.unlink()
            return False
        other = _differing(read, write, BLOCK if behind is None else CHECKSUM)
        os.pwrite(write.fileno(), os.pread(read.fileno(), HEADERS, 0), 0)
        for block in sorted(other | (behind or set())):
            content = os.pread(read.fileno(), BLOCK, begin_of(block))
            os.pwrite(write.fileno(), content, begin_of(block))
        write.truncate(size)
    _follow(target, set())
    return True


def _state(stat: os.stat_result) -> tuple[int, int, int]:
    """What is another one where a file was written to, or is another file."""
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _follow(copy: Path, behind: set[int]) -> None:
    _behind[_state(copy.stat())] = behind
    while len(_behind) > _FOLLOWED:
        del _behind[next(iter(_behind))]


def _differing(one: FileIO, other: FileIO, length: int) -> set[int]:
    """The blocks of one file of which the first so many bytes are not those of the other's."""
    count = -(-(os.fstat(one.fileno()).st_size - HEADERS) // BLOCK)
    bounds = [count * part // _THREADS for part in range(_THREADS + 1)]
    with ThreadPoolExecutor(_THREADS) as pool:
        parts = pool.map(partial(_differing_between, one, other, length), bounds[:-1], bounds[1:])
        return set().union(*parts)


def _differing_between(one: FileIO, other: FileIO, length: int, first: int, end: int) -> set[int]:
    begins = ((block, begin_of(block)) for block in range(first, end))
    return {
        block
        for block, begin in begins
        if os.pread(one.fileno(), length, begin) != os.pread(other.fileno(), length, begin)
    }


def _locked(file: FileIO) -> bool:
    """Whether the file is ours alone now: every DuckDB that reads it holds a lock on it."""
    try:
        fcntl.fcntl(file, _OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    except OSError:
        return False
    return True
