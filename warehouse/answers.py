"""Whether the questions that support.toml maps to fields are asked at all: a mistyped one must not become a column of nulls."""

from __future__ import annotations

from pathlib import Path

import duckdb

from warehouse import page_queries
from warehouse.loading import Feed
from warehouse.services import PagesSource
from warehouse.sources import Source
from warehouse.sql_text import identifier, quoted

# So many of the newest files are looked at for what responses hold.
FILES = 20
# A message names no more questions than this.
NAMED = 40
QUESTIONS = "questions"


def mapped_questions(source: Source, query: str) -> dict[str, list[str]]:
    """The names that each field is read from and that are no columns of staging/QUERY.sql: answers of a survey."""
    columns = page_queries.columns_of_query(query)
    found = {
        field: [name for spec in specs for name in spec.origins() if name not in columns]
        for field, specs in source.columns.items()
    }
    return {field: names for field, names in found.items() if names}


def missing_score(source: Source, query: str) -> str | None:
    """What to say where nothing tells the score of responses; None where something does."""
    said = {*page_queries.columns_of_query(query), *source.columns, *source.constants}
    return None if "score" in said else "columns.score is missing: the question whose answer is the score"


def is_asked(name: str, questions: set[str]) -> bool:
    """Whether a name is a question's, or that of a part of it: QID5_TEXT, QID1.label."""
    return any(name == question or name.startswith((f"{question}_", f"{question}.")) for question in questions)


def never_asked(connection: duckdb.DuckDBPyConnection, feed: Feed, landing: Path) -> list[str]:
    """Of a feed of survey responses, what support.toml reads from answers that no response has: one line a name."""
    source = feed.source
    if not isinstance(source, PagesSource) or not source.query:
        return []
    if page_queries.ANSWERS not in page_queries.columns_of_query(source.query):
        return []
    if missing := missing_score(source, source.query):
        return [f"[sources.{feed.name}] {missing}. `python -m pipelines check` names the questions"]
    mapped = mapped_questions(source, source.query)
    silent = _silent_fields(connection, feed, list(mapped))
    if not silent:
        return []
    asked = _asked(connection, source.query, _newest_files(connection, feed, landing))
    return [
        f"[sources.{feed.name}] columns.{field}: no response has {name!r} (they have: {named(asked)})"
        for field in silent
        for name in mapped[field]
        if not is_asked(name, asked)
    ]


def named(questions: set[str]) -> str:
    """The questions for a person, as many as can be read."""
    shown = sorted(questions)[:NAMED]
    return ", ".join(shown) + (f" and {len(questions) - NAMED} more" if len(questions) > NAMED else "")


def _silent_fields(connection: duckdb.DuckDBPyConnection, feed: Feed, fields: list[str]) -> list[str]:
    """Fields that are empty in every row of the feed; none where there are no rows."""
    if not fields:
        return []
    counts = ", ".join(f"count({identifier(field)})" for field in fields)
    row = connection.execute(
        f"select count(*), {counts} from store.{feed.kind.table} where feed = $feed", {"feed": feed.name}
    ).fetchone()
    assert row
    return [field for field, count in zip(fields, row[1:], strict=True) if row[0] and not count]


def _newest_files(connection: duckdb.DuckDBPyConnection, feed: Feed, landing: Path) -> list[str]:
    rows = connection.execute(
        "select landed_name from files where feed = $feed and state = 'loaded' order by file_no desc limit $files",
        {"feed": feed.name, "files": FILES},
    ).fetchall()
    return [str(landing / name) for (name,) in rows if (landing / name).is_file()]


def _asked(connection: duckdb.DuckDBPyConnection, query: str, paths: list[str]) -> set[str]:
    """What responses answer, and what their survey says that it asks."""
    if not paths:
        return set()
    scan = page_queries.scan_of_query(query, paths)
    wanted = [f"select unnest(json_keys({page_queries.ANSWERS})) as name from {scan}"]
    if QUESTIONS in page_queries.columns_of_query(query):
        wanted.append(f"select unnest({QUESTIONS}) as name from {scan}")
    rows = connection.execute(f"select distinct name from ({' union all '.join(wanted)}) where name <> {quoted('')}")
    return {name for (name,) in rows.fetchall()}
