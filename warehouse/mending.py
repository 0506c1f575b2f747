"""CSV files that DuckDB's reader gives up on: read again from a mended copy, so that a bad line costs that line alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from warehouse.errors import FileRefused
from warehouse.reading import Readable

# A file with more open quotes than this is no CSV of this shape.
MOST_OPEN_QUOTES = 50


class OpenQuote(FileRefused):
    """A quote is opened and never closed, and swallows the lines after it. `offset`: where its line begins, in bytes."""

    def __init__(self, name: str, offset: int) -> None:
        super().__init__(
            f"{name}: a quote is opened and never closed, and so are more than {MOST_OPEN_QUOTES} others. Look at its quotes, or set quote in its source"
        )
        self.offset = offset


def with_plain_line_ends(file: Readable, scratch: Path) -> Readable:
    """A copy in which every line ends alike; stray carriage returns become spaces."""
    content = file.path.read_bytes()
    plain = replace(file, shape=replace(file.shape, line_end=file.shape.line_end and "\n"))
    return _rewritten(plain, scratch, content.replace(b"\r\n", b"\n").replace(b"\r", b" "), file.taken_out)


def without_line(file: Readable, offset: int, scratch: Path) -> Readable:
    """A copy without the line at `offset`, which is kept to be rejected as delivered.

    Raises OpenQuote where too many lines were taken out already.
    """
    if len(file.taken_out) >= MOST_OPEN_QUOTES:
        raise OpenQuote(file.file.name, offset)
    content = file.path.read_bytes()
    end = content.find(b"\n", offset) + 1 or len(content)
    line = content[offset:end].decode("utf-8", "replace").rstrip("\r\n")
    return _rewritten(
        file, scratch, content[:offset] + content[end:], (*file.taken_out, (line, "a quote is opened and never closed"))
    )


def _rewritten(file: Readable, scratch: Path, content: bytes, taken_out: tuple[tuple[str, str], ...]) -> Readable:
    target = scratch / f"{file.file.file_no}.mended"
    partial = scratch / f"{file.file.file_no}.mending"
    partial.write_bytes(content)
    shutil.move(partial, target)
    return replace(file, path=target, taken_out=taken_out)
