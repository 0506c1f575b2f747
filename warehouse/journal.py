"""What the pipelines note of their own work: runs, delivered files, and paths that were looked at."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import duckdb

from warehouse.loading import Feed
from warehouse.packing import delivered_bytes

# Facts that the pipelines remember.
_TAKEN_OUT = "rows taken out"
_PULLED = "sources pulled"
_PUT_IN_ORDER = "rows put in order"
_UPGRADED = "schema brought up to date"
_TO_REWRITE = "file to be written anew"
# Those that say that readers lack something.
_UNPUBLISHED = [_TAKEN_OUT, _PULLED, _PUT_IN_ORDER, _UPGRADED]


@dataclass(frozen=True)
class Look:
    """A path as it was seen."""

    path: Path
    bytes: int
    modified_ns: int

    def key(self) -> tuple[str, int, int]:
        return (self.text, self.bytes, self.modified_ns)

    @property
    def text(self) -> str:
        """The path as it can be kept: file systems allow names that are no text."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")


@dataclass(frozen=True)
class Arrival:
    """A file that was looked into; `content_id` names its content. Without a landed name its content was there before."""

    look: Look
    name: str
    content_id: str
    landed_name: str | None


@dataclass(frozen=True)
class Pulled:
    """How far an endpoint of a source is pulled; instants are UTC. `feeds` are what its source's pages are read as."""

    name: str
    source: str
    feeds: list[str]
    endpoint: str
    pages: int
    through_at: datetime | None
    attempted_at: datetime | None
    complete_at: datetime | None
    message: str | None


def note_pulls(connection: duckdb.DuckDBPyConnection, pulls: Sequence[Pulled]) -> bool:
    """Keeps how far sources are pulled; whether readers are to hear of it: a pull reached the end, or went wrong in a new way."""
    rows = [
        vars(pull) | {name: _naive(getattr(pull, name)) for name in ("through_at", "attempted_at", "complete_at")}
        for pull in sorted(pulls, key=lambda pull: (pull.name, pull.endpoint))
    ]
    columns = ", ".join(field.name for field in fields(Pulled))
    kept = connection.execute(f"select {columns} from pulls order by name, endpoint").fetchall()
    if kept == [tuple(row.values()) for row in rows]:
        return False  # as at most looks: nothing was pulled since the last one
    told = "select distinct name, complete_at, message from pulls order by all"
    before = connection.execute(told).fetchall()
    connection.execute("begin")
    connection.execute("delete from pulls")
    _insert(connection, "pulls", rows)
    is_told = connection.execute(told).fetchall() != before
    if is_told:
        _note_unpublished(connection, _PULLED)
    connection.execute("commit")
    return is_told


def pull_problems(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """What went wrong when sources were last pulled."""
    found = connection.execute(
        "select distinct name, message from pulls where message is not null order by name"
    ).fetchall()
    return [f"[sources.{name}] {message}" for name, message in found]


def _naive(instant: datetime | None) -> datetime | None:
    return instant.astimezone(UTC).replace(tzinfo=None) if instant else None


def recover(connection: duckdb.DuckDBPyConnection, why: str = "the process ended during this run") -> None:
    """Marks runs that were left running, by a killed process or where their end could not be written."""
    connection.execute("update runs set state = 'failed', message = $why where state = 'running'", {"why": why})


def is_new(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the file was just made: nothing ran and nothing was delivered yet."""
    return bool(_value(connection, "select not exists (from runs) and not exists (from files)"))


def note_failed_run(connection: duckdb.DuckDBPyConnection, trigger: str, problems: list[str]) -> int:
    """The run that is running, or a new one, ended before it could say so itself; returns its number."""
    row = connection.execute("select max(run_id) from runs where state = 'running'").fetchone()
    run_id = int(row[0]) if row and row[0] else begin_run(connection, trigger)
    end_run(connection, run_id, "failed", problems, 0, {}, None)
    return run_id


def begin_run(connection: duckdb.DuckDBPyConnection, trigger: str) -> int:
    """A new row in `runs`; returns its number."""
    run_id = int(_value(connection, "select coalesce(max(run_id), 0) + 1 from runs"))
    connection.execute(
        "insert into runs (run_id, trigger, started_at, state) values ($run_id, $trigger, $now, 'running')",
        {"run_id": run_id, "trigger": trigger, "now": _now()},
    )
    return run_id


def end_run(
    connection: duckdb.DuckDBPyConnection,
    run_id: int,
    state: str,
    problems: list[str],
    tickets_built: int,
    seconds: dict[str, float],
    version: int | None,
) -> None:
    """Completes the run's row with what its files added up to."""
    connection.execute(
        """
update runs
set
    finished_at = $now,
    state = $state,
    message = $message,
    tickets_built = $tickets_built,
    version = $version,
    pull_seconds = $pull,
    load_seconds = $load,
    build_seconds = $build,
    check_seconds = $check,
    publish_seconds = (select arg_max(publish_seconds, run_id) from runs),
    files = sums.files,
    rows_read = sums.rows_read,
    rows_loaded = sums.rows_loaded,
    rows_unchanged = sums.rows_unchanged,
    rows_superseded = sums.rows_superseded,
    rows_rejected = sums.rows_rejected
from (
    select
        count(*) as files,
        coalesce(sum(rows_read), 0) as rows_read,
        coalesce(sum(rows_loaded), 0) as rows_loaded,
        coalesce(sum(rows_unchanged), 0) as rows_unchanged,
        coalesce(sum(rows_superseded), 0) as rows_superseded,
        coalesce(sum(rows_rejected), 0) as rows_rejected,
    from files
    where run_id = $run_id
) as sums
where runs.run_id = $run_id""",
        {
            "now": _now(),
            "state": state,
            "message": "; ".join(problems) or None,
            "tickets_built": tickets_built,
            "version": version,
            "run_id": run_id,
            **{step: seconds.get(step) for step in ("pull", "load", "build", "check")},
        },
    )


def note_publication(connection: duckdb.DuckDBPyConnection, run_id: int, seconds: float) -> None:
    """How long publishing took: known only after the version is out, so it stands in the next one. Nothing is unpublished now."""
    connection.execute("delete from store.memory where list_contains($names, name)", {"names": _UNPUBLISHED})
    connection.execute(
        "update runs set publish_seconds = $seconds where run_id = $run_id", {"seconds": seconds, "run_id": run_id}
    )


def run_changed_something(connection: duckdb.DuckDBPyConnection, run_id: int) -> bool:
    """Whether the run took in a file or left something to build."""
    return has_work(connection) or bool(_value(connection, f"select count(*) from files where run_id = {run_id}"))


def has_work(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether landed files wait to be loaded, or loaded rows to be built."""
    return bool(
        _value(
            connection,
            "select exists (from files where state = 'landed') or exists (from store.touched_tickets) or exists (from store.touched_askers) or exists (from store.touched_responses)",
        )
    )


def note_taken_out(connection: duckdb.DuckDBPyConnection) -> None:
    """Rows were taken out because support.toml changed: readers are to see that, though it may leave nothing to load or build."""
    _note_unpublished(connection, _TAKEN_OUT)


def note_put_in_order(connection: duckdb.DuckDBPyConnection) -> None:
    """Rows were put in order: readers are to have them so, though nothing is new."""
    _note_unpublished(connection, _PUT_IN_ORDER)


def note_upgraded(connection: duckdb.DuckDBPyConnection) -> None:
    """The file has the schema, the views and the macros of this version now: readers are to have them too, as questions rest on them."""
    _note_unpublished(connection, _UPGRADED)


def _note_unpublished(connection: duckdb.DuckDBPyConnection, what: str) -> None:
    connection.execute("delete from store.memory where name = $name", {"name": what})
    connection.execute("insert into store.memory values ($name, 'not published')", {"name": what})


def note_rewriting(connection: duckdb.DuckDBPyConnection) -> None:
    """What was taken out must be gone from the files' bytes, too, and from the versions published before."""
    connection.execute("delete from store.memory where name = $name", {"name": _TO_REWRITE})
    connection.execute("insert into store.memory values ($name, 'yes')", {"name": _TO_REWRITE})


def is_to_be_rewritten(connection: duckdb.DuckDBPyConnection) -> bool:
    return bool(_value(connection, "select exists (from store.memory where name = $name)", {"name": _TO_REWRITE}))


def note_rewritten(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("delete from store.memory where name = $name", {"name": _TO_REWRITE})


def has_unpublished_change(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a run, also one that was killed, or a change of support.toml changed something that no version holds yet."""
    return bool(
        _value(
            connection,
            """
select exists (
    from runs
    where
        state in ('done', 'failed')
        and version is null
        and (files + tickets_built > 0 or run_id in (select run_id from files))
        and run_id > (select coalesce(max(run_id), 0) from runs where version is not null and state = 'done')
) or exists (from store.memory where list_contains($names, name))""",
            {"names": _UNPUBLISHED},
        )
    )


def written_since(connection: duckdb.DuckDBPyConnection, version: int, run_id: int) -> tuple[int, int] | None:
    """Rows loaded and tickets built by the runs after the one that published `version`, `run_id` among them; None: not all is known."""
    row = connection.execute(
        """
select
    coalesce(sum(rows_loaded), 0)::bigint as rows_loaded,
    coalesce(sum(tickets_built), 0)::bigint as tickets_built,
    bool_and(state = 'done') as is_known,
from runs
where run_id <= $run_id and run_id > (select max(run_id) from runs where version = $version and state = 'done')""",
        {"version": version, "run_id": run_id},
    ).fetchone()
    return (row[0], row[1]) if row and row[2] else None


def newest_version(connection: duckdb.DuckDBPyConnection) -> int:
    return int(_value(connection, "select coalesce(max(version), 0) from runs"))


def looked(connection: duckdb.DuckDBPyConnection, feed: str) -> set[tuple[str, int, int]]:
    """Paths of a feed that were looked at, with the size and time they had."""
    rows = connection.execute(
        "select path, bytes, modified_ns from store.looked where feed = $feed", {"feed": feed}
    ).fetchall()
    return {(path, size, modified_ns) for path, size, modified_ns in rows}


def contents(connection: duckdb.DuckDBPyConnection, feed: str) -> set[str]:
    """The contents that were landed for a feed."""
    return {
        row[0]
        for row in connection.execute("select content_id from files where feed = $feed", {"feed": feed}).fetchall()
    }


def note_arrivals(
    connection: duckdb.DuckDBPyConnection, feed: Feed, arrivals: Sequence[Arrival], are_looked_at_again: bool = True
) -> None:
    """Landed files to load, and every path that was looked at, where it stays there to be looked at again."""
    if not arrivals:
        return
    landed = [
        _file_row(feed, a.landed_name, a.name, a.content_id, a.look.bytes, a.look.modified_ns)
        for a in arrivals
        if a.landed_name
    ]
    connection.execute("begin")
    _insert(connection, "files", landed)
    if are_looked_at_again:
        _note_looks(connection, feed.name, [(arrival.look, arrival.content_id) for arrival in arrivals])
    connection.execute("commit")


def note_looks(connection: duckdb.DuckDBPyConnection, name: str, looks: Sequence[Look]) -> None:
    """Paths that were looked at for what `name` is made of."""
    connection.execute("begin")
    _note_looks(connection, name, [(look, None) for look in looks])
    connection.execute("commit")


def _note_looks(connection: duckdb.DuckDBPyConnection, name: str, looks: Sequence[tuple[Look, str | None]]) -> None:
    rows: list[dict[str, object]] = [
        {
            "feed": name,
            "path": look.text,
            "bytes": look.bytes,
            "modified_ns": look.modified_ns,
            "content_id": content,
        }
        for look, content in looks
    ]
    paths = {"feed": name, "paths": [row["path"] for row in rows]}
    connection.execute("delete from store.looked where feed = $feed and list_contains($paths, path)", paths)
    _insert(connection, "store.looked", rows)


def _file_row(
    feed: Feed, landed_name: str, name: str, content_id: str, size: int, modified_ns: int
) -> dict[str, object]:
    return {
        "file_no": int(landed_name[:8]),
        "feed": feed.name,
        "source": feed.source_name,
        "name": name,
        "content_id": content_id,
        "bytes": size,
        "modified_at": datetime.fromtimestamp(modified_ns / 1e9, UTC).replace(tzinfo=None),
        "landed_name": f"{feed.name}/{landed_name}",
        "landed_at": _now(),
        "state": "landed",
    }


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, object]]) -> None:
    """Inserts all rows in one statement: one a row is a hundred times slower."""
    if rows:
        columns = ", ".join(rows[0])
        connection.execute(
            f"insert into {table} ({columns}) select row.* from (select unnest($rows) as row)", {"rows": list(rows)}
        )


def landed_names(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {row[0] for row in connection.execute("select landed_name from files").fetchall()}


def landed_files(connection: duckdb.DuckDBPyConnection, feed: str, only_waiting: bool) -> list[tuple[int, str, str]]:
    """Number, landed name and name of a feed's files; only those that are not loaded yet, or all."""
    state = "state = 'landed'" if only_waiting else "state <> 'left'"
    return connection.execute(
        f"select file_no, landed_name, name from files where feed = $feed and {state} and expired_at is null order by file_no",
        {"feed": feed},
    ).fetchall()


def landed_contents(connection: duckdb.DuckDBPyConnection, run_id: int | None) -> list[list[str]]:
    """Landed names of the files that a run, or any (None), loaded or refused, by content."""
    of_run = "" if run_id is None else f"and run_id = {run_id}"
    rows = connection.execute(
        f"""
select list(landed_name order by file_no)
from files
where state in ('loaded', 'refused') and expired_at is null {of_run}
group by content_id
order by min(file_no)"""
    ).fetchall()
    return [names for (names,) in rows]


def landed_before(connection: duckdb.DuckDBPyConnection, instant: datetime) -> list[str]:
    """Landed names of the files that were loaded, or refused, and landed before an instant (UTC)."""
    rows = connection.execute(
        """
select landed_name
from files
left join runs using (run_id)
where files.state in ('loaded', 'refused') and expired_at is null and coalesce(landed_at, runs.started_at) < $instant
order by file_no""",
        {"instant": instant},
    ).fetchall()
    return [name for (name,) in rows]


def note_expired(connection: duckdb.DuckDBPyConnection, taken_out: Mapping[str, str]) -> None:
    """Landed names with when they were taken out of the archive."""
    if taken_out:
        connection.execute(
            """
update files
set expired_at = gone.at::timestamp
from (select unnest($names) as landed_name, unnest($instants) as at) as gone
where files.landed_name = gone.landed_name and expired_at is null""",
            {"names": list(taken_out), "instants": list(taken_out.values())},
        )


def stays_as_read(connection: duckdb.DuckDBPyConnection, feed: str) -> list[str]:
    """What to say where files of a feed that is to be loaded again are no longer kept; nothing where all are."""
    count = _value(
        connection, "select count(*) from files where feed = $feed and expired_at is not null", {"feed": feed}
    )
    if not count:
        return []
    return [
        f"[sources.{feed}] changed, and {count:,} of its files are no longer kept (keep_landed): what they said stays as it was"
        " read. `python -m pipelines rebuild --without-expired` drops it"
    ]


def note_size(connection: duckdb.DuckDBPyConnection, file_no: int, size: int) -> None:
    """A landed file was changed in place."""
    connection.execute("update files set bytes = $bytes where file_no = $file_no", {"bytes": size, "file_no": file_no})


def adopt(connection: duckdb.DuckDBPyConnection, feed: Feed, paths: Sequence[Path]) -> None:
    """Takes up landed files that are not in `files`; their names say their number, content and name."""
    rows = []
    for path in paths:
        _, content_id, name = path.name.split("-", 2)
        stat = path.stat()
        row = _file_row(feed, path.name, unquote(name), content_id, delivered_bytes(path), stat.st_mtime_ns)
        # When it came is not known any more: not after it was written here last.
        rows.append(row | {"landed_at": datetime.fromtimestamp(stat.st_ctime, UTC).replace(tzinfo=None)})
    _insert(connection, "files", rows)


def highest_number(connection: duckdb.DuckDBPyConnection) -> int:
    """Of all files that were ever noted; 0 where none was."""
    return int(_value(connection, "select coalesce(max(file_no), 0) from files"))


def files_of_run(connection: duckdb.DuckDBPyConnection, run_id: int) -> list[tuple[str, int, int, int, int, int, int]]:
    """Of a run, by feed: files loaded, and rows read, loaded, unchanged, superseded and rejected."""
    return connection.execute(
        """
select
    feed,
    count(*) filter (where state = 'loaded') as files,
    coalesce(sum(rows_read), 0)::bigint as rows_read,
    coalesce(sum(rows_loaded), 0)::bigint as rows_loaded,
    coalesce(sum(rows_unchanged), 0)::bigint as rows_unchanged,
    coalesce(sum(rows_superseded), 0)::bigint as rows_superseded,
    coalesce(sum(rows_rejected), 0)::bigint as rows_rejected,
from files
where run_id = $run_id
group by feed
order by feed""",
        {"run_id": run_id},
    ).fetchall()


def refusals(connection: duckdb.DuckDBPyConnection, run_id: int) -> list[str]:
    """Why files of a run were refused, at most twenty."""
    query = "select reason from files where state = 'refused' and run_id = $run_id order by file_no limit 20"
    return [reason for (reason,) in connection.execute(query, {"run_id": run_id}).fetchall()]


def rejections(connection: duckdb.DuckDBPyConnection, run_id: int) -> list[tuple[str, int, str, int]]:
    """The ten most frequent reasons for rejected rows of a run: reason, rows, a file and a row of it."""
    return connection.execute(
        """
select
    reason,
    count(*) as rows,
    arg_min(file_name, (file_no, line_no)) as file_name,
    arg_min(line_no, (file_no, line_no)) as line_no,
from rejected_rows
semi join (from files where run_id = $run_id) as files_of_run using (file_no)
group by reason
order by rows desc, reason
limit 10""",
        {"run_id": run_id},
    ).fetchall()


def _value(connection: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, object] | None = None) -> int:
    row = connection.execute(sql, parameters).fetchone()
    return row[0] if row else 0


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
