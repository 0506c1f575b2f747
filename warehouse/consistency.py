"""How even service is between parts of it (channels above all), hours and weeks: how far apart, since when, and whether chance explains it.

Takes frames of `Warehouse.series` and of questions/consistency_*.sql. Nothing here reads the warehouse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations, permutations
from math import asin, hypot, pi, sqrt
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats  # type: ignore[import-untyped]

from warehouse.catalogue import CATALOGUE, HIGHER, LOWER, Unit
from warehouse.statistics import Z_95, Likelihoods, Numbers, funnel_limits

# The median wait as a share of what was promised: not in the catalogue, see questions/consistency_against_target.sql.
AGAINST_TARGET = "wait_against_target"
# Means the same on every channel: what was promised, whose target is the channel's own, and what customers said.
PROMISES = ("promise_kept_rate", "sla_met_rate")
# Fewer waits than these say nothing about a pair of channels, or an hour of the week.
FEWEST_OF_PAIR = 20
FEWEST_OF_HOUR = 10


@dataclass(frozen=True)
class Gap:
    """The widest gap between two parts in one metric: one that is certain where there is any, else just the widest."""

    metric: str
    title: str
    unit: Unit
    direction: str
    best: str
    best_value: float
    worst: str
    worst_value: float
    gap: float  # worst to best, never negative, in the metric's unit
    is_certain: bool  # wider than chance makes it, however many parts are compared
    n: int  # what both figures rest on together


@dataclass(frozen=True)
class Standing:
    """For how many full weeks in a row one part has been behind another; is_whole: for as long as there is data of both."""

    since: datetime
    weeks: int
    is_whole: bool


@dataclass(frozen=True)
class Explained:
    """How much of what differs between customers goes with their part (0-1); by chance alone it would be so much with p_value."""

    share: float
    p_value: float
    n: int


@dataclass(frozen=True)
class Hours:
    """Hours of the week: the surely worst and best of those with enough waits to speak of, and how many lie outside the limits of chance."""

    rows: pd.DataFrame
    centre: float
    worst: pd.Series
    best: pd.Series
    outside: int


def gaps(parts: Mapping[str, pd.DataFrame]) -> list[Gap]:
    """The widest gap of each metric, least even first: certain ones before others, then what means the same everywhere, then the wider one.

    `parts` holds a frame of `Warehouse.series(name, split=...)` by name of its series. Left out are counts, metrics of which
    neither direction is better, rows without a part, and metrics known of fewer than two parts. Promises and what customers
    said stand before other shares, and those before durations: channels differ in these by nature, a chat is shorter than a
    letter and takes more replies, however well both are served.

    Certain means that the interval of the difference excludes zero (method of variance estimates recovery: Zou and Donner 2008,
    Statistics in Medicine 27:1693), at 95 % for all pairs of parts together (Bonferroni).
    """
    found = (_widest(name, frame) for name, frame in parts.items())
    return sorted((gap for gap in found if gap), key=lambda gap: (not gap.is_certain, _by_nature(gap), -_size(gap)))


def _widest(name: str, frame: pd.DataFrame) -> Gap | None:
    title, unit, direction = _about(name)
    rows = frame[frame["part"].notna() & frame["value"].notna()]
    if len(rows) < 2 or unit == "count" or direction not in (HIGHER, LOWER):
        return None
    pairs = list(combinations(rows.sort_values("value", kind="stable").to_dict("records"), 2))
    reach = float(stats.norm.ppf(1 - 0.025 / len(pairs))) / Z_95
    low, high = max(pairs, key=lambda pair: (_differs(pair[0], pair[1], reach), pair[1]["value"] - pair[0]["value"]))
    best, worst = (high, low) if direction == HIGHER else (low, high)
    return Gap(
        metric=name,
        title=title,
        unit=unit,
        direction=direction,
        best=str(best["part"]),
        best_value=float(best["value"]),
        worst=str(worst["part"]),
        worst_value=float(worst["value"]),
        gap=float(high["value"] - low["value"]),
        is_certain=_differs(low, high, reach),
        n=int(low["n"] + high["n"]),
    )


def _about(name: str) -> tuple[str, Unit, str]:
    """Title, unit and direction of a metric."""
    if name == AGAINST_TARGET:
        return "Wait against its target, median", "share", LOWER
    return CATALOGUE[name].title, CATALOGUE[name].unit, CATALOGUE[name].direction


def _differs(low: Mapping[Any, Any], high: Mapping[Any, Any], reach: float) -> bool:
    """Whether the lower figure is surely lower; an end of an interval that is not known makes nothing sure."""
    up, down = low["high"] - low["value"], high["value"] - high["low"]
    return bool(high["value"] - low["value"] > reach * hypot(up, down))


def _by_nature(gap: Gap) -> int:
    """How far channels differ in it whatever the service: 0 not, 1 somewhat, 2 very much."""
    if gap.metric in PROMISES or (gap.metric in CATALOGUE and CATALOGUE[gap.metric].family == "score"):
        return 0
    return 2 if gap.unit == "seconds" or gap.metric == AGAINST_TARGET else 1


def _size(gap: Gap) -> float:
    """How wide a gap is, 0 to 1, so that metrics compare: the angle between two shares (Cohen 1988), the part of a scale or of a time."""
    if gap.unit == "points":
        return gap.gap / 200
    if _by_nature(gap) == 2:
        return gap.gap / gap.worst_value if gap.worst_value else 0.0
    best, worst = (2 * asin(sqrt(min(max(value, 0.0), 1.0))) for value in (gap.best_value, gap.worst_value))
    return abs(best - worst) / pi


def standing(worst: pd.DataFrame, best: pd.DataFrame, direction: str) -> Standing | None:
    """Since when `worst` has been behind `best` without a break, counted back from now; None where it was not so in the last full week.

    Both are one part's rows of the same series by week; weeks in which either has no value are passed over.
    """
    both = worst[worst["is_complete"]].merge(best[best["is_complete"]], on="bin", suffixes=("", "_best"))
    both = both[both["value"].notna() & both["value_best"].notna()].sort_values("bin")
    is_behind = both["value"] < both["value_best"] if direction == HIGHER else both["value"] > both["value_best"]
    weeks = int(is_behind[::-1].cumprod().sum())
    if weeks == 0:
        return None
    return Standing(both["bin"].iloc[-weeks].to_pydatetime(), weeks, weeks == len(both))


def explained(durations: pd.DataFrame) -> Explained | None:
    """The share of the variation in durations that goes with the channel: epsilon squared of Kruskal and Wallis, those not done counted.

    Columns channel, duration, is_done. Ranks are Gehan's scores: how many surely lasted less than this one, minus how many
    surely lasted longer; one that is not done lasted at least so long. With all done this is H / (N - 1). None where there are
    fewer than two channels, or all lasted alike.

    Source: Kruskal and Wallis 1952, JASA 47:583; Gehan 1965, Biometrika 52:203; several groups: Breslow 1970, Biometrika 57:579.
    """
    scores = _gehan_scores(durations["duration"].to_numpy(float), durations["is_done"].to_numpy(bool))
    by_channel = pd.Series(scores).groupby(durations["channel"].to_numpy()).agg(["sum", "count"])
    return _explained(by_channel["sum"], by_channel["count"], float((scores**2).sum()))


def explained_of_share(frame: pd.DataFrame) -> Explained | None:
    """The same for a share: rows of a series with hits and n, one a part. No sample is needed: the counts say all of it."""
    rows = frame[frame["part"].notna() & (frame["n"] > 0)]
    if rows.empty:
        return None
    share = rows["hits"].sum() / rows["n"].sum()
    return _explained(rows["hits"] - rows["n"] * share, rows["n"], float(rows["n"].sum() * share * (1 - share)))


def _explained(sums: pd.Series, counts: pd.Series, total: float) -> Explained | None:
    """From sums of deviations from the common mean by part, and the sum of all their squares."""
    n = int(counts.sum())
    if len(counts) < 2 or total <= 0:
        return None
    share = float((sums**2 / counts).sum() / total)
    return Explained(share, float(stats.chi2.sf(share * (n - 1), len(counts) - 1)), n)


def _gehan_scores(lasted: Numbers, is_done: np.ndarray[Any, np.dtype[np.bool_]]) -> Numbers:
    """For each duration how many surely lasted less, minus how many surely lasted longer."""
    done, every = np.sort(lasted[is_done]), np.sort(lasted)
    cut = np.sort(lasted[~is_done])
    # What was cut short at a moment lasted longer than what was done at it.
    less = np.where(is_done, np.searchsorted(done, lasted, "left"), np.searchsorted(done, lasted, "right"))
    more = len(every) - np.searchsorted(every, lasted, "right")
    cut_at_it = np.searchsorted(cut, lasted, "right") - np.searchsorted(cut, lasted, "left")
    scores: Numbers = less - np.where(is_done, more + cut_at_it, 0).astype(float)
    return scores


def chances(durations: pd.DataFrame, channels: Sequence[str]) -> pd.DataFrame:
    """One row per ordered pair of channels with enough waits: the chance that one on `channel` lasts longer than one on `than`.

    Columns channel, than, value, low, high (see statistics.chance_of_waiting_longer), n and n_than. In the order of `channels`.
    """
    groups = {name: rows for name, rows in durations.groupby("channel") if len(rows) >= FEWEST_OF_PAIR}
    likely = {name: Likelihoods.of(rows["duration"], rows["is_done"]) for name, rows in groups.items()}
    rows = [
        {"channel": one, "than": other}
        | vars(likely[one].chance_of_longer_than(likely[other]))
        | {"n": len(groups[one]), "n_than": len(groups[other])}
        for one, other in permutations([name for name in channels if name in groups], 2)
    ]
    return pd.DataFrame(rows, columns=["channel", "than", "value", "low", "high", "n", "n_than"])


def hours(frame: pd.DataFrame) -> Hours | None:
    """What hours of the week show (rows of questions/consistency_hours.sql); None where none has enough waits.

    The worst is the one whose interval ends lowest, the best the one whose interval begins highest. `rows` are all of them, with
    `is_enough` and `is_outside`: beyond the limits within which chance keeps 99.8 % of such hours.
    """
    rows = frame.assign(is_enough=frame["n"] >= FEWEST_OF_HOUR, is_outside=False)
    known = rows[rows["is_enough"]]
    if known.empty:
        return None
    centre = float(known["hits"].sum() / known["n"].sum())
    limits = funnel_limits(known["n"], centre, (0.998,)).set_index(known.index)
    is_outside = (known["value"] < limits["low_99.8"]) | (known["value"] > limits["high_99.8"])
    rows.loc[known.index, "is_outside"] = is_outside
    worst, best = rows.loc[known["high"].idxmin()], rows.loc[known["low"].idxmax()]
    return Hours(rows, centre, worst, best, int(is_outside.sum()))
