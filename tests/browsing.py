"""A real browser on the product as `make run` starts it: what the browser tests share. tests/conftest.py makes its fixtures known."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

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
# Pages that draw none where nothing was chosen.
WITHOUT_CHARTS = ("sql", "glossary", "dictionary", "tickets")
# Streamlit looks for itself below a page's own path first; the browser notes that it is not there.
PROBES = ("/_stcore/health", "/_stcore/host-config")
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
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, "--js-flags=--expose-gc"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def product(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Started as `make run` starts it, on settings of its own: fewer tickets, a free port, and a drop box as a second source."""
    folder = tmp_path_factory.mktemp("product")
    (folder / "drop_box").mkdir()
    port = free_port()
    text = (PROJECT / "support.toml").read_text(encoding="utf-8")
    text = text.replace("tickets = 40000", "tickets = 12000").replace("port = 8501", f"port = {port}") + DROP_BOX
    (folder / "support.toml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pipelines", "start", "--settings", str(folder / "support.toml")]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield Product(_announced_address(process), folder, process)
    finally:
        stop(process)


@contextmanager
def dashboard(settings: Path, port: int | None = None, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """A dashboard alone, on the settings named on its command line; gives its address."""
    with served("dashboard.py", "--", "--settings", str(settings), port=port, environment=environment) as address:
        yield address


@contextmanager
def served(
    script: str,
    *more: str,
    port: int | None = None,
    environment: Mapping[str, str] | None = None,
    printed: IO[bytes] | int = subprocess.DEVNULL,
) -> Iterator[str]:
    """A script on a Streamlit server of its own; gives its address. `environment` is added to ours; what it prints goes to `printed`."""
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", script, f"--server.port={port}", *more]
    errors = None if printed == subprocess.DEVNULL else printed
    process = subprocess.Popen(
        command, cwd=PROJECT, stdout=printed, stderr=errors, env={**os.environ, **(environment or {})}
    )
    try:
        wait_until_served(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_served(port: int) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2)
        except OSError:
            time.sleep(0.25)
        else:
            return
    raise AssertionError("the dashboard did not come up")


def _announced_address(process: subprocess.Popen[str]) -> str:
    """The address it prints once everything runs."""
    assert process.stdout is not None
    for line in process.stdout:
        if "http://" in line:
            return line.split("Dashboard:")[1].strip()
    raise AssertionError(f"the product ended with {process.wait()} before it printed its address")


def stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=30)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A desk's screen in light colours; the test fails for an error in the page or on its console."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, color_scheme="light", locale="en-GB")
    yield watched(context)
    complaints = context.complaints  # type: ignore[attr-defined]
    context.close()
    assert complaints == []


def watched(context: BrowserContext) -> Page:
    """A page whose errors are noted in `context.complaints`."""
    page = context.new_page()
    complaints: list[str] = []
    context.complaints = complaints  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if _is_error(message) else None)
    return page


def _is_error(message: ConsoleMessage) -> bool:
    return message.type == "error" and not message.location["url"].endswith(PROBES)


def settled(page: Page) -> None:
    """Waits until the page's script has run and nothing broke."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def opened(page: Page, address: str) -> None:
    """Goes to an address and waits until its heading is there and its script has run."""
    page.goto(address)
    expect(page.locator("h3").first).to_be_visible(timeout=60_000)
    settled(page)


def drawn(page: Page, address: str) -> None:
    """As `opened`, and a chart is drawn."""
    opened(page, address)
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)


def photographed(page: Page, name: str) -> None:
    """Keeps the whole page as a picture: Streamlit scrolls inside its main part, so the window grows to it."""
    SCREENSHOTS.mkdir(exist_ok=True)
    size = page.viewport_size
    assert size is not None
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], min(int(height) + 8, 6000))})
    page.wait_for_timeout(1000)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    page.set_viewport_size(size)


def metric(page: Page, label: str) -> int:
    """The number of a tile."""
    value = page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue").inner_text()
    return int(value.replace(",", ""))
