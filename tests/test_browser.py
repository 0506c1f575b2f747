"""The product as `make run` starts it, in a real browser: a chart drawn, a new export, a number that changes by itself."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browsing import SCREENSHOTS, Product, dashboard, drawn, metric, stop

pytestmark = pytest.mark.browser


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
