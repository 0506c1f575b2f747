"""How the warehouse stands: whether data is in time, what fails, and since when. One rule for the health addresses, `status` and metrics."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import pandas as pd

from warehouse.deliveries import judged
from warehouse.state import State, errors_of
from warehouse.texts import one_line

How = Literal["ok", "late", "failing"]
LONGEST_TOLD = 200
# Of DuckDB's own words only the kind: they repeat what was delivered.
_OWN_WORDS = re.compile(r"((?:\w+ )?(?:Error|Exception)): .*")
_EXAMPLES = re.compile(r", such as .*")
_DELIVERED = re.compile(r"'[^']*'|\"[^\"]*\"|\S+@\S+|\+?\d[\d ()/.-]{6,}\d")


@dataclass(frozen=True)
class Facts:
    """What a DuckDB file of ours says of itself: the answers of the questions named."""

    health_sources: pd.DataFrame
    health_findings: pd.DataFrame
    run_totals: pd.DataFrame


def facts(ask: Callable[[str], pd.DataFrame]) -> Facts:
    """`ask` gives the answer of a question by its name."""
    return Facts(*(ask(question) for question in ("health_sources", "health_findings", "run_totals")))


@dataclass(frozen=True)
class Pull:
    """A source that is pulled, and what went wrong last; None: nothing."""

    name: str
    message: str | None


@dataclass(frozen=True)
class Standing:
    """failing: something needs a person; late: a source is silent for longer than its own rhythm; ok: neither.

    `since` is when that began, null where nobody noted it. `reasons` may be told to anybody: nothing that was delivered stands in them.
    `feeds` is as warehouse.deliveries.judged gives it.
    """

    how: How
    since: datetime | None
    reasons: list[str]
    feeds: pd.DataFrame = field(repr=False)

    @property
    def fresh_since(self) -> datetime | None:
        """Since when data is fresh; None where it is not."""
        return self.since if self.how == "ok" else None

    @property
    def late(self) -> pd.DataFrame:
        return self.feeds[self.feeds["state"] == "stale"]


def standing(
    known: Facts,
    pulls: Sequence[Pull],
    last: State | None,
    now: datetime,
    refresh_seconds: float,
    more: Sequence[str] = (),
) -> Standing:
    """How things stand at `now` (UTC, without a zone), after the `last` run; `more` are further reasons for failing."""
    feeds = judged(known.health_sources, now, refresh_seconds)
    failing = [*_of_run(last, {f"[sources.{pull.name}] {pull.message}" for pull in pulls}), *_of_pulls(pulls), *more]
    late = feeds[feeds["state"] == "stale"]
    if failing:
        since = instant(last.failing_since if last else None)
        return Standing("failing", since, [*failing, *_of_feeds(late)], feeds)
    if len(late):
        began = (late["delivered_at"] + pd.to_timedelta(late["allowed_seconds"], unit="s")).min()
        return Standing("late", began.floor("us").to_pydatetime(), _of_feeds(late), feeds)
    return Standing("ok", instant(last.fresh_since if last else None), [], feeds)


def _of_run(last: State | None, told: set[str]) -> list[str]:
    """What went wrong in a run, but for what is told of pulls."""
    if last is None:
        return []
    failed = [f"run {last.run_id} failed"] if last.state == "failed" else []
    checks = [
        f"check {finding['name']} found {finding['found']:,}"
        + (f" of {finding['source']}" if finding["source"] else "")
        for finding in errors_of(last.findings)
    ]
    return [*failed, *checks, *(outside(problem) for problem in last.problems if problem not in told)]


def _of_pulls(pulls: Sequence[Pull]) -> list[str]:
    return [f"{pull.name} cannot be pulled: {outside(pull.message)}" for pull in pulls if pull.message]


def _of_feeds(late: pd.DataFrame) -> list[str]:
    rows: Any = late.itertuples()
    return [
        f"{row.feed} is late: silent for {row.silent_seconds:.0f} s, late after {row.allowed_seconds:.0f} s"
        for row in rows
    ]


def outside(problem: str) -> str:
    """A problem in words that may be told to anybody: without what stands in quotes, examples, addresses, long numbers and DuckDB's own words."""
    told = _EXAMPLES.sub(")", _OWN_WORDS.sub(r"\1 (the log says more)", one_line(problem)))
    return _DELIVERED.sub("…", told)[:LONGEST_TOLD]


def data_as_of(feeds: pd.DataFrame) -> datetime | None:
    """How far every source's data goes: the source furthest behind, those left out that tell of the past or change when needed."""
    alive = feeds[feeds["state"].isin(["fresh", "stale"])]["source_as_of"].dropna()
    known = alive if len(alive) else feeds["source_as_of"].dropna().iloc[-1:]
    return known.min().to_pydatetime() if len(known) else None


def instant(text: str | None) -> datetime | None:
    """UTC without a zone."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None) if text else None


def iso(at: datetime | None) -> str | None:
    """An instant (UTC, with or without saying so) as JSON has it; pandas' own nothing is None."""
    if at is None or pd.isna(at):
        return None
    return at.replace(tzinfo=UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
