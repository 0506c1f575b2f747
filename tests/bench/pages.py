"""What pages cost: CPU of a warm script run, and what a first visit in a browser waits for, beside what one would write instead."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from pages.elements.sitemap import ENTRIES
from tests.bench.figures import Figure, middle
from tests.browsing import CHROMIUM, PROJECT, QUIET, free_port, wait_until_served
from tests.viewer import visit
from warehouse.connection import newest_version, numbered_versions

INSTEAD = Path(__file__).parent / "instead"
RUNS, VERSIONS, FIRST_VISITS = 20, 5, 5
# What the server takes to pack Streamlit's scripts as tight as it can, once nobody comes, twice over.
PACKING_SECONDS = 60
# Streamlit's first run of a page imports and compiles: not what a warm one costs.
WARM = 2
EXPRESS, PANDAS = "the same charts with plotly.express", "the same figures with pandas in the page"
A_TICKET = "source=desk&id=T7"


@dataclass(frozen=True)
class Cost:
    """Milliseconds of CPU of one run: of the script alone, of its questions, and of the whole server with all that it sends."""

    script: float
    questions: float
    server: float


@dataclass
class Server:
    """A server, its process, and where it tells what its runs cost."""

    address: str
    process: int
    told: Path

    def cpu(self) -> float:
        """Milliseconds that the process has spent so far."""
        spent = Path(f"/proc/{self.process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(spent[11]) + int(spent[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    def runs(self, count: int) -> list[dict[str, float]]:
        """What its last runs cost. A run is told a moment after the last of it was sent."""
        deadline = time.monotonic() + 5
        before = -1
        while time.monotonic() < deadline and before != (before := self.told.stat().st_size):
            time.sleep(0.5)
        return [json.loads(line) for line in self.told.read_text(encoding="utf-8").splitlines()[-count:]]


def figures(folder: Path, tickets: int) -> list[Figure]:
    """Of every page of the desk in `folder` (support.toml, data/), and of what one would write instead."""
    size = f"{tickets:,} tickets"
    with tempfile.TemporaryDirectory() as temporary:
        desk = _copy(folder, Path(temporary))
        with served_with_clock(
            "dashboard.py", Path(temporary), "--", "--settings", str(desk / "support.toml")
        ) as server:
            costs = {entry.path: _costs(server, desk, entry.path) for entry in ENTRIES}
            found = [figure for page, (same, new) in costs.items() for figure in _of_page(page, size, same, new)]
            found += _first_visit(server.address, size)
        found += _instead(desk, size, *costs["queue_volume"])
    return found


def _of_page(page: str, size: str, same: Cost, new: Cost) -> list[Figure]:
    what = page.replace("_", " ").capitalize()
    return [
        Figure(f"{what}: script run, data unchanged, CPU", size, same.script + same.questions, "ms"),
        Figure(f"{what}: whole server for it", size, same.server, "ms"),
        Figure(f"{what}: script run, data changed, CPU", size, new.script + new.questions, "ms"),
        Figure(f"{what}: of it questions", size, new.questions, "ms"),
    ]


def _instead(desk: Path, size: str, same: Cost, new: Cost) -> list[Figure]:
    """Queue volume beside the same written with plotly.express, and with pandas."""
    found = []
    for script, said in (("with_express.py", EXPRESS), ("with_pandas.py", PANDAS)):
        environment = {"BENCH_WAREHOUSE": str(desk / "data" / "warehouse.duckdb"), "PYTHONPATH": str(PROJECT)}
        with served_with_clock(str(INSTEAD / script), desk, environment=environment) as server:
            theirs = _costs(server, desk, "")
        for when, ours, other in (("unchanged", same, theirs[0]), ("changed", new, theirs[1])):
            found.append(
                Figure(f"Queue volume: whole server, data {when}, CPU", size, ours.server, "ms", said, other.server)
            )
    return found


def _costs(server: Server, desk: Path, page: str) -> tuple[Cost, Cost]:
    """Of a warm run with the same data, and of the first one with a new version."""
    query = A_TICKET if page == "ticket" else ""
    with visit(server.address, "" if page == ENTRIES[0].path else page, query) as visitor:
        for _ in range(WARM):
            visitor.run()
        before = server.cpu()
        for _ in range(RUNS):
            visitor.run()
        same = _cost(server, RUNS, [(server.cpu() - before) / RUNS])
        spent = []
        for _ in range(VERSIONS):
            _publish(desk / "data")
            before = server.cpu()
            visitor.run()
            spent.append(server.cpu() - before)
        return same, _cost(server, VERSIONS, spent)


def _cost(server: Server, count: int, spent: list[float]) -> Cost:
    runs = server.runs(count)
    return Cost(middle([run["script"] for run in runs]), middle([run["questions"] for run in runs]), middle(spent))


def _copy(folder: Path, desk: Path) -> Path:
    """The desk with its newest version alone, linked: new ones are made up beside it."""
    (desk / "data").mkdir()
    (desk / "support.toml").write_bytes((folder / "support.toml").read_bytes())
    newest = numbered_versions(folder / "data")[newest_version(folder / "data")]
    for name in ("warehouse-1.duckdb", "warehouse.duckdb"):
        try:
            os.link(newest, desk / "data" / name)
        except OSError:  # another file system
            (desk / "data" / name).symlink_to(newest)
    return desk


def _publish(data: Path) -> None:
    """The same content once more, as a version of its own."""
    versions = numbered_versions(data)
    newest = max(versions)
    (data / f"warehouse-{newest + 1}.duckdb").symlink_to(versions[newest].resolve())
    current = data / "warehouse.duckdb"
    current.unlink()
    current.symlink_to(data / f"warehouse-{newest + 1}.duckdb")


@contextmanager
def served_with_clock(
    script: str, folder: Path, *more: str, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    port, told = free_port(), folder / "runs.jsonl"
    told.write_text("", encoding="utf-8")
    command = [sys.executable, "-m", "tests.bench.clocked", str(told), script, f"--server.port={port}", *more]
    process = subprocess.Popen(
        command,
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
    )
    try:
        wait_until_served(port)
        yield Server(f"http://127.0.0.1:{port}", process.pid, told)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _first_visit(address: str, size: str) -> list[Figure]:
    """Megabytes on the wire and seconds to the first tile and chart, of a browser that has seen nothing of it yet. It is not the server's
    first one: scripts are packed tight."""
    if CHROMIUM is None:
        return []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        _seen(browser, address)
        time.sleep(PACKING_SECONDS)
        seen = [_seen(browser, address) for _ in range(FIRST_VISITS)]
        browser.close()
    wire, tile, chart = (middle(list(each)) for each in zip(*seen, strict=True))
    return [
        Figure("first visit: on the wire", size, wire, "MB"),
        Figure("first visit: first tile", size, tile, "s"),
        Figure("first visit: first chart", size, chart, "s"),
    ]


def _seen(browser: Browser, address: str) -> tuple[float, float, float]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    received: list[float] = []
    network.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    network.on(
        "Network.webSocketFrameReceived", lambda event: received.append(len(event["response"]["payloadData"]) * 3 / 4)
    )
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.get_by_test_id("stMetricValue").first.wait_for()
    tile = time.perf_counter() - began
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    chart = time.perf_counter() - began
    page.wait_for_timeout(1000)
    context.close()
    return sum(received) / 1e6, tile, chart
