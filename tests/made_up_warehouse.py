"""A published warehouse of the made-up help desk, small enough for a test: every kind of row, delivered and loaded as in `make run`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pipelines import sample
from pipelines.refresh import Pipelines
from warehouse.settings import load
from warehouse.writing import write

PROJECT = Path(__file__).resolve().parents[1]
END = datetime(2026, 1, 8, tzinfo=UTC)


def publish(folder: Path) -> Path:
    """Makes, loads and publishes it under `folder`; returns the published file."""
    settings = folder / "support.toml"
    settings.write_text((PROJECT / "support.toml").read_text(encoding="utf-8"), encoding="utf-8")
    sample.write_history(folder / "data" / "exports", days=14, tickets=300, seed=7, end=END)
    _add_what_the_desk_does_not_make(folder / "data")
    pipelines = Pipelines(load(settings))
    try:
        report = pipelines.run("test")
    finally:
        pipelines.close()
    assert report is not None
    assert report.problems == []
    return folder / "data" / "warehouse.duckdb"


def _add_what_the_desk_does_not_make(data: Path) -> None:
    """A row to reject, a note and a saved view."""
    (data / "exports" / "tickets" / "odd.csv").write_text("ticket_id,created_at\nX1,yesterday\n", encoding="utf-8")
    write(data, "note", {"agent": "Ada", "kind": "coaching", "body": "Ask first, then answer.", "author": "Lee"})
    write(data, "view", {"name": "Mine", "page": "wait_times", "query": "channel=email"})
