"""Every page in a real browser: no error, charts drawn, clicks that lead on, addresses that hold everything, files that open, a wall."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Download, Page, expect

from pages.elements.freshness import WATCH_SECONDS
from pages.elements.sitemap import ENTRIES
from pipelines.refresh import Pipelines
from tests.browsing import WITHOUT_CHARTS, Product, dashboard, drawn, metric, opened, photographed, settled, watched
from tests.conftest import shared_settings
from warehouse.settings import load

pytestmark = pytest.mark.browser
PATHS = [entry.path for entry in ENTRIES if entry.path != "ticket"]
# What a reader with other eyes or hands cannot get past.
SERIOUS = ("serious", "critical")


def _address(product: Product, path: str) -> str:
    return f"{product.address}/{'' if path == 'live' else path}"


def _shown(page: Page, address: str, path: str) -> None:
    (opened if path in WITHOUT_CHARTS else drawn)(page, address)
    page.wait_for_timeout(1000)


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_drawn_without_an_error_or_a_serious_barrier(product: Product, page: Page, path: str) -> None:
    _shown(page, _address(product, path), path)
    assert _barriers(page) == {}
    assert _too_wide(page) == 0
    photographed(page, path)


@pytest.mark.parametrize("path", PATHS)
def test_every_page_fits_a_phone_in_the_dark(product: Product, browser: Browser, path: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark", locale="en-GB")
    page = watched(context)
    _shown(page, _address(product, path), path)
    found = (_barriers(page), _too_wide(page))
    photographed(page, f"{path}_phone_dark")
    context.close()
    assert found == ({}, 0)


def _too_wide(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth")
    return max(int(wide), 0)


def _barriers(page: Page) -> dict[str, list[str]]:
    """What axe finds serious or worse, with the first places."""
    found = Axe().run(page).response["violations"]
    return {
        rule["id"]: [node["html"][:200] for node in rule["nodes"][:3]] for rule in found if rule["impact"] in SERIOUS
    }


def test_a_click_on_a_bar_leads_to_its_tickets_and_a_row_to_its_ticket_and_back(product: Product, page: Page) -> None:
    drawn(page, f"{product.address}/queue_volume?period=7+days")
    expect(page.get_by_text("7 days").first).to_be_visible()
    bar = page.locator(".js-plotly-plot").nth(3).locator(".bars .point path").first
    bar.click(force=True)
    expect(page.locator("h3").first).to_have_text("Tickets", timeout=20_000)
    settled(page)
    assert "/tickets?" in page.url
    assert "which=arrived" in page.url
    assert "channel=" in page.url
    table = page.get_by_test_id("stDataFrame").first.bounding_box()
    assert table is not None
    page.mouse.click(table["x"] + 40, table["y"] + 50)
    expect(page.locator("h3").first).to_have_text("Ticket", timeout=20_000)
    settled(page)
    page.go_back()
    expect(page.locator("h3").first).to_have_text("Tickets", timeout=20_000)
    page.go_back()
    expect(page.locator("h3").first).to_have_text("Queue volume", timeout=20_000)
    assert "period=7" in page.url


def test_filters_survive_a_reload_and_go_along_through_the_menu(product: Product, page: Page) -> None:
    drawn(page, f"{product.address}/queue_volume?period=7+days&channel=phone")
    arrived = metric(page, "Arrived")
    page.reload()
    settled(page)
    expect(page.get_by_test_id("stMetric").first).to_be_visible()
    assert metric(page, "Arrived") == pytest.approx(arrived, rel=0.05)
    assert "channel=phone" in page.url
    page.get_by_role("link", name="Wait times").first.click()
    expect(page.locator("h3").first).to_have_text("Wait times", timeout=20_000)
    settled(page)
    page.wait_for_timeout(1500)
    assert "channel=phone" in page.url
    assert "period=7" in page.url


def test_chosen_days_live_in_the_address(product: Product, page: Page) -> None:
    drawn(page, f"{product.address}/queue_volume?period=chosen+days&days=2000-01-03&days=2000-01-09")
    assert metric(page, "Arrived") == 0
    assert "days=2000-01-03" in page.url


@pytest.fixture
def files(product: Product, page: Page, tmp_path: Path) -> dict[str, Path]:
    """The ticket list of one channel, downloaded as every kind of file."""
    opened(page, f"{product.address}/tickets?which=open&channel=email")
    page.get_by_role("button", name="Download").click()
    found = {}
    for name in ("CSV", "XLSX", "Parquet"):
        with page.expect_download(timeout=30_000) as waiting:
            page.get_by_role("button", name=name, exact=True).click()
        found[name] = _saved(waiting.value, tmp_path)
    return found


def _saved(download: Download, folder: Path) -> Path:
    path = folder / download.suggested_filename
    download.save_as(path)
    return path


def test_a_table_downloads_as_files_that_open_and_say_what_they_are(files: dict[str, Path]) -> None:
    lines = files["CSV"].read_text(encoding="utf-8-sig").splitlines()
    rows = list(csv.DictReader(lines[1:]))
    book = openpyxl.load_workbook(files["XLSX"])
    with duckdb.connect() as connection:
        parquet = connection.execute(
            "select ticket_id from read_parquet($path)", {"path": str(files["Parquet"])}
        ).fetchall()
        about = connection.execute(
            "select value from parquet_kv_metadata($path) where key = 'about'", {"path": str(files["Parquet"])}
        ).fetchall()
    assert len(rows) == len(parquet) == book["Data"].max_row - 1 > 0
    assert {row["channel"] for row in rows} == {"email"}
    for said in (lines[0], book["About"]["A2"].value, about[0][0].decode()):
        assert "channel = email" in said
        assert "data as of" in said


def test_a_view_is_saved_by_name_and_opened_by_it(product: Product, page: Page) -> None:
    drawn(page, f"{product.address}/queue_volume?channel=chat")
    page.get_by_role("button", name="View").click()
    page.get_by_label("Save this view as").fill("Chat <b>team</b>")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible(timeout=10_000)
    page.wait_for_timeout(8000)
    drawn(page, f"{product.address}/wait_times")
    page.get_by_role("button", name="View").click()
    page.get_by_role("button", name="Chat <b>team</b>").first.click()
    expect(page.locator("h3").first).to_have_text("Queue volume", timeout=20_000)
    settled(page)
    assert "channel=chat" in page.url


def test_a_visitor_reads_times_of_the_account_or_their_own_as_their_browser_writes_them(
    product: Product, browser: Browser
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, locale="en-US", timezone_id="Asia/Tokyo")
    page = watched(context)
    drawn(page, f"{product.address}/queue_volume?times=mine&period=7+days")
    said = page.get_by_test_id("stMain").inner_text()
    context.close()
    assert "time of Asia/Tokyo" in said
    assert "12:00 am" in said


def test_the_stamp_that_is_looked_at_again_and_again_is_written_as_the_visitor_writes(
    product: Product, browser: Browser
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, locale="en-US")
    page = watched(context)
    drawn(page, f"{product.address}/queue_volume")
    stamp = page.get_by_text("ata as of").first
    assert re.search(r"\d (am|pm)", stamp.inner_text())
    page.wait_for_timeout(3 * WATCH_SECONDS * 1000)
    said = stamp.inner_text()
    context.close()
    assert re.search(r"\d (am|pm)", said), said


def test_a_wall_turns_its_pages_for_a_minute_and_neither_grows_nor_stands_still(
    product: Product, browser: Browser
) -> None:
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, color_scheme="dark", locale="en-GB")
    page = watched(context)
    drawn(page, f"{product.address}/?wall=live,queue_volume&every=8")
    expect(page.get_by_test_id("stHeader")).to_be_hidden()
    session = context.new_cdp_session(page)
    shown, heaps = set(), []
    first_stamp = page.get_by_text("Data as of").first.inner_text()
    for _ in range(12):
        page.wait_for_timeout(5000)
        shown.add(page.locator("h3").first.inner_text())
        expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=10_000)
        page.evaluate("window.gc && window.gc()")
        heaps.append(session.send("Runtime.getHeapUsage")["usedSize"])
    # A stamp says minutes.
    expect(page.get_by_text("Data as of").first).not_to_have_text(first_stamp, timeout=70_000)
    complaints = context.complaints  # type: ignore[attr-defined]
    page.screenshot(path=Path(__file__).resolve().parents[1] / "screenshots" / "wall.png")
    context.close()
    assert shown == {"Live", "Queue volume"}
    assert min(heaps[-4:]) < 1.5 * max(heaps[:4])
    assert complaints == []


@pytest.fixture(scope="module")
def shop(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A dashboard on a real export with surveys."""
    folder = tmp_path_factory.mktemp("shop")
    settings = shared_settings("ecommerce_csat", shared, folder)
    pipelines = Pipelines(load(settings))
    pipelines.run("test")
    pipelines.close()
    with dashboard(settings) as address:
        yield address


@pytest.mark.parametrize("path", PATHS)
def test_every_page_stands_a_real_export(shop: str, page: Page, path: str) -> None:
    opened(page, f"{shop}/{'' if path == 'live' else path}{'' if path == 'weekly_summary' else '?period=all'}")
    page.wait_for_timeout(800)
    photographed(page, f"shop_{path}")
