"""Text of people is data: on no page, in no chart, table, file, report, log or address is it taken for more than text."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import pytest
from openpyxl.utils.escape import unescape
from streamlit.testing.v1 import AppTest

from pages.elements import downloads, markdown, tables, weekly_cards
from pages.elements.sitemap import ENTRIES, PAGES, Entry
from tests import hostile
from tests.conftest import Desk
from warehouse import logs
from warehouse.texts import one_line
from warehouse.writing import write

PROJECT = Path(__file__).resolve().parents[1]
# Fields that Streamlit shows as they are, or does not show: everything else may be Markdown (tests/test_browser_hostile.py looks).
AS_IT_IS = {
    "options",
    "alt",
    "id",
    "key",
    "query_string",
    "icon",
    "default",
    "placeholder",
    "element_id",
    "text",
    "value",
}
MARKDOWN_BY_THAT_NAME = ("ButtonGroup.options", "Metric")
ESCAPED = r"\\([!-/:-@\[-`{-~])"
# What an address may say, on any page; and what a page may stop at.
PARAMETERS = [
    "period",
    "days",
    "source",
    "channel",
    "team",
    "agent",
    "times",
    "by",
    "answers",
    "waits_shown",
    "open",
    "together",
    "helpers",
    "mix",
    "limits",
    "moved",
    "parts",
    "words",
    "feed",
    "reason",
    "every",
    "agents_on",
    "measure",
    "trend_bar",
    "score",
    "topic",
    "priority",
    "weekday",
    "hour",
    "from",
    "to",
    "none",
    "q",
    "week",
    "split",
    "sql",
    "query",
    "table",
    "name",
    "at",
]
STOPPING = ("which", "metric", "id", "wall")

# What is drawn only once it is open.
OPENED = ("view_menu", "annotate", "definition", "as_table", "weekly_files")

pages = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.path)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """What `tests/hostile.py` delivers, loaded."""
    desk = Desk(tmp_path_factory.mktemp("hostile"))
    hostile.deliver(desk)
    assert desk.run().state == "done"
    return desk


def visit(desk: Desk, entry: Entry, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setenv("SUPPORT_SETTINGS", str(desk.folder / "support.toml"))
    app = AppTest.from_file(str(PROJECT / "pages" / "navigation.py"), default_timeout=120)
    if entry is not ENTRIES[0]:
        app.switch_page(entry.script)
    for name in OPENED:
        app.session_state[name] = True
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception[0].message
    return app


def strings(message: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every text of a protobuf message with the names of the fields it is in."""
    for field, value in message.ListFields():
        for one in value if field.is_repeated else [value]:
            if isinstance(one, str):
                yield f"{path}.{field.name}", one
            elif hasattr(one, "ListFields"):
                yield from strings(one, f"{path}.{field.name}")


def sent(node: Any) -> Iterator[tuple[str, str]]:
    """Every text that a page sends to the browser."""
    proto = getattr(node, "proto", None)
    if hasattr(proto, "ListFields"):
        yield from strings(proto, proto.DESCRIPTOR.name)
    for child in getattr(node, "children", {}).values():
        yield from sent(child)


def is_markdown(path: str) -> bool:
    as_it_is = path.rpartition(".")[2] in AS_IT_IS and not path.startswith(MARKDOWN_BY_THAT_NAME)
    return not as_it_is and path not in ("Html.body", "PlotlyChart.spec")


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a chart but where its marks lead."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from leaves(one, f"{path}.{name}")
    elif isinstance(value, list):
        is_mark = path.endswith(".customdata[]")
        for one in value[:-1] if is_mark else value:
            yield from leaves(one, f"{path}[]")


def assert_no_markdown(texts: list[tuple[str, str]]) -> None:
    """Nothing hostile is left once the signs that are escaped are taken away, nor, unbroken, once they are read."""
    read = [(path, text.replace(":small[]", "\0")) for path, text in texts if is_markdown(path)]
    assert (
        found(hostile.MARKDOWN_PIECES, [(path, re.sub(ESCAPED, "", text)) for path, text in read if "hk" in text]) == []
    )
    assert found(hostile.FUSED_PIECES, [(path, re.sub(ESCAPED, r"\1", text)) for path, text in read]) == []


def found(pieces: tuple[str, ...], texts: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    return [(piece, path, text[:300]) for path, text in texts for piece in pieces if piece in text]


class Tags(HTMLParser):
    """The elements and attributes that a browser makes of HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {(name, value or "") for name, value in attributes}


def assert_harmless_html(text: str) -> None:
    tags = Tags(text)
    assert tags.names.isdisjoint({"script", "u", "iframe", "object", "form"})
    assert [pair for pair in tags.attributes if pair[0].startswith("on") or pair == ("id", "hk")] == []
    addresses = [value for name, value in tags.attributes if name in ("href", "src", "action")]
    assert [value for value in addresses if not value.startswith(("ticket?", "data:image/svg+xml", "#"))] == []


# Pages


@pages
def test_no_page_takes_text_of_people_for_markdown(desk: Desk, entry: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    of_ticket = {"source": "desk", "id": hostile.ticket_id(42), "texts": "true"} if entry.path == "ticket" else {}
    texts = list(sent(visit(desk, entry, monkeypatch, **of_ticket)._tree))
    assert_no_markdown(texts)


@pages
def test_no_page_takes_text_of_people_for_html(desk: Desk, entry: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = [(path, text) for path, text in sent(visit(desk, entry, monkeypatch)._tree) if path == "Html.body"]
    assert found(hostile.HTML_PIECES, bodies) == []
    for _, body in bodies:
        if "<script>" not in body:
            assert_harmless_html(body)


@pages
def test_no_chart_takes_text_of_people_for_markup_or_a_template(
    desk: Desk, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_ticket = {"source": "desk", "id": hostile.ticket_id(42)} if entry.path == "ticket" else {}
    specs = [
        text for path, text in sent(visit(desk, entry, monkeypatch, **of_ticket)._tree) if path == "PlotlyChart.spec"
    ]
    texts = [pair for spec in specs for pair in leaves(json.loads(spec))]
    assert found(hostile.HTML_PIECES, texts) == []
    assert [text for _, text in texts if "%{customdata[1]" in text or "%{x} %" in text] == []


@pages
@pytest.mark.parametrize("names", [PARAMETERS, *([name] for name in STOPPING)], ids=["all", *STOPPING])
def test_no_page_takes_an_address_for_markup(
    desk: Desk, entry: Entry, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_no_markdown(list(sent(visit(desk, entry, monkeypatch, **dict.fromkeys(names, hostile.EVERYTHING))._tree)))


# Tables and files


@pytest.fixture
def tables_of(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[[Entry], list[tuple[pd.DataFrame, str]]]:
    """The tables that a page offers as files, each with the line that says what it is."""

    def offered(entry: Entry) -> list[tuple[pd.DataFrame, str]]:
        noted: list[tuple[pd.DataFrame, str]] = []

        def note(key: str, title: str, values: pd.DataFrame, said: Callable[[], str], what: str = "") -> None:
            noted.append((values, said()))

        monkeypatch.setattr(tables, "offer", note)
        of_ticket = {"source": "desk", "id": hostile.ticket_id(42)} if entry.path == "ticket" else {}
        filtered = {"team": hostile.TEXTS["cell in a line"]} if entry.path == "tickets" else {}
        visit(desk, entry, monkeypatch, **of_ticket, **filtered)
        if not noted:
            pytest.skip("it offers no table")
        return noted

    return offered


Offered = Callable[[Entry], list[tuple[pd.DataFrame, str]]]


def text_cells(frame: pd.DataFrame) -> list[tuple[int, int, str]]:
    """Row, column and text of every cell that holds one."""
    rows = frame.itertuples(index=False, name=None)
    return [
        (line, place, cell) for line, row in enumerate(rows) for place, cell in enumerate(row) if isinstance(cell, str)
    ]


def is_formula(cell: str) -> bool:
    unseen = "".join(map(chr, range(33))) + "\u200b\ufeff"
    return (cell[:1] in "\t\r\n" and cell != "") or cell.lstrip(unseen)[:1] in ("=", "+", "-", "@")


@pages
def test_a_table_as_csv_holds_no_formula_and_its_texts_whole(entry: Entry, tables_of: Offered, tmp_path: Path) -> None:
    for frame, about in tables_of(entry):
        path = tmp_path / "table.csv"
        path.write_bytes(downloads.csv(frame, about))
        with path.open(encoding="utf-8-sig", newline="") as file:
            said, header, *rows = csv.reader(file)
        assert said[0].startswith("# ")
        assert [cell for cell in [*said, *header] if is_formula(cell)] == []
        assert len(rows) == len(frame)
        for line, place, text in text_cells(frame):
            assert rows[line][place] in ((f"'{text}",) if is_formula(text) else (text, f"'{text}"))


@pages
def test_a_table_as_xlsx_holds_no_formula_and_its_texts_whole(entry: Entry, tables_of: Offered) -> None:
    for frame, about in tables_of(entry):
        book = openpyxl.load_workbook(io.BytesIO(downloads.xlsx(frame, about)))
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
        assert [cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink] == []
        assert book["Data"].max_row == len(frame) + 1
        for line, place, text in text_cells(frame):
            assert unescape(book["Data"].cell(line + 2, place + 1).value or "") == text


@pages
def test_a_table_as_parquet_holds_its_texts_whole(entry: Entry, tables_of: Offered, tmp_path: Path) -> None:
    for frame, about in tables_of(entry):
        path = tmp_path / "table.parquet"
        path.write_bytes(downloads.parquet(frame, about))
        with duckdb.connect() as connection:
            rows = connection.execute("select * from read_parquet($path)", {"path": str(path)}).fetchall()
        assert len(rows) == len(frame)
        assert [(line, place, rows[line][place]) for line, place, _ in text_cells(frame)] == text_cells(frame)


@pages
def test_no_table_takes_a_cell_for_buttons_or_an_icon(
    desk: Desk, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for table in visit(desk, entry, monkeypatch).dataframe:
        columns = json.loads(table.proto.columns)
        buttons = [name for name, said in columns.items() if (said.get("type_config") or {}).get("type") == "button"]
        labels = [text for _, _, text in text_cells(table.value[buttons])]
        assert [label for label in labels if label.startswith((":", "["))] == []
        cells = [text for _, _, text in text_cells(table.value)]
        assert [cell for cell in cells for sign in (*hostile.STEERING, "\n", "\r") if sign in cell] == []


# The weekly report


@pytest.fixture
def weekly_report(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    """The file that the weekly summary offers."""
    noted: list[str] = []
    monkeypatch.setattr(weekly_cards, "files", lambda place, week, document: noted.append(document))
    visit(desk, PAGES["weekly_summary"], monkeypatch)
    return noted[0]


def test_the_weekly_report_shows_text_of_people_as_text(weekly_report: str) -> None:
    assert found(hostile.HTML_PIECES, [("report", weekly_report)]) == []
    assert_harmless_html(weekly_report)
    assert "hk" in weekly_report


# Logs and the command line


def test_a_run_prints_lines_that_no_file_and_no_row_can_forge_or_steer(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    hostile.deliver(desk)
    command = [sys.executable, "-m", "pipelines", "run", "--settings", str(desk.settings_file())]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, timeout=120, check=False)
    printed = (done.stdout + done.stderr).decode()
    assert done.returncode == 0
    assert [sign for sign in printed if sign != "\n" and not sign.isprintable()] == []
    words = {line.split(" ")[0].rstrip(":") for line in printed.splitlines()}
    assert words == {
        "run",
        "source",
        "refused",
        "rejected",
        "warning",
        "sheets",
        *(f"{kind}s" for kind in hostile.KINDS),
    } | words & {"…"}
    assert "hk\\n===" in printed


@pytest.mark.parametrize("text", hostile.ALL, ids=list(hostile.TEXTS))
def test_a_log_line_stays_one_line_that_steers_nothing(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("hostile")
    log.handlers = [logs.handler("text")]
    log.propagate = False
    log.warning("run 1 failed: %s", text)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()


def test_an_error_in_the_log_keeps_its_lines_and_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("hostile")
    log.handlers = [logs.handler("text")]
    try:
        raise ValueError(hostile.TEXTS["escape"])
    except ValueError:
        log.exception("it broke")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) > 3
    assert all(map(str.isprintable, lines))


# One place each


@pytest.mark.parametrize(
    ("text", "shown"), [("a\x1bb\u202ec\n d", "abc d"), ("  ", ""), ("\u05d0\u200f!", "\u05d0\u200f!")]
)
def test_one_line_leaves_out_what_steers_and_keeps_what_is_read(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_two_views_whose_names_look_the_same_are_both_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket_desk = Desk(tmp_path)
    ticket_desk.source("tickets", "ticket")
    ticket_desk.deliver("tickets/a.csv", "ticket_id,created_at\nT1,2026-01-01T10:00:00Z\n")
    ticket_desk.run()
    for name in ("My view", "My  view"):
        write(ticket_desk.folder / "data", "view", {"name": name, "page": "live", "query": "?"})
    ticket_desk.run()
    offered = [button.label for button in visit(ticket_desk, ENTRIES[0], monkeypatch).button]
    assert offered.count("My view · Live") == 2


def test_a_text_of_nothing_to_see_is_an_em_dash() -> None:
    assert markdown.plain(" \u202e ") == "—"
    assert markdown.plain("") == ""


def test_a_cell_that_would_begin_within_the_line_about_a_table_is_no_formula() -> None:
    said = (
        downloads.csv(pd.DataFrame({"a": [1]}), 'Tickets | team = x,=1+1, "y; @z').decode("utf-8-sig").splitlines()[0]
    )
    assert said == "# Tickets | team = x,'=1+1, '\"y; '@z"
