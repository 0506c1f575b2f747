"""What a user would write instead of delete and insert: MERGE of a batch into tables with primary keys. Nothing is built of them."""

from __future__ import annotations

import time
from pathlib import Path

import duckdb

from tests.bench import made_up
from tests.bench.figures import Figure, middle
from warehouse.sql_text import quoted

BATCHES = 7
KEYS = {"tickets": "ticket_id", "events": "event_id", "messages": "message_id"}


def figures(folder: Path, tickets: int, batches: int = BATCHES, ours: float | None = None) -> list[Figure]:
    """Of the desk whose exports are in the folder (see loading.figures); `ours` are the milliseconds of its batch with all that is built."""
    path = folder / "keyed.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        for kind, key in KEYS.items():
            _load(connection, folder / "exports" / kind / "history.csv", kind, key)
        connection.execute("checkpoint")
        seconds = [_merge_batch(connection, folder, tickets, number) for number in range(1, batches + 1)]
    size = f"{tickets:,} tickets"
    compared = "our batch, with all that is built of it" if ours is not None else ""
    what = "a batch by MERGE into keyed tables, nothing built of it"
    return [Figure(what, size, middle(seconds) * 1000, "ms", compared, ours)]


def _load(connection: duckdb.DuckDBPyConnection, path: Path, kind: str, key: str) -> None:
    """A table with a primary key, as wide as the file."""
    read = f"from {_read(path, key)}"
    connection.execute(f"create table {kind} as {read} limit 0")
    connection.execute(f"alter table {kind} add primary key ({key})")
    connection.execute(f"insert into {kind} {read}")


def _merge_batch(connection: duckdb.DuckDBPyConnection, folder: Path, tickets: int, number: int) -> float:
    """Seconds of one transaction with a batch of changed tickets, their changes and messages."""
    made_up.write_batch(folder / "merged", tickets, number)
    began = time.perf_counter()
    connection.execute("begin")
    for kind, key in KEYS.items():
        read = _read(folder / "merged" / kind / f"batch-{number:06d}.csv", key)
        connection.execute(f"""
            merge into {kind} using (from {read}) as batch on {kind}.{key} = batch.{key}
            when matched then update when not matched then insert""")
    connection.execute("commit")
    return time.perf_counter() - began


def _read(path: Path, key: str) -> str:
    """The file as a table; ids such as 1-2-3 are no dates."""
    return f"read_csv({quoted(str(path))}, types = {{{quoted(key)}: 'varchar'}})"
