"""The published file opens in any DuckDB client while new versions come out, a thousand times, and the writer does not notice."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import pytest

from tests import older_client
from tests.conftest import Desk

pytestmark = pytest.mark.alone
ROUNDS = 10
OPENS_BY_PYTHON = 60  # a round: each by duckdb.connect in a second process
OPENS_BY_OLDER = 30  # a round: each by .open in a command line of 1.5
STARTS_OF_OLDER = 10  # a round: each a command line of its own
QUIET_RUNS = 2  # a round, before anybody reads

# A run a file, and a publication a run, without a pause: far more often than a schedule asks for.
WRITER = """
import json, os, sys, time
from pathlib import Path
from pipelines import refresh
from warehouse.settings import load

settings, stop = Path(sys.argv[1]), Path(sys.argv[2])
refresh.PUBLISHING_SHARE = 1
pipelines = refresh.Pipelines(load(settings))
exports, number = settings.parent / "exports" / "tickets", 0
while not stop.exists():
    number += 1
    rows = "".join(f"T{number}-{row},2026-01-01T10:{row:02}:00Z,open,email\\n" for row in range(20))
    part = exports / ".part"
    part.write_text("ticket_id,created_at,status,channel\\n" + rows)
    part.rename(exports / f"{number}.csv")
    began = time.time()
    report = pipelines.run("test")
    said = {"at": began, "seconds": time.time() - began, "state": report.state, "version": report.version}
    print(json.dumps(said), flush=True)
pipelines.close()
"""
# Three counts that every run moves together, and the version they are of.
QUESTION = (
    "select (select count(*) from tickets), (select sum(arrived) from queue_hours),"
    " (select sum(rows_loaded) from files), (select max(version) from runs)"
)
READER = f"""
import sys, duckdb
for _ in range(int(sys.argv[2])):
    with duckdb.connect(sys.argv[1], read_only=True) as connection:
        print(*connection.execute("{QUESTION}").fetchone(), sep=",")
"""
Answer = tuple[int, ...]


@dataclass
class Watched:
    """What readers saw, a list a reader in order of its opens, and what the writer did."""

    answers: list[list[Answer]] = field(default_factory=list)
    readings: list[tuple[float, float]] = field(default_factory=list)
    runs: list[dict[str, float]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def seconds(self, is_read: bool) -> list[float]:
        """How long the runs took that somebody read beside, or nobody; the first ones are left out."""
        return [run["seconds"] for run in self.runs[QUIET_RUNS:] if self._is_read(run) is is_read]

    def _is_read(self, run: dict[str, float]) -> bool:
        return any(began < run["at"] + run["seconds"] and run["at"] < ended for began, ended in self.readings)

    def wait_for_runs(self, number: int, writer: subprocess.Popen[str]) -> None:
        """Until so many more runs are over."""
        wanted = len(self.runs) + number
        while len(self.runs) < wanted and writer.poll() is None:
            time.sleep(0.02)


def _answers(printed: str) -> list[Answer]:
    return [tuple(int(number) for number in line.split(",")) for line in printed.splitlines()]


def _by_python(path: Path) -> list[Answer]:
    command = [sys.executable, "-c", READER, str(path), str(OPENS_BY_PYTHON)]
    return _answers(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)


def _by_older(path: Path) -> list[Answer]:
    return _answers(older_client.run(path, f".open --readonly '{path}'\n{QUESTION};\n" * OPENS_BY_OLDER))


def _by_starts_of_older(path: Path) -> list[Answer]:
    return [answer for _ in range(STARTS_OF_OLDER) for answer in _answers(older_client.run(path, QUESTION))]


def _read(path: Path, watched: Watched) -> None:
    """A round: the Python client and the older command line beside it."""
    began = time.time()
    with ThreadPoolExecutor(2) as pool:
        newer = pool.submit(_by_python, path)
        older = pool.submit(lambda: _by_older(path) + _by_starts_of_older(path))
        watched.answers += [newer.result(), older.result()]
    watched.readings.append((began, time.time()))


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    desk = Desk(tmp_path_factory.mktemp("any_client"))
    desk.source("tickets", "ticket")
    settings, stop, path = desk.settings_file(), desk.folder / "stop", desk.folder / "data" / "warehouse.duckdb"
    found = Watched()
    command = [sys.executable, "-c", WRITER, str(settings), str(stop)]
    with ThreadPoolExecutor(1) as pool, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        pool.submit(lambda: [found.runs.append(json.loads(line)) for line in writer.stdout or ()])
        try:
            for _ in range(ROUNDS):
                found.wait_for_runs(QUIET_RUNS + 1, writer)
                _read(path, found)
        finally:
            stop.touch()
    assert writer.returncode == 0
    found.left = sorted(file.name for file in path.parent.iterdir() if file.is_file())
    return found


def test_a_thousand_opens_while_versions_come_out_fail_not_once(watched: Watched) -> None:
    assert sum(len(answers) for answers in watched.answers) == 1000
    assert {run["state"] for run in watched.runs} == {"done"}


def test_every_open_finds_a_whole_version_and_none_older_than_the_one_before(watched: Watched) -> None:
    for answers in watched.answers:
        assert all(tickets == arrived == loaded == 20 * version for tickets, arrived, loaded, version in answers)
        versions = [answer[-1] for answer in answers]
        assert versions == sorted(versions)
    assert len({answer[-1] for answers in watched.answers for answer in answers}) >= ROUNDS


def test_readers_do_not_slow_the_writer(watched: Watched) -> None:
    read, quiet = watched.seconds(is_read=True), watched.seconds(is_read=False)
    print(f"median run {median(quiet):.3f}s alone ({len(quiet)}), {median(read):.3f}s beside readers ({len(read)})")
    assert min(len(read), len(quiet)) >= 5
    # The readers take their share of two cores; a lock that they held would stop runs altogether.
    assert median(read) < 4 * median(quiet)


def test_readers_leave_nothing_behind(watched: Watched) -> None:
    newest = int(watched.runs[-1]["version"])
    kept = [f"warehouse-{number}.duckdb" for number in range(newest - 2, newest + 1)]
    assert set(watched.left) - {"pipelines.lock", "loading.duckdb", "privacy.key", "state.json"} == {
        "warehouse.duckdb",
        *kept,
    }
