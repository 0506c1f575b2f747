"""Which readings of a series say that something changed, rather than what chance does: control limits and run rules, part by part.

Takes frames of `Warehouse.series`. What takes part are readings of bins that are complete, whose value is known. Fewer than eight of them
are too few to say: limits are null then, never a guess. Shares have the limits of a p' chart, everything else those of an XmR chart.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from warehouse.series import Unit
from warehouse.statistics import MEAN_RANGE_OF_TWO, Marks, Numbers, run_rules, xmr_limits

FEWEST_READINGS = 8
# A signal among so many of the newest complete bins is what is going on now.
CURRENT_BINS = 3

BEYOND = "beyond the limits"
ONE_SIDE = "8 in a row on one side"
RISING, FALLING = "6 in a row rising", "6 in a row falling"
FAR = "2 of 3 far from the centre"


@dataclass(frozen=True)
class Change:
    """What the newest signal of a part says: since when, by which rule, and the reading that completed it beside the centre."""

    since: datetime
    rule: str
    value: float
    centre: float
    is_better: bool | None


@dataclass(frozen=True)
class Comparison:
    """A reading, the one of the bin before, and the limits that the history before it sets; None where there is none."""

    value: float | None
    before: float | None
    centre: float | None
    low_limit: float | None
    high_limit: float | None
    is_change: bool
    is_known: bool


@dataclass(frozen=True)
class _Chart:
    """A centre and how far chance reaches from it: always `reach`, or for shares of n `sigma_z` times three binomial sigmas."""

    centre: float
    reach: float = 0.0
    sigma_z: float | None = None

    def reaches(self, n: Numbers) -> Numbers:
        if self.sigma_z is None:
            return np.full(len(n), self.reach)
        return 3 * self.sigma_z * _sigma(self.centre, n)


@dataclass(frozen=True)
class _Rows:
    """Rows of a part in order of time, as arrays: pages ask of many short series, and a step of a frame takes a hundred times as long."""

    bins: NDArray[np.datetime64]
    values: Numbers
    n: Numbers
    hits: Numbers
    is_complete: Marks
    is_known: Marks

    @classmethod
    def of(cls, frame: pd.DataFrame) -> _Rows:
        values, n, hits = (frame[name].to_numpy(dtype=float, na_value=np.nan) for name in ("value", "n", "hits"))
        is_complete, is_known = (frame[name].to_numpy(dtype=bool) for name in ("is_complete", "is_known"))
        return cls(frame["bin"].to_numpy(), values, n, hits, is_complete, is_known)

    def at(self, places: NDArray[np.int64]) -> _Rows:
        return _Rows(*(getattr(self, column.name)[places] for column in fields(self)))

    @property
    def readings(self) -> NDArray[np.int64]:
        """The places of those that take part."""
        return np.flatnonzero(self.is_complete & self.is_known & ~np.isnan(self.values))


def with_limits(frame: pd.DataFrame, unit: Unit) -> pd.DataFrame:
    """The frame with centre, low_limit, high_limit (in the unit of the values), signal (a rule in words, or None) and since.

    Each part by itself. `since` is the first bin of the readings that make the signal. Limits end where values of the unit do: at 0, for
    shares at 1 too. A percentile that is only known to be at least its value is no reading; where even that is above the limits it is a
    signal.

    Source: shares Laney 2002, Quality Engineering 14:531, with sigma z never below 1; else NIST/SEMATECH e-Handbook 6.3.2.2; rules:
    see statistics.run_rules.
    """
    rows, marks = _Rows.of(frame), _no_marks(frame)
    part = frame.groupby("part", dropna=False, sort=False).ngroup().to_numpy()
    for number in range(part.max(initial=-1) + 1):
        places = np.flatnonzero(part == number)
        for name, values in _marks_of_part(rows.at(places), unit).items():
            marks[name][places] = values
    return frame.assign(**marks)


def last_change(frame: pd.DataFrame, direction: str) -> Change | None:
    """What the newest signal of one part's frame with limits says; None where its newest three complete bins show none.

    `direction` is in the glossary's words; where neither way is better, is_better is None.
    """
    newest = frame[frame["is_complete"]].tail(CURRENT_BINS)
    signals = newest[newest["signal"].notna()]
    if signals.empty:
        return None
    reading = signals.iloc[-1]
    rule, value, centre = str(reading["signal"]), float(reading["value"]), float(reading["centre"])
    is_up = rule == RISING or (rule != FALLING and value > centre)
    is_better = None if direction == "neither" else is_up == (direction == "higher is better")
    return Change(reading["since"].to_pydatetime(), rule, value, centre, is_better)


def compared(now: pd.Series, history: pd.DataFrame, unit: Unit) -> Comparison:
    """Whether the newest complete reading of a part lies outside what its history allows, in which it takes no part itself.

    `now` is a row and `history` rows of one part's series; rows of `now`'s bin and after are left out. Too little history, eight
    readings, is no change, and is_known says so.
    """
    past = _Rows.of(history[history["is_complete"] & (history["bin"] < now["bin"])])
    chart = _chart(past.at(past.readings), unit)
    value, before = _known(now["value"]), _known(past.values[-1]) if len(past.values) else None
    if chart is None:
        return Comparison(value, before, None, None, None, is_change=False, is_known=False)
    reach = float(chart.reaches(np.array([now["n"]], dtype=float))[0])
    low, high = (float(_within(chart.centre + way * reach, unit)) for way in (-1, 1))
    # Readings that are all alike lie on their mean, whatever the last digit of a float says.
    is_alike = value is not None and bool(np.isclose(value, chart.centre, rtol=1e-12, atol=0))
    is_change = value is not None and not is_alike and (value > high or (value < low and bool(now["is_known"])))
    return Comparison(value, before, chart.centre, _known(low), _known(high), is_change, is_known=True)


def _marks_of_part(part: _Rows, unit: Unit) -> dict[str, Any]:
    """The columns that are added to a part's rows; of too few readings none."""
    places = part.readings
    chart = _chart(part.at(places), unit)
    if chart is None:
        return {}
    reach = chart.reaches(part.n)
    low, high = (_within(chart.centre + way * reach, unit) for way in (-1, 1))
    signal, since = _signals(part, places, chart)
    at_least = part.is_complete & ~part.is_known & (part.values > high)
    signal[at_least], since[at_least] = BEYOND, part.bins[at_least]
    return {"centre": chart.centre, "low_limit": low, "high_limit": high, "signal": signal, "since": since}


def _no_marks(frame: pd.DataFrame) -> dict[str, NDArray[Any]]:
    """The columns that are added, as long as nothing is said."""
    limits = {name: np.full(len(frame), np.nan) for name in ("centre", "low_limit", "high_limit")}
    return limits | _no_signals(frame["bin"].to_numpy())


def _no_signals(bins: NDArray[np.datetime64]) -> dict[str, NDArray[Any]]:
    return {
        "signal": np.full(len(bins), None, dtype=object),
        "since": np.full(len(bins), np.datetime64("NaT"), dtype=bins.dtype),
    }


def _chart(readings: _Rows, unit: Unit) -> _Chart | None:
    """The limits that readings in order of time set; None where they are too few."""
    if len(readings.values) < FEWEST_READINGS:
        return None
    if unit != "share" or np.isnan(readings.hits).any():
        limits = xmr_limits(readings.values)
        return _Chart(limits.centre, limits.high - limits.centre)
    centre = float(readings.hits.sum() / readings.n.sum())
    if centre in (0, 1):
        return _Chart(centre, sigma_z=1.0)
    scores = (readings.values - centre) / _sigma(centre, readings.n)
    return _Chart(centre, sigma_z=max(1.0, float(np.abs(np.diff(scores)).mean()) / MEAN_RANGE_OF_TWO))


def _sigma(centre: float, n: Numbers) -> Numbers:
    """The standard deviation of shares of n; NaN for a share of nothing."""
    return np.sqrt(centre * (1 - centre) / np.where(n > 0, n, np.nan))


def _signals(
    part: _Rows, places: NDArray[np.int64], chart: _Chart
) -> tuple[NDArray[np.object_], NDArray[np.datetime64]]:
    """Rule and beginning at the readings, those at `places` of the part, that complete a pattern."""
    given, marks = part.values[places], _no_signals(part.bins)
    # Readings that are all alike lie on their mean, whatever the last digit of a float says.
    values = np.where(np.isclose(given, chart.centre, rtol=1e-12, atol=0), chart.centre, given)
    patterns = _Patterns(values, chart.centre, chart.reaches(part.n[places]))
    for reading in np.flatnonzero(patterns.rules["signal"]):
        rule, first = patterns.at(int(reading))
        marks["signal"][places[reading]], marks["since"][places[reading]] = rule, part.bins[places[first]]
    return marks["signal"], marks["since"]


class _Patterns:
    """Readings in order of time, which of them complete a pattern, and where it began. Limits are taken as they are, beyond 0 and 1 too."""

    def __init__(self, values: Numbers, centre: float, reach: Numbers) -> None:
        self.rules = run_rules(values, centre, centre - reach, centre + reach)
        self.side = np.sign(values - centre)
        self.step = np.sign(np.diff(values, prepend=values[:1]))
        self.far_side = self.side * (np.abs(values - centre) > reach * 2 / 3)
        self.beyond_side = self.side * self.rules["beyond_limits"]

    def at(self, place: int) -> tuple[str, int]:
        """The rule that the reading at `place` completes, the plainest first, and the place of the pattern's first reading."""
        if self.rules["beyond_limits"][place]:
            return BEYOND, _first_alike(self.beyond_side, place)
        if self.rules["one_side"][place]:
            return ONE_SIDE, _first_alike(self.side, place)
        if self.rules["trend"][place]:
            return RISING if self.step[place] > 0 else FALLING, _first_alike(self.step, place) - 1
        return FAR, next(
            first for first in range(max(0, place - 2), place) if self.far_side[first] == self.far_side[place]
        )


def _first_alike(marks: Numbers, place: int) -> int:
    """The first of the unbroken row of equal marks that ends at `place`."""
    while place > 0 and marks[place - 1] == marks[place]:
        place -= 1
    return place


def _within(line: Numbers | float, unit: Unit) -> Numbers:
    """Points may be negative; nothing else is, and shares end at 1."""
    return np.asarray(line if unit == "points" else np.clip(line, 0, 1 if unit == "share" else None))


def _known(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
