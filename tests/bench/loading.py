"""What loading costs: a first load beside a bare one of the same files, batches, publishing, memory and disk."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb

from tests.bench import made_up
from tests.bench.figures import Figure, middle
from warehouse.sql_text import quoted

PROJECT = Path(__file__).resolve().parents[2]
BATCHES = 7
STEPS = ("pull", "load", "build", "check", "publish")
BATCH = "a batch of 1,000 changed tickets: load and build"
# Changes of each ticket: five, and two where there are more than a million tickets.
EVENTS, EVENTS_OF_MANY, MANY = 5, 2, 1_000_000
# A run in a process of its own, so that its memory is its own.
RUNS = """
import json, re, sys
from pathlib import Path
from pipelines.refresh import Pipelines
from warehouse.settings import load
from tests.bench import made_up

folder, tickets, batches = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
pipelines = Pipelines(load(folder / "support.toml"))
told = []
for number in range(batches + 1):
    if number:
        made_up.write_batch(folder / "exports", tickets, number)
    report = pipelines.run("bench")
    assert report.state == "done" and not report.problems, report
    told.append(report.seconds | {"built": report.tickets_built})
pipelines.close()
highest = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
print(json.dumps({"runs": told, "megabytes": int(highest[1]) / 1024}))
"""


def figures(folder: Path, tickets: int) -> list[Figure]:
    """First load and batches at this size; leaves the loaded desk in the folder."""
    size = size_of(tickets)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "support.toml").write_text(made_up.SETTINGS, encoding="utf-8")
    made_up.write_history(folder / "exports", tickets, EVENTS if tickets <= MANY else EVENTS_OF_MANY)
    bare, bare_bytes = _bare(folder)
    told = runs(folder, tickets, BATCHES)
    first, batches = told["runs"][0], told["runs"][1:]
    whole = sum(first.get(step, 0) for step in STEPS)
    batch = middle([run["load"] + run["build"] for run in batches])
    return [
        Figure("first load: load step", size, first["load"], "s", "bare create table as from read_csv", bare),
        Figure("first load: whole run", size, whole, "s", "bare create table as from read_csv", bare),
        Figure(BATCH, size, batch * 1000, "ms"),
        Figure("a batch: load", size, middle([run["load"] for run in batches]) * 1000, "ms"),
        Figure("a batch: build", size, middle([run["build"] for run in batches]) * 1000, "ms"),
        Figure("a batch: check", size, middle([run["check"] for run in batches]) * 1000, "ms"),
        Figure(
            "publish",
            size,
            middle([run["publish"] for run in batches if "publish" in run] or [first["publish"]]) * 1000,
            "ms",
        ),
        Figure("memory of the pipelines, at most", size, told["megabytes"], "MB"),
        Figure(
            "disk",
            size,
            _megabytes(folder / "data" / "warehouse.duckdb"),
            "MB",
            "the same rows written bare",
            bare_bytes,
        ),
        Figure(
            "disk",
            size,
            _megabytes(folder / "data" / "warehouse.duckdb"),
            "MB",
            "the same tables written bare",
            _written_bare(folder),
        ),
    ]


def size_of(tickets: int) -> str:
    return f"{tickets:,} tickets"


def growth(found: list[Figure]) -> list[Figure]:
    """A batch at the largest size beside one at the smallest."""
    batches = [figure for figure in found if figure.what == BATCH]
    if len(batches) < 2:
        return []
    first, last = batches[0], batches[-1]
    return [Figure(f"{BATCH}, growth", last.size, last.value, "ms", f"at {first.size}", first.value)]


def _bare(folder: Path) -> tuple[float, float]:
    """Seconds and megabytes of the same files as bare tables."""
    path = folder / "bare.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path), config={"storage_compatibility_version": "v1.5.0"}) as connection:
        began = time.perf_counter()
        for kind in made_up.KINDS:
            connection.execute(
                f"create table {kind} as from read_csv({quoted(str(folder / 'exports' / kind / 'history.csv'))})"
            )
        seconds = time.perf_counter() - began
        connection.execute("checkpoint")
    return seconds, _megabytes(path)


def runs(folder: Path, tickets: int, batches: int) -> dict[str, Any]:
    """Seconds of each step of a first run and of so many batches after it, and the most memory they took, in a process of its own."""
    command = [sys.executable, "-c", RUNS, str(folder), str(tickets), str(batches)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _written_bare(folder: Path) -> float:
    """Megabytes of every table of the published file, each written anew by one statement."""
    path = folder / "bare.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path), config={"storage_compatibility_version": "v1.5.0"}) as connection:
        connection.execute(f"attach {quoted(str(folder / 'data' / 'warehouse.duckdb'))} as ours (read_only)")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'ours' and not internal"
        ).fetchall()
        connection.execute("create schema store")
        for schema, table in tables:
            connection.execute(f"create table {schema}.{table} as from ours.{schema}.{table}")
        connection.execute("checkpoint")
    return _megabytes(path)


def _megabytes(path: Path) -> float:
    return path.stat().st_size / 1e6
