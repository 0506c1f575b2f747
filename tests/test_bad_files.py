"""Files that no table is in, or half of one: each is refused with a line for its owner, or costs its bad rows alone, and no other file.

All of them lie in one folder and are loaded in one run.
"""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import duckdb
import openpyxl
import pytest

from tests.conftest import Desk

HEADER = "ticket_id,created_at,status\n"
LARGEST = 40_000_000


def _row(number: int | str, status: str = "open") -> str:
    return f"{number},2026-01-01T10:00:00Z,{status}\n"


def _rows(count: int, prefix: str) -> str:
    return HEADER + "".join(_row(f"{prefix}{number}") for number in range(count))


def _object(number: int | str, status: str = '"open"') -> str:
    return f'{{"ticket_id": "{number}", "created_at": "2026-01-01T10:00:00Z", "status": {status}}}'


def _book() -> bytes:
    book = openpyxl.Workbook()
    for row in (["ticket_id", "created_at", "status"], ["B1", "2026-01-01", "open"]):
        book.active.append(row)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def _altered(part: str, change: Callable[[bytes], bytes | None]) -> bytes:
    """A workbook of which one part is changed, or left out."""
    content = BytesIO()
    with zipfile.ZipFile(BytesIO(_book())) as whole, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as altered:
        for name in whole.namelist():
            left = change(whole.read(name)) if name == part else whole.read(name)
            if left is not None:
                altered.writestr(name, left)
    return content.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
FAR = b'<row r="1048576"><c r="XFD1048576" t="n"><v>1</v></c></row></sheetData>'


def _parquet_of_equal_rows(folder: Path) -> bytes:
    path = folder / "equal.parquet"
    duckdb.execute(f"copy (select '1' as ticket_id, date '2026-01-01' as created_at from range(21000000)) to '{path}'")
    return path.read_bytes()


def _scribbled_parquet(folder: Path) -> bytes:
    """Its footer is whole, the head of its first page is not."""
    path = folder / "scribbled.parquet"
    duckdb.execute(f"copy (select '1' as ticket_id, date '2026-01-01' as created_at) to '{path}'")
    content = path.read_bytes()
    return content[:4] + b"\x0e" * 16 + content[20:]


def _damaged(content: bytes) -> bytes:
    """Packed bytes with some in the middle overwritten."""
    middle = len(content) // 2
    return content[:middle] + b"\xff\xff\xff" + content[middle + 3 :]


def _bad_files(folder: Path) -> dict[str, bytes | str]:
    packed = gzip.compress(_rows(9_000, "P").encode())
    return {
        "swollen.csv.gz": gzip.compress(b"0" * (LARGEST + 1)),
        "swollen.xlsx": _altered("xl/styles.xml", lambda _: b" " * LARGEST),
        "swollen.parquet": _parquet_of_equal_rows(folder),
        "far.xlsx": _altered(SHEET, lambda sheet: sheet.replace(b"</sheetData>", FAR)),
        "nowhere.xlsx": _altered(SHEET, lambda sheet: sheet.replace(b'r="A2"', b'r="ZZZZZZ99999999999"')),
        "no sheet.xlsx": _altered("xl/workbook.xml", lambda _: None),
        "damaged.csv.gz": _damaged(packed),
        "wrong sum.csv.gz": packed[:-8] + bytes(8),
        "cut.csv.gz": packed[:-9],
        "twice.csv.gz": gzip.compress(packed),
        "page.csv": "<!DOCTYPE html>\n<html><body>Log in, please</body></html>\n",
        "page.json": "  <html><body>Log in, please</body></html>\n",
        "sixteen.csv": _rows(3, "S").encode("utf-16"),
        "sixteen.json": f"[{_object('S')}]".encode("utf-16"),
        "latin.json": f"[{_object('L')}]".replace("open", "zur\xfcck").encode("latin-1"),
        "open header.csv": '"' + _rows(100, "O"),
        "long header.csv": "x" * 9_000_000 + "," + _rows(3, "O"),
        "many columns.csv": ",".join(f"c{place}" for place in range(5_001)) + "\n",
        "scribbled.parquet": _scribbled_parquet(folder),
        "cut.parquet": b"PAR1" + bytes(100),
    }


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("bad_files")
    desk = Desk(folder)
    desk.setting(f'[data]\nlargest_file = "{LARGEST // 10**6}MB"\n[privacy]\nkeep = ["rejected_rows"]\n')
    desk.source("tickets", "ticket")
    for name, content in _bad_files(folder).items():
        desk.deliver(f"tickets/{name}", content)
    desk.deliver("tickets/long.csv", HEADER + _row("L1") + _row("L2", "x" * 9_000_000) + _row("L3"))
    quoted = '"' + ("two words " * 1_000 + "\n") * 2_000 + '"'
    desk.deliver("tickets/quoted.csv", HEADER + _row("Q1") + _row("Q2", quoted) + _row("Q3"))
    desk.deliver(
        "tickets/long.jsonl", "\n".join([_object("J1"), _object("J2", json.dumps("x" * 9_000_000)), _object("J3")])
    )
    desk.deliver("tickets/deep.jsonl", "\n".join([_object("D", "[" * 300_000 + "]" * 300_000)] * 3 + ["[" * 300_000]))
    desk.deliver("tickets/not packed.csv.gz", _rows(1, "N"))
    (folder / "exports" / "tickets" / "folder.csv").mkdir()
    (folder / "exports" / "tickets" / "loop.csv").symlink_to("loop.csv")
    desk.deliver("tickets/good.csv", _rows(1, "G"))
    desk.report = desk.run()  # type: ignore[attr-defined]
    return desk


REFUSED = [
    ("swollen.csv.gz", "holds more than 40 MB", "largest_file under [data]"),
    ("swollen.xlsx", "holds more than 2 MB", "largest_file under [data]"),
    ("swollen.parquet", "21,000,000 rows of 2 columns", "in smaller files"),
    ("far.xlsx", "a sheet of 1,048,576 rows and 16,384 columns", "deliver it as CSV"),
    ("nowhere.xlsx", "too many to read", "deliver it as CSV"),
    ("no sheet.xlsx", "xlsx", "whole"),
    ("damaged.csv.gz", "cannot be read as csv", "Deliver it again"),
    ("wrong sum.csv.gz", "cannot be read as csv: CRC check failed", "Deliver it again"),
    ("cut.csv.gz", "cannot be read as csv: Compressed file ended", "Deliver it again"),
    ("twice.csv.gz", "is packed twice", "Look at what delivers it"),
    ("page.csv", "is a web page, not csv", "Look at what delivers it"),
    ("page.json", "is a web page, not json", "Look at what delivers it"),
    ("sixteen.csv", "is not UTF-8 but UTF-16", 'encoding = "utf-16"'),
    ("sixteen.json", "is not UTF-8 but UTF-16", 'encoding = "utf-16"'),
    ("latin.json", "cannot be read as json", 'encoding = "latin-1"'),
    ("open header.csv", "has no column 'ticket_id'", "Map it in support.toml"),
    ("long header.csv", "a header that is longer than 8 MB", "Look at its first lines"),
    ("many columns.csv", "5,001 columns", "more than the 5,000"),
    ("scribbled.parquet", "cannot be read as parquet", "Deliver it again"),
    ("cut.parquet", "cannot be read as parquet", "Deliver it again"),
]


@pytest.mark.parametrize(("name", "what", "advice"), REFUSED, ids=[name for name, _, _ in REFUSED])
def test_a_bad_file_is_refused_with_what_is_wrong_and_what_to_do(
    bad_files: Desk, name: str, what: str, advice: str
) -> None:
    ((state, reason),) = bad_files.ask("select state, reason from files where name = $name", name=name)
    assert state == "refused"
    assert reason.startswith(name)
    assert what in reason
    assert advice in reason
    assert len(reason) < 400
    assert "/landing/" not in reason


@pytest.mark.parametrize(("name", "ids"), [("long.csv", "L1 L3"), ("quoted.csv", "Q1 Q3"), ("long.jsonl", "J1 J3")])
def test_a_row_too_long_to_be_read_is_rejected_and_the_rows_around_it_are_loaded(
    bad_files: Desk, name: str, ids: str
) -> None:
    read, loaded, _, _, rejected = bad_files.counts(name)
    assert (loaded, read) == (2, 2 + rejected)
    assert bad_files.ask(
        "select string_agg(ticket_id, ' ' order by ticket_id) from store.ticket_rows inner join files using (file_no) where name = $name",
        name=name,
    ) == [(ids,)]
    assert bad_files.ask(
        "select count(*) from rejected_rows where file_name = $name and reason like '%longer than 8 MB%'", name=name
    ) == [(1,)]


@pytest.mark.parametrize("name", ["not packed.csv.gz", "good.csv"])
def test_a_good_file_among_bad_ones_is_loaded(bad_files: Desk, name: str) -> None:
    assert bad_files.counts(name) == (1, 1, 0, 0, 0)


def test_bad_files_stop_no_run(bad_files: Desk) -> None:
    assert bad_files.report.state == "done"  # type: ignore[attr-defined]
    assert bad_files.ask("select count(*) from files where state not in ('loaded', 'refused')") == [(0,)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_an_open_quote_costs_its_row_alone_in_any_of_many_files(desk: Desk, end: str) -> None:
    desk.source("tickets", "ticket")
    for file in range(6):
        rows = [_row(f"{file}-{row}", '"open' if (file, row) == (2, 3) else "open") for row in range(7)]
        desk.deliver(f"tickets/{file}.csv", (HEADER + "".join(rows)).replace("\n", end))
    assert desk.run().state == "done"
    assert desk.counts("2.csv") == (7, 6, 0, 0, 1)
    assert desk.ask("select count(*) from store.ticket_rows") == [(6 * 7 - 1,)]
    assert desk.ask("select distinct file_name, reason from rejected_rows") == [
        ("2.csv", "a quote is opened and never closed")
    ]


def test_an_open_quote_after_a_stray_one_loses_no_row(desk: Desk) -> None:
    desk.source("tickets", "ticket")
    for file in range(6):
        statuses = ["open", '5" pipe', "open", "open", '"open', "open", "open", "open"]
        desk.deliver(
            f"tickets/{file}.csv", HEADER + "".join(_row(f"{file}-{row}", s) for row, s in enumerate(statuses))
        )
    assert desk.run().state == "done"
    assert {desk.counts(f"{file}.csv") for file in range(6)} == {(8, 7, 0, 0, 1)}


def test_open_quotes_in_a_file_of_windows_line_ends_cost_their_rows_alone(desk: Desk) -> None:
    desk.source("tickets", "ticket")
    rows = _row("1") + '"' + _row("2") + _row("3") + "4\n" + _row("5", '"a"b') + '"' + _row("6") + _row("7")
    desk.deliver("tickets/a.csv", (HEADER + rows).replace("\n", "\r\n"))
    assert desk.run().state == "done"
    assert desk.counts("a.csv") == (7, 3, 0, 0, 4)


def test_blank_lines_notes_and_line_breaks_in_cells_are_no_rows_lost(desk: Desk) -> None:
    desk.source("tickets", "ticket", "header_row = 3")
    cells = _row("1", '"two\n\nlines, and ""words"""') + "\n\n" + _row("2", '5" pipe') + "\n"
    for file in range(6):
        desk.deliver(f"tickets/{file}.csv", f'"A note\nof two lines",,\n\n{HEADER}{cells}{_row(f"last {file}")}')
    assert desk.run().state == "done"
    assert {desk.counts(f"{file}.csv")[0] for file in range(6)} == {3}
    assert desk.ask("select count(*) from rejected_rows") == [(0,)]
