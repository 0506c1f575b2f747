"""`python -m pipelines status`: how things stand at one glance, without taking the lock or opening the pipelines' own file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from pipelines.health import Document, document
from pipelines.lock import holder
from pipelines.schedule import refresh_trigger, upkeep_trigger
from warehouse import state
from warehouse.ask import Warehouse
from warehouse.deliveries import STATE_WORDS
from warehouse.errors import NoWarehouse, line_of
from warehouse.settings import Settings
from warehouse.standing import facts, iso

GOOD, NOT_GOOD, NO_WAREHOUSE = 0, 1, 3
UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"))


def status(settings: Settings, as_json: bool) -> tuple[int, str]:
    """Exit code and text: 0 good, 1 something fails or is late. Raises NoWarehouse where nothing was published, FolderError for the state."""
    told = look(settings)
    text = json.dumps(told, indent=1) if as_json else "\n".join(_lines(told))
    return (GOOD if told["state"] == "ok" else NOT_GOOD), text


def look(settings: Settings) -> Document:
    """The document of the health address (see pipelines.health), from the published file and small files beside it alone, with the
    problems in full, the process that holds the folder, and what is done when."""
    folder = settings.data.folder
    warehouse = Warehouse(folder)
    last = state.read(folder)
    try:
        known = facts(warehouse.ask)
    except duckdb.Error as error:
        raise NoWarehouse(f"the published version in {folder} cannot be read: {line_of(error)}") from error
    told = document(settings, known, last)
    return {
        **told,
        "problems": last.problems if last else [],
        "process": holder(folder),
        "next": _next(settings, told),
    }


def _next(settings: Settings, told: Document) -> dict[str, str | None]:
    """When what is due, as support.toml has it."""
    now = datetime.now(UTC)
    due = {"look": refresh_trigger(settings), "upkeep": upkeep_trigger(settings)}
    at = {name: iso(trigger.get_next_fire_time(None, now).astimezone(UTC)) for name, trigger in due.items()}
    for pull in told["pulls"]:
        every = timedelta(seconds=settings.remote_sources[pull["source"]].every)
        tried = pull["attempted_at"]
        at[f"pull {pull['source']}"] = iso(max(now, datetime.fromisoformat(tried) + every)) if tried else None
    return at


def _lines(told: Document) -> Iterator[str]:
    yield f"{told['state']}" + (
        f" since {_moment(told['since'])} (times are UTC)" if told["since"] else " (times are UTC)"
    )
    yield from (f"  {reason}" for reason in told["reasons"])
    yield from (f"  in full: {problem}" for problem in told["problems"] if problem not in told["reasons"])
    yield f"version {told['version']}, published {_moment(told['published_at'])}, data as of {_moment(told['data_as_of'])}"
    yield _of_process(told)
    yield ""
    yield from _table(
        ("feed", "state", "newest file", "silent", "late after", "data as of", "rejected"), _feeds(told["sources"])
    )
    if told["pulls"]:
        yield ""
        rows = [
            (one["source"], one["state"], _moment(one["succeeded_at"]), _moment(one["attempted_at"]))
            for one in told["pulls"]
        ]
        yield from _table(("pulled", "state", "last success", "last try"), rows)
    if told["checks"]:
        yield ""
        yield from (
            f"{one['severity']}: {one['meaning']} ({one['source']}: {one['found']:,})" for one in told["checks"]
        )
    yield ""
    yield "disk: " + (
        f"{told['disk']['free_bytes'] / 1e9:,.1f} GB free of {told['disk']['total_bytes'] / 1e9:,.1f}"
        if told["disk"]
        else "unknown"
    )


def _of_process(told: Document) -> str:
    process = told["process"]
    if process is None:
        return "no pipelines are running on this folder" + _looked(told)
    due = ", ".join(f"{name} {_moment(at)}" for name, at in told["next"].items())
    return f"pipelines are running (process {process}){_looked(told)}; next: {due}"


def _looked(told: Document) -> str:
    run = told["run"]
    last = f"; last run {run['run_id']} {run['state']}" if run else ""
    return f"{last}, last sign of life {_moment(told['alive_at'])}"


def _feeds(feeds: Sequence[Document]) -> list[tuple[str, ...]]:
    return [
        (
            feed["feed"],
            STATE_WORDS[feed["state"]],
            _moment(feed["delivered_at"]),
            duration(feed["silent_seconds"]),
            duration(feed["late_after_seconds"]),
            _moment(feed["data_as_of"]),
            f"{feed['rows_rejected']:,} of {feed['rows_read']:,}",
        )
        for feed in feeds
    ]


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows under their names, in columns as wide as they need."""
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    for row in (names, *rows):
        yield "  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip()


def _moment(text: str | None) -> str:
    """UTC: the time of day, with the date where it is not today's."""
    if text is None:
        return "never"
    at, today = datetime.fromisoformat(text), datetime.now(UTC).date()
    return f"{at:%H:%M:%S}" if at.date() == today else f"{at:%Y-%m-%d %H:%M}"


def duration(seconds: float | None) -> str:
    """Two units at most; a dash for nothing known."""
    if seconds is None:
        return "–"
    for size, unit in UNITS:
        if seconds >= size:
            return f"{int(seconds // size)}{unit} {_rest(seconds % size, size)}".strip()
    return f"{seconds:.0f}s"


def _rest(seconds: float, size: int) -> str:
    smaller: dict[int, tuple[int, str]] = {86_400: (3_600, "h"), 3_600: (60, "m"), 60: (1, "s")}
    unit: Any = smaller[size]
    return f"{int(seconds // unit[0])}{unit[1]}" if seconds >= unit[0] else ""
