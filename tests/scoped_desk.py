"""A made-up help desk of several teams, with a note about every agent, and who of its agents is of which team: for tests of who sees what."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines import sample
from pipelines.refresh import Pipelines
from tests.browsing import PROJECT
from warehouse.settings import Settings, load
from warehouse.writing import write

END = datetime(2026, 3, 1)


def publish(home: Path, more: str = "") -> Path:
    """Writes and loads the desk into `home`; `more` are further lines of its support.toml. Returns that file."""
    text = (PROJECT / "support.toml").read_text(encoding="utf-8")
    (home / "support.toml").write_text(text + more, encoding="utf-8")
    settings = load(home / "support.toml")
    assert settings.sample is not None
    sample.write_history(settings.sample.folder, days=28, tickets=1500, seed=3, end=END.replace(tzinfo=UTC))
    _run(settings)
    for agent in agents_of(home / "data"):
        note = {"agent": agent, "kind": "coaching", "body": f"on {agent}", "author": agent}
        write(home / "data", "note", note)
    _run(settings)
    return home / "support.toml"


def _run(settings: Settings) -> None:
    pipelines = Pipelines(settings)
    pipelines.run("test")
    pipelines.close()


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """What the published file of a data folder answers."""
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def agents_of(folder: Path, team: str | None = None) -> set[str]:
    """Agents whose newest ticket is of a team; without one, all."""
    homes = rows(folder, "select agent, max_by(team, last_seen_at) from agents group by agent")
    return {agent for agent, home in homes if team is None or home == team}


def busiest_ticket(folder: Path) -> str:
    """The ticket that most agents wrote on: some of them are of other teams."""
    by_hands = "select ticket_id from messages where author_kind = 'agent' group by all order by count(distinct author) desc, ticket_id"
    return str(rows(folder, by_hands)[0][0])
