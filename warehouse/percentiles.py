"""Percentiles of durations and how sure they are, for many groups at once: what `Warehouse` adds to the rows that SQL gives it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]

from warehouse.statistics import Z_95, Numbers

Places = NDArray[np.int64]
# As in the macro censored_percentile: a share this close is reached.
CLOSE = 1e-9
COUNTS = ["waits", "answered", "waiting", "abandoned", "solved"]
SHARES = {"median": 0.5, "p90": 0.9, "p95": 0.95}


def with_percentile_ends(frame: pd.DataFrame, share: float) -> pd.DataFrame:
    """The frame with is_known, and for percentiles value, low and high (seconds, 95 %), in place of marks.

    A row's marks are its durations in any order, in milliseconds, doubled, plus one where a duration was cut short; null where there
    are none. value is what SQL gave, or else what the macro censored_percentile gives of the marks. is_known: it is known, rather than
    known to be at least that. Where every duration is over, low and high are two of them, with ranks from the binomial distribution; else
    where the band around log(-log) of the Kaplan-Meier curve, from Greenwood's standard error, lets go of the percentile. NaN: there is no
    such end.

    Source: Conover 1999, Practical Nonparametric Statistics, 3.2; Brookmeyer and Crowley 1982, Biometrics 38:29, on the scale of Klein
    and Moeschberger 2003, Survival Analysis, 4.5.
    """
    rows = np.flatnonzero(frame["marks"].notna())
    found = frame.drop(columns="marks").assign(is_known=True)
    if len(rows) == 0:
        return found
    groups = _Groups([np.sort(marks) for marks in frame["marks"].iloc[rows]])
    low, high = (
        np.where(groups.are_done, *ends) for ends in zip(groups.ranked(share), groups.banded(share), strict=True)
    )
    ends = {name: found[name].to_numpy(dtype=float, na_value=np.nan, copy=True) for name in ("value", "low", "high")}
    given = ends["value"][rows]
    ends["value"][rows] = np.where(np.isnan(given), groups.percentile(share), given)
    ends["low"][rows], ends["high"][rows] = low, high
    is_known = np.ones(len(found), dtype=bool)
    is_known[rows] = groups.left_undone() <= 1 - share + CLOSE
    return found.assign(**ends, is_known=is_known)


def wait_times(frame: pd.DataFrame) -> pd.DataFrame:
    """What questions/wait_times.sql says, of the rows of wait_marks.sql: each channel and bin, before them each bin of all channels.

    Columns: channel, all_channels, bin, waits, answered, waiting, abandoned, solved; of answered waits alone
    naive_median_seconds, naive_p90_seconds, naive_p95_seconds; of all of them median_seconds, p90_seconds, p95_seconds, and whether each is
    known.
    """
    if frame.empty:
        return frame.drop(columns="marks").assign(all_channels=False)
    parts = frame.assign(all_channels=False, marks=[np.sort(marks) for marks in frame["marks"]])
    alike = parts.groupby("bin", dropna=False, as_index=False)
    whole = alike[COUNTS].sum().assign(channel=np.nan, all_channels=True).astype({"channel": frame["channel"].dtype})
    # This kind of sorting is quick where parts are in order.
    whole["marks"] = [np.sort(np.concatenate(marks.to_list()), kind="stable") for _, marks in alike["marks"]]
    found = [_with_percentiles(whole), _with_percentiles(parts.sort_values(["channel", "bin"]))]
    return pd.concat(found, ignore_index=True)


def against_target(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of consistency_against_target.sql, whose marks are in millionths of the target, as those of a series: value, low and high are
    shares of it (1: exactly on target)."""
    found = with_percentile_ends(frame, SHARES["median"])
    ends = ["value", "low", "high"]
    return found.assign(**(found[ends].astype(float) / 1000))


def answered_curve(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per channel x duration of a scale from 1 second to the longest wait, of the rows of wait_curve.sql: the share answered
    within it. Columns: channel, seconds, answered_share (0-1).

    The scale has eight points for every doubling, up to the last wait of the channel. Nothing is known beyond the last wait, so that it was
    not answered says nothing.
    """
    if frame.empty:
        return pd.DataFrame({"channel": frame["channel"], "seconds": [], "answered_share": []})
    marks = [np.sort(group) for group in frame["marks"]]
    steps = [int(np.ceil(8 * np.log2(max(group[-1] >> 1, 1000) / 1000))) for group in marks]
    seconds = 2 ** (np.arange(max(*steps, 8) + 1) / 8)
    # Of each step of the scale, how many waits of each channel were no longer.
    passed = np.array([np.searchsorted(group, (seconds * 1000).astype(np.int64) * 2 + 1, "right") for group in marks])
    groups = _Groups(marks)
    undone = np.array([groups.left_undone(place) for place in passed.T]).T
    found = [
        pd.DataFrame({"channel": channel, "seconds": seconds[: last + 1], "answered_share": 1 - shares[: last + 1]})
        for channel, last, shares in zip(frame["channel"], np.maximum(steps, 8), undone, strict=True)
    ]
    return pd.concat(found, ignore_index=True)


def _with_percentiles(frame: pd.DataFrame) -> pd.DataFrame:
    groups = _Groups(frame["marks"].to_list())
    found = frame[["channel", "all_channels", "bin", *COUNTS]].copy()
    for name, share in SHARES.items():
        found[f"naive_{name}_seconds"] = groups.percentile_of_done(share)
    for name, share in SHARES.items():
        found[f"{name}_seconds"] = groups.percentile(share)
    for name, share in SHARES.items():
        found[f"{name}_is_known"] = groups.left_undone() <= 1 - share + CLOSE
    return found


class _Groups:
    """Durations of many groups one after the other, each group's given in order, those over before those cut short at the same moment.

    After k of n durations the Kaplan-Meier curve is (n - k) / n, and for each one cut short among them, at place p, (n - p + 1) / (n - p)
    times as high: only those that were cut short
    have to be walked through. Greenwood's sum is 1 / (n - k) - 1 / n, less 1 / ((n - p) * (n - p + 1)) for each of them. What is last and cut
    short leaves both as they were.
    """

    def __init__(self, marks: list[Places]) -> None:
        self.sizes = np.array([len(group) for group in marks])
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.marks = np.concatenate(marks)
        is_cut = self.marks & 1 == 1
        self.cut = np.flatnonzero(is_cut)
        self.first_cut = np.searchsorted(self.cut, self.starts)
        self.are_done = self.first_cut == np.searchsorted(self.cut, self.starts + self.sizes)
        self.lasts = self.sizes - is_cut[self.starts + self.sizes - 1]
        of_group = np.searchsorted(self.starts, self.cut, side="right") - 1
        left = self.sizes[of_group] - (self.cut - self.starts[of_group])
        fewer = np.maximum(left - 1, 1)
        self.rises = np.append(0, np.cumsum(np.log(left / fewer)))
        self.gaps = np.append(0, np.cumsum(1 / (fewer * left)))

    def left_undone(self, place: Places | None = None) -> Numbers:
        """The share that was undone after so many durations of each group; without them, at last."""
        return self._curve(self.sizes if place is None else place)[0]

    def percentile(self, share: float) -> Numbers:
        """The first duration after which so many are done; the longest where there is none."""
        place = self._first(lambda place: self._curve(place)[0] <= 1 - share + CLOSE)
        return self._of_rank(np.minimum(place, self.sizes))

    @cached_property
    def _done(self) -> Places:
        """The marks of durations that are over."""
        done: Places = self.marks[self.marks & 1 == 0]
        return done

    def percentile_of_done(self, share: float) -> Numbers:
        """As quantile_disc gives it of the durations that are over, in thousandths of a share; NaN where none is."""
        sizes = self.sizes - np.diff(np.append(self.first_cut, len(self.cut)))
        starts = np.cumsum(sizes) - sizes
        rank = np.maximum(sizes - sizes * (1000 - round(1000 * share)) // 1000, 1)
        exists = sizes > 0
        found = np.full(len(sizes), np.nan)
        found[exists] = (self._done[(starts + rank - 1)[exists]] >> 1) / 1000
        return found

    def ranked(self, share: float) -> tuple[Numbers, Numbers]:
        """The durations of those ranks that so many are below with a chance of at most 2.5 % either way."""
        low = stats.binom.ppf(0.025, self.sizes, share).astype(np.int64)
        high = stats.binom.ppf(0.975, self.sizes, share).astype(np.int64) + 1
        return self._of_rank(low), self._of_rank(high)

    def banded(self, share: float) -> tuple[Numbers, Numbers]:
        """The first durations after which the lower, and the upper, end of the band has so many done."""
        return self._released(share, 1), self._released(share, -1)

    def _released(self, share: float, way: int) -> Numbers:
        """The first duration after which one end of the band has so many done, before nothing is left."""

        def is_so(place: Places) -> NDArray[np.bool_]:
            undone, doubt = self._curve(place)
            inside = (undone > 0) & (undone < 1)
            logs = np.log(undone, out=np.full_like(undone, -1), where=inside)
            power = np.exp(way * Z_95 * np.sqrt(doubt) / np.abs(logs))
            return np.where(inside, np.exp(logs * power) <= 1 - share + CLOSE, undone <= 0)

        found = self._of_rank(self._first(is_so))
        # Equal durations are one step of the curve.
        step = self._first(lambda place: ~(self._of_rank(place) <= found)) - 1
        return np.where(self._curve(np.minimum(step, self.sizes))[0] > 0, found, np.nan)

    def _curve(self, place: Places) -> tuple[Numbers, Numbers]:
        """After so many durations of each group: the share undone, and Greenwood's sum."""
        place = np.minimum(place, self.lasts)
        cut = np.searchsorted(self.cut, self.starts + place)
        rise, gap = (sums[cut] - sums[self.first_cut] for sums in (self.rises, self.gaps))
        left = self.sizes - place
        # While none is done the curve has not fallen: what rounding leaves of that would count as a fall.
        is_untouched = place == cut - self.first_cut
        undone = np.where(is_untouched, 1, left / self.sizes * np.exp(rise))
        return undone, np.maximum(1 / np.maximum(left, 1) - 1 / self.sizes - gap, 0)

    def _first(self, is_so: Callable[[Places], NDArray[np.bool_]]) -> Places:
        """The first place, from 1, from which on it is so; one more than there are where it never is."""
        before, found = np.zeros_like(self.sizes), self.sizes + 1
        while (found - before > 1).any():
            between = np.maximum((before + found) // 2, 1)
            so = is_so(between)
            before, found = np.where(so, before, between), np.where(so, between, found)
        return found

    def _of_rank(self, rank: Places) -> Numbers:
        """The duration of a rank, from 1; NaN for a rank that a group has not."""
        exists = (rank >= 1) & (rank <= self.sizes)
        return np.where(exists, (self.marks[self.starts + np.where(exists, rank, 1) - 1] >> 1) / 1000, np.nan)


# What `Warehouse` makes of the rows of these questions.
FINISHED: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "wait_marks": wait_times,
    "wait_curve": answered_curve,
    "consistency_against_target": against_target,
}
