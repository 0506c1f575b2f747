"""The touched tickets, a slice at a time: what was delivered of them, as temporary tables that the marts are built from.

Within a build a ticket is known by one number, a hash of its source and id: joins, windows and groups by it take half the time, and less, of
those by two texts. What is kept has source and id.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from warehouse.connection import temporary
from warehouse.errors import SupportError
from warehouse.rows import ROW_KINDS

# Tickets built at once, two row groups of them: more take more memory, fewer more scans of the store, and less than a row group waits for
# the commit to be written.
SLICE = 245_760
# Kinds of rows that speak of tickets, the temporary table of each, and columns of the store that no mart needs.
DELIVERED = {
    "ticket": ("delivered_tickets", "feed, row_hash, key_no"),
    "event": ("delivered_events", "feed, version_at, modified_at, file_no, line_no, row_hash, key_no"),
    "message": ("delivered_messages", "feed, row_hash, key_no"),
    "call": ("delivered_calls", "feed, version_at, modified_at, file_no, line_no, row_hash, key_no"),
    "target": ("delivered_targets", "feed, version_at, modified_at, file_no, line_no, row_hash, key_no"),
}


class SameNumber(SupportError):
    """Two tickets have the same hash."""


@dataclass(frozen=True)
class Slice:
    """Numbers of tickets that are built at once, from `first` to `last`; `count` of them are touched."""

    first: int
    last: int
    count: int


def slices(connection: duckdb.DuckDBPyConnection) -> list[Slice]:
    """The touched numbers in order, so many at a time: tickets that lie together are built together. One empty slice where none is touched."""
    found = connection.execute(
        f"""
select min(ticket_no), max(ticket_no), count(*)
from (
    select ticket_no, (row_number() over (order by ticket_no) - 1) // {SLICE} as place
    from (select distinct ticket_no from store.touched_tickets)
)
group by place
order by place"""
    ).fetchall()
    return [Slice(*row) for row in found] or [Slice(0, 0, 0)]


def gather(connection: duckdb.DuckDBPyConnection, part: Slice) -> None:
    """Temp tables numbers (ticket_no), delivered_tickets, delivered_events and so on, and touched (ticket, source, ticket_id, ticket_no)."""
    temporary(
        connection,
        "numbers",
        f"select distinct ticket_no from store.touched_tickets where ticket_no between {part.first} and {part.last}",
    )
    for kind, (table, without) in DELIVERED.items():
        temporary(
            connection,
            table,
            f"select hash(source, ticket_id) as ticket, * exclude ({without}), rowid as stored_row,"
            f" from store.{ROW_KINDS[kind].table} semi join numbers using (ticket_no)",
        )
    named = "\nunion all by name\n".join(
        f"select ticket, source, ticket_id, ticket_no from {table}" for table, _ in DELIVERED.values()
    )
    temporary(
        connection,
        "touched",
        f"select ticket, min(source) as source, min(ticket_id) as ticket_id, any_value(ticket_no) as ticket_no,"
        f" max(source) as other_source, max(ticket_id) as other_id, from ({named}) group by ticket",
    )
    same = connection.execute(
        "select ticket_id, source, other_id, other_source from touched where (source, ticket_id) <> (other_source, other_id)"
    ).fetchone()
    if same:
        raise SameNumber(
            f"ticket {same[0]} of {same[1]} and ticket {same[2]} of {same[3]} have the same hash: give one of them another id"
        )


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Drops the temporary tables."""
    for table in ("numbers", "touched", *(table for table, _ in DELIVERED.values())):
        connection.execute(f"drop table if exists temp.{table}")


def oldest(connection: duckdb.DuckDBPyConnection, is_whole: bool) -> None:
    """Temp table oldest (source, created_at): the first instant that touched tickets speak of; where this slice is not all of them, any."""
    tables = {kind: table if is_whole else f"store.{ROW_KINDS[kind].table}" for kind, (table, _) in DELIVERED.items()}
    temporary(
        connection,
        "oldest",
        f"""
select source, min(told_at) as created_at
from (
    select source, min(created_at) as told_at from {tables["ticket"]} group by source
    union all
    select source, least(min(happened_at), min(created_at)) as told_at from {tables["event"]} group by source
    union all
    select source, min(sent_at) as told_at from {tables["message"]} group by source
    union all
    select source, min(entered_at) as told_at from {tables["call"]} group by source
)
group by source""",
    )
