"""Records too long to be read: DuckDB drops them without a word, or never ends. They are taken out, to be rejected like any bad line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from warehouse.errors import FileRefused

LONGEST_RECORD = 8_000_000
# Every block has the end of a record: then none is longer than two blocks.
_BLOCK = LONGEST_RECORD // 4
# A file with more of them is no table.
MOST_TAKEN_OUT = 50
# Of a record that is taken out so much is kept, to be told by.
SHOWN = 1_000

csv.field_size_limit(LONGEST_RECORD)


def may_be_in(path: Path, quote: str) -> bool:
    """Whether a file may hold such a record; quick, and where it says no there is none."""
    if path.stat().st_size <= LONGEST_RECORD:
        return False
    quoted = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if len(block) == _BLOCK and not _has_end(block, quote.encode(), quoted):
                return True
            if quote:
                quoted += int(np.count_nonzero(np.frombuffer(block, np.uint8) == ord(quote)))
    return False


def _has_end(block: bytes, quote: bytes, before: int) -> bool:
    """Whether a line ends outside of quotes, of which `before` came before the block."""
    for mark in (b"\n", b"\r"):
        start, quotes = 0, before
        while (end := block.find(mark, start)) >= 0:
            quotes += block.count(quote, start, end) if quote else 0
            if quotes % 2 == 0:
                return True
            start = end + 1
    return False


def taken_out(path: Path, target: Path, delimiter: str, quote: str, name: str) -> tuple[Path, tuple[str, ...]]:
    """A copy without the lines that begin such a record, and how each of these began; the file itself where there is none.

    Raises FileRefused where there are too many.
    """
    starts: dict[int, str] = {}
    with path.open("rb") as file:
        offset = 0
        while (found := _next(file, offset, delimiter, quote)) is not None:
            if len(starts) >= MOST_TAKEN_OUT:
                raise FileRefused(
                    f"{name} has more than {MOST_TAKEN_OUT} rows longer than {LONGEST_RECORD // 10**6} MB: it is no table."
                    " Look at its quotes and line ends"
                )
            start, offset = found
            file.seek(start)
            starts[start] = file.read(min(SHOWN, offset - start)).decode("utf-8", "replace").rstrip("\r\n")
        if not starts:
            return path, ()
        _copy_without(file, target, starts)
    return target, tuple(starts.values())


def _next(file: BinaryIO, offset: int, delimiter: str, quote: str) -> tuple[int, int] | None:
    """Where the next line begins and ends that begins a record too long, from `offset` on."""
    file.seek(offset)
    lines: list[tuple[int, int]] = []  # of the record that is being read

    def texts() -> Iterator[str]:
        at = offset
        while line := file.readline(LONGEST_RECORD + 1):
            start, at = at, at + len(line)
            lines.append((start, at))
            if len(line) > LONGEST_RECORD:
                raise csv.Error
            yield line.decode("utf-8", "replace").replace(delimiter, "\x1f")

    try:
        reader = csv.reader(
            texts(), delimiter="\x1f", quotechar=quote or None, quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
        )
        for _ in reader:
            if lines[-1][1] - lines[0][0] > LONGEST_RECORD:
                raise csv.Error
            lines.clear()
    except csv.Error:
        # A line that is too long by itself may be the last of several; else the first is the one that opens the quote.
        start, end = lines[-1] if lines[-1][1] - lines[-1][0] > LONGEST_RECORD else lines[0]
        return start, _end_of_line(file, end, start)
    return None


def _end_of_line(file: BinaryIO, end: int, start: int) -> int:
    if end - start <= LONGEST_RECORD:
        return end
    file.seek(end - 1)
    while (part := file.readline(_BLOCK)) and not part.endswith(b"\n"):
        pass
    return file.tell()


def _copy_without(file: BinaryIO, target: Path, starts: dict[int, str]) -> None:
    """Copies a file without the lines that begin at `starts`."""
    file.seek(0)
    is_out, is_begin, at = False, True, 0
    with target.open("wb") as out:
        while part := file.readline(_BLOCK):
            is_out = at in starts if is_begin else is_out
            at, is_begin = at + len(part), part.endswith(b"\n")
            if not is_out:
                out.write(part)
