"""A week's figures: each beside the week before, its target and what is usual, and which part of it made the change.

Takes frames of `Warehouse.series`. What is said of them is in weekly_words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from math import isclose, sqrt
from typing import Literal

import pandas as pd

from warehouse.catalogue import Series
from warehouse.series import Split
from warehouse.signals import Comparison

# What a week is told by, in this order.
METRICS = ("arrived", "first_response_time", "promise_kept_rate", "csat", "first_contact_resolution", "backlog")
# What customers say is told by the first of these that anybody was asked for.
SCORES = ("csat", "nps", "ces")
SPLITS: tuple[Split, ...] = ("channel", "team", "topic")
WEEKS_OF_HISTORY = 12

_WEEK = re.compile(r"(\d{4})-W(\d{2})")


def monday_of(week: str) -> date | None:
    """The first day of an ISO week such as `2026-W47`; None where there is no such week."""
    match = _WEEK.fullmatch(week)
    try:
        return date.fromisocalendar(int(match[1]), int(match[2]), 1) if match else None
    except ValueError:
        return None


def week_of(day: date) -> str:
    """The ISO week a day belongs to, such as `2026-W47`."""
    year, number, _ = day.isocalendar()
    return f"{year}-W{number:02d}"


def weeks(first: date, last: date) -> list[str]:
    """The ISO weeks of two days and all between them, the newest first."""
    newest, oldest = (day - timedelta(days=day.weekday()) for day in (last, first))
    return [week_of(newest - timedelta(weeks=back)) for back in range((newest - oldest).days // 7 + 1)]


@dataclass(frozen=True)
class Reading:
    """One metric's figure of a week. `comparison` is None while the week is not over: it is not judged before."""

    series: Series
    value: float | None
    before: float | None
    n: int
    low: float | None
    high: float | None
    is_known: bool
    comparison: Comparison | None
    target: float | None = None

    @property
    def state(self) -> Literal["changed", "usual", "unknown"]:
        """Whether it lies outside what the weeks before allow; unknown where they are too few, or there is no figure."""
        if self.value is None or self.comparison is None or not self.comparison.is_known:
            return "unknown"
        # Readings that are all alike lie on their limits, whatever the last digit of a float says.
        centre = self.comparison.centre
        is_alike = centre is not None and isclose(self.value, centre, rel_tol=1e-9)
        return "changed" if self.comparison.is_change and not is_alike else "usual"

    @property
    def severity(self) -> float:
        """How far from usual, in half widths of what is usual: above 1 is outside."""
        usual = self.comparison
        if (
            self.value is None
            or usual is None
            or usual.centre is None
            or usual.low_limit is None
            or usual.high_limit is None
        ):
            return 0.0
        room = usual.high_limit - usual.centre if self.value > usual.centre else usual.centre - usual.low_limit
        distance = abs(self.value - usual.centre)
        return distance / room if room > 0 else (0.0 if distance == 0 else 99.0)

    @property
    def misses_target(self) -> bool:
        """Whether it is surely below its target: its whole interval is."""
        return self.target is not None and self.high is not None and self.high < self.target


@dataclass(frozen=True)
class Contribution:
    """What one part (None: none given) added to a change: `change` is `own` plus `mix`.

    For counts all of it is its own. For shares `own` comes from the part's rate, `mix` from its share of the whole.
    """

    part: str | None
    change: float
    own: float
    mix: float
    before: float | None
    now: float | None
    n_before: int
    n: int


@dataclass(frozen=True)
class Decomposition:
    """A change from `before` to `now` as contributions that sum to it, the largest first.

    `unevenness` says how much less evenly the parts share the change than chance would have it: about 0 where chance explains it.
    """

    split: Split
    unit: Literal["count", "share"]
    before: float
    now: float
    parts: tuple[Contribution, ...]
    unevenness: float

    @property
    def change(self) -> float:
        return self.now - self.before

    @property
    def leading(self) -> Contribution | None:
        """The part that made most of the change; None where nothing changed."""
        ahead = [part for part in self.parts if part.change * self.change > 0]
        return max(ahead, key=lambda part: abs(part.change), default=None)


def of_counts(split: Split, now: pd.DataFrame, before: pd.DataFrame) -> Decomposition | None:
    """A change of a count, or of a level, by part. Frames: part and value, one row a part; None where both are empty."""
    rows = _beside(now[["part", "value"]], before[["part", "value"]]).fillna({"value": 0.0, "value_before": 0.0})
    if rows.empty:
        return None
    rows["own"] = rows["value"] - rows["value_before"]
    total, total_before = float(rows["value"].sum()), float(rows["value_before"].sum())
    rows["even"] = (total - total_before) * (rows["value"] + rows["value_before"]) / ((total + total_before) or 1.0)
    rows["variance"] = (rows["value"].abs() + rows["value_before"].abs()).clip(lower=1.0)
    rows["n"], rows["n_before"], rows["mix"] = rows["value"], rows["value_before"], 0.0
    return _decomposition(split, "count", total_before, total, rows)


def of_shares(split: Split, now: pd.DataFrame, before: pd.DataFrame) -> Decomposition | None:
    """A change of a share by part. Frames: part, n and hits, one row a part; None where one of the weeks counted nothing.

    A part's own effect is the change of its rate at its mean weight; its mix effect the change of its weight times how far its mean
    rate lies from the whole's, so that growing below average pulls down. A part without rows in one of the weeks is all mix.

    Source: Kitagawa 1955, Journal of the American Statistical Association 50:1168.
    """
    rows = _beside(now[["part", "n", "hits"]], before[["part", "n", "hits"]]).fillna(
        {"n": 0.0, "hits": 0.0, "n_before": 0.0, "hits_before": 0.0}
    )
    n, n_before = float(rows["n"].sum()), float(rows["n_before"].sum())
    if not n or not n_before:
        return None
    share, share_before = float(rows["hits"].sum()) / n, float(rows["hits_before"].sum()) / n_before
    rows = rows[(rows["n"] > 0) | (rows["n_before"] > 0)]
    rate, rate_before = rows["hits"] / rows["n"], rows["hits_before"] / rows["n_before"]
    rows["value"], rows["value_before"] = rate, rate_before
    rate, rate_before = rate.fillna(rate_before), rate_before.fillna(rate)
    weight, weight_before = rows["n"] / n, rows["n_before"] / n_before
    middle = (share + share_before) / 2
    rows["own"] = (weight + weight_before) / 2 * (rate - rate_before)
    rows["mix"] = (weight - weight_before) * ((rate + rate_before) / 2 - middle)
    rows["even"] = (share - share_before) * (weight + weight_before) / 2
    spread, spread_before = (one * (1 - one) + (one - middle) ** 2 for one in (rate, rate_before))
    rows["variance"] = (rows["n"] * spread / n**2 + rows["n_before"] * spread_before / n_before**2).clip(lower=1e-12)
    return _decomposition(split, "share", share_before, share, rows)


def most_telling(found: Iterable[Decomposition | None]) -> Decomposition | None:
    """The one along whose parts the change is least even, of those with two parts or more; else any there is."""
    there = [one for one in found if one is not None]
    return max(there, key=lambda one: (len(one.parts) > 1, one.unevenness), default=None)


def pulls(parts: pd.DataFrame, fewest: int = 5) -> list[Contribution]:
    """How far each part pulls a share away from what it would be if the part were like the whole; downwards first.

    `parts`: part, n and hits. Parts with fewer than `fewest` rows say nothing by themselves and are left out.
    """
    n, hits = float(parts["n"].sum()), float(parts["hits"].sum())
    found = [
        Contribution(row.part, pull, pull, 0.0, None, row.hits / row.n, 0, int(row.n))
        for row in parts.dropna(subset=["part"]).itertuples()
        if row.n >= fewest
        for pull in [(row.hits - row.n * hits / n) / n]
    ]
    return sorted(found, key=lambda one: (one.change, one.part))


def _beside(now: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """One row a part that occurs in either week, a missing part among them."""
    return now.merge(before, on="part", how="outer", suffixes=("", "_before"))


def _decomposition(
    split: Split, unit: Literal["count", "share"], before: float, now: float, rows: pd.DataFrame
) -> Decomposition:
    rows = rows.assign(change=rows["own"] + rows["mix"])
    parts = [
        Contribution(
            part=None if pd.isna(row.part) else str(row.part),
            change=float(row.change),
            own=float(row.own),
            mix=float(row.mix),
            before=None if pd.isna(row.value_before) else float(row.value_before),
            now=None if pd.isna(row.value) else float(row.value),
            n_before=int(row.n_before),
            n=int(row.n),
        )
        for row in rows.itertuples()
    ]
    ordered = sorted(parts, key=lambda one: (-abs(one.change), one.part or ""))
    return Decomposition(split, unit, before, now, tuple(ordered), _unevenness(rows))


def _unevenness(rows: pd.DataFrame) -> float:
    """The chi-squared distance of contributions from even ones, in standard deviations above what chance makes it."""
    free = len(rows) - 1
    if free < 1:
        return 0.0
    distance = float(((rows["change"] - rows["even"]) ** 2 / rows["variance"]).sum())
    return (distance - free) / sqrt(2 * free)
