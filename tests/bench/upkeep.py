"""What upkeep costs and gives: the file after many batches beside one freshly built, with an upkeep every so many batches as at night."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb

from tests.bench import made_up
from tests.bench.figures import Figure, middle
from warehouse.connection import open_for_writing
from warehouse.upkeep import ORDERED_BY, Upkeep

TICKET_TABLES = [table for table, order in ORDERED_BY.items() if "ticket_id" in order]
PROJECT = Path(__file__).resolve().parents[2]
BATCHES = 200
BATCH_TICKETS = 100
NIGHTS = 4
BARE_BATCHES = 10_000
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
    folder: Path,
    tickets: int,
    batches: int = BATCHES,
    size: int = BATCH_TICKETS,
    nights: int = NIGHTS,
    bare_batches: int = BARE_BATCHES,
) -> list[Figure]:
    """So many batches of `size` changed tickets at a desk of so many tickets, with an upkeep after every part of them (`nights`); then
    many more at its tables alone."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "support.toml").write_text(made_up.SETTINGS, encoding="utf-8")
    made_up.write_history(folder / "exports", tickets)
    told = json.loads(_run(LIFE, folder, tickets, batches, size, nights))
    fresh = int(_run(FRESH, folder)) / 1e6
    return [
        *_told(told, f"{tickets:,} tickets, {batches:,} batches of {size:,}", fresh),
        *many_batches(folder / "fresh" / "loading.duckdb", bare_batches, size, nights),
    ]


def many_batches(loading: Path, batches: int, size: int, nights: int) -> list[Figure]:
    """So many batches at a copy of a loading file, by what they do to its tables alone: the rows of some tickets, four in five of them of the
    newest quarter, are deleted and inserted anew. An upkeep after every part. The file before the last upkeep and after it, beside the file
    as it was at first: it holds as many rows."""
    path = loading.with_name("many-batches.duckdb")
    shutil.copy(loading, path)
    fresh = _megabytes(path)
    with open_for_writing(path) as connection:
        connection.execute("create temp table ids as select source, ticket_id from store.tickets order by created_at")
        for night in range(nights):
            for batch in range(batches // nights):
                _batch(connection, night * batches + batch, size)
            before = _megabytes(path)
            upkeep = Upkeep(connection, path)
            while upkeep.step():
                pass
    what = f"{batches:,} bare batches of {size:,}, {nights} upkeeps"
    return [
        Figure("file before the last upkeep", what, before, "MB", "freshly built", fresh),
        Figure("file after upkeep", what, _megabytes(path), "MB", "freshly built", fresh),
    ]


def _batch(connection: duckdb.DuckDBPyConnection, number: int, size: int) -> None:
    """One transaction; a checkpoint after every tenth, as publishing does one."""
    connection.execute(
        f"""
create or replace temp table touched as
select distinct source, ticket_id
from ids
where rowid in (
    select
        case
            when range % 5 = 0 then (hash(range, {number}) % (select count(*) from ids))::bigint
            else (select count(*) from ids) - 1 - (hash(range, {number}) % (select count(*) // 4 from ids))::bigint
        end
    from range({size})
)"""
    )
    connection.execute("begin")
    for table in TICKET_TABLES:
        connection.execute(
            f"create or replace temp table rows as from {table} semi join touched using (source, ticket_id)"
        )
        connection.execute(f"delete from {table} where (source, ticket_id) in (from touched)")
        connection.execute(f"insert into {table} from rows")
    connection.execute("commit")
    if number % 10 == 0:
        connection.execute("checkpoint")


def _megabytes(path: Path) -> float:
    return path.stat().st_size / 1e6


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
