"""Upkeep of the loading file: rows put back in order of time where batches scattered them, and the space of dropped rows given back.

A batch deletes the rows of touched tickets and inserts them anew at the end of their tables: what was in order of time drifts apart, and
leaves holes. Upkeep looks for slices of time that are badly kept and moves each, in order, to the end of its table, into blocks of the file
that are free. One transaction a slice: it may be stopped, or killed, at any moment, and loads go on between two of them. No row changes.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import disk_usage

import duckdb

from warehouse.connection import roll_back
from warehouse.errors import FolderError
from warehouse.sql_text import identifier

# The tables that grow with the desk, each with what orders it: the time by which periods are asked for, then what else stands together.
ORDERED_BY = {
    "backlog_changes": ("happened_at", "ticket_id"),
    "messages": ("sent_at", "ticket_id"),
    "survey_responses": ("sent_at", "response_id"),
    "ticket_events": ("happened_at", "ticket_id"),
    "store.call_rows": ("entered_at", "ticket_id"),
    "store.event_rows": ("happened_at", "ticket_id"),
    "store.message_rows": ("sent_at", "ticket_id"),
    "store.queue_changes": ("hour", "channel"),
    "store.sla_outcomes": ("applied_at", "ticket_id"),
    "store.survey_rows": ("sent_at", "response_id"),
    "store.ticket_rows": ("created_at", "ticket_id"),
    "store.tickets": ("created_at", "ticket_id"),
    "store.waits": ("began_at", "ticket_id"),
}
# Rows of a row group, of which DuckDB knows the first and last time: a question about a period skips the others. A slice is as long.
ROWS_A_GROUP = 122_880
# A stretch of a table, as long as a row group, is wide where its times reach over more rows than fill so many.
WIDE_GROUPS = 8
# As many wide stretches do not matter: whatever was loaded last is one.
WIDE_STRETCHES = 4
# The share of a slice's rows that may lie elsewhere, or be gone and leave a hole, before it is moved.
BAD_SHARE = 0.125
# The file may be so much larger than what is used of it before slices at its end are moved into free blocks.
LARGEST_FILE = 1.2
# As often a table is looked at in one upkeep.
ROUNDS = 3
# No file has a block of this number.
NO_BLOCK = 1 << 60
# What a step may take of the disk, with much to spare.
BYTES_A_STEP = 500_000_000


@dataclass(frozen=True)
class Slice:
    """Rows of a table from one time to before another, and how many there were."""

    table: str
    begin_at: datetime
    end_at: datetime
    rows: int


@dataclass
class Done:
    """What an upkeep did so far. A step is what loads wait for; bytes are the loading file's."""

    started_at: datetime
    bytes_before: int
    bytes_after: int
    slices: int = 0
    rows: int = 0
    seconds: float = 0.0
    longest_step_seconds: float = 0.0

    def line(self) -> str:
        """One line for the log."""
        moved = f"{self.slices:,} slices with {self.rows:,} rows put in order" if self.slices else "all is in order"
        return (
            f"upkeep: {moved} in {self.seconds:.1f}s, longest step {self.longest_step_seconds:.2f}s;"
            f" the file has {self.bytes_after / 1e6:,.0f} MB, before {self.bytes_before / 1e6:,.0f} MB"
        )


class Upkeep:
    """One upkeep of the loading file at `path`, a step at a time."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        size = path.stat().st_size
        self.done = Done(datetime.now(UTC).replace(tzinfo=None), size, size)
        self.connection = connection
        self._path = path
        self._steps = self._work()

    def step(self) -> bool:
        """Looks for slices to move, or moves one; False where nothing is left to do: `done` is noted in table upkeeps then.

        Raises FolderError where the disk is nearly full, and duckdb.Error: nothing of the step is done then, and upkeep is over.
        """
        if disk_usage(self._path.parent).free < BYTES_A_STEP:
            raise FolderError(
                f"{self._path.parent} has less than {BYTES_A_STEP / 1e6:.0f} MB free: upkeep waits until there is more"
            )
        began = time.monotonic()
        found = next(self._steps, None)
        self._count(found, time.monotonic() - began)
        return found is not None

    def close(self) -> None:
        """Ends it, early too: what was moved stays so."""
        self._steps.close()

    def _work(self) -> Generator[list[Slice]]:
        """Steps, each with the slices it moved: none where it only looked for some."""
        # DuckDB would fill the holes of half-emptied row groups at every checkpoint, only for the next step to empty them.
        self.connection.execute("set max_vacuum_tasks = 0")
        try:
            for table in ORDERED_BY:
                yield from _put_in_order(self.connection, table, NO_BLOCK, ROUNDS)
            blocks, used = _blocks(self.connection)
            if blocks > LARGEST_FILE * used:
                for table in ORDERED_BY:
                    yield from _put_in_order(self.connection, table, used, 1)
                for table in _small_tables(self.connection):
                    _write_anew_if_far(self.connection, table, used)
                    yield []
            if self.done.slices:
                self._note()
        except duckdb.Error:
            roll_back(self.connection)
            raise
        finally:
            self.connection.execute("reset max_vacuum_tasks")

    def _note(self) -> None:
        """Keeps what was done, and gives back free blocks at the end of the file: a checkpoint does that when it has something to write."""
        values = asdict(self.done)
        columns, places = ", ".join(values), ", ".join(f"${name}" for name in values)
        self.connection.execute(f"insert into upkeeps ({columns}) values ({places})", values)
        # What describes tables that nothing was moved in is written anew too: a block of it may lie at the end.
        self.connection.execute("set experimental_metadata_reuse = false")
        try:
            self.connection.execute("checkpoint")
        finally:
            self.connection.execute("reset experimental_metadata_reuse")
        after = {"bytes": self._path.stat().st_size, "started_at": self.done.started_at}
        self.connection.execute("update upkeeps set bytes_after = $bytes where started_at = $started_at", after)

    def _count(self, found: list[Slice] | None, seconds: float) -> None:
        self.done.slices += len(found or [])
        self.done.rows += sum(part.rows for part in found or [])
        self.done.seconds += seconds
        self.done.longest_step_seconds = max(self.done.longest_step_seconds, seconds)
        self.done.bytes_after = self._path.stat().st_size


def _put_in_order(
    connection: duckdb.DuckDBPyConnection, table: str, far_block: int, rounds: int
) -> Iterator[list[Slice]]:
    """Moves what is badly kept, and what that leaves so: what lay half in a row group with it."""
    for _ in range(rounds):
        parts = badly_kept(connection, table, far_block)
        yield []
        if not parts:
            return
        for part in parts:
            move(connection, part)
            yield [part]


def _small_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables that do not grow with the desk: of a row group at most."""
    found = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables()"
        " where not temporary and not internal and database_name = current_database() and estimated_size <= $most order by all",
        {"most": ROWS_A_GROUP},
    ).fetchall()
    return [name for (name,) in found if name.removeprefix("main.") not in ORDERED_BY]


def _write_anew_if_far(connection: duckdb.DuckDBPyConnection, table: str, far_block: int) -> None:
    """Writes a small table anew where a block of it lies at the end of the file: that alone keeps the file as long as it is."""
    row = connection.execute(f"select max(block_id) from pragma_storage_info('{table}')").fetchone()
    if not row or row[0] is None or row[0] < far_block:
        return
    connection.execute("begin")
    connection.execute(f"create or replace temp table moved as from {table}")
    connection.execute(f"delete from {table}")
    connection.execute(f"insert into {table} from moved")
    connection.execute("drop table temp.moved")
    connection.execute("commit")
    connection.execute("checkpoint")


def _blocks(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Blocks of the file, and how many of them are used."""
    row = connection.execute(
        "select total_blocks, used_blocks from pragma_database_size() where database_name = current_database()"
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def badly_kept(connection: duckdb.DuckDBPyConnection, table: str, far_block: int = NO_BLOCK) -> list[Slice]:
    """The slices of a table of which too many rows lie away from the rest, left holes, or lie in blocks of the file from
    `far_block` on; in order of time."""
    order = ORDERED_BY[table][0]
    query = _BADLY_KEPT.format(
        table=table,
        order=identifier(order),
        column=order,
        far_block=far_block,
        no_block=NO_BLOCK,
        group_rows=ROWS_A_GROUP,
        wide_groups=WIDE_GROUPS,
        wide_stretches=WIDE_STRETCHES,
        bad_share=BAD_SHARE,
    )
    return [Slice(table, *row) for row in connection.execute(query).fetchall()]


def move(connection: duckdb.DuckDBPyConnection, part: Slice) -> None:
    """Writes the rows of a slice anew at the end of their table, in order: one transaction, and a checkpoint that frees where they were."""
    order = [identifier(column) for column in ORDERED_BY[part.table]]
    within = f"{order[0]} >= $begin_at and {order[0]} < $end_at"
    span = {"begin_at": part.begin_at, "end_at": part.end_at}
    connection.execute("begin")
    connection.execute(f"create or replace temp table moved as from {part.table} where {within}", span)
    connection.execute(f"delete from {part.table} where {within}", span)
    connection.execute(f"insert into {part.table} from moved order by {', '.join(order)}")
    connection.execute("drop table temp.moved")
    connection.execute("commit")
    connection.execute("checkpoint")


_BADLY_KEPT = """
-- One row per slice of time of a table that is badly kept.
with pieces as (
    select
        date_trunc('hour', {order}) as hour,
        rowid // {group_rows} as stretch,
        count(*) as rows,
    from {table}
    group by all
),
stretches as (
    select
        stretch,
        sum(rows) as rows,
        min(hour) as first_hour,
        max(hour) as last_hour,
        least({group_rows}, (select max(rowid) + 1 from {table}) - stretch * {group_rows}) - sum(rows) as dropped,
    from pieces
    group by stretch
),
hours as (
    select
        hour,
        sum(rows) as rows,
        sum(sum(rows)) over (order by hour) as rows_until,
    from pieces
    where hour is not null
    group by hour
),
wide as (
    select stretch
    from stretches
    inner join hours as first_hours on first_hours.hour = first_hour
    inner join hours as last_hours on last_hours.hour = last_hour
    where last_hours.rows_until - first_hours.rows_until + first_hours.rows > {wide_groups} * {group_rows}
    qualify count(*) over () > {wide_stretches}
),
row_groups as (
    select
        row_group_id,
        sum(count) filter (where column_name = '{column}' and segment_type <> 'VALIDITY') as rows,
        greatest(max(block_id), max(list_max(additional_block_ids))) as last_block,
    from pragma_storage_info('{table}')
    where {far_block} < {no_block}
    group by row_group_id
),
placed as (select *, sum(rows) over (order by row_group_id) as rows_until, from row_groups),
far as (
    select unnest(range((rows_until - rows)::bigint // {group_rows}, (rows_until::bigint - 1) // {group_rows} + 1)) as stretch,
    from placed
    where last_block >= {far_block}
),
slices as (
    select
        -- No more rows than fill a row group, as what is over would be a small one: slices are of whole hours.
        hours.rows_until // greatest({group_rows} // 2, {group_rows} - (select max(rows) from hours)) as slice,
        min(hour) as begin_at,
        max(hour) + interval 1 hour as end_at,
        sum(pieces.rows) as rows,
        sum(pieces.rows) filter (where stretch in (from wide) or stretch in (from far)) as elsewhere,
        sum(pieces.rows / stretches.rows * stretches.dropped) as dropped,
    from pieces
    inner join hours using (hour)
    inner join stretches using (stretch)
    group by slice
)
select
    begin_at,
    end_at,
    rows::bigint as rows,
from slices
where coalesce(elsewhere, 0) + dropped > {bad_share} * rows
order by begin_at"""
