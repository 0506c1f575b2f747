"""Roll-ups kept up to date by what the touched tickets say now, less what they said before: queue_hours, agents, teams.

A slice's rows as they were are in temporary tables NAME_before, as they are now in NAME_built.
"""

from __future__ import annotations

import duckdb

from warehouse.connection import read_sql, temporary
from warehouse.sql_text import quoted

# What makes an agent seen, in the rows of tickets (who holds them) and of waits (who answered): way, and the name that goes with it.
_HELD = {"held": "null", "team held": "team", "supervisor": "supervisor", "manager": "manager"}
_ANSWERED = {"answered": "null", "team answered": "team"}


def add_up(connection: duckdb.DuckDBPyConnection) -> None:
    """Brings the roll-ups up to date with one slice, whose rows are kept already."""
    _add(connection, "store.queue_changes", "marts/queue_flows", ("source", "hour", "channel", "team"), "hour")
    _add(connection, "store.team_tickets", "marts/team_flows", ("source", "team", "agent"), "source, team, agent")
    _keep_sightings(connection)


def keep_people(connection: duckdb.DuckDBPyConnection) -> None:
    """Tables agents and teams, as the roll-ups say."""
    for table in ("agents", "teams"):
        connection.execute(f"delete from {table}")
        connection.execute(f"insert into {table} by name {read_sql(f'marts/{table}')}")


def _add(connection: duckdb.DuckDBPyConnection, table: str, changes: str, keys: tuple[str, ...], order: str) -> None:
    """Adds the counts of `changes` to those of the roll-up; where nothing is left there is no row."""
    temporary(connection, "changes", read_sql(changes))
    counts = [
        row[0]
        for row in connection.execute(
            "select column_name from (describe changes) where column_type = 'BIGINT'"
        ).fetchall()
    ]
    same = " and ".join(f"old.{key} is not distinct from changes.{key}" for key in keys)
    changed = " or ".join(f"{name} <> 0" for name in counts)
    sums = ", ".join(f"sum({name})::bigint as {name}" for name in counts)
    connection.execute(f"delete from changes where not ({changed})")
    connection.execute(
        f"create or replace temp table changed_rows as select old.rowid as row_no, old.* from {table} as old"
        f" where exists (select 1 from changes where {same})"
    )
    connection.execute(f"delete from {table} where rowid in (select row_no from changed_rows)")
    connection.execute(
        f"insert into {table} by name select {', '.join(keys)}, {sums}"
        f" from (from changes union all by name select * exclude (row_no) from changed_rows)"
        f" group by {', '.join(keys)} having {changed} order by {order}"
    )


def _keep_sightings(connection: duckdb.DuckDBPyConnection) -> None:
    """Table store.sightings. What was seen first or last, and is not any more, is looked for in all tickets and waits."""
    temporary(connection, "sightings_before", _sightings("from tickets_before", "from waits_before"))
    temporary(connection, "sightings_built", _sightings(_identified("tickets_built"), _identified("waits_built")))
    temporary(connection, "sightings_lost", read_sql("marts/sightings_lost"))
    is_lost = connection.execute("select 1 from sightings_lost limit 1").fetchone() is not None
    of_lost = "semi join (select distinct source, agent from sightings_lost) as lost using (source, agent)"
    which = of_lost if is_lost else "where false"
    found = _sightings(f"from store.tickets {which}", f"from store.waits {which}")
    temporary(
        connection, "sightings_found", f"select * from ({found}) semi join sightings_lost using (source, agent, way)"
    )
    temporary(connection, "sightings_now", read_sql("marts/sightings"))
    for changed in ("sightings_built", "sightings_lost"):
        connection.execute(
            f"delete from store.sightings where (source, agent, way) in (select (source, agent, way) from {changed})"
        )
    connection.execute("insert into store.sightings by name from sightings_now")


def _identified(built: str) -> str:
    """Built rows with the ids of their tickets."""
    return f"from (select touched.ticket_id, built.* from {built} as built inner join touched using (ticket))"


def _sightings(tickets: str, waits: str) -> str:
    """One row per agent x way of being seen: first and last, the ticket and turn of the last, and its name."""
    held = _seen(_HELD, "created_at", "0::bigint", tickets)
    answered = _seen(_ANSWERED, "ended_at", "turn", f"from ({waits}) where outcome = 'answered'")
    return f"{held}\nunion all by name\n{answered}"


def _seen(ways: dict[str, str], at: str, turn: str, rows: str) -> str:
    found = []
    for way, name in ways.items():
        given = "true" if name == "null" else f"{name} is not null"
        last = f"max({{'seen_at': {at}, 'ticket': ticket_id, 'turn': {turn}, 'name': {name}::varchar}}) filter (where {given})"
        found.append(f"{{'way': {quoted(way)}, 'first_at': min({at}) filter (where {given}), 'last': {last}}}")
    return f"""
select
    source,
    agent,
    seen.way as way,
    seen.first_at as first_at,
    seen.last.seen_at as last_at,
    seen.last.ticket as last_ticket,
    seen.last.turn as last_turn,
    seen.last.name as name,
from (
    select source, agent, unnest([{", ".join(found)}]) as seen, from ({rows}) where agent is not null group by source, agent
)
where first_at is not null"""


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Drops the temporary tables."""
    sightings = (f"sightings_{part}" for part in ("before", "built", "lost", "found", "now"))
    for table in ("changes", "changed_rows", *sightings):
        connection.execute(f"drop table if exists temp.{table}")
