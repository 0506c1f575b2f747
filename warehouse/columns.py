"""Which columns a feed's files have: one that comes later, and one that is no longer there, is said.

Rows of JSON have keys instead, and leave out those that hold nothing: a new one is said, and none is ever gone.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from warehouse.errors import MISSING_COLUMN
from warehouse.sources import Source

# Of keys that are no names but ids there is no end.
MOST_KEYS = 500


def keys_of(connection: duckdb.DuckDBPyConnection, scan: str) -> list[str]:
    """The keys of the JSON objects that `scan` has as column json, in order."""
    keys = f"select distinct unnest(json_keys(json)) as name from {scan} where json_type(json) = 'OBJECT'"
    return [name for (name,) in connection.execute(f"{keys} order by name limit {MOST_KEYS}").fetchall()]


def note_keys(
    connection: duckdb.DuckDBPyConnection, feed: str, source: Source, keys: Iterable[str], file_no: int
) -> None:
    """Keeps which keys a file has that those before it had not. `source` is with every field that a key fills."""
    known = connection.execute("select name from delivered_columns where feed = $feed", {"feed": feed}).fetchall()
    names = {name for (name,) in known}
    added = [name for name in keys if name not in names][: MOST_KEYS - len(names)]
    _add(connection, feed, source, added, file_no, is_new=bool(names))


def note(
    connection: duckdb.DuckDBPyConnection, feed: str, source: Source, columns: Iterable[str], file_no: int
) -> None:
    """Keeps what columns a file has beside those of the files before it. `source` is with every field that a column fills."""
    now = dict.fromkeys(columns)
    noted = connection.execute(
        "select name, gone_file_no is null from delivered_columns where feed = $feed", {"feed": feed}
    ).fetchall()
    if not now or {name for name, is_there in noted if is_there} == now.keys():
        return
    added = [name for name in now if name not in dict(noted)]
    _add(connection, feed, source, added, file_no, is_new=bool(noted))
    connection.execute(
        "update delivered_columns set gone_file_no = case when not list_contains($now, name) then coalesce(gone_file_no, $file_no) end"
        " where feed = $feed",
        {"feed": feed, "now": list(now), "file_no": file_no},
    )


def _add(
    connection: duckdb.DuckDBPyConnection, feed: str, source: Source, names: list[str], file_no: int, is_new: bool
) -> None:
    origins = {name for specs in source.columns.values() for spec in specs for name in spec.origins()}
    read = origins | {name.split(".")[0] for name in origins} | set(source.key or [])
    if names:
        rows = [(feed, name, file_no, None, name in read, is_new) for name in names]
        connection.executemany("insert into delivered_columns values (?, ?, ?, ?, ?, ?)", rows)


def said(connection: duckdb.DuckDBPyConnection, run_id: int) -> list[str]:
    """What a run found of new and vanished columns, a line each, at most twenty."""
    rows = connection.execute(
        """
select columns.feed, columns.name, files.name, columns.gone_file_no is null as is_new, columns.is_mapped
from delivered_columns as columns
inner join files on files.file_no = coalesce(columns.gone_file_no, case when columns.is_new then columns.first_file_no end)
where files.run_id = $run_id and (columns.is_mapped or columns.is_new or columns.gone_file_no is not null)
order by columns.feed, files.file_no, columns.name
limit 20""",
        {"run_id": run_id},
    ).fetchall()
    return [
        _new(feed, name, file, is_mapped) if is_new else _gone(feed, name, file, is_mapped)
        for feed, name, file, is_new, is_mapped in rows
    ]


def _new(feed: str, name: str, file: str, is_mapped: bool) -> str:
    if is_mapped:
        return f"[sources.{feed}] {file} has a new column {name!r}, and it is read"
    return f"[sources.{feed}] {file} has a new column {name!r}: kept in the landed file, and read, there too, once you map it under [sources.{feed}.columns]"


def _gone(feed: str, name: str, file: str, is_mapped: bool) -> str:
    return f"[sources.{feed}] {file} no longer has the column {name!r}" + (
        ": what it fills is empty from here on" if is_mapped else ""
    )


def stopped(connection: duckdb.DuckDBPyConnection, feed: str, run_id: int) -> list[str]:
    """Why a feed stands still: its newest file lacks a column that is needed, and the ones before had it."""
    rows = connection.execute(
        """
select arg_max(reason, file_no)
from files
where feed = $feed and state in ('loaded', 'refused')
having
    arg_max(state, file_no) = 'refused'
    and arg_max(run_id, file_no) = $run_id
    and contains(arg_max(reason, file_no), $missing)
    and count(*) filter (where state = 'loaded') > 0""",
        {"feed": feed, "run_id": run_id, "missing": MISSING_COLUMN},
    ).fetchall()
    return [
        f"[sources.{feed}] stands still, and goes on with the next file that has what is needed: {reason}"
        for (reason,) in rows
    ]
