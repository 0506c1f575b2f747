"""What upkeep costs and gives: the file after many batches beside one freshly built, with an upkeep every so many batches as at night."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench import made_up
from tests.bench.figures import Figure, middle

PROJECT = Path(__file__).resolve().parents[2]
BATCHES = 200
BATCH_TICKETS = 100
NIGHTS = 4
# A whole life in a process of its own: first load, batches, an upkeep every so many of them, and batches between the steps of the last one.
LIFE = """
import json, sys, time
from pathlib import Path
from pipelines.refresh import Pipelines
from warehouse.settings import load
from tests.bench import made_up

folder, tickets, batches, size, nights = Path(sys.argv[1]), *map(int, sys.argv[2:])
pipelines = Pipelines(load(folder / "support.toml"))
QUESTIONS = {
    "events": "select field, count(*) from ticket_events where happened_at >= $since and happened_at < $until group by field",
    "waits": "select channel, median(wait_seconds) from store.waits where began_at >= $since and began_at < $until group by channel",
    "messages": "select author_kind, count(*), max(sent_at) from messages where sent_at >= $since and sent_at < $until group by all",
}
number = 0

def batch():
    global number
    number += 1
    made_up.write_batch(folder / "exports", tickets, number, size)
    cpu = time.process_time()
    report = pipelines.run("bench")
    assert report.state == "done" and not report.problems, report
    return time.process_time() - cpu

def ask():
    '''Milliseconds of processor time that questions about thirty days take, of five times the least.'''
    times = []
    for _ in range(5):
        cpu = time.process_time()
        for sql in QUESTIONS.values():
            pipelines.connection.execute(sql, {"since": "2026-05-01", "until": "2026-05-31"}).fetchall()
        times.append(time.process_time() - cpu)
    return min(times) * 1000

def step():
    cpu = time.process_time()
    done = pipelines.keep_up()
    return done, time.process_time() - cpu

report = pipelines.run("bench")
assert report.state == "done", report
told = {"nights": [], "batches": [], "beside": []}
for night in range(nights):
    for _ in range(batches // nights):
        told["batches"].append(batch())
    before, done, steps = ask(), None, []
    bytes_before = pipelines.loading.stat().st_size
    while not done:
        done, seconds = step()
        steps.append(seconds)
        if night == nights - 1 and len(steps) % 8 == 0:
            told["beside"].append(batch())
    told["nights"].append({
        "slices": done.slices, "rows": done.rows, "cpu": sum(steps), "longest_cpu": max(steps), "seconds": done.seconds,
        "longest": done.longest_step_seconds, "ask_before": before, "ask_after": ask(),
        "bytes_before": bytes_before, "bytes_after": pipelines.loading.stat().st_size,
    })
pipelines.close()
print(json.dumps(told))
"""
# The same delivered files, taken in by a data folder of its own in one run.
FRESH = """
import sys
from pathlib import Path
from pipelines.refresh import Pipelines
from warehouse.settings import load

settings = load(Path(sys.argv[1]) / "support.toml")
folder = Path(sys.argv[1]) / "fresh"
pipelines = Pipelines(settings.model_copy(update={"data": settings.data.model_copy(update={"folder": folder})}))
report = pipelines.run("bench")
assert report.state == "done", report
pipelines.close()
print((folder / "loading.duckdb").stat().st_size)
"""


def figures(
    folder: Path, tickets: int, batches: int = BATCHES, size: int = BATCH_TICKETS, nights: int = NIGHTS
) -> list[Figure]:
    """So many batches of `size` changed tickets at a desk of so many tickets, with an upkeep after every part of them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "support.toml").write_text(made_up.SETTINGS, encoding="utf-8")
    made_up.write_history(folder / "exports", tickets)
    told = json.loads(_run(LIFE, folder, tickets, batches, size, nights))
    fresh = int(_run(FRESH, folder)) / 1e6
    return _told(told, f"{tickets:,} tickets, {batches:,} batches of {size:,}", fresh)


def _told(told: dict[str, Any], what: str, fresh: float) -> list[Figure]:
    nights = told["nights"]
    last = nights[-1]
    calm = middle(told["batches"]) * 1000
    beside = middle(told["beside"]) * 1000 if told["beside"] else calm
    return [
        Figure("an upkeep, median (processor time)", what, middle([night["cpu"] for night in nights]), "s"),
        Figure("an upkeep: rows moved, median", what, middle([night["rows"] for night in nights]), "rows"),
        Figure("its longest step (processor time)", what, max(night["longest_cpu"] for night in nights) * 1000, "ms"),
        Figure("its longest step (by the clock)", what, max(night["longest"] for night in nights) * 1000, "ms"),
        Figure("a run between its steps (processor time)", what, beside, "ms", "a run without", calm),
        Figure("thirty days, after it", what, last["ask_after"], "ms", "before it", last["ask_before"]),
        Figure("file after the batches", what, last["bytes_before"] / 1e6, "MB", "freshly built", fresh),
        Figure("file after upkeep", what, last["bytes_after"] / 1e6, "MB", "freshly built", fresh),
    ]


def _run(script: str, *arguments: object) -> str:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout
