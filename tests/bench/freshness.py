"""From a new file in the folder to the new number in a browser: the pipelines, a dashboard and Chromium as people run them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
from playwright.sync_api import Page, sync_playwright

from tests.bench.figures import Figure, middle
from tests.bench.made_up import END
from tests.bench.serving import server
from tests.browsing import CHROMIUM, PROJECT, QUIET, drawn, metric
from warehouse import state
from warehouse.connection import numbered_versions
from warehouse.sql_text import quoted

ROUNDS = 7
NEW_TICKETS = 20
LONGEST_SECONDS = 60.0
BETWEEN_SECONDS = 10.0
TILE = "Open tickets"


def figures(folder: Path, tickets: int, rounds: int = ROUNDS) -> list[Figure]:
    """Of a loaded desk (see loading.figures), to which it adds a few tickets. Nothing without Chromium."""
    if CHROMIUM is None:
        return []
    desk = str(folder / "support.toml")
    with pipelines(desk), server("dashboard.py", "--settings", desk) as running, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        drawn(page, running.address)
        waits = [_wait_for_number(page, folder, number) for number in range(rounds)]
        browser.close()
    size, what = f"{tickets:,} tickets", "new file in the folder to new number in a browser"
    return [
        Figure(f"{what}, median", size, middle([wait.since_file for wait in waits]), "s"),
        Figure(f"{what}, at most", size, max(wait.since_file for wait in waits), "s"),
        Figure("of which publishing, median", size, middle([wait.publishing for wait in waits]), "s"),
        Figure("of which from its publication, median", size, middle([wait.since_published for wait in waits]), "s"),
    ]


@contextmanager
def pipelines(desk: str) -> Iterator[None]:
    """`python -m pipelines serve`, until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines", "serve", "--settings", desk], cwd=PROJECT, stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(5)  # what was delivered before is taken in first
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


@dataclass
class Wait:
    """How long a number was waited for, in seconds: since its file was there, and since the version with it was; and what publishing took."""

    since_file: float
    publishing: float
    since_published: float


def _wait_for_number(page: Page, folder: Path, number: int) -> Wait:
    """Until the tile counts the tickets of a file that was put into the folder when it was whole."""
    # Publications come no faster than their share of the writer's time allows: each file is waited for by itself.
    page.wait_for_timeout(BETWEEN_SECONDS * 1000)
    before = metric(page, TILE)
    partial = folder / f"fresh-{number}.csv"
    _write_open_tickets(partial)
    began = time.time()
    partial.rename(folder / "exports" / "tickets" / f"fresh-{time.time_ns()}.csv")
    while metric(page, TILE) < before + NEW_TICKETS:
        if time.time() - began > LONGEST_SECONDS:
            raise RuntimeError(f"{TILE} did not change from {before} within {LONGEST_SECONDS:.0f} s")
        page.wait_for_timeout(20)
    data = folder / "data"
    published = numbered_versions(data)
    newest = published[max(published)].stat().st_ctime
    since_file, since_published = time.time() - began, time.time() - newest
    return Wait(since_file, _publishing(data, max(published)), since_published)


def _publishing(data: Path, version: int) -> float:
    """What publishing a version took, once its run has ended and said so."""
    while True:
        said = json.loads((data / state.NAME).read_text(encoding="utf-8"))
        if said["version"] == version:
            return float(said["seconds"]["publish"])
        time.sleep(0.1)


def _write_open_tickets(path: Path) -> None:
    """Tickets that nobody knows yet, with every column that made-up tickets have."""
    first = time.time_ns()
    duckdb.sql(f"""copy (
        select
            'F' || ({first} + range) as ticket_id, timestamp '{END}' as created_at, timestamp '{END}' as updated_at,
            'email' as channel, 'Team 1' as team, 'Agent 1' as agent, 'c1' as customer, 'normal' as priority, 'Topic 1' as topic,
            'late parcel' as subject, 'open' as status, null::timestamp as solved_at,
        from range({NEW_TICKETS})) to {quoted(str(path))} (format csv, header)""")
