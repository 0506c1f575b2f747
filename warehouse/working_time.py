"""The calendars of working time: schedules, their hours and holidays, and the open hours made of them, a source at a time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import duckdb

from warehouse.connection import read_sql
from warehouse.rows import ROW_KINDS
from warehouse.settings import Settings
from warehouse.sql_text import text_list

KEPT = ("schedules", "schedule_hours", "holidays")


def keep_given_schedules(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """The schedules of support.toml into the tables store.given_..."""
    given = settings.schedules
    rows: dict[str, list[tuple[object, ...]]] = {
        "given_schedules": [
            (hours.name, hours.time_zone, position, hours.source, hours.channel, hours.team)
            for position, hours in enumerate(given, start=1)
        ],
        "given_hours": [(hours.name, *interval) for hours in given for interval in hours.intervals()],
        "given_holidays": [(hours.name, *days) for hours in given for days in hours.days_off()],
    }
    for table, values in rows.items():
        connection.execute(f"delete from store.{table}")
        if values:
            places = ", ".join("?" for _ in values[0])
            connection.executemany(f"insert into store.{table} values ({places})", values)


def first_instant(day: date | None, time_zone: str) -> datetime | None:
    """When a local day begins, in UTC without a zone."""
    if day is None:
        return None
    return datetime.combine(day, time(), ZoneInfo(time_zone)).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)


def end_instant(day: date | None, time_zone: str) -> datetime | None:
    """When a local day is over, in UTC without a zone."""
    return first_instant(day + timedelta(days=1), time_zone) if day else None


def keep_calendars(connection: duckdb.DuckDBPyConnection) -> bool:
    """Brings the calendars up to date with what is delivered and set. Reads temp table oldest: see slicing.py.

    Where the calendar of a source is another one now, all its tickets are touched, unless it only goes on for longer, as with every new
    year. Returns whether that touched any more.
    """
    _note_built_before(connection)
    steps = ", ".join(f"{table}_now as ({read_sql(f'marts/{table}')})" for table in (*KEPT, "calendars"))
    changed = connection.execute(
        f"with {steps} select distinct source"
        " from ((from calendars_now except from store.calendars) union all (from store.calendars except from calendars_now))"
    ).fetchall()
    if not changed:
        connection.execute("drop table temp.built_before")
        return False
    connection.execute(
        "create or replace temp table changed_calendars as select unnest($1) as source", [[row[0] for row in changed]]
    )
    for table in (*KEPT, "calendars"):
        connection.execute(f"create or replace temp table {table}_now as {read_sql(f'marts/{table}')}")
    prolonged = "select source from calendars_now semi join store.calendars using (source, made_of)"
    connection.execute(
        f"create or replace temp table other_calendars as from changed_calendars where source not in ({prolonged})"
    )
    _replace_changed(connection)
    touched = _touch_changed(connection)
    for table in (
        *(f"{name}_now" for name in (*KEPT, "calendars")),
        "changed_calendars",
        "other_calendars",
        "built_before",
    ):
        connection.execute(f"drop table temp.{table}")
    return touched


def _note_built_before(connection: duckdb.DuckDBPyConnection) -> None:
    """Temp table built_before (source, created_at): the oldest ticket of sources whose first schedule came now, after their tickets."""
    new = connection.execute(
        f"with schedules_now as ({read_sql('marts/schedules')})"
        " select distinct source from schedules_now where source not in (select source from store.calendars)"
    ).fetchall()
    sources = [source for (source,) in new]
    which = f"list_contains({text_list(sources)}, source)" if sources else "false"
    connection.execute(
        "create or replace temp table built_before as select source, min(created_at) as created_at from store.tickets"
        f" where {which} group by source"
    )


def _replace_changed(connection: duckdb.DuckDBPyConnection) -> None:
    of_changed = "where source in (from changed_calendars)"
    for table, kept in [(name, name) for name in KEPT] + [("calendars", "store.calendars")]:
        connection.execute(f"delete from {kept} {of_changed}")
        connection.execute(f"insert into {kept} by name from {table}_now {of_changed} order by all")
    connection.execute(f"delete from open_hours {of_changed}")
    connection.execute(f"insert into open_hours by name {read_sql('marts/open_hours')}")


def _touch_changed(connection: duckdb.DuckDBPyConnection) -> bool:
    count = "select count(distinct ticket_no) from store.touched_tickets"
    before = connection.execute(count).fetchall()
    for kind in ROW_KINDS.values():
        if kind.builds == "ticket":
            connection.execute(
                f"insert into store.touched_tickets select distinct ticket_no from store.{kind.table}"
                " semi join other_calendars using (source)"
            )
    return connection.execute(count).fetchall() != before
