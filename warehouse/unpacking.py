"""Packed files unpacked, up to a limit: what a file becomes is never more than the disk and memory were meant to hold."""

from __future__ import annotations

import gzip
import re
import zipfile
from pathlib import Path
from typing import BinaryIO

from warehouse.errors import FileRefused

BLOCK = 1 << 20
# A workbook, or a JSON document with rows inside, is held in memory, several times its length: its limit is this part of the largest file.
PART_IN_MEMORY = 16
# A sheet is held whole from its first filled row and column to its last, empty cells too.
MOST_CELLS = 40_000_000
_CELL = re.compile(rb'<(?:\w+:)?c [^>]*?\br="([A-Z]+)(\d+)"')
_LONGEST_TAG = 512


def is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def plain(path: Path, name: str, target: Path, largest: int) -> Path:
    """The file itself, or, where it is packed or named so, `target` with what is in it.

    Raises FileRefused where that is more than `largest` bytes; OSError, EOFError or zlib.error where it is cut or damaged.
    """
    if not is_gzip(path):
        if path.stat().st_size > largest:
            raise too_large(name, largest)
        if path.suffix.lower() != ".gz":
            return path
        target.symlink_to(path)  # DuckDB tells by the name what is packed
        return target
    with gzip.open(path, "rb") as packed, target.open("wb") as unpacked:
        size = 0
        while block := packed.read(BLOCK):
            size += len(block)
            if size > largest:
                raise too_large(name, largest)
            unpacked.write(block)
    return target


def too_large(name: str, largest: int) -> FileRefused:
    return FileRefused(
        f"{name} holds more than {largest / 1e6:,.0f} MB once it is unpacked and read. Deliver it in smaller files, or raise"
        " largest_file under [data] in support.toml"
    )


def refuse_large_in_memory(path: Path, name: str, largest: int) -> None:
    """Raises FileRefused where a file that is read whole is too large for that."""
    if path.stat().st_size > largest // PART_IN_MEMORY:
        raise too_large(name, largest // PART_IN_MEMORY)


def refuse_swollen_workbook(path: Path, name: str, largest: int) -> None:
    """Raises FileRefused where a workbook would not fit into memory: its parts unpacked, or a sheet with cells far apart.

    Parts are unpacked to tell, as their directory may lie. Raises BadZipFile, OSError, EOFError or zlib.error where it is damaged.
    """
    left = largest // PART_IN_MEMORY
    with zipfile.ZipFile(path) as workbook:
        for part in workbook.infolist():
            with workbook.open(part) as unpacked:
                left -= _measured(unpacked, name, left, "worksheets/" in part.filename)  # type: ignore[arg-type]
            if left < 0:
                raise too_large(name, largest // PART_IN_MEMORY)


def _measured(unpacked: BinaryIO, name: str, most: int, is_sheet: bool) -> int:
    """Bytes of a part, up to just over `most`."""
    size, rest = 0, b""
    last_row = last_column = 0
    while size <= most and (block := unpacked.read(BLOCK)):
        size += len(block)
        if is_sheet:
            text = rest + block
            for column, row in _CELL.findall(text):
                last_row, last_column = max(last_row, int(row[:12])), max(last_column, _place(column[:12]))
            rest = text[-_LONGEST_TAG:]
    if last_row * last_column > MOST_CELLS:
        raise FileRefused(
            f"{name} has a sheet of {last_row:,} rows and {last_column:,} columns, too many to read: a cell far from the others is filled."
            " Delete what is beside the table, or deliver it as CSV"
        )
    return size


def _place(column: bytes) -> int:
    """The number of a column named A, B, ..., AA."""
    place = 0
    for letter in column:
        place = place * 26 + letter - 64
    return place
