"""Counts the records of CSV files without DuckDB, which loses the rows after an open quote without a word where it reads many files in one scan."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any

import duckdb
import numpy as np

from warehouse.errors import FileRefused
from warehouse.reading import Readable, Shape

_BLOCK = 1 << 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Stands for a delimiter of several characters, which Python's reader does not know.
_MARK = "\x1f"


class RowsLost(FileRefused):
    """DuckDB found more or fewer records in a file than there are."""


def refuse_losses(connection: duckdb.DuckDBPyConnection, members: list[Readable], quote: str) -> None:
    """Raises RowsLost where the rows staged of a CSV file, and the lines that could not be parsed, are not all of its records."""
    if members[0].shape.format != "csv":
        return
    found = dict(
        connection.execute(
            "select filename, count(*) from (select filename from staged union all select filename from unparsed) group by filename"
        ).fetchall()
    )
    for member in members:
        read = found.get(str(member.path), 0) - len(member.taken_out)
        if read != _count_by_parity(member, quote) and read != _count(member, quote):
            raise RowsLost(
                f"{member.file.name}: not all of its rows can be told apart. Look at its quotes and line ends"
            )


def _count_by_parity(member: Readable, quote: str) -> int | None:
    """Records, quickly: line ends after an even number of quotes, blank lines too; None where a quote stands within a cell."""
    mark, before_cells = quote.encode(), np.frombuffer((quote + member.shape.delimiter + "\r\n").encode(), np.uint8)
    count, is_inside, last, end = -member.shape.skip, 0, b"\n", b""
    with member.path.open("rb") as file:
        file.seek(len(_BYTE_ORDER_MARK) if file.read(3) == _BYTE_ORDER_MARK else 0)
        while block := file.read(_BLOCK):
            end = end or (b"\n" if b"\n" in block else b"\r")
            if mark and (is_inside or mark in block):
                found = np.frombuffer(last + block, np.uint8)
                quotes, ends = np.flatnonzero(found == mark[0]), np.flatnonzero(found == end[0])
                quotes, ends = quotes[quotes > 0], ends[ends > 0]
                if len(mark) > 1 or not np.isin(found[quotes[is_inside::2] - 1], before_cells).all():
                    return None
                count += int(np.count_nonzero((np.searchsorted(quotes, ends) + is_inside) % 2 == 0))
                is_inside = (is_inside + len(quotes)) % 2
            else:
                count += block.count(end)
            last = block[-1:]
    return count + (is_inside or last != end)


def _count(member: Readable, quote: str) -> int | None:
    """Records by Python's reader, which takes several times as long as DuckDB's; None where it gives up.

    Blank lines are none, but in a single column.
    """
    with member.path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        rows = reader(text, member.shape, quote)
        try:
            return sum(
                1 for place, row in enumerate(rows) if place >= member.shape.skip and (row or is_narrow(member.shape))
            )
        except csv.Error:
            return None


def is_narrow(shape: Shape) -> bool:
    """Whether a blank line is a row."""
    return len(shape.columns) == 1


def reader(lines: Iterable[str], shape: Shape, quote: str, is_strict: bool = False):  # type: ignore[no-untyped-def]
    """Python's reader of the lines of a file of that shape."""
    mark = mark_of(shape)
    lines = (line.replace(shape.delimiter, mark) for line in lines) if mark != shape.delimiter else lines
    kind: dict[str, Any] = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    return csv.reader(lines, delimiter=mark, skipinitialspace=True, strict=is_strict, **kind)


def mark_of(shape: Shape) -> str:
    """The delimiter; what stands for it where it is several characters."""
    return shape.delimiter if len(shape.delimiter) == 1 else _MARK
