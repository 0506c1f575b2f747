"""The build step: marts kept up to date from what changed. Each mart's SQL gives the rows of the touched tickets.

Building is deleting those rows and inserting them anew, in one transaction; a full rebuild is the same with every ticket touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

import duckdb

from warehouse import numbers, returns, rollups, schema_version, slicing
from warehouse.comments import comment_store
from warehouse.connection import SQL_FOLDER, read_sql, temporary
from warehouse.journal import note_rewriting, note_taken_out, note_upgraded
from warehouse.loading import Feed, create_stores
from warehouse.names import by_name, keep_names
from warehouse.rows import ROW_KINDS
from warehouse.settings import Settings
from warehouse.slicing import Slice
from warehouse.sql_text import quoted
from warehouse.working_time import end_instant, first_instant, keep_calendars, keep_given_schedules


@dataclass(frozen=True)
class Step:
    """A file of marts/: a temporary table for the length of the build, and, where it is `kept`, the rows of a table of the file.

    `naming` are the columns it takes from delivered rows, which may name agents and teams by id.
    """

    file: str
    temporary: str
    kept: str = ""
    naming: tuple[str, ...] = ()


# What delivered rows say of the touched tickets.
BASE_STEPS = (
    Step("ticket_messages", "ticket_messages"),
    Step("ticket_base", "ticket_base", naming=("agent", "team", "supervisor", "manager")),
)
# The steps of a build for the touched tickets, each from those before it.
TICKET_STEPS = (
    Step("ticket_events", "events_built", kept="ticket_events", naming=("actor", "old_value", "new_value")),
    Step("status_changes", "status_changes"),
    Step("backlog_changes", "backlog_built", kept="backlog_changes"),
    Step("wait_turns", "wait_turns", naming=("agent",)),
    Step("ticket_clocks", "ticket_clocks"),
    Step("ticket_moments", "ticket_moments"),
    Step("status_spans", "status_spans"),
    Step("tickets", "tickets_built", kept="store.tickets"),
    Step("ticket_promises", "ticket_promises"),
    Step("sla_outcomes", "sla_built", kept="store.sla_outcomes"),
    Step("waits", "waits_built", kept="store.waits"),
    Step("messages", "messages_built", kept="messages"),
)
# Kept tables whose rows as they were are needed beside those that are built: the temporary table, and the columns.
BEFORE = {
    "store.tickets": (
        "tickets_before",
        "source, ticket_id, team, agent, supervisor, manager, created_at, asker_no, next_created_at",
    ),
    "backlog_changes": ("backlog_before", "source, happened_at, channel, team, change, open_change"),
    "store.waits": (
        "waits_before",
        "source, ticket_id, turn, kind, channel, team, agent, began_at, ended_at, outcome, fault",
    ),
}
RESPONSES_NAMING = ("agent", "team")
# Rows of the touched tickets of a slice.
_OF_SLICE = "ticket_no in (select ticket_no from numbers)"
ROLL_UPS = ("store.queue_changes", "store.team_tickets", "store.sightings")
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
    """All tables, macros and views with their comments; existing tables are kept. One transaction: a few hundred small ones wait for the disk.

    Where they were others before, another version of the product made them: readers are to have these.
    """
    connection.execute("begin")
    connection.execute(read_sql("schema"))
    tables = _execute_folder(connection, "tables")
    create_stores(connection)
    hours = _hour_macro(time_zone)
    connection.execute(hours)
    said = (tables, hours, _execute_folder(connection, "metrics"), _execute_folder(connection, "views"))
    comment_store(connection)
    schema_version.note(connection)
    if _remember(connection, "definitions", sha256("".join(said).encode()).hexdigest()):
        note_upgraded(connection)
    connection.execute("commit")
    numbers.set_up(connection)


def _execute_folder(connection: duckdb.DuckDBPyConnection, folder: str) -> str:
    """Executes its files in order, and returns what they say."""
    said = [path.read_text(encoding="utf-8") for path in sorted((SQL_FOLDER / folder).glob("*.sql"))]
    for text in said:
        connection.execute(text)
    return "".join(said)


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
    noted = connection.execute(
        "select distinct feed from files where state <> 'left' and expired_at is null"
    ).fetchall()
    gone = [name for (name,) in noted if name not in known]
    for name in _feeds_beside(connection, changed + gone):
        _take_out(connection, name)
    if changed + gone:
        note_taken_out(connection)
        note_rewriting(connection)
    for name in gone:
        why = {"feed": name, "reason": "its source is no longer in support.toml"}
        connection.execute(
            "update files set state = 'left', reason = $reason where feed = $feed and expired_at is null", why
        )
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


# Of files: they wait to be loaded again.
LET_WAIT = (
    "set state = 'landed', reason = null, as_of = null, rows_read = null, rows_loaded = null, rows_unchanged = null,"
    " rows_superseded = null, rows_rejected = null"
)
# Rows of files that the archive holds. What others said stays as it was read: it would be lost.
_CAN_BE_READ_AGAIN = "file_no not in (select file_no from files where expired_at is not null)"


def _take_out(connection: duckdb.DuckDBPyConnection, feed: str) -> None:
    """Takes out what a feed loaded, as far as it can be loaded again; its landed files wait for that."""
    name = {"feed": feed}
    for kind in ROW_KINDS.values():
        if kind.marks():
            connection.execute(
                f"insert into store.{kind.marks()} select distinct {kind.marked()} from store.{kind.table} where feed = $feed",
                name,
            )
        connection.execute(f"delete from store.{kind.table} where feed = $feed and {_CAN_BE_READ_AGAIN}", name)
    connection.execute(f"delete from rejected_rows where feed = $feed and {_CAN_BE_READ_AGAIN}", name)
    connection.execute("delete from delivered_columns where feed = $feed", name)
    connection.execute(f"update files {LET_WAIT} where feed = $feed and state <> 'left' and expired_at is null", name)


def touch_everything(connection: duckdb.DuckDBPyConnection) -> None:
    """Marks every ticket and survey invitation to be built, and empties what is built of tickets: hours may begin elsewhere now."""
    for table in (*(step.kept for step in TICKET_STEPS if step.kept), *ROLL_UPS):
        connection.execute(f"delete from {table}")
    for kind in ROW_KINDS.values():
        if kind.builds == "ticket":
            connection.execute(f"insert into store.touched_tickets select distinct ticket_no from store.{kind.table}")
    connection.execute("insert into store.touched_responses select source, response_id from store.survey_rows")


def build(connection: duckdb.DuckDBPyConnection, settings: Settings) -> int:
    """Brings the marts up to date with the store; returns how many tickets were built. Safe to repeat: each slice of tickets is one
    transaction, and what is not built yet stays noted."""
    connection.execute(read_sql("working_time"))
    connection.execute("begin")
    _date_sources(connection, settings)
    are_named = keep_names(connection)
    temporary(connection, "touched_responses", "select distinct source, response_id from store.touched_responses")
    parts = slicing.slices(connection)
    _begin_slice(connection, parts[0], are_named)
    slicing.oldest(connection, is_whole=len(parts) == 1)
    if keep_calendars(connection):
        parts = slicing.slices(connection)
        _begin_slice(connection, parts[0], are_named)
    temporary(connection, "checked_tickets", "select distinct ticket_no from store.touched_tickets")
    for place, part in enumerate(parts):
        if place:
            _forget_slice(connection)
            connection.execute("commit; begin")
            _begin_slice(connection, part, are_named)
        if part.count:
            _build_slice(connection, are_named)
        connection.execute(f"delete from store.touched_tickets where ticket_no between {part.first} and {part.last}")
    _rebuild_responses(connection, are_named)
    rollups.keep_people(connection)
    _forget_slice(connection)
    for table in ("touched_responses", "spelled_names", "oldest"):
        connection.execute(f"drop table if exists temp.{table}")
    connection.execute("commit")
    connection.execute("begin")
    returns.settle(connection)
    returns.forget(connection)
    connection.execute("commit")
    return sum(part.count for part in parts)


def _begin_slice(connection: duckdb.DuckDBPyConnection, part: Slice, are_named: bool) -> None:
    slicing.gather(connection, part)
    numbers.note_shared(connection)
    for step in BASE_STEPS:
        _take(connection, step, are_named)


def _build_slice(connection: duckdb.DuckDBPyConnection, are_named: bool) -> None:
    for table, (before, columns) in BEFORE.items():
        temporary(connection, before, f"select {columns}, rowid as row_no from {table} where {_OF_SLICE}")
    for step in TICKET_STEPS:
        _take(connection, step, are_named)
    for step in TICKET_STEPS:
        if step.kept:
            _keep(connection, step)
    rollups.add_up(connection)
    returns.touch(connection)
    _touch_responses_of_tickets(connection)


def _forget_slice(connection: duckdb.DuckDBPyConnection) -> None:
    """Drops a slice's temporary tables. Before its commit, which would else write them anew where much has changed."""
    slicing.forget(connection)
    rollups.forget(connection)
    steps = (step.temporary for step in (*BASE_STEPS, *TICKET_STEPS))
    for table in (*steps, *(before for before, _ in BEFORE.values())):
        connection.execute(f"drop table if exists temp.{table}")


def _rows(file: str, naming: tuple[str, ...], are_named: bool) -> str:
    """The select of a mart, with agents and teams by name; where no name is known it is as it stands."""
    rows = read_sql(f"marts/{file}")
    return by_name(rows, naming) if naming and are_named else rows


def _take(connection: duckdb.DuckDBPyConnection, step: Step, are_named: bool) -> None:
    temporary(connection, step.temporary, _rows(step.file, step.naming, are_named))


def _keep(connection: duckdb.DuckDBPyConnection, step: Step) -> None:
    """Replaces the kept rows of the touched tickets by those that were built."""
    before = BEFORE.get(step.kept)
    which = f"rowid in (select row_no from {before[0]})" if before else _OF_SLICE
    connection.execute(f"delete from {step.kept} where {which}")
    connection.execute(
        f"insert into {step.kept} by name select touched.ticket_id, touched.ticket_no, built.* exclude (ticket)"
        f" from {step.temporary} as built inner join touched using (ticket)"
    )


def _touch_responses_of_tickets(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """
insert into touched_responses
select source, response_id
from store.survey_rows
semi join numbers using (ticket_no)
anti join touched_responses using (source, response_id)"""
    )


def _rebuild_responses(connection: duckdb.DuckDBPyConnection, are_named: bool) -> None:
    if connection.execute("select 1 from touched_responses limit 1").fetchone():
        touched = "(source, response_id) in (select (source, response_id) from touched_responses)"
        connection.execute(f"delete from survey_responses where {touched}")
        rows = _rows("survey_responses", RESPONSES_NAMING, are_named)
        connection.execute(f"insert into survey_responses by name {rows}")
    connection.execute("delete from store.touched_responses")


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
