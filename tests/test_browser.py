"""The product as `make run` starts it, in a real browser: a chart drawn, a new export, a number that changes by itself."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import SCREENSHOTS, Product, dashboard, drawn, metric, stop

pytestmark = pytest.mark.browser
OPEN_TICKETS = """Number([...document.querySelectorAll('[data-testid=stMetric]')].find(tile => tile.innerText.includes('Open tickets'))
    .querySelector('[data-testid=stMetricValue]').innerText.replaceAll(',', ''))"""


def test_the_live_page_shows_charts_and_follows_a_new_export_without_a_reload(product: Product, page: Page) -> None:
    drawn(page, product.address)
    SCREENSHOTS.mkdir(exist_ok=True)
    page.wait_for_timeout(1500)
    page.screenshot(path=SCREENSHOTS / "live.png")
    page.evaluate("window.neverReloaded = true")
    before = metric(page, "Waiting now")
    asked = datetime.now(UTC) - timedelta(minutes=5)
    rows = "".join(f"D{number},{asked:%Y-%m-%dT%H:%M:%SZ},,open\n" for number in range(500))
    (product.folder / "drop_box" / "new.csv").write_text("ticket_id,created_at,answered_at,status\n" + rows)
    started = time.monotonic()
    while metric(page, "Waiting now") < before + 450:
        assert time.monotonic() - started < 10, f"still {metric(page, 'Waiting now')} waiting, {before} before"
        page.wait_for_timeout(100)
    print(f"new file to new number: {time.monotonic() - started:.1f} s")
    assert page.evaluate("window.neverReloaded") is True


def test_a_choice_made_by_hand_outlives_the_redraw_for_newer_data(product: Product, page: Page) -> None:
    drawn(page, product.address)
    page.get_by_test_id("stButtonGroup").get_by_text("Missed").click()
    expect(page.get_by_text("who missed their target")).to_be_visible()
    before = metric(page, "Open tickets")
    rows = "".join(f"H{number},2020-01-01T00:00:00Z,,open\n" for number in range(700))
    (product.folder / "drop_box" / "choice.csv").write_text("ticket_id,created_at,answered_at,status\n" + rows)
    page.wait_for_function(f"() => {OPEN_TICKETS} > {before + 600}", timeout=30_000)
    expect(page.get_by_text("who missed their target")).to_be_visible()
    assert "waits_shown=Missed" in page.url


def test_a_second_dashboard_reads_the_same_warehouse_with_settings_named_on_its_command_line(
    product: Product, page: Page
) -> None:
    with dashboard(product.folder / "support.toml") as address:
        drawn(page, address)


def test_ctrl_c_stops_every_part(product: Product) -> None:
    members = _children(product.process.pid)
    assert len(members) >= 3
    stop(product.process)
    assert product.process.returncode == 0
    assert [pid for pid in members if Path(f"/proc/{pid}").exists()] == []


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]
