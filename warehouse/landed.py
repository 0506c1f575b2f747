"""Landed files as records that can be changed: read, changed in some records, and written back in their own format and name.

What is not changed stays as it was delivered, byte for byte where the format allows it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.documents import Change, Document, Record, content_of, dumped, emptied, getter, left_of, pieces
from warehouse.landed_pages import Pages
from warehouse.reading import LONGEST_LINE, Readable, parquet_texts
from warehouse.services import PagesSource
from warehouse.sources import Source

csv.field_size_limit(LONGEST_LINE)


def opened(member: Readable, source: Source) -> Document:
    """The document of a file that `warehouse.reading` can read."""
    if member.shape.format == "parquet":
        return _Parquet(member)
    if member.shape.format == "csv" and member.file.name.lower().removesuffix(".gz").endswith((".xlsx", ".xlsm")):
        return _Sheet(member, source)
    if member.shape.format == "csv":
        return _Lines(member, source)
    if isinstance(source, PagesSource):
        return Pages(member, source)
    return _JsonLines(member, source) if member.shape.format == "jsonl" else _Json(member, source)


class _Text(Document):
    """A text of lines. Bytes that are none of its encoding come out as they went in."""

    def __init__(self, member: Readable, source: Source) -> None:
        self.encoding = source.encoding
        self.errors = "replace" if source.encoding == "utf-16" else "surrogateescape"
        self.text = content_of(member.file.path).decode(self.encoding, self.errors)

    def bytes_of(self, text: str) -> bytes:
        return text.encode(self.encoding, self.errors)


class _Lines(_Text):
    """CSV and the like. A record is a number of lines; one whose quote swallows others is a line by itself, and cannot be read."""

    def __init__(self, member: Readable, source: Source) -> None:
        super().__init__(member, source)
        self.columns = member.shape.columns
        self.delimiter = member.shape.delimiter
        self.quote = source.quote
        self.lines = list(io.StringIO(self.text, newline=""))
        self.rows = list(self._rows())[member.shape.skip :]

    def _rows(self) -> Iterator[tuple[int, int, list[str] | None]]:
        """First line, line after the last, and cells of each record; None instead of cells that are not as many as columns."""
        start = 0
        while start < len(self.lines):
            reader = self._reader(islice(self.lines, start, None))
            before = 0
            with suppress(csv.Error):
                for cells in reader:
                    fits = len(cells) == len(self.columns)
                    if not fits and reader.line_num - before > 1:
                        break
                    yield start + before, start + reader.line_num, cells if fits else None
                    before = reader.line_num
            start += before
            if start < len(self.lines):
                yield start, start + 1, None
                start += 1

    def _reader(self, lines: Iterator[str]) -> Any:
        mark = self._mark()
        marked = (line.replace(self.delimiter, mark).replace("\0", " ") for line in lines)
        if self.quote:
            return csv.reader(marked, delimiter=mark, quotechar=self.quote)
        return csv.reader(marked, delimiter=mark, quoting=csv.QUOTE_NONE)

    def _mark(self) -> str:
        return self.delimiter if len(self.delimiter) == 1 else "\x1f"

    def records(self) -> Iterator[Record]:
        for number, (first, end, cells) in enumerate(self.rows):
            if cells is None:
                yield Record(number, None, pieces("".join(self.lines[first:end])))
            else:
                yield Record(number, dict(zip(self.columns, cells, strict=True)).get)

    def changed(self, changes: dict[int, Change]) -> bytes:
        lines = list(self.lines)
        for number, change in changes.items():
            first, end, cells = self.rows[number]
            text = "".join(lines[first:end])
            lines[first] = _blotted(text) if cells is None else self._written(cells, change) + _line_end(text)
            lines[first + 1 : end] = [""] * (end - first - 1)
        return self.bytes_of("".join(lines))

    def _written(self, cells: list[str], change: Change) -> str:
        left = [left_of(name, cell, change) for name, cell in zip(self.columns, cells, strict=True)]
        if not self.quote:
            return self.delimiter.join(left)
        mark, text = self._mark(), io.StringIO()
        csv.writer(text, delimiter=mark, quotechar=self.quote, lineterminator="").writerow(left)
        return text.getvalue().replace(mark, self.delimiter)


class _Objects(_Text):
    """Objects, which say themselves what they hold."""

    def alters(self, record: Record, change: Change) -> bool:
        row = self.row(record.number)
        return super().alters(record, change) if row is None else emptied(row, change) != row

    def row(self, number: int) -> dict[str, Any] | None:
        """An object; None where there is none."""
        raise NotImplementedError


class _JsonLines(_Objects):
    """One JSON object a line."""

    def __init__(self, member: Readable, source: Source) -> None:
        super().__init__(member, source)
        self.lines = list(io.StringIO(self.text, newline=""))

    def row(self, number: int) -> dict[str, Any] | None:
        return _parsed(self.lines[number])

    def records(self) -> Iterator[Record]:
        for number, line in enumerate(self.lines):
            if line.strip():
                row = _parsed(line)
                yield Record(number, None, pieces(line)) if row is None else Record(number, getter(row))

    def changed(self, changes: dict[int, Change]) -> bytes:
        lines = list(self.lines)
        for number, change in changes.items():
            row = _parsed(lines[number])
            text, end = lines[number], _line_end(lines[number])
            lines[number] = _blotted(text) if row is None else dumped(emptied(row, change)) + end
        return self.bytes_of("".join(lines))


class _Json(_Objects):
    """A list of objects, or a document that holds one."""

    def __init__(self, member: Readable, source: Source) -> None:
        super().__init__(member, source)
        self.document = found = json.loads(self.text.removeprefix("\ufeff"))
        for part in source.records.split(".") if source.records else []:
            found = found[part]
        self.rows: list[Any] = found

    def row(self, number: int) -> dict[str, Any] | None:
        row = self.rows[number]
        return row if isinstance(row, dict) else None

    def records(self) -> Iterator[Record]:
        for number, row in enumerate(self.rows):
            yield Record(number, getter(row)) if isinstance(row, dict) else Record(number, None, pieces(dumped(row)))

    def changed(self, changes: dict[int, Change]) -> bytes:
        for number, change in changes.items():
            row = self.rows[number]
            self.rows[number] = emptied(row, change) if isinstance(row, dict) else None
        return self.bytes_of(dumped(self.document))


class _Parquet(Document):
    """A Parquet file; types and metadata stay."""

    def __init__(self, member: Readable) -> None:
        self.columns = member.shape.columns
        self.content = content_of(member.file.path)
        with duckdb.connect() as connection:
            self.texts = parquet_texts(connection, member)

    def records(self) -> Iterator[Record]:
        for number, texts in enumerate(self.texts):
            yield Record(number, dict(zip(self.columns, texts, strict=True)).get)

    def changed(self, changes: dict[int, Change]) -> bytes:
        table = pq.read_table(io.BytesIO(self.content))
        for position, name in enumerate(self.columns):
            column = table.column(position).to_pylist()
            for number, change in changes.items():
                if name not in change.kept:
                    is_text = pa.types.is_string(table.schema.field(position).type)
                    column[number] = change.replaced.get(name) if is_text else None
            field_ = table.schema.field(position)
            table = table.set_column(position, field_, pa.chunked_array([pa.array(column, type=field_.type)]))
        out = io.BytesIO()
        pq.write_table(table, out, compression="zstd")
        return out.getvalue()


class _Sheet(Document):
    """A sheet of a workbook. Formulas become what they showed, as the values that the sheet was read with."""

    def __init__(self, member: Readable, source: Source) -> None:
        self.columns, self.skip = member.shape.columns, member.shape.skip
        self.content, self.sheet = content_of(member.file.path), source.sheet
        with member.path.open(encoding="utf-8", newline="") as text:
            self.rows = list(csv.reader(text))[self.skip :]

    def records(self) -> Iterator[Record]:
        for number, cells in enumerate(self.rows):
            yield Record(number, dict(zip(self.columns, cells, strict=False)).get)

    def changed(self, changes: dict[int, Change]) -> bytes:
        workbook = openpyxl.load_workbook(io.BytesIO(self.content), data_only=True)
        sheet = workbook[self.sheet] if self.sheet else workbook.worksheets[0]
        for number, change in changes.items():
            for position, name in enumerate(self.columns, start=1):
                if name not in change.kept:
                    cell = sheet.cell(self.skip + number + 1, position)
                    cell.value, cell.comment, cell.hyperlink = change.replaced.get(name), None, None
        out = io.BytesIO()
        workbook.save(out)
        return out.getvalue()


def _blotted(text: str) -> str:
    """A line that cannot be read, without what it says: as long as before, with the same marks."""
    return re.sub(r"\w", "x", text)


def _line_end(text: str) -> str:
    return text[len(text.rstrip("\r\n")) :]


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line.removeprefix("\ufeff"))
    except ValueError:
        return None
    return row if isinstance(row, dict) else None
