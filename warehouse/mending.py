"""CSV files that DuckDB's reader gives up on: read again from a mended copy, so that a bad line costs that line alone."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from warehouse.errors import FileRefused
from warehouse.reading import Readable
from warehouse.record_counts import is_narrow, mark_of, reader

# A file with more open quotes than this is no CSV of this shape.
MOST_OPEN_QUOTES = 50
_OPEN = "a quote is opened and never closed"


class OpenQuote(FileRefused):
    """A quote is opened and never closed, and swallows the lines after it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name}: a quote is opened and never closed, and so are more than {MOST_OPEN_QUOTES} others. Look at its quotes, or set quote in its source"
        )


def with_plain_line_ends(file: Readable, scratch: Path) -> Readable:
    """A copy in which every line ends alike; stray carriage returns become spaces."""
    content = file.path.read_bytes()
    if b"\n" not in content:
        content = content.replace(b"\r", b"\n")
    plain = replace(file, shape=replace(file.shape, line_end=file.shape.line_end and "\n"))
    return _rewritten(plain, scratch, content.replace(b"\r\n", b"\n").replace(b"\r", b" "), file.taken_out)


def written_anew(file: Readable, quote: str, scratch: Path) -> Readable:
    """A copy as Python's reader understands the file, every cell in quotes, so that DuckDB understands the same.

    Lines that begin no record are taken out. Raises OpenQuote where too many of them open a quote that is not closed.
    """
    bad: list[str] = []
    target = scratch / f"{file.file.file_no}.anew"
    shape = replace(file.shape, delimiter=mark_of(file.shape), line_end=file.shape.line_end and "\n")
    kind: dict[str, Any] = {"quoting": csv.QUOTE_ALL, "quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    with (
        file.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text,
        target.open("w", encoding="utf-8", errors="surrogateescape", newline="") as anew,
    ):
        writer = csv.writer(anew, delimiter=shape.delimiter, lineterminator="\n", **kind)
        writer.writerows(_records(file, list(text), quote, bad))
    return replace(file, path=target, shape=shape, taken_out=(*file.taken_out, *((line, _OPEN) for line in bad)))


def _records(file: Readable, lines: list[str], quote: str, bad: list[str]) -> Iterator[list[str]]:
    """The records of a file; what begins none is added to `bad`."""
    header = reader(lines, file.shape, quote)
    yield from islice(header, file.shape.skip)
    at, swallowed = header.line_num, 0
    while at < len(lines):
        rows = reader((lines[place] for place in range(at, len(lines))), file.shape, quote, is_strict=True)
        done = 0
        try:
            for row in rows:
                done = rows.line_num
                if row or is_narrow(file.shape):
                    yield row
        except csv.Error:
            swallowed += rows.line_num - done > 1
            if swallowed > MOST_OPEN_QUOTES:
                raise OpenQuote(file.file.name) from None
            bad.append(lines[at + done].rstrip("\r\n").encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
            done += 1
        at += done


def _rewritten(file: Readable, scratch: Path, content: bytes, taken_out: tuple[tuple[str, str], ...]) -> Readable:
    target = scratch / f"{file.file.file_no}.mended"
    partial = scratch / f"{file.file.file_no}.mending"
    partial.write_bytes(content)
    shutil.move(partial, target)
    return replace(file, path=target, taken_out=taken_out)
