"""The build step: marts kept up to date from what changed. Each mart's SQL gives the rows of the touched tickets.

Building is deleting those rows and inserting them anew, in one transaction; a full rebuild is the same with every ticket touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import duckdb

from warehouse.comments import comment_store
from warehouse.connection import SQL_FOLDER, read_sql
from warehouse.journal import note_rewriting, note_taken_out
from warehouse.loading import Feed, create_stores
from warehouse.names import by_name, keep_names
from warehouse.rows import ROW_KINDS
from warehouse.settings import Settings
from warehouse.sql_text import quoted
from warehouse.working_time import end_instant, first_instant, keep_calendars, keep_given_schedules


@dataclass(frozen=True)
class Step:
    """A file of marts/: kept as a table, or for the length of the build as a temporary one, or both.

    `naming` are the columns it takes from delivered rows, which may name agents and teams by id.
    """

    file: str
    kept: str = ""
    temporary: str = ""
    naming: tuple[str, ...] = ()


# What delivered rows say of the touched tickets.
BASE_STEPS = (
    Step("ticket_messages", temporary="ticket_messages"),
    Step("ticket_base", temporary="ticket_base", naming=("agent", "team", "supervisor", "manager")),
)
# The steps of a build for the touched tickets, each from those before it.
TICKET_STEPS = (
    Step("ticket_events", kept="ticket_events", naming=("actor", "old_value", "new_value")),
    Step("status_changes", temporary="status_changes"),
    Step("backlog_changes", kept="backlog_changes"),
    Step("wait_turns", temporary="wait_turns", naming=("agent",)),
    Step("ticket_clocks", temporary="ticket_clocks"),
    Step("ticket_moments", temporary="ticket_moments"),
    Step("status_spans", temporary="status_spans"),
    Step("tickets", kept="store.tickets", temporary="tickets_built"),
    Step("ticket_promises", temporary="ticket_promises"),
    Step("sla_outcomes", kept="store.sla_outcomes", temporary="sla_built"),
    Step("waits", kept="store.waits"),
    Step("messages", kept="messages"),
)
RESPONSES = Step("survey_responses", kept="survey_responses", naming=("agent", "team"))
OTHER_TEMPORARY = (
    "touched",
    "touched_responses",
    "touched_agents",
    "flows_before",
    "flows_after",
    "agents_before",
    "spelled_names",
)
CHANNELS = (
    ("email", "Email"),
    ("chat", "Chat"),
    ("phone", "Phone"),
    ("social", "Social"),
    ("web", "Web"),
    ("in_person", "In person"),
    ("self_service", "Self-service"),
)


def create_schema(connection: duckdb.DuckDBPyConnection, time_zone: str) -> None:
    """All tables, macros and views with their comments; existing tables are kept. One transaction: a few hundred small ones wait for the disk."""
    connection.execute("begin")
    connection.execute(read_sql("schema"))
    _execute_folder(connection, "tables")
    create_stores(connection)
    connection.execute(_hour_macro(time_zone))
    _execute_folder(connection, "metrics")
    _execute_folder(connection, "views")
    comment_store(connection)
    connection.execute("commit")


def _execute_folder(connection: duckdb.DuckDBPyConnection, folder: str) -> None:
    for path in sorted((SQL_FOLDER / folder).glob("*.sql")):
        connection.execute(path.read_text(encoding="utf-8"))


def _hour_macro(time_zone: str) -> str:
    """Hours begin when the account's clocks say so: half past in zones such as Asia/Kolkata."""
    offset = datetime.now(ZoneInfo(time_zone)).utcoffset()
    minutes = int(offset.total_seconds() // 60) % 60 if offset else 0
    return f"create or replace macro hour_of(instant) as date_trunc('hour', instant + to_minutes({minutes})) - to_minutes({minutes})"


def set_up_sources(connection: duckdb.DuckDBPyConnection, feeds: list[Feed], settings: Settings) -> None:
    """Tables sources, targets and channels as support.toml says; every ticket is touched where its marts would come out differently."""
    rows = [
        (feed.source_name, feed.name, feed.kind.name, feed.source.time_zone or feed.time_zone, _tells_answers(feed))
        for feed in feeds
        if not feed.kind.is_remark
    ]
    zone = settings.clock.time_zone
    in_force = [(first_instant(t.since, zone), end_instant(t.until, zone)) for t in settings.targets]
    promises = [
        (t.metric, t.source, t.channel, t.priority, t.within, t.share, t.business, t.policy) for t in settings.targets
    ]
    connection.execute("begin")
    connection.execute(
        "delete from sources where feed not in (select unnest($feeds))", {"feeds": [row[1] for row in rows] or [""]}
    )
    for source, name, kind, time_zone, answers in rows:
        connection.execute(
            "insert into sources (source, feed, kind, time_zone, answers_known) select $source, $feed, $kind, $zone, $answers"
            " where not exists (select 1 from sources where feed = $feed)",
            {"source": source, "feed": name, "kind": kind, "zone": time_zone, "answers": answers},
        )
        connection.execute(
            "update sources set source = $source, kind = $kind, time_zone = $zone, answers_known = $answers where feed = $feed"
            " and (source, kind, time_zone, answers_known) is distinct from ($source, $kind, $zone, $answers)",
            {"source": source, "feed": name, "kind": kind, "zone": time_zone, "answers": answers},
        )
    connection.execute("delete from targets")
    if promises:
        connection.executemany(
            "insert into targets values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(*what, *when) for what, when in zip(promises, in_force, strict=True)],
        )
    keep_given_schedules(connection, settings)
    connection.execute("delete from channels")
    connection.executemany(
        "insert into channels values (?, ?, ?)", [(*channel, place) for place, channel in enumerate(CHANNELS, start=1)]
    )
    if _remember(connection, "marts", settings.marts_fingerprint() + repr(sorted(rows))):
        touch_everything(connection)
    connection.execute("commit")


def _tells_answers(feed: Feed) -> bool:
    """Whether this feed says when customers were answered."""
    given = feed.source.columns.keys() | feed.source.constants.keys()
    return feed.kind.name in ("call", "message") or "first_response_at" in given


def _remember(connection: duckdb.DuckDBPyConnection, name: str, value: str) -> bool:
    """Notes a fact; True where it was another one before."""
    before = connection.execute("select value from store.memory where name = $name", {"name": name}).fetchone()
    if before and before[0] == value:
        return False
    connection.execute("delete from store.memory where name = $name", {"name": name})
    connection.execute("insert into store.memory values ($name, $value)", {"name": name, "value": value})
    return before is not None


def forget_changed_feeds(connection: duckdb.DuckDBPyConnection, feeds: list[Feed], privacy: str) -> list[str]:
    """Feeds whose mapping, or what is kept of customers (`privacy`, a fingerprint), changed since their files were loaded, or that are gone: what they loaded is taken out,
    and their landed files wait to be loaded again. Returns their names."""
    connection.execute("begin")
    known = {feed.name for feed in feeds}
    changed = [feed.name for feed in feeds if _remember(connection, f"feed {feed.name}", _read_as(feed, privacy))]
    noted = connection.execute("select distinct feed from files where state <> 'left'").fetchall()
    gone = [name for (name,) in noted if name not in known]
    for name in _feeds_beside(connection, changed + gone):
        _take_out(connection, name)
    if changed + gone:
        note_taken_out(connection)
        note_rewriting(connection)
    for name in gone:
        why = {"feed": name, "reason": "its source is no longer in support.toml"}
        connection.execute("update files set state = 'left', reason = $reason where feed = $feed", why)
        connection.execute("delete from store.memory where name = $name", {"name": f"feed {name}"})
    connection.execute(
        "update files set state = 'landed', reason = null where state = 'left' and list_contains($known, feed)",
        {"known": sorted(known)},
    )
    connection.execute("commit")
    return changed + gone


def reload_feeds(connection: duckdb.DuckDBPyConnection, feeds: list[str]) -> None:
    """Takes out what these feeds and those of their sources loaded: their landed files wait to be loaded again."""
    connection.execute("begin")
    for name in _feeds_beside(connection, feeds):
        _take_out(connection, name)
    note_taken_out(connection)
    note_rewriting(connection)
    connection.execute("commit")


def _read_as(feed: Feed, privacy: str) -> str:
    return feed.source.fingerprint() + feed.time_zone + ("" if feed.kind.is_remark else privacy)


def _feeds_beside(connection: duckdb.DuckDBPyConnection, feeds: list[str]) -> list[str]:
    """These feeds and the others of their sources: the store keeps the newest version of a row alone, so what the others
    said of it is read again too. Remarks (feeds that table sources does not name) and the rest share no rows."""
    found = connection.execute(
        """
with fed as (select distinct source, feed, feed in (select feed from sources) as is_data from files)
select distinct beside.feed
from fed as beside
inner join fed as these using (source, is_data)
where list_contains($feeds, these.feed)""",
        {"feeds": feeds},
    ).fetchall()
    return [name for (name,) in found]


def _take_out(connection: duckdb.DuckDBPyConnection, feed: str) -> None:
    name = {"feed": feed}
    for kind in ROW_KINDS.values():
        marks = kind.marks()
        if marks:
            mark = f"insert into store.{marks[0]} select source, {marks[1]}"
            connection.execute(f"{mark} from store.{kind.table} where feed = $feed", name)
        connection.execute(f"delete from store.{kind.table} where feed = $feed", name)
    connection.execute("delete from rejected_rows where feed = $feed", name)
    connection.execute(
        "update files set state = 'landed', reason = null, as_of = null, rows_read = null, rows_loaded = null, rows_unchanged = null,"
        " rows_superseded = null, rows_rejected = null where feed = $feed and state <> 'left'",
        name,
    )


def touch_everything(connection: duckdb.DuckDBPyConnection) -> None:
    """Marks every ticket and survey invitation to be built, and empties the roll-up: its hours may begin elsewhere now."""
    for table in ("store.queue_changes", "backlog_changes", "store.waits"):
        connection.execute(f"delete from {table}")
    for table in ("ticket_rows", "event_rows", "message_rows", "call_rows"):
        connection.execute(f"insert into store.touched select distinct source, ticket_id from store.{table}")
    connection.execute("insert into store.touched_responses select source, response_id from store.survey_rows")


def build(connection: duckdb.DuckDBPyConnection, settings: Settings) -> int:
    """Brings the marts up to date with the store; returns how many tickets were built. One transaction, safe to repeat."""
    connection.execute(read_sql("working_time"))
    connection.execute("begin")
    _date_sources(connection, settings)
    are_named = keep_names(connection)
    count = _gather_touched(connection, are_named)
    _temporary(connection, "flows_before", read_sql("marts/queue_flows"))
    _temporary(
        connection,
        "agents_before",
        "select source, agent from store.tickets semi join touched using (source, ticket_id)"
        " union select source, agent from store.waits semi join touched using (source, ticket_id)",
    )
    for step in TICKET_STEPS:
        _take(connection, step, are_named)
    _touch_responses_of_tickets(connection)
    _rebuild_touched(
        connection, RESPONSES.kept, _rows(RESPONSES, are_named), "touched_responses", "source, response_id"
    )
    _add_flows(connection)
    _rebuild_agents(connection)
    _rebuild_teams(connection)
    connection.execute("delete from store.touched")
    connection.execute("delete from store.touched_responses")
    connection.execute("commit")
    for table in (*OTHER_TEMPORARY, *(step.temporary for step in (*BASE_STEPS, *TICKET_STEPS) if step.temporary)):
        connection.execute(f"drop table if exists temp.{table}")
    return count


def _gather_touched(connection: duckdb.DuckDBPyConnection, are_named: bool) -> int:
    _temporary(connection, "touched", "select distinct source, ticket_id from store.touched")
    _temporary(connection, "touched_responses", "select distinct source, response_id from store.touched_responses")
    _take_base(connection, are_named)
    if keep_calendars(connection):
        _take_base(connection, are_named)
    row = connection.execute("select count(*) from touched").fetchone()
    return int(row[0]) if row else 0


def _take_base(connection: duckdb.DuckDBPyConnection, are_named: bool) -> None:
    for step in BASE_STEPS:
        _take(connection, step, are_named)


def _temporary(connection: duckdb.DuckDBPyConnection, name: str, select: str) -> None:
    connection.execute(f"create or replace temp table {name} as {select}")


def _rows(step: Step, are_named: bool) -> str:
    """The select of a step, with agents and teams by name; where no name is known it is as it stands."""
    rows = read_sql(f"marts/{step.file}")
    return by_name(rows, step.naming) if step.naming and are_named else rows


def _take(connection: duckdb.DuckDBPyConnection, step: Step, are_named: bool) -> None:
    rows = _rows(step, are_named)
    if step.temporary:
        _temporary(connection, step.temporary, rows)
        rows = f"from {step.temporary}"
    if step.kept:
        _rebuild_touched(connection, step.kept, rows, "touched", "source, ticket_id")


def _rebuild_touched(connection: duckdb.DuckDBPyConnection, table: str, rows: str, touched: str, identity: str) -> None:
    connection.execute(f"delete from {table} where ({identity}) in (select ({identity}) from {touched})")
    connection.execute(f"insert into {table} by name {rows}")


def _touch_responses_of_tickets(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """
insert into touched_responses
select source, response_id
from store.survey_rows
semi join touched using (source, ticket_id)
anti join touched_responses using (source, response_id)"""
    )


def _add_flows(connection: duckdb.DuckDBPyConnection) -> None:
    """What the touched tickets add now, less what they added before; hours in which nothing is left have no row."""
    _temporary(connection, "flows_after", read_sql("marts/queue_flows"))
    counts = [
        row[0]
        for row in connection.execute(
            "select column_name from (describe flows_after) where column_type = 'BIGINT'"
        ).fetchall()
    ]
    changed = " or ".join(f"{name} <> 0" for name in counts)
    sums = ", ".join(f"sum({name})::bigint as {name}" for name in counts)
    minus = ", ".join(f"-{name} as {name}" for name in counts)
    keys = "source, hour, channel, team"
    same = " and ".join(f"old.{key} is not distinct from flow_changes.{key}" for key in keys.split(", "))
    _temporary(
        connection,
        "flow_changes",
        f"select {keys}, {sums} from (from flows_after union all by name select {keys}, {minus} from flows_before) group by {keys} having {changed}",
    )
    _temporary(
        connection,
        "flows_now",
        f"select {keys}, {sums} from (from flow_changes union all by name select old.* from store.queue_changes as old"
        f" where exists (select 1 from flow_changes where {same})) group by {keys} having {changed}",
    )
    connection.execute(f"delete from store.queue_changes as old where exists (select 1 from flow_changes where {same})")
    connection.execute("insert into store.queue_changes by name select * from flows_now order by hour")
    connection.execute("drop table flow_changes; drop table flows_now")


def _rebuild_agents(connection: duckdb.DuckDBPyConnection) -> None:
    _temporary(
        connection,
        "touched_agents",
        """
select distinct source, agent
from (
    from agents_before
    union all
    select source, agent from store.tickets semi join touched using (source, ticket_id)
    union all
    select source, agent from store.waits semi join touched using (source, ticket_id)
)
where agent is not null""",
    )
    _rebuild_touched(connection, "agents", read_sql("marts/agents"), "touched_agents", "source, agent")


def _rebuild_teams(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("delete from teams")
    connection.execute(
        """
insert into teams by name
select
    source,
    team,
    count(distinct agent) as agents,
    count(*) as tickets,
from store.tickets
where team is not null
group by source, team"""
    )


def _date_sources(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """How far each source's data goes: what was last delivered, or the instant that support.toml fixes."""
    fixed = settings.clock.as_of_utc()
    instant = f"{quoted(fixed.isoformat())}::timestamp" if fixed else "found.as_of"
    connection.execute(
        f"""
update sources
set as_of = {instant}, delivered_at = found.delivered_at
from (select feed, max(as_of) as as_of, max(modified_at) as delivered_at from files where state = 'loaded' group by feed) as found
where sources.feed = found.feed"""
    )
    if not fixed:
        _date_pulled_sources(connection)


def _date_pulled_sources(connection: duckdb.DuckDBPyConnection) -> None:
    """A source that was pulled to its end is as of when that pull began, though it had nothing new to tell."""
    connection.execute(
        """
update sources
set as_of = greatest(as_of, pulled.complete_at), delivered_at = greatest(delivered_at, pulled.complete_at)
from (select distinct unnest(feeds) as feed, complete_at from pulls where complete_at is not null) as pulled
where sources.feed = pulled.feed"""
    )
