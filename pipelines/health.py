"""How the pipelines do, as one document: what the health address answers, what `status` says, and what metrics are made of."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.sources import remote
from warehouse import state
from warehouse.connection import numbered_versions
from warehouse.journal import Pulled
from warehouse.settings import Settings
from warehouse.standing import Facts, Pull, Standing, data_as_of, iso, outside, standing
from warehouse.state import State

Document = dict[str, Any]
STEPS = ("pull", "load", "build", "check")
OUTCOMES = ("loaded", "unchanged", "superseded", "rejected")


def document(settings: Settings, known: Facts, last: State | None, more: Sequence[str] = ()) -> Document:
    """How things stand now. Nothing that was delivered stands in it, nor a secret: it may be told to anybody.

    `known` is what the newest version, or the pipelines' own file, says; `last` how the last run ended; `more` further reasons for failing.
    Keys that hold instants end with _at, _since or _as_of (UTC, ISO); null is unknown.
    """
    now = settings.clock.as_of_utc() or datetime.now(UTC).replace(tzinfo=None)
    pulls = remote.pulled(settings, dict.fromkeys(settings.remote_sources, ()))
    of_sources = {pull.name: pull for pull in pulls}  # a source's endpoints begin and end together
    disk = _disk(settings.data.folder)
    stands = standing(
        known,
        [Pull(pull.name, pull.message) for pull in of_sources.values()],
        last,
        now,
        settings.schedule.refresh_seconds,
        [*more, *_of_disk(disk), *_of_version(settings.data.folder)],
    )
    return {
        **_answer(stands),
        **_published(settings.data.folder),
        "data_as_of": iso(data_as_of(stands.feeds)),
        "alive_at": iso(state.alive_at(settings.data.folder)),
        "run": _run(last),
        "sources": _feeds(stands.feeds),
        "pulls": [_pull(pull, pulls) for pull in of_sources.values()],
        "checks": _checks(known.health_findings),
        "files": _files(settings.data.folder),
        "disk": disk,
    }


def _answer(stands: Standing) -> Document:
    return {
        "state": stands.how,
        "since": iso(stands.since),
        "fresh_since": iso(stands.fresh_since),
        "reasons": stands.reasons,
    }


def _published(folder: Path) -> Document:
    versions = numbered_versions(folder)
    newest = max(versions, default=None)
    at = _changed_at(versions[newest]) if newest is not None else None
    return {"version": newest, "published_at": iso(at)}


def _of_version(folder: Path) -> list[str]:
    return [] if numbered_versions(folder) else ["nothing is published"]


def _run(last: State | None) -> Document | None:
    if last is None:
        return None
    return {
        "run_id": last.run_id,
        "state": last.state,
        "noted_at": _whole(last.at),
        "good_at": _whole(last.good_at),
        "seconds": {step: round(seconds, 3) for step, seconds in last.seconds.items()},
        "problems": [outside(problem) for problem in last.problems],
    }


def _whole(text: str | None) -> str | None:
    return _utc(datetime.fromisoformat(text)) if text else None


def _feeds(feeds: pd.DataFrame) -> list[Document]:
    rows: Any = feeds.itertuples()
    return [
        {
            "source": row.source,
            "feed": row.feed,
            "kind": row.kind,
            "state": row.state,
            "data_as_of": iso(row.as_of),
            "age_seconds": _number(row.behind_seconds),
            "delivered_at": iso(row.delivered_at),
            "silent_seconds": _number(row.silent_seconds),
            "late_after_seconds": _number(row.allowed_seconds),
            "files": int(row.files),
            "files_refused": int(row.files_refused),
            "rows_read": int(row.rows_read),
            **{f"rows_{outcome}": int(getattr(row, f"rows_{outcome}")) for outcome in OUTCOMES},
        }
        for row in rows
    ]


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else round(float(value), 1)


def _pull(pull: Pulled, endpoints: Sequence[Pulled]) -> Document:
    return {
        "source": pull.name,
        "state": "failing" if pull.message else "complete" if pull.complete_at else "begun",
        "succeeded_at": _utc(pull.complete_at),
        "attempted_at": _utc(pull.attempted_at),
        "problem": outside(pull.message) if pull.message else None,
        "lag_seconds": _lag(pull.complete_at),
        "pages": {one.endpoint: one.pages for one in endpoints if one.name == pull.name and one.endpoint},
    }


def _utc(at: datetime | None) -> str | None:
    return iso(at.astimezone(UTC)) if at else None


def _lag(since: datetime | None) -> float | None:
    return round((datetime.now(UTC) - since.astimezone(UTC)).total_seconds(), 1) if since else None


def _checks(findings: pd.DataFrame) -> list[Document]:
    """What checks found, without examples."""
    columns = ["name", "severity", "meaning", "source", "found"]
    found: list[dict[Any, Any]] = findings[columns].to_dict("records")
    return [{str(key): value for key, value in row.items()} for row in found]


def _files(folder: Path) -> Mapping[str, int]:
    """Bytes of the pipelines' own file, what it has not checkpointed, and the newest version."""
    versions = numbered_versions(folder)
    paths = {"loading": folder / "loading.duckdb", "loading_log": folder / "loading.duckdb.wal"}
    paths |= {"published": versions[max(versions)]} if versions else {}
    return {name: size for name, path in paths.items() if (size := _bytes(path)) is not None}


def _bytes(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _changed_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


def _disk(folder: Path) -> Mapping[str, int]:
    """Bytes of the disk; nothing where the folder cannot be asked about."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return {}
    return {
        "free_bytes": usage.free,
        "total_bytes": usage.total,
        "needed_bytes": _bytes(folder / "loading.duckdb") or 0,
    }


def _of_disk(disk: Mapping[str, int]) -> list[str]:
    """A version is a copy: there must be room for one more."""
    if not disk or disk["free_bytes"] >= disk["needed_bytes"]:
        return []
    return [
        f"the disk has {disk['free_bytes'] / 1e6:,.0f} MB left, and a version takes {disk['needed_bytes'] / 1e6:,.0f} MB"
    ]
