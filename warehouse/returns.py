"""When the customer of a ticket asked about its topic again: what a ticket says of another one, kept beside it.

A ticket that comes, goes or moves in time changes what is so of the one before it, which nothing else touches. Which customers and topics
that are is noted with the slice that brought it, and settled at the end of the build.
"""

from __future__ import annotations

import duckdb

from warehouse.connection import temporary

# Where no more of all tickets than this change, their rows are deleted and inserted like any touched ticket's; else in place: a column of
# numbers is written anew then, instead of most rows.
FEW = 0.05
_TELLING = "source, ticket_id, created_at, asker_no"


def touch(connection: duckdb.DuckDBPyConnection) -> None:
    """Notes whose tickets a slice changed, in store.touched_askers: of tickets_before and tickets_built, what is not in both."""
    now = f"select {_TELLING} from tickets_built inner join (select ticket, ticket_id from touched) using (ticket)"
    before = f"select {_TELLING} from tickets_before"
    connection.execute(
        f"""
insert into store.touched_askers
select distinct asker_no
from (({now} except {before}) union all ({before} except {now}))
where asker_no is not null"""
    )


def settle(connection: duckdb.DuckDBPyConnection) -> None:
    """Brings next_created_at of store.tickets up to date for the customers and topics that are noted, and clears their notes.

    In another transaction than the one that inserted rows: DuckDB 2.0.0 mixes values up where that one changes them.
    """
    if not connection.execute("select 1 from store.touched_askers limit 1").fetchone():
        return
    temporary(connection, "returned", _RETURNED)
    connection.execute(_IN_PLACE if _are_many(connection) else _MOVED)
    connection.execute("delete from store.touched_askers")


_RETURNED = """
select row_no, came_at
from (
    select
        rowid as row_no,
        next_created_at,
        lead(created_at) over (partition by asker_no order by created_at, ticket_id) as came_at,
    from store.tickets
    semi join store.touched_askers using (asker_no)
)
where came_at is distinct from next_created_at"""
# In the order of the table: a million updates that come in any other take ten times as long, and more of them more than that.
_IN_PLACE = """
update store.tickets as tickets
set next_created_at = returned.came_at
from (select row_no, came_at from returned order by row_no) as returned
where tickets.rowid = returned.row_no"""
_MOVED = """
create or replace temp table returned_tickets as
select tickets.* replace (returned.came_at as next_created_at)
from store.tickets as tickets
inner join returned on returned.row_no = tickets.rowid;
delete from store.tickets where rowid in (select row_no from returned);
insert into store.tickets by name from returned_tickets"""


def _are_many(connection: duckdb.DuckDBPyConnection) -> bool:
    row = connection.execute(
        "select (select count(*) from returned) > $few * (select count(*) from store.tickets)", {"few": FEW}
    ).fetchone()
    assert row
    return bool(row[0])


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Drops the temporary tables."""
    for table in ("returned", "returned_tickets"):
        connection.execute(f"drop table if exists temp.{table}")
