"""What many viewers cost: two hundred of them on the live page of one process with new data every five seconds, beside a query per viewer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from pages.elements.sitemap import ENTRIES
from tests.bench.audience import JOINING_SECONDS
from tests.bench.figures import Figure
from tests.bench.serving import Readings, Server, published, read_every_second, server, versions
from tests.browsing import PROJECT
from tests.viewer import seconds_to_draw

PUBLISHED_EVERY = 5.0
VERSIONS = 6
# So long, and a third of the time at most, one viewer sees new versions before the others come: what those take is not taken by viewers.
ALONE_SECONDS = 40.0
PLAIN_PAGE = "tests/bench/plain_page.py"
PLAIN = "a query per viewer"


@dataclass
class Watched:
    """What a run of viewers gave. Seconds; megabytes."""

    since_published: list[float]
    noticed: list[float]
    refreshes: list[float]
    missed: int
    dropped: int
    megabytes_before: float
    megabytes_of_one: float
    readings: list[float]
    cpu_seconds: float


def figures(folder: Path, tickets: int, viewers: int = 200, minutes: float = 10) -> list[Figure]:
    """Of a loaded desk (see loading.figures); publishes further versions of it. Without `minutes` of its own, a plain page gets a tenth."""
    size = f"{tickets:,} tickets, {viewers} viewers"
    made = versions(folder, tickets, VERSIONS)
    desk = folder / "support.toml"
    with server("dashboard.py", "--settings", str(desk)) as running:
        alone = _memory(running, f"{tickets:,} tickets")
    with server("dashboard.py", "--settings", str(desk)) as running:
        ours = _watched(running, folder / "data", made, viewers, minutes)
    with server(PLAIN_PAGE, str(folder / "data" / "warehouse.duckdb")) as running:
        plain = _watched(running, folder / "data", made, viewers, max(minutes / 10, 0.5), "--redraws-by-watch")
    minute = min(60, len(ours.readings) // 3)
    return [
        *alone,
        _compared("live page: a refresh, p95", size, ours.refreshes, plain.refreshes),
        _compared("live page: a refresh, median", size, ours.refreshes, plain.refreshes, 0.5),
        _compared("live page: new version to its redraw, p95", size, ours.since_published, plain.since_published),
        Figure("live page: new version to the first redraw begun, p95", size, share_below(ours.noticed, 0.95), "s"),
        Figure("live page: redraws missed", size, ours.missed, "", PLAIN, plain.missed),
        Figure("live page: viewers dropped", size, ours.dropped, "", PLAIN, plain.dropped),
        _a_viewer(
            "live page: memory a viewer, beside one viewer with as many versions",
            size,
            viewers,
            ours,
            plain,
            of_one=True,
        ),
        _a_viewer("live page: memory a viewer, with what new versions take", size, viewers, ours, plain, of_one=False),
        Figure(
            "live page: memory, last minute beside the first",
            size,
            mean(ours.readings[-minute:]),
            "MB",
            "in the first minute",
            mean(ours.readings[:minute]),
        ),
        Figure("live page: CPU of the server, of one core", size, ours.cpu_seconds, "", PLAIN, plain.cpu_seconds),
    ]


def _a_viewer(what: str, size: str, viewers: int, ours: Watched, plain: Watched, of_one: bool) -> Figure:
    """What each of so many viewers adds at most, to what it was with one, or before anybody looked at a new version."""
    mine, theirs = (
        (max(one.readings) - (one.megabytes_of_one if of_one else one.megabytes_before)) / (viewers - of_one)
        for one in (ours, plain)
    )
    return Figure(what, size, mine, "MB", PLAIN, theirs)


def share_below(values: list[float], share: float) -> float:
    """The smallest of the values that so many are not above."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def _compared(what: str, size: str, ours: list[float], plain: list[float], share: float = 0.95) -> Figure:
    return Figure(what, size, share_below(ours, share), "s", PLAIN, share_below(plain, share) if plain else None)


def _memory(running: Server, size: str) -> list[Figure]:
    """After every page was drawn once, with nobody looking."""
    for entry in ENTRIES:
        seconds_to_draw(running.address, entry.path)
    return [
        Figure("memory of a dashboard without viewers, every page drawn once", size, running.megabytes, "MB"),
        Figure("memory of a dashboard without viewers, at most", size, running.most_megabytes, "MB"),
    ]


def _watched(running: Server, data: Path, made: list[Path], viewers: int, minutes: float, *more: str) -> Watched:
    seconds_to_draw(running.address)
    before = running.megabytes
    _, alone = _audience(running, data, made, 1, min(ALONE_SECONDS, minutes * 20), more)
    told, readings = _audience(running, data, made, viewers, JOINING_SECONDS + minutes * 60, more)
    joined = int(JOINING_SECONDS)
    spent = readings.cpu_seconds[-1] - readings.cpu_seconds[joined]
    return _summed(
        told,
        before,
        max(alone.megabytes),
        readings.megabytes[joined:],
        spent / (len(readings.cpu_seconds) - joined),
    )


def _audience(
    running: Server, data: Path, made: list[Path], viewers: int, seconds: float, more: Sequence[str]
) -> tuple[dict[str, Any], Readings]:
    """What so many viewers tell of so many seconds with new versions, and what the server took."""
    command = [sys.executable, "-m", "tests.bench.audience", running.address, "--data", str(data), *more]
    command += ["--viewers", str(viewers), "--seconds", str(seconds)]
    with published(data, made, PUBLISHED_EVERY), read_every_second(running) as readings:
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout), readings


def _summed(told: dict[str, Any], before: float, of_one: float, readings: list[float], cpu_seconds: float) -> Watched:
    """Publications count from when everybody had come, but for those of the last seconds, whose redraws nobody waited for."""
    end = max(redraw["ended"] for viewer in told["viewers"] for redraw in viewer["redraws"])
    times = [at for at in told["published"].values() if JOINING_SECONDS < at < end - PUBLISHED_EVERY]
    since, noticed, missed = [], [], 0
    for at in times:
        after = [_first_after(viewer["redraws"], at) for viewer in told["viewers"]]
        seen = [redraw for redraw in after if redraw]
        since += [redraw["ended"] - at for redraw in seen]
        noticed += [min(redraw["began"] for redraw in seen) - at] if seen else []
        missed += len(after) - len(seen)
    refreshes = [
        redraw["ended"] - redraw["asked"]
        for viewer in told["viewers"]
        for redraw in viewer["redraws"][1:]
        if redraw["ended"] > JOINING_SECONDS
    ]
    dropped = sum(bool(viewer["problems"]) for viewer in told["viewers"])
    return Watched(since, noticed, refreshes, missed, dropped, before, of_one, readings, cpu_seconds)


def _first_after(redraws: list[dict[str, float]], at: float) -> dict[str, float] | None:
    return next((redraw for redraw in redraws if redraw["began"] > at), None)
