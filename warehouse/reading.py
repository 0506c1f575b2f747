"""Delivered files as tables: which reader, which columns. DuckDB reads; XLSX and packed Parquet are unpacked first."""

from __future__ import annotations

import csv
import errno
import json
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby, islice, zip_longest
from pathlib import Path
from typing import TextIO

import duckdb
import python_calamine

from warehouse import overlong, page_queries
from warehouse.errors import MISSING_COLUMN, FileRefused
from warehouse.services import PagesSource
from warehouse.sources import Column, Source
from warehouse.sql_text import identifier, quoted, text_list
from warehouse.staging import Delivered
from warehouse.texts import one_line
from warehouse.unpacking import plain, refuse_large_in_memory, refuse_swollen_workbook

FORMATS = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
FORMATS |= {".parquet": "parquet", ".xlsx": "xlsx", ".xlsm": "xlsx"}
DELIMITERS = (",", ";", "\t", "|")
# What DuckDB calls the column with the path of a row's file: a name that no export uses.
FILE_COLUMN = "landed_file_of_this_row"
LONGEST_LINE = overlong.LONGEST_RECORD
LARGEST_FILE = 4_000_000_000
MOST_COLUMNS = 5_000
# In so many rows a header is looked for.
MOST_NOTES = 30
# What a library says of a damaged file may hold pieces of it.
LONGEST_REASON = 600
# What a file says of itself that is called something else.
SIGNS = {
    b"<!doctype": "a web page",
    b"<html": "a web page",
    b"%pdf": "a PDF",
    b"pk\x03\x04": "a workbook or a zip archive",
    b"par1": "a Parquet file",
    b"\x1f\x8b": "packed twice",
}


# What reading a damaged file raises.
UNREADABLE = (
    OSError,
    EOFError,
    LookupError,
    MemoryError,
    RecursionError,
    ValueError,
    zlib.error,
    zipfile.BadZipFile,
    csv.Error,
    duckdb.Error,
    python_calamine.CalamineError,
    NotImplementedError,
)
# The machine's fault, not the file's: it is read again in the next run.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM)


@dataclass(frozen=True)
class LandedFile:
    """A delivered file in the landing folder. `name` is what its owner calls it."""

    file_no: int
    path: Path
    name: str


@dataclass(frozen=True)
class Shape:
    """What files must share to be read in one scan."""

    format: str
    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()  # of Parquet columns
    is_typed: bool = False  # its dates are dates, not texts in the source's format
    delimiter: str = ","
    skip: int = 0  # records, not lines: a header may hold line breaks
    line_end: str | None = None  # of records, where the first line break of the file stands within one


@dataclass(frozen=True)
class Readable:
    """A landed file with its shape and the path to read, which differs from its own where it had to be unpacked."""

    file: LandedFile
    shape: Shape
    path: Path
    taken_out: tuple[
        tuple[str, str], ...
    ] = ()  # lines that would have swallowed those after them, and what is wrong with each


def readable(file: LandedFile, source: Source, scratch: Path, largest: int = LARGEST_FILE) -> Readable:
    """How `file` can be read; unpacked into `scratch` where it is packed, or DuckDB cannot read it as it is.

    Raises FileRefused with a message for its owner, also where it holds more than `largest` bytes.
    """
    form = "pages" if isinstance(source, PagesSource) else source.format or _format_of(file)
    try:
        found = _READERS[form](_plain(file, form, scratch, largest), source, scratch, largest)
    except FileRefused:
        raise
    except BaseException as error:
        # A workbook that calamine stumbles over raises what is no Exception.
        if not isinstance(error, UNREADABLE) and type(error).__name__ != "PanicException":
            raise
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        raise FileRefused(unreadable(file, form, error, file.path)) from error
    if len(found.shape.columns) > MOST_COLUMNS:
        raise FileRefused(
            f"{file.name} has {len(found.shape.columns):,} columns, more than the {MOST_COLUMNS:,} of a table"
        )
    return replace(found, file=file)


def _plain(file: LandedFile, form: str, scratch: Path, largest: int) -> LandedFile:
    """The file unpacked; pages are read packed. Raises FileRefused where it is plainly something else than its name says."""
    if form == "pages":
        return file
    unpacked = replace(file, path=plain(file.path, file.name, scratch / f"{file.file_no}.unpacked", largest))
    with unpacked.path.open("rb") as content:
        begin = content.read(256)
    what = next(
        (what for sign, what in SIGNS.items() if begin.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(sign)), None
    )
    if what and form in ("csv", "tsv", "json", "jsonl"):
        raise FileRefused(
            f"{file.name} is {what}, not {form}. Look at what delivers it, or set format in its source in support.toml"
        )
    return unpacked


def unreadable(file: LandedFile, form: str, error: BaseException, path: Path) -> str:
    """What is said to a file's owner where `error` came of reading it from `path`."""
    said = _first_line(error).replace(str(path), file.name)
    said = said if len(said) <= LONGEST_REASON else f"{said[:LONGEST_REASON]}…"
    advice = (
        'If it is Latin-1, add encoding = "latin-1" to its source' if "UTF-8" in said else "Deliver it again, whole"
    )
    return f"{file.name} cannot be read as {form}: {said.rstrip('. ')}. {advice}"


def groups(files: list[Readable]) -> Iterator[tuple[Shape, list[Readable]]]:
    """Runs of neighbouring files of one shape, in order of arrival."""
    for shape, members in groupby(files, key=lambda file: file.shape):
        yield shape, list(members)


def mapped(feed: str, source: Source, member: Readable) -> Source:
    """The source with every field that a delivered column of the same name fills, of files such as this one.

    Raises FileRefused where a mapped column, or one for a required field, is missing.
    """
    shape = member.shape
    if isinstance(source, PagesSource) and source.query:
        if page_queries.ANSWERS not in shape.columns:
            _refuse_missing(feed, source, source.columns, member)
        return source
    kind = source.row_kind
    has_header = shape.format not in ("json", "jsonl", "envelope", "pages")
    columns = dict(source.columns)
    for field in kind.fields:
        if (
            field.name not in columns
            and field.name not in source.constants
            and (not has_header or field.name in shape.columns)
        ):
            columns[field.name] = [Column(column=field.name)]
    if has_header:
        _refuse_missing(feed, source, columns, member)
    if shape.is_typed:
        return _with_iso_dates(source, columns)
    return source.model_copy(update={"columns": columns})


def _with_iso_dates(source: Source, columns: dict[str, list[Column]]) -> Source:
    """Cells that are dates are read as such, whatever format the source's texts have."""
    formats = [source.date_format] if isinstance(source.date_format, str) else list(source.date_format or [])
    with_iso = {
        name: [spec.model_copy(update={"format": [*spec.formats(), "iso"]}) if spec.format else spec for spec in specs]
        for name, specs in columns.items()
    }
    return source.model_copy(update={"columns": with_iso, "date_format": [*formats, "iso"] if formats else None})


def _refuse_missing(feed: str, source: Source, columns: dict[str, list[Column]], member: Readable) -> None:
    shape, file_name = member.shape, member.file.name
    wanted = [name for specs in columns.values() for spec in specs for name in spec.origins()]
    wanted += [rule.column for rule in source.reject] + list(source.key or [])
    filled = columns.keys() | source.constants.keys()
    wanted += [field.name for field in source.row_kind.fields if field.required and field.name not in filled]
    missing = next((name for name in wanted if name not in shape.columns), None)
    if missing is not None:
        row = _row_with(missing, source, member)
        if row:
            raise FileRefused(
                f"{file_name} {MISSING_COLUMN}{missing!r} in row {source.header_row}, but row {row} has it."
                f" Set header_row = {row} in [sources.{feed}] of support.toml"
            )
        has = "" if any(_is_data(name) for name in shape.columns) else f" (it has: {_listed(shape.columns)})"
        raise FileRefused(
            f"{file_name} {MISSING_COLUMN}{missing!r}{has or ': its first row holds data, not names'}. Map it in support.toml under [sources.{feed}.columns]"
        )


def _row_with(name: str, source: Source, member: Readable) -> int | None:
    """Below which other row of a table a column of this name stands: notes often stand above the header; None: in none of the first."""
    if member.shape.format != "csv":
        return None
    plain = LandedFile(member.file.file_no, member.path, member.file.name)
    as_utf8 = source.model_copy(update={"encoding": "utf-8"})
    for delimiter in [source.delimiter] if source.delimiter else DELIMITERS:
        records, _ = _first_records(plain, as_utf8, delimiter, MOST_NOTES)
        for row, record in enumerate(records, 1):
            if name in [cell.strip() for cell in record]:
                return row
    return None


def _is_data(name: str) -> bool:
    """Whether a column name is none: a file without a header, whose first row is not to be quoted."""
    return "@" in name or re.match(r"[\d+(-]", name) is not None


def delivered(shape: Shape, files: list[Readable], source: Source) -> Delivered:
    """How DuckDB reads `files`, all of one shape."""
    paths = text_list([str(file.path) for file in files])
    if shape.format == "parquet":
        scan = f"read_parquet({paths}, filename = {quoted(FILE_COLUMN)})"
        return Delivered(
            scan, _parquet_text(shape), _row(shape), _as_json, _row_in_part(shape), file_column=FILE_COLUMN
        )
    if shape.format == "csv":
        scan = _csv_scan(paths, shape, source)
        return Delivered(scan, identifier, _row(shape), _as_json, _row_in_part(shape), file_column=FILE_COLUMN)
    if shape.format == "pages":
        return _delivered_pages(shape, [str(file.path) for file in files], source)
    if shape.format == "jsonl":
        lines = _csv_scan(paths, Shape("csv", ("line",), delimiter="\x01"), source.model_copy(update={"quote": ""}))
        scan = (
            f"(select case when json_valid(line) then line::json end as json, line, {FILE_COLUMN} as filename"
            f" from {lines} where trim(line) <> '')"
        )
        fault = "case when json is null then 'the line is not valid JSON' end"
        return Delivered(scan, _json_text, "line", lambda line: line, _line_in_part, fault)
    if shape.format == "envelope":
        inside = quoted("$" + "".join(f'."{part}"' for part in (source.records or "").split(".")) + "[*]")
        scan = f"(select unnest(json_extract(content::json, {inside})) as json, filename from read_text({paths}))"
        return Delivered(scan, _json_text, "json", _as_text, _json_in_part)
    options = f"format = 'array', filename = true, maximum_object_size = {LONGEST_LINE}"
    scan = f"(select json, filename from read_json_objects({paths}, {options}))"
    return Delivered(scan, _json_text, "json", _as_text, _json_in_part)


def _delivered_pages(shape: Shape, paths: list[str], source: Source) -> Delivered:
    """Rows that a service's own query finds in its pages, or the objects at a path of them."""
    assert isinstance(source, PagesSource)
    if not shape.columns:
        scan = page_queries.scan_of_records(source.records, paths)
        return Delivered(scan, _json_text, "json", _as_text, _json_in_part, page_queries.lacking(source.needed))
    assert source.query
    fault = page_queries.FAULT if page_queries.FAULT in shape.columns else "null::varchar"
    scan = page_queries.scan_of_query(source.query, paths)
    return Delivered(scan, _page_text(shape), _row(shape), _as_json, _row_in_part(shape), fault)


def _page_text(shape: Shape) -> Callable[[str], str]:
    """A column of a page's query, or what a survey's answers hold under that name."""

    def access(name: str) -> str:
        if name not in shape.columns and page_queries.ANSWERS in shape.columns:
            return _json_text(name, page_queries.ANSWERS)
        return f"{identifier(name)}::varchar"

    return access


def _csv_scan(paths: str, shape: Shape, source: Source) -> str:
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in shape.columns)
    line_end = f" new_line = '{shape.line_end.encode('unicode_escape').decode()}'," if shape.line_end else ""
    return (
        f"read_csv({paths}, columns = {{{columns}}}, auto_detect = false, header = false, skip = {shape.skip},"
        f"{line_end} delim = {quoted(shape.delimiter)}, quote = {quoted(source.quote)}, escape = {quoted(source.quote)},"
        f" filename = {quoted(FILE_COLUMN)}, store_rejects = true, max_line_size = {LONGEST_LINE}, buffer_size = {2 * LONGEST_LINE})"
    )


def _row(shape: Shape) -> str:
    """The whole row as one value."""
    return "{" + ", ".join(f"{quoted(name)}: {identifier(name)}" for name in shape.columns) + "}"


def _as_json(row: str) -> str:
    return f"to_json({row})::varchar"


def _as_text(row: str) -> str:
    return f"{row}::varchar"


def _row_in_part(shape: Shape) -> Callable[[str, list[str]], str]:
    """The row with the values of some columns; of the others, whether they hold something."""

    def in_part(row: str, columns: list[str]) -> str:
        shown = []
        for name in shape.columns:
            value = f"{row}.{identifier(name)}::varchar"
            kept = value if name in columns else f"case when {value} <> '' then '…' end"
            shown.append(f"{quoted(name)}: {kept}")
        return f"to_json({{{', '.join(shown)}}})::varchar"

    return in_part


def _json_in_part(json: str, columns: list[str]) -> str:
    """A JSON object of some of a row's keys; the others are left out."""
    shown = "".join(f"{quoted(name)}: {_json_text(name, json)}, " for name in columns)
    return f"to_json({{{shown}'…': '…'}})::varchar"


def _line_in_part(line: str, columns: list[str]) -> str:
    return f"case when json_valid({line}) then {_json_in_part(f'{line}::json', columns)} else {length_of(line)} end"


def length_of(text: str) -> str:
    """What is said of a text that cannot be read as a row."""
    return f"'… ' || length({text}) || ' characters'"


def _parquet_text(shape: Shape) -> Callable[[str], str]:
    """A Parquet column as text; whole numbers stored as floating point without `.0`, as they are in other formats."""
    types = dict(zip(shape.columns, shape.types, strict=True))

    def access(name: str) -> str:
        column = identifier(name)
        if types.get(name) in ("DOUBLE", "FLOAT"):
            return f"case when {column} = floor({column}) and abs({column}) < 1e15 then {column}::bigint::varchar else {column}::varchar end"
        return f"{column}::varchar"

    return access


def parquet_texts(connection: duckdb.DuckDBPyConnection, member: Readable) -> list[tuple[str | None, ...]]:
    """The rows of a Parquet file as texts, in the file's order."""
    access = _parquet_text(member.shape)
    texts = ", ".join(access(name) for name in member.shape.columns)
    return connection.execute(f"select {texts} from read_parquet({quoted(str(member.path))})").fetchall()


def _json_text(name: str, json: str = "json") -> str:
    """A key of a JSON row, or a path such as `stats.agent_responded_at` into it."""
    whole = '$."' + name.replace('"', "") + '"'
    path = "$" + "".join(f'."{part}"' for part in name.replace('"', "").split("."))
    if whole == path:
        return f"json_extract_string({json}, {quoted(whole)})"
    return f"coalesce(json_extract_string({json}, {quoted(whole)}), json_extract_string({json}, {quoted(path)}))"


def _format_of(file: LandedFile) -> str:
    suffixes = [suffix.lower() for suffix in Path(file.name).suffixes if suffix.lower() != ".gz"]
    form = FORMATS.get(suffixes[-1]) if suffixes else None
    if form is None:
        hint = 'Add format = "csv" (or another) to its source in support.toml'
        raise FileRefused(f"{file.name}: no telling its format from its name. {hint}")
    return form


def _open_text(path: Path, encoding: str):  # type: ignore[no-untyped-def]
    python_encoding = "utf-8-sig" if encoding == "utf-8" else encoding
    return path.open(encoding=python_encoding, errors="replace", newline="")


def _csv(file: LandedFile, source: Source, scratch: Path, largest: int) -> Readable:
    """Header, delimiter and the lines before the first row."""
    _refuse_utf16(file, source)
    path = _as_utf8(file, source, scratch)
    with _open_text(file.path, source.encoding) as text:
        first = [text.readline(LONGEST_LINE) for _ in range(source.header_row)][-1]
    delimiter = source.delimiter or ("\t" if Path(file.name).suffix == ".tsv" else max(DELIMITERS, key=first.count))
    skip = source.header_row - 1 + source.header_rows
    records, lines = _first_records(file, source, delimiter, skip)
    names = _names(records[source.header_row - 1 :], source)
    if not any(names):
        raise FileRefused(
            f"{file.name} is empty: not even a header in row {source.header_row}. Deliver it again, whole"
        )
    line_end = _line_end(file, source, records, lines)
    if line_end:
        path = _without_mark(path, scratch / f"{file.file_no}.unmarked")
    path, taken_out = _without_overlong(file, path, source.quote, delimiter, scratch)
    skip += source.rows_after_header
    shape = Shape("csv", _distinct(names), delimiter=delimiter, skip=skip, line_end=line_end)
    return Readable(file, shape, path, taken_out)


def _refuse_utf16(file: LandedFile, source: Source) -> None:
    with file.path.open("rb") as content:
        if source.encoding == "utf-8" and content.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            raise FileRefused(
                f'{file.name} is not UTF-8 but UTF-16: add encoding = "utf-16" to its source in support.toml'
            )


def _without_overlong(
    file: LandedFile, path: Path, quote: str, delimiter: str, scratch: Path
) -> tuple[Path, tuple[tuple[str, str], ...]]:
    if not overlong.may_be_in(path, quote):
        return path, ()
    path, lines = overlong.taken_out(path, scratch / f"{file.file_no}.shorter", delimiter, quote, file.name)
    return path, tuple(
        (line, f"it is longer than {LONGEST_LINE // 10**6} MB, or opens a quote that is not closed") for line in lines
    )


def _first_records(file: LandedFile, source: Source, delimiter: str, count: int) -> tuple[list[list[str]], int]:
    """The cells of the first records, and how many lines they are: a note above the header, or a name, may hold line breaks."""
    with _open_text(file.path, source.encoding) as text:
        mark = delimiter if len(delimiter) == 1 else "\x1f"
        lines = (line.replace(delimiter, mark) for line in _lines(text))
        if source.quote:
            rows = csv.reader(lines, delimiter=mark, quotechar=source.quote)
        else:
            rows = csv.reader(lines, delimiter=mark, quoting=csv.QUOTE_NONE)
        try:
            return list(islice(rows, count)), rows.line_num
        except csv.Error as error:
            raise FileRefused(
                f"{file.name} has a header that is longer than {LONGEST_LINE // 10**6} MB, or opens a quote that is not closed."
                " Look at its first lines"
            ) from error


def _lines(text: TextIO) -> Iterator[str]:
    """Lines; raises csv.Error where one is too long to be held."""
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise csv.Error
        yield line


def _names(header: list[list[str]], source: Source) -> list[str]:
    """The column names in the header rows; none where the file is too short."""
    if len(header) < source.header_rows:
        return []
    return [name.strip() for name in header[0]] if len(header) == 1 else _questions_and_choices(*header)


def _line_end(file: LandedFile, source: Source, records: list[list[str]], lines: int) -> str | None:
    """How records end where the first one holds a line break, which DuckDB would take for the end; None: it finds out well."""
    if not any("\n" in cell or "\r" in cell for cell in next(iter(records), [])):
        return None
    with _open_text(file.path, source.encoding) as text:
        last = next(islice(text, lines - 1, None), "")
    return "\r\n" if last.endswith("\r\n") else "\n" if last.endswith("\n") else None


def _questions_and_choices(questions: list[str], choices: list[str]) -> list[str]:
    """Names such as `How did you come? - Phone`, on one line; where there are only choices, they are those of the question before."""
    names, question = [], ""
    for upper, lower in zip_longest(questions, choices, fillvalue=""):
        upper, lower = " ".join(upper.split()), " ".join(lower.split())
        question = upper or question
        names.append(f"{question} - {lower}" if lower and question else lower or upper)
    return names


def _distinct(header: list[str]) -> tuple[str, ...]:
    """Column names made distinct: a second `Date` is `Date_2`, an empty one `column_7`."""
    names: list[str] = []
    taken: set[str] = set()
    for position, name in enumerate(header, start=1):
        base = name or f"column_{position}"
        number, candidate = 1, base
        while candidate.lower() in taken:
            number, candidate = number + 1, f"{base}_{number + 1}"
        taken.add(candidate.lower())
        names.append(candidate)
    return tuple(names)


def _as_utf8(file: LandedFile, source: Source, scratch: Path) -> Path:
    """A file in another encoding is written out in UTF-8; the rest is read as it is."""
    if source.encoding == "utf-8":
        return file.path
    target = scratch / f"{file.file_no}.utf8"
    with _open_text(file.path, source.encoding) as text, target.open("w", encoding="utf-8", newline="") as plain:
        shutil.copyfileobj(text, plain, 1 << 20)
    return target


def _without_mark(path: Path, target: Path) -> Path:
    """A copy without a byte order mark, where there is one: before a quote that opens a line break it misleads DuckDB."""
    with path.open("rb") as marked:
        if marked.read(3) != b"\xef\xbb\xbf":
            return path
        with target.open("wb") as plain:
            shutil.copyfileobj(marked, plain, 1 << 20)
    return target


def _json(file: LandedFile, source: Source, scratch: Path, largest: int) -> Readable:
    """A list of objects, an object that holds them under `records`, or one object a line."""
    _refuse_utf16(file, source)
    if source.records:
        return _envelope(file, source, source.records, scratch, largest)
    with _open_text(file.path, source.encoding) as text:
        content = text.read(4096).lstrip()
        if content[:1] != "[":
            return _jsonl(file, source, scratch, largest)
        while block := text.read(1 << 20):
            content = content[-4096:] + block
    if not content.rstrip().endswith("]"):
        raise FileRefused(f"{file.name} is cut off: its list of objects has no end. Deliver it again, whole")
    return Readable(file, Shape("json"), _as_utf8(file, source, scratch))


def _envelope(file: LandedFile, source: Source, records: str, scratch: Path, largest: int) -> Readable:
    """A JSON document with a list of rows inside."""
    refuse_large_in_memory(file.path, file.name, largest)
    with _open_text(file.path, source.encoding) as text:
        found = document = json.load(text)
    for part in records.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if not isinstance(found, list):
        has = f" (it has: {_listed(document)})" if isinstance(document, dict) else ""
        raise FileRefused(
            f"{file.name} has no list at records = {records!r}{has}. Set records in its source in support.toml"
        )
    target = scratch / f"{file.file_no}.json"
    target.write_text(json.dumps(document), encoding="utf-8")
    return Readable(file, Shape("envelope"), target)


def _jsonl(file: LandedFile, source: Source, scratch: Path, largest: int) -> Readable:
    _refuse_utf16(file, source)
    path, taken_out = _without_overlong(file, _as_utf8(file, source, scratch), "", ",", scratch)
    return Readable(file, Shape("jsonl"), path, taken_out)


def _pages(file: LandedFile, source: Source, scratch: Path, largest: int) -> Readable:
    """Pages as they were received, one a line."""
    query = source.query if isinstance(source, PagesSource) else None
    return Readable(file, Shape("pages", page_queries.columns_of_query(query) if query else ()), file.path)


def _parquet(file: LandedFile, source: Source, scratch: Path, largest: int) -> Readable:
    """Columns and types. Raises FileRefused where it would unpack to more values than bytes are allowed: a run of equal ones is short."""
    scan = quoted(str(file.path))
    with duckdb.connect() as connection:
        described = connection.execute(f"describe select * from read_parquet({scan})").fetchall()
        ((rows,),) = connection.execute(f"select num_rows from parquet_file_metadata({scan})").fetchall()
    if rows * len(described) > largest:
        raise FileRefused(
            f"{file.name} has {rows:,} rows of {len(described):,} columns, too many to read. Deliver it in smaller files"
        )
    names, types = tuple(row[0] for row in described), tuple(row[1] for row in described)
    return Readable(file, Shape("parquet", names, types, is_typed=True), file.path)


def _xlsx(file: LandedFile, source: Source, scratch: Path, largest: int) -> Readable:
    """A sheet written out as CSV, its dates in ISO form."""
    refuse_swollen_workbook(file.path, file.name, largest)
    workbook = python_calamine.CalamineWorkbook.from_path(str(file.path))
    names = workbook.sheet_names
    if not names:
        raise FileRefused(f"{file.name} has no sheet. Deliver it again, whole")
    if source.sheet and source.sheet not in names:
        raise FileRefused(
            f"{file.name} has no sheet {source.sheet!r} (it has: {_listed(names)}). Set sheet in its source in support.toml"
        )
    rows = workbook.get_sheet_by_name(source.sheet or names[0]).to_python(skip_empty_area=False)
    target = scratch / f"{file.file_no}.csv"
    with target.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows([[_cell(value) for value in row] for row in rows])
    as_csv = source.model_copy(update={"format": "csv", "delimiter": ",", "encoding": "utf-8", "quote": '"'})
    header = _csv(LandedFile(file.file_no, target, file.name), as_csv, scratch, largest)
    return replace(header, shape=replace(header.shape, is_typed=True))


def _cell(value: object) -> str:
    """A cell's text: whole numbers without `.0`, dates in ISO form."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if isoformat else str(value)


def _listed(names: Iterable[str]) -> str:
    """Names for a message: the first dozen of them, none longer than a name is."""
    shown = [one_line(name)[:60] for name in islice(names, 13)]
    return ", ".join(shown[:12]) + (", …" if len(shown) > 12 else "")


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


_READERS = {
    "csv": _csv,
    "tsv": _csv,
    "json": _json,
    "jsonl": _jsonl,
    "parquet": _parquet,
    "xlsx": _xlsx,
    "pages": _pages,
}
