"""The formats exports come in, each plain and gzipped, all giving the same tickets."""

from __future__ import annotations

import gzip
import json
from io import BytesIO
from pathlib import Path

import duckdb
import openpyxl
import pytest

from tests.conftest import Desk

ROWS = [
    {"id": "T1", "made": "2026-01-01T10:00:00", "who": "Zoë", "title": 'said "no",\nthen yes'},
    {"id": "T2", "made": "2026-01-02T11:30:00", "who": None, "title": "plain"},
]
EXPECTED = [("T1", "2026-01-01 10:00:00", "Zoë", 'said "no",\nthen yes'), ("T2", "2026-01-02 11:30:00", None, "plain")]
MAPPING = 'columns = { ticket_id = "id", created_at = "made", customer = "who", subject = "title" }\n'


def _csv(delimiter: str, encoding: str, mark: bytes = b"") -> bytes:
    lines = [delimiter.join(ROWS[0])]
    for row in ROWS:
        lines.append(delimiter.join('"' + (value or "").replace('"', '""') + '"' for value in row.values()))
    return mark + "\r\n".join(lines).encode(encoding)


def _xlsx() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(list(ROWS[0]))
    for row in ROWS:
        sheet.append(list(row.values()))
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _parquet(folder: Path) -> bytes:
    path = folder / "rows.parquet"
    with duckdb.connect() as connection:
        connection.execute("create table rows as select unnest($rows, recursive := true)", {"rows": ROWS})
        connection.execute(f"copy (select id, made::timestamp as made, who, title from rows) to '{path}'")
    return path.read_bytes()


def _content(name: str, folder: Path) -> bytes:
    return {
        "a.csv": lambda: _csv(",", "utf-8"),
        "bom.csv": lambda: _csv(",", "utf-8", b"\xef\xbb\xbf"),
        "semicolons.csv": lambda: _csv(";", "utf-8"),
        "bars.txt": lambda: _csv("|", "utf-8"),
        "tabs.tsv": lambda: _csv("\t", "utf-8"),
        "latin.csv": lambda: _csv(",", "latin-1"),
        "rows.json": lambda: json.dumps(ROWS).encode(),
        "page.json": lambda: json.dumps({"data": {"tickets": ROWS}, "next": None}).encode(),
        "rows.jsonl": lambda: "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS).encode(),
        "rows.parquet": lambda: _parquet(folder),
        "book.xlsx": _xlsx,
    }[name]()


MORE = {"latin.csv": 'encoding = "latin-1"\n', "page.json": 'records = "data.tickets"\n'}
NAMES = [
    "a.csv",
    "bom.csv",
    "semicolons.csv",
    "bars.txt",
    "tabs.tsv",
    "latin.csv",
    "rows.json",
    "page.json",
    "rows.jsonl",
    "rows.parquet",
    "book.xlsx",
]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize("name", NAMES)
def test_every_format_gives_the_same_tickets(desk: Desk, tmp_path: Path, name: str, packed: bool) -> None:
    desk.keep("customer")
    desk.source("tickets", "ticket", MORE.get(name, "") + MAPPING)
    content = _content(name, tmp_path)
    desk.deliver(f"tickets/{name}{'.gz' if packed else ''}", gzip.compress(content) if packed else content)
    assert desk.run().state == "done"
    assert desk.ask("select reason from files where state = 'refused'") == []
    found = desk.ask("select ticket_id, created_at::varchar, customer, subject from tickets order by ticket_id")
    assert [
        tuple(value.replace("\r", "") if isinstance(value, str) else value for value in row) for row in found
    ] == EXPECTED
    assert desk.counts(f"{name}{'.gz' if packed else ''}")[:2] == (2, 2)


def test_a_broken_json_line_is_rejected_as_delivered(desk: Desk) -> None:
    desk.keep("rejected_rows")
    desk.source("tickets", "ticket", MAPPING)
    desk.deliver("tickets/a.jsonl", json.dumps(ROWS[0]) + '\n{"id": "T9", "made"\n')
    desk.run()
    assert desk.counts("a.jsonl") == (2, 1, 0, 0, 1)
    assert desk.ask("select reason, delivered from rejected_rows") == [
        ("the line is not valid JSON", '{"id": "T9", "made"')
    ]


def test_nested_json_is_reached_by_a_path(desk: Desk) -> None:
    desk.source(
        "tickets", "ticket", 'columns = { ticket_id = "id", created_at = "made", first_response_at = "stats.answered" }'
    )
    desk.deliver(
        "tickets/a.jsonl", '{"id": 7, "made": "2026-01-01T10:00:00Z", "stats": {"answered": "2026-01-01T10:05:00Z"}}\n'
    )
    desk.run()
    assert desk.ask("select ticket_id, first_response_seconds from tickets") == [("7", 300.0)]


def test_notes_above_the_header_and_rows_below_it_are_skipped(desk: Desk) -> None:
    desk.source("tickets", "ticket", "header_row = 2\nrows_after_header = 1")
    desk.deliver("tickets/a.csv", 'Exported by me\nticket_id,created_at\n"{""id"":\n1}",x\nT1,2026-01-01T10:00:00Z\n')
    desk.run()
    assert desk.ask("select ticket_id from tickets") == [("T1",)]


@pytest.mark.parametrize("form", ["a.csv", "a.xlsx"])
def test_notes_above_the_header_are_recognised_and_the_reason_says_what_to_set(
    desk: Desk, tmp_path: Path, form: str
) -> None:
    rows = [["Exported by me; 2026"], [], ["ticket_id", "created_at"], ["T1", "2026-01-01T10:00:00Z"]]
    if form == "a.csv":
        content = "".join(f"{';'.join(row)}\n" for row in rows).encode()
    else:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(tmp_path / form)
        content = (tmp_path / form).read_bytes()
    desk.source("tickets", "ticket")
    desk.deliver(f"tickets/{form}", content)
    desk.run()
    ((reason,),) = desk.ask("select reason from files where state = 'refused'")
    assert reason == (
        f"{form} has no column 'ticket_id' in row 1, but row 3 has it."
        " Set header_row = 3 in [sources.tickets] of support.toml"
    )
    desk.sections = [section.replace('rows = "ticket"', 'rows = "ticket"\nheader_row = 3') for section in desk.sections]
    desk.run()
    assert desk.ask("select ticket_id from tickets") == [("T1",)]


def test_a_cut_parquet_file_is_refused_and_said_so(desk: Desk, tmp_path: Path) -> None:
    desk.source("tickets", "ticket", MAPPING)
    desk.deliver("tickets/a.parquet", _parquet(tmp_path)[:-20])
    assert desk.run().state == "done"
    ((reason,),) = desk.ask("select reason from files where state = 'refused'")
    assert reason.startswith("a.parquet cannot be read as parquet")


def test_a_file_that_is_not_utf8_says_what_to_set(desk: Desk) -> None:
    desk.source("tickets", "ticket", MAPPING)
    desk.deliver("tickets/a.csv", _csv(",", "latin-1"))
    desk.run()
    assert ('encoding = "latin-1"' in reason for (reason,) in desk.ask("select reason from rejected_rows"))
    assert desk.counts("a.csv") == (2, 1, 0, 0, 1)
