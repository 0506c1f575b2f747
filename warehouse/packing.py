"""Landed files packed: gzip with a note in its header that the packing is ours, and how long the file is unpacked.

What is packed as delivered (gzip, Parquet, workbooks, zip) stays as it is: packing it again would gain nothing.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
from pathlib import Path
from typing import BinaryIO

# Loading waits for a core, not for the disk: quickly rather than tightly.
LEVEL = 4
PACKED_ALREADY = (b"\x1f\x8b", b"PAR1", b"PK\x03\x04", b"\x28\xb5\x2f\xfd")
# The original name in a gzip header (RFC 1952): after ten bytes, up to a zero; the fourth byte's 8 says that it is there.
_NOTE = re.compile(rb"\x1f\x8b\x08\x08.{6}landed-([0-9]+)\x00", re.DOTALL)
_LONGEST_NOTE = 64


def delivered_bytes(path: Path) -> int:
    """How long a landed file was when it was delivered, whether it is packed now or not."""
    with path.open("rb") as file:
        note = _NOTE.match(file.read(_LONGEST_NOTE))
    return int(note[1]) if note else path.stat().st_size


def pack(path: Path) -> bool:
    """Packs a landed file in its place, its time kept: whole or not at all. False where it is packed already, or gone."""
    if path.suffix == ".gz":
        return False  # also what is only called so, which cannot be read: it is not to become readable
    try:
        with path.open("rb") as plain:
            if plain.read(4).startswith(PACKED_ALREADY):
                return False
            plain.seek(0)
            _replace(path, plain, os.fstat(plain.fileno()).st_size)
    except FileNotFoundError:
        return False
    return True


def rewrite(path: Path, content: BinaryIO, length: int) -> None:
    """Puts other content into a landed file, packed as it was: whole or not at all, its time kept. `length`: bytes of it unpacked."""
    with path.open("rb") as file:
        start = file.read(_LONGEST_NOTE)
    _replace(path, content, length if _NOTE.match(start) else None, start[:2] == b"\x1f\x8b")


def _replace(path: Path, content: BinaryIO, noted: int | None, is_packed: bool = True) -> None:
    stat = path.stat()
    unfinished = path.with_name(f".{path.name[:8]}.partial")
    with unfinished.open("wb") as file:
        if is_packed:
            name = "" if noted is None else f"landed-{noted}"
            with gzip.GzipFile(name, "wb", LEVEL, file, mtime=0) as packed:
                shutil.copyfileobj(content, packed, 1 << 20)
        else:
            shutil.copyfileobj(content, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())
    os.utime(unfinished, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    unfinished.replace(path)
