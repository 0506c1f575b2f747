"""The product as `make run` starts it, in a real browser: a chart drawn, a new export, a number that changes by itself."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = pytest.mark.browser
PROJECT = Path(__file__).resolve().parents[1]
SCREENSHOTS = PROJECT / "screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
DROP_BOX = """
[sources.drop_box]
path = "drop_box"
rows = "ticket"
constants.channel = "email"
constants.team = "Dropped"
columns.first_response_at = "answered_at"
"""


@dataclass
class Product:
    """The running product: its address, its folder, and the process that started it."""

    address: str
    folder: Path
    process: subprocess.Popen[str]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium: install one (Debian: apt install chromium) to run the browser tests")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def product(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Started as `make run` starts it, on settings of its own: fewer tickets, a free port, and a drop box as a second source."""
    folder = tmp_path_factory.mktemp("product")
    (folder / "drop_box").mkdir()
    port = _free_port()
    text = (PROJECT / "support.toml").read_text(encoding="utf-8")
    text = text.replace("tickets = 40000", "tickets = 12000").replace("port = 8501", f"port = {port}") + DROP_BOX
    (folder / "support.toml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pipelines", "start", "--settings", str(folder / "support.toml")]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield Product(_announced_address(process), folder, process)
    finally:
        _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _announced_address(process: subprocess.Popen[str]) -> str:
    """The address it prints once everything runs."""
    assert process.stdout is not None
    for line in process.stdout:
        if "http://" in line:
            return line.split("Dashboard:")[1].strip()
    raise AssertionError(f"the product ended with {process.wait()} before it printed its address")


def _stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=30)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 1000}, color_scheme="light")
    page.complaints = []  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
    yield page
    assert page.complaints == []  # type: ignore[attr-defined]
    page.close()


def _metric(page: Page, label: str) -> int:
    value = page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue").inner_text()
    return int(value.replace(",", ""))


def _drawn(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_live_page_shows_charts_and_follows_a_new_export_without_a_reload(product: Product, page: Page) -> None:
    _drawn(page, product.address)
    SCREENSHOTS.mkdir(exist_ok=True)
    page.wait_for_timeout(1500)
    page.screenshot(path=SCREENSHOTS / "live.png")
    page.evaluate("window.neverReloaded = true")
    before = _metric(page, "Waiting now")
    asked = datetime.now(UTC) - timedelta(minutes=5)
    rows = "".join(f"D{number},{asked:%Y-%m-%dT%H:%M:%SZ},,open\n" for number in range(500))
    (product.folder / "drop_box" / "new.csv").write_text("ticket_id,created_at,answered_at,status\n" + rows)
    started = time.monotonic()
    while _metric(page, "Waiting now") < before + 450:
        assert time.monotonic() - started < 10, f"still {_metric(page, 'Waiting now')} waiting, {before} before"
        page.wait_for_timeout(100)
    print(f"new file to new number: {time.monotonic() - started:.1f} s")
    assert page.evaluate("window.neverReloaded") is True


@pytest.mark.parametrize("path", ["queue_volume", "wait_times"])
def test_every_page_draws_its_charts(product: Product, page: Page, path: str) -> None:
    _drawn(page, f"{product.address}/{path}")
    page.wait_for_timeout(1500)
    page.screenshot(path=SCREENSHOTS / f"{path}.png", full_page=True)


def test_the_glossary_lists_the_metrics_of_the_published_file(product: Product, page: Page) -> None:
    page.goto(f"{product.address}/glossary")
    expect(page.get_by_text("Glossary").first).to_be_visible(timeout=20_000)
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible(timeout=20_000)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    page.wait_for_timeout(1000)
    page.screenshot(path=SCREENSHOTS / "glossary.png")


def test_filters_live_in_the_address(product: Product, page: Page) -> None:
    _drawn(page, f"{product.address}/queue_volume?channel=phone")
    expect(page.get_by_text("Phone").first).to_be_visible()
    assert "channel=phone" in page.url


def test_a_second_dashboard_reads_the_same_warehouse_with_settings_named_on_its_command_line(
    product: Product, page: Page
) -> None:
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "dashboard.py",
        f"--server.port={port}",
        "--",
        "--settings",
        str(product.folder / "support.toml"),
    ]
    second = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)
    try:
        page.wait_for_timeout(4000)
        _drawn(page, f"http://127.0.0.1:{port}")
    finally:
        second.terminate()
        second.wait(timeout=30)


def test_ctrl_c_stops_every_part(product: Product) -> None:
    members = _children(product.process.pid)
    assert len(members) >= 3
    _stop(product.process)
    assert product.process.returncode == 0
    assert [pid for pid in members if Path(f"/proc/{pid}").exists()] == []


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]
