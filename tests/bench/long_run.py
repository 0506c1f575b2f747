"""The made-up help desk at a hundred times its speed, with pipelines, dashboard and visitors, as long as is asked for: does anything grow
that should not, does every page answer throughout, and is in the end what was written also what is there?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pages.elements.sitemap import ENTRIES
from pipelines.start import FEW_HEAPS
from tests.bench import written
from tests.bench.figures import Figure, middle, table
from tests.browsing import PROJECT, free_port, wait_until_served
from tests.viewer import visit
from warehouse.connection import numbered_versions

SPEED = 100
DAYS, TICKETS = 10, 20_000
EVERY_SECONDS = 2.0
READ_SECONDS = 2.0
VIEWERS = 5
LONGEST_TAKING_IN = 600.0
# What must have gone again after a run, and after a killed one.
PASSING = ("scratch/*", ".publishing-*", ".rewriting*", ".warehouse*", "*.tmp/*", "damaged-*")
HERE = "--settings"


@dataclass
class Process:
    """A part of the product that is watched, and what it held at each look."""

    name: str
    running: subprocess.Popen[bytes]
    megabytes: list[float] = field(default_factory=list)
    handles: list[float] = field(default_factory=list)
    threads: list[float] = field(default_factory=list)

    def look(self) -> None:
        home = Path(f"/proc/{self.running.pid}")
        status = dict(line.split(":", 1) for line in (home / "status").read_text(encoding="utf-8").splitlines())
        self.megabytes.append(int(status["VmRSS"].split()[0]) / 1024)
        self.threads.append(int(status["Threads"]))
        self.handles.append(len(os.listdir(home / "fd")))


@dataclass
class Readings:
    """What was seen while it ran, a look every few seconds: bytes of the two files, files that should pass, versions; and every visit."""

    processes: list[Process]
    loading: list[float] = field(default_factory=list)
    published: list[float] = field(default_factory=list)
    passing: list[float] = field(default_factory=list)
    versions: list[float] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)
    visits: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def look(self, data: Path, exports: written.Exports) -> None:
        for process in self.processes:
            process.look()
        with suppress(FileNotFoundError):  # a file may be replaced between finding and looking
            self.loading.append(_bytes(data, "loading.duckdb*"))
            self.published.append((data / "warehouse.duckdb").stat().st_size)
            self.rows.append(exports.read().rows)
        self.passing.append(sum(len(list(data.glob(pattern))) for pattern in PASSING))
        self.versions.append(len(numbered_versions(data)))


def figures(folder: Path, minutes: float, tickets: int = TICKETS, days: int = DAYS) -> list[Figure]:
    """Of a desk of its own in `folder`. Raises RuntimeError where a page did not answer, or what was written is not what is there."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = _settings(folder, tickets, days)
    exports = written.Exports(folder / "exports")
    with _product(settings) as (processes, address):
        readings = Readings(processes)
        _watch(readings, address, folder / "data", exports, minutes * 60)
        processes[0].running.send_signal(signal.SIGTERM)
        processes[0].running.wait(timeout=60)
        differences = written.differences_in_the_end(exports, folder / "data", LONGEST_TAKING_IN)
    rows = exports.read().rows
    found = _figures(readings, f"{minutes:g} minutes, {rows:,} rows", rows)
    if readings.problems or differences:
        raise RuntimeError("\n".join([*readings.problems[:10], *differences, table(found)]))
    return found


def _settings(folder: Path, tickets: int, days: int) -> Path:
    """The settings that are shipped, with a desk of another size."""
    text = (PROJECT / "support.toml").read_text(encoding="utf-8")
    for before, after in (
        ("data/exports", "exports"),
        ("tickets = 40000", f"tickets = {tickets}"),
        ("days = 90", f"days = {days}"),
    ):
        assert before in text, before
        text = text.replace(before, after)
    path = folder / "support.toml"
    path.write_text(text, encoding="utf-8")
    return path


@contextmanager
def _product(settings: Path) -> Iterator[tuple[list[Process], str]]:
    """Sample, pipelines and dashboard, as `make run` starts them; they end with the block."""
    folder, port = settings.parent, free_port()
    live = ["sample", "--live", "--speed", str(SPEED), "--every", str(EVERY_SECONDS), HERE, str(settings)]
    streamlit = ["streamlit", "run", "dashboard.py", f"--server.port={port}", "--", HERE, str(settings)]
    processes = []
    try:
        processes.append(_begun("sample", ["pipelines", *live], folder))
        _wait_for(folder / "exports" / "desk.json", processes)
        processes.append(_begun("pipelines", ["pipelines", "serve", HERE, str(settings)], folder))
        _wait_for(folder / "data" / "warehouse.duckdb", processes)
        processes.append(_begun("dashboard", streamlit, folder))
        wait_until_served(port)
        yield processes, f"http://127.0.0.1:{port}"
    finally:
        for process in reversed(processes):
            process.running.terminate()
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.running.wait(timeout=60)
            process.running.kill()


def _begun(name: str, module: list[str], folder: Path) -> Process:
    with (folder / f"{name}.log").open("wb") as log:
        environment = {**FEW_HEAPS, **os.environ}
        running = subprocess.Popen(
            [sys.executable, "-m", *module], cwd=PROJECT, stdout=log, stderr=log, env=environment
        )
    return Process(name, running)


def _wait_for(path: Path, processes: list[Process]) -> None:
    until = time.monotonic() + LONGEST_TAKING_IN
    while not path.exists():
        ended = [process.name for process in processes if process.running.poll() is not None]
        if ended or time.monotonic() > until:
            raise RuntimeError(f"{path} is not there; ended: {ended}")
        time.sleep(0.2)


def _watch(readings: Readings, address: str, data: Path, exports: written.Exports, seconds: float) -> None:
    """Visits every page in turn and looks at processes and files, so long; a few viewers stay on the live page meanwhile."""
    stop = threading.Event()
    visiting = threading.Thread(target=_visit_in_turn, args=(readings, address, stop))
    with _audience(address, data, seconds) as audience:
        visiting.start()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            readings.look(data, exports)
            stop.wait(READ_SECONDS)
        stop.set()
        visiting.join()
        told = json.loads(audience.communicate(timeout=120)[0])
    for viewer in told["viewers"]:
        readings.problems += viewer["problems"]
        if len(viewer["redraws"]) < 2:
            readings.problems.append("a viewer's live page was never redrawn")


@contextmanager
def _audience(address: str, data: Path, seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.bench.audience", address, "--viewers", str(VIEWERS)]
    command += ["--seconds", str(seconds), "--data", str(data)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _visit_in_turn(readings: Readings, address: str, stop: threading.Event) -> None:
    while not stop.is_set():
        for entry in ENTRIES:
            if stop.wait(0.3):
                return
            try:
                with visit(address, entry.path) as visitor:
                    readings.visits.append(visitor.run())
                    readings.problems += [f"{entry.path}: {problem}" for problem in visitor.problems]
            except (OSError, TimeoutError) as error:
                readings.problems.append(f"{entry.path} does not answer: {error!r}")


def _figures(readings: Readings, size: str, rows: float) -> list[Figure]:
    """Medians of the last third beside those of the first; bytes by the rows that were written until then."""
    found = []
    for process in readings.processes:
        found += [
            _flat(f"{process.name}: memory", size, process.megabytes, "MB"),
            _flat(f"{process.name}: file handles", size, process.handles, ""),
            Figure(f"{process.name}: file handles, at most", size, max(process.handles), ""),
            _flat(f"{process.name}: threads", size, process.threads, ""),
        ]
    by_row = [_by_row(part, readings.rows) for part in (readings.loading, readings.published)]
    return [
        *found,
        _flat("loading file by delivered row", size, by_row[0], "bytes"),
        _flat("published file by delivered row", size, by_row[1], "bytes"),
        Figure("files that pass, at most", size, max(readings.passing), ""),
        Figure("files that pass, at the end", size, readings.passing[-1], ""),
        Figure("versions kept, at most", size, max(readings.versions), ""),
        _flat("a visit, every page in turn", size, readings.visits, "s"),
        Figure("visits, all answered", size, len(readings.visits), ""),
        Figure("rows written and found", size, rows, ""),
    ]


def _by_row(sizes: list[float], rows: list[float]) -> list[float]:
    return [size / count for size, count in zip(sizes, rows, strict=False) if count]


def _flat(what: str, size: str, values: list[float], unit: str) -> Figure:
    third = max(len(values) // 3, 1)
    return Figure(f"{what}, last third", size, middle(values[-third:]), unit, "in the first", middle(values[:third]))


def _bytes(folder: Path, pattern: str) -> float:
    return sum(path.stat().st_size for path in folder.glob(pattern))
