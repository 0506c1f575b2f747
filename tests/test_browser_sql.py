"""The SQL page in a real browser: typing, running, sorting, files, stopping, leaving, links, parameters, saved questions, hostile text."""

from __future__ import annotations

import csv
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import duckdb
import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsing import dashboard, opened, photographed, settled, watched
from tests.conftest import TICKET_HEADER, Desk

pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=alert(1)> **bold** [me](http://evil.example) =1+1"
TICKETS = f"""{TICKET_HEADER}
T1,2026-01-05T09:00:00Z,2026-01-05T10:00:00Z,solved,email,Billing,Ada,C1,"{HOSTILE}",2026-01-05T09:10:00Z,2026-01-05T10:00:00Z
T2,2026-01-05T09:30:00Z,2026-01-05T09:30:00Z,new,email,Billing,Ada,C2,=2+2,,
T3,2026-01-06T09:00:00Z,2026-01-06T09:20:00Z,solved,chat,Orders,Ben,C3,Delivery,2026-01-06T09:01:00Z,2026-01-06T09:20:00Z
"""
ENDLESS = "select count(*) from range(1000000) as a, range(1000000) as b, range(1000000) as c where a.range + b.range < c.range"
# What a reviewer of security would have a proxy send; Streamlit itself writes styles and small scripts into its pages.
STRICT = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self' ws:; object-src 'none'; base-uri 'self'"
)
UNDER_POLICY = """
new MutationObserver((_, observer) => {
    if (!document.head) return
    observer.disconnect()
    document.head.append(Object.assign(document.createElement("meta"), {httpEquiv: "Content-Security-Policy", content: policy}))
}).observe(document, {childList: true, subtree: true})"""


@dataclass
class Served:
    """A dashboard on a desk of three tickets."""

    desk: Desk
    address: str

    def url(self, sql: str = "", **written: str) -> str:
        query = "&".join(f"p_{name}={quote(value)}" for name, value in written.items())
        return f"{self.address}/sql" + (f"?q={quote(sql)}&{query}" if sql else "")

    def query_processes(self) -> set[int]:
        """Processes that the dashboard has for queries."""
        settings = str(self.desk.folder / "support.toml")
        (server,) = [pid for pid, command in _commands().items() if settings in command]
        return {pid for pid, command in _commands().items() if "warehouse.worker" in command and _parent(pid) == server}


def _commands() -> dict[int, str]:
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found[int(process.name)] = (process / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    return found


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    desk = Desk(tmp_path_factory.mktemp("sql"))
    desk.source("tickets", "ticket")
    desk.setting('[sql]\nseconds = "60s"\n')
    desk.deliver("tickets/all.csv", TICKETS)
    desk.run()
    with dashboard(desk.settings_file()) as address:
        yield Served(desk, address)


def _typed(page: Page, sql: str, run: bool = True) -> None:
    """Replaces the text of the editor, and runs it by Ctrl-Enter."""
    editor = page.get_by_role("textbox", name="SQL")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.type(sql)
    page.keyboard.press("Escape")
    if run:
        page.keyboard.press("Control+Enter")


def _shows(page: Page, column: int, cells: list[str], table: int = 0) -> None:
    """A column of a table, as a screen reader finds it in the grid, is this."""
    grid = page.get_by_test_id("stDataFrame").nth(table)
    expect(grid.locator(f"tbody [role=row] [role=gridcell]:nth-child({column})")).to_have_text(cells, timeout=15_000)


def _chosen(page: Page, list_no: int, row: int) -> None:
    """A click on the name in a row of a list."""
    box = page.get_by_test_id("stDataFrame").nth(list_no).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 40, box["y"] + 36 + 30 * row + 15)


def test_a_query_is_typed_with_proposals_run_by_ctrl_enter_and_its_result_counted_and_sorted(
    served: Served, page: Page
) -> None:
    opened(page, served.url())
    _typed(page, "select ticket_id, status from tickets order by ticket_id", run=False)
    page.keyboard.press("Control+Home")
    for _ in range(len("select ")):
        page.keyboard.press("ArrowRight")
    page.keyboard.type("chann")
    expect(page.locator(".cm-tooltip-autocomplete li").first).to_have_text("channeltickets")
    page.wait_for_timeout(300)  # the editor does not take a proposal that has only just appeared
    page.keyboard.press("Enter")
    page.keyboard.type(", ")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("3 rows, 3 columns", exact=True)).to_be_visible(timeout=20_000)
    settled(page)
    _shows(page, 2, ["T1", "T2", "T3"])
    assert "q=select+channel%2C+ticket_id" in page.url
    box = page.get_by_test_id("stDataFrame").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 30, box["y"] + 15)
    _shows(page, 1, ["chat", "email", "email"])
    photographed(page, "sql_result")


def test_hostile_text_is_shown_and_downloaded_as_text(served: Served, page: Page, tmp_path: Path) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    sql = 'select topic as "=1+1 **b** <i>x</i>", ticket_id, [topic] as all_topics from tickets order by ticket_id'
    opened(page, served.url(sql))
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("3 rows, 3 columns", exact=True)).to_be_visible(timeout=20_000)
    expect(page.get_by_role("button", name="Download as CSV")).to_have_count(0)  # Streamlit's own, which guards nothing
    page.get_by_role("button", name="Download").click()
    files = {}
    for name in ("CSV", "XLSX", "Parquet"):
        with page.expect_download(timeout=30_000) as waiting:
            page.get_by_role("button", name=name, exact=True).click()
        files[name] = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(files[name])
    lines = files["CSV"].read_text(encoding="utf-8-sig").splitlines()
    assert "query: select topic" in lines[0]
    rows = list(csv.reader(lines[1:]))
    assert [row[0] for row in rows] == ["'=1+1 **b** <i>x</i>", HOSTILE, "'=2+2", "Delivery"]
    sheet = openpyxl.load_workbook(files["XLSX"])["Data"]
    assert [cell.value for cell in sheet["A"]] == ["=1+1 **b** <i>x</i>", HOSTILE, "=2+2", "Delivery"]
    assert {cell.data_type for row in sheet for cell in row} == {"s"}
    with duckdb.connect() as connection:
        found = connection.execute("select * from read_parquet($path)", {"path": str(files["Parquet"])}).fetchall()
    assert found[1] == ("=2+2", "T2", ["=2+2"])
    page.get_by_role("button", name="Download").click()
    _typed(page, f'select * from "{HOSTILE}"')
    expect(page.get_by_test_id("stAlert")).to_contain_text(HOSTILE, timeout=20_000)
    assert page.get_by_test_id("stMain").locator("img[src=x], a[href*=evil]").count() == 0
    assert dialogs == []


def _running(served: Served, page: Page) -> int:
    """Runs an endless query and gives its process: the one that was ready before."""
    _until(lambda: len(served.query_processes()) == 1)
    (ready,) = served.query_processes()
    _typed(page, ENDLESS)
    expect(page.get_by_test_id("stMain").get_by_role("button", name="Stop")).to_be_visible(timeout=20_000)
    _until(lambda: len(served.query_processes()) == 2)
    assert ready in served.query_processes()
    return ready


def _until(is_so: Callable[[], bool], seconds: float = 15) -> float:
    """Waits until it is so, and says how long."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds
        time.sleep(0.1)
    return time.monotonic() - began


def test_a_stopped_query_is_gone_and_nothing_goes_on_asking(served: Served, page: Page) -> None:
    sent: list[float] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda _: sent.append(time.monotonic())))
    opened(page, served.url())
    process = _running(served, page)
    expect(page.get_by_text(re.compile(r"Running · [3-9]s"))).to_be_visible(timeout=20_000)
    page.get_by_test_id("stMain").get_by_role("button", name="Stop").click()
    _until(lambda: process not in served.query_processes(), 3)
    expect(page.get_by_text("Stopped after")).to_be_visible(timeout=10_000)
    expect(page.get_by_test_id("stMain").get_by_role("button", name="Stop")).to_have_count(0)
    page.wait_for_timeout(1000)
    quiet_since = time.monotonic()
    page.wait_for_timeout(6000)
    assert len([moment for moment in sent if moment > quiet_since]) <= 4  # the stamp alone, every two seconds


def test_a_query_does_not_outlive_its_page(served: Served, browser: Browser) -> None:
    context = browser.new_context()
    page = watched(context)
    opened(page, served.url())
    process = _running(served, page)
    page.wait_for_timeout(5000)
    assert process in served.query_processes()
    context.close()
    _until(lambda: process not in served.query_processes(), 8)


def test_a_link_shows_its_query_runs_it_when_asked_and_back_brings_the_one_before(
    served: Served, page: Page, browser: Browser
) -> None:
    opened(page, served.url("select $word as word", word="'first'"))
    expect(page.get_by_text("came with the address and has not run")).to_be_visible()
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("1 row, 1 column", exact=True)).to_be_visible(timeout=20_000)
    _shows(page, 1, ["first"])
    _typed(page, "select $word as word, 'second' as other")
    expect(page.get_by_text("1 row, 2 columns", exact=True)).to_be_visible(timeout=20_000)
    settled(page)
    link = page.url
    page.go_back()
    expect(page.locator(".cm-line").first).to_have_text("select $word as word", timeout=10_000)
    context = browser.new_context()
    other = watched(context)
    opened(other, link)
    expect(other.get_by_text("came with the address and has not run")).to_be_visible()
    expect(other.locator(".cm-content")).to_have_text("select $word as word, 'second' as other")
    expect(other.get_by_role("textbox", name="$word")).to_have_value("'first'")
    other.get_by_role("button", name="Run").click()
    expect(other.get_by_text("1 row, 2 columns", exact=True)).to_be_visible(timeout=20_000)
    context.close()


def test_an_error_marks_its_line_and_history_brings_a_query_back(served: Served, page: Page) -> None:
    opened(page, served.url())
    _typed(page, "select 1 as one")
    expect(page.get_by_text("1 row, 1 column", exact=True)).to_be_visible(timeout=20_000)
    _typed(page, "select *\nfrom tickets\nwhere chanel = 'email'")
    expect(page.get_by_test_id("stAlert")).to_contain_text("Line 3, column 7:", timeout=20_000)
    expect(page.locator(".cm-fault")).to_have_text("where chanel = 'email'")
    photographed(page, "sql_error")
    page.get_by_role("radio", name="History").click()
    expect(page.get_by_test_id("glide-cell-0-1")).to_have_text("select 1 as one", timeout=15_000)
    settled(page)
    _chosen(page, 0, 1)
    expect(page.locator(".cm-content")).to_have_text("select 1 as one", timeout=10_000)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("1 row, 1 column", exact=True)).to_be_visible(timeout=20_000)


def test_a_saved_question_is_there_for_everyone_with_its_parameters(served: Served, page: Page) -> None:
    opened(page, served.url())
    _typed(page, "select count(*) as tickets\nfrom tickets\nwhere list_contains($channels, channel)", run=False)
    expect(page.get_by_text("$channels", exact=True)).to_be_visible(timeout=10_000)
    page.get_by_role("combobox", name="$channels").click()
    page.get_by_role("option", name="Email").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_label("Save this question as").fill("Tickets <b>by</b> channel")
    page.get_by_role("button", name="Save for everyone").click()
    expect(page.get_by_text("Saved.")).to_be_visible(timeout=10_000)
    (written,) = (served.desk.folder / "data" / "written" / "view").glob("*.jsonl")
    assert json.loads(written.read_text())["page"] == "sql"
    served.desk.run()
    opened(page, served.url())
    page.get_by_role("radio", name="Questions").click()
    expect(page.get_by_test_id("glide-cell-0-0")).to_have_text("Tickets <b>by</b> channel", timeout=15_000)
    settled(page)
    _chosen(page, 0, 0)
    expect(page.locator(".cm-line").nth(1)).to_have_text("from tickets", timeout=10_000)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("1 row, 1 column", exact=True)).to_be_visible(timeout=20_000)
    _shows(page, 1, ["2"])


def test_a_click_puts_a_column_where_the_cursor_is(served: Served, page: Page) -> None:
    opened(page, served.url())
    _typed(page, "select  from agents", run=False)
    page.keyboard.press("Control+Home")
    for _ in range(len("select ")):
        page.keyboard.press("ArrowRight")
    page.get_by_placeholder("waited, channel").fill("agents")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("glide-cell-0-0")).to_have_text("agents", timeout=15_000)
    settled(page)
    _chosen(page, 0, 0)
    expect(page.get_by_test_id("glide-cell-0-1").nth(1)).to_have_text("agent", timeout=15_000)
    settled(page)
    _chosen(page, 1, 1)
    expect(page.locator(".cm-content")).to_have_text("select agent from agents", timeout=10_000)


def test_the_editor_needs_nothing_from_elsewhere_under_a_strict_content_security_policy(
    served: Served, browser: Browser
) -> None:
    context = browser.new_context()
    page = watched(context)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(f"const policy = {json.dumps(STRICT)}; {UNDER_POLICY}")
    opened(page, served.url())
    _typed(page, "select 1 as one")
    expect(page.get_by_text("1 row, 1 column", exact=True)).to_be_visible(timeout=20_000)
    complaints, elsewhere = (
        list(context.complaints),
        [url for url in asked if not url.startswith((served.address, "data:"))],
    )  # type: ignore[attr-defined]
    script = "import(URL.createObjectURL(new Blob(['export default 1'], {type: 'text/javascript'}))).then(() => true, () => false)"
    is_let_through = page.evaluate(script)
    context.close()
    assert complaints == []
    assert not is_let_through
    assert elsewhere == []
