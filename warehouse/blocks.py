"""Which blocks of its file DuckDB wrote from one checkpoint to the next, as the file's own lists of free blocks tell.

DuckDB never writes over a block that its last checkpoint uses, as a crash could then lose what was saved: a changed block is written where
nothing was, and where it was is free after the next checkpoint. Blocks of its metadata alone are written in place.
Source: DuckDB's own storage/single_file_block_manager.cpp and metadata_manager.cpp.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from io import FileIO

HEADERS = 3 * 4096
BLOCK = 262_144
CHECKSUM = 8
_MAGIC = b"DUCK"
_MAGIC_AT = 8
# The two headers of the database that take turns: the one with the higher number is the last checkpoint's.
_HEADERS_AT = (4096, 8192)
_HEADER = struct.Struct("<8x5Q")
# A block of metadata is divided into so many parts, of which each begins with where the next one is.
_PARTS = 64
_PART = (BLOCK - CHECKSUM) // _PARTS // 8 * 8
_NONE = 2**64 - 1


@dataclass(frozen=True)
class Checkpoint:
    """What a file says of its last checkpoint: its number, how many blocks the file has, which are free, and which hold metadata."""

    number: int
    count: int
    free: frozenset[int]
    metadata: frozenset[int]

    @property
    def used(self) -> set[int]:
        return set(range(self.count)) - self.free


def last_checkpoint(file: FileIO) -> Checkpoint | None:
    """Reads it of a file that nobody writes to meanwhile; None where the file is of a format that is not known here."""
    if os.pread(file.fileno(), len(_MAGIC), _MAGIC_AT) != _MAGIC:
        return None
    headers = [_HEADER.unpack(os.pread(file.fileno(), _HEADER.size, at)) for at in _HEADERS_AT]
    number, _, free_list, count, block_size = max(headers)
    if block_size != BLOCK:
        return None
    free, metadata = _lists(_chain(file, free_list))
    return Checkpoint(number, count, frozenset(free), frozenset(metadata))


def written(before: Checkpoint, now: Checkpoint) -> set[int] | None:
    """The blocks in use whose content may differ between two checkpoints; None where another one may have been between them."""
    if now.number - before.number not in (0, 1):
        return None
    return now.used - before.used | before.metadata | now.metadata


def begin_of(block: int) -> int:
    """Bytes before a block."""
    return HEADERS + block * BLOCK


def _chain(file: FileIO, pointer: int) -> bytes:
    """What is written in a chain of parts of metadata blocks, from the one that is pointed at on."""
    content = []
    while pointer != _NONE:
        part, block = pointer >> 56, pointer & (1 << 56) - 1
        read = os.pread(file.fileno(), _PART, begin_of(block) + CHECKSUM + part * _PART)
        pointer = int.from_bytes(read[:8], "little")
        content.append(read[8:])
    return b"".join(content)


def _lists(content: bytes) -> tuple[list[int], list[int]]:
    """The free blocks and those of metadata; between them stand the blocks that several segments share, with their number."""
    if not content:
        return [], []
    at = 0

    def rows(form: str) -> list[tuple[int, ...]]:
        nonlocal at
        (count,) = struct.unpack_from("<Q", content, at)
        row = struct.Struct(form)
        begin, at = at + 8, at + 8 + count * row.size
        return list(row.iter_unpack(content[begin:at]))

    free, _, metadata = rows("<q"), rows("<qI"), rows("<qQ")
    return [block for (block,) in free], [block for block, _ in metadata]
