"""How sure a percentile of durations is, for many groups at once: what `Warehouse.series` adds to the rows that SQL gives it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]

from warehouse.statistics import Z_95, Numbers

Places = NDArray[np.int64]
# As in the macro censored_percentile: a share this close is reached.
CLOSE = 1e-9


def with_percentile_ends(frame: pd.DataFrame, share: float) -> pd.DataFrame:
    """The frame with is_known, and for percentiles low and high (seconds, 95 %), in place of marks.

    A row's marks are its durations in order, in milliseconds, doubled, plus one where a duration was cut short; null where there
    are none. is_known: the percentile is known, rather than known to be at least its value. Where every duration is over, low and high are
    two of them, with ranks from the binomial distribution; else where the band around log(-log) of the Kaplan-Meier curve, from
    Greenwood's standard error, lets go of the percentile. NaN: there is no such end.

    Source: Conover 1999, Practical Nonparametric Statistics, 3.2; Brookmeyer and Crowley 1982, Biometrics 38:29, on the scale of Klein
    and Moeschberger 2003, Survival Analysis, 4.5.
    """
    rows = np.flatnonzero(frame["marks"].notna())
    found = frame.drop(columns="marks").assign(is_known=True)
    if len(rows) == 0:
        return found
    groups = _Groups([np.asarray(marks) for marks in frame["marks"].iloc[rows]])
    low, high = (
        np.where(groups.are_done, *ends) for ends in zip(groups.ranked(share), groups.banded(share), strict=True)
    )
    for column, values in (("low", low), ("high", high), ("is_known", groups.left_undone() <= 1 - share + CLOSE)):
        found.iloc[rows, found.columns.get_loc(column)] = values
    return found


class _Groups:
    """Durations of many groups one after the other, each group's in order."""

    def __init__(self, marks: list[Places]) -> None:
        self.sizes = np.array([len(group) for group in marks])
        self.starts = np.cumsum(self.sizes) - self.sizes
        together = np.concatenate(marks)
        self.seconds = (together >> 1) / 1000
        is_done = together % 2 == 0
        self.are_done = np.logical_and.reduceat(is_done, self.starts)
        # How many lasted as long, each one itself among them.
        lasting = np.repeat(self.starts + self.sizes, self.sizes) - np.arange(len(together))
        fewer = np.maximum(lasting - 1, 1)
        counts = is_done & (lasting > 1)
        self.undone = np.exp(self._running(np.where(counts, np.log(fewer / lasting), 0)))
        self.undone[is_done & (lasting == 1)] = 0
        self.hazards = self._running(np.where(counts, 1 / (fewer * lasting), 0))
        following = np.append(together[1:] >> 1, -1)
        self.ends_a_tie = (following != together >> 1) | (lasting == 1)

    def left_undone(self) -> Numbers:
        """The share that was undone at last."""
        found: Numbers = self.undone[self.starts + self.sizes - 1]
        return found

    def ranked(self, share: float) -> tuple[Numbers, Numbers]:
        """The durations of those ranks that so many are below with a chance of at most 2.5 % either way."""
        low = stats.binom.ppf(0.025, self.sizes, share).astype(np.int64)
        high = stats.binom.ppf(0.975, self.sizes, share).astype(np.int64) + 1
        return self._of_rank(low), self._of_rank(high)

    def banded(self, share: float) -> tuple[Numbers, Numbers]:
        """The first durations after which the lower, and the upper, end of the band has so many done."""
        inside = (self.undone > 0) & (self.undone < 1)
        logs = np.log(self.undone, out=np.full_like(self.undone, -1), where=inside)
        reach = np.exp(Z_95 * np.sqrt(self.hazards) / np.abs(logs))
        counts = inside & self.ends_a_tie
        low, high = (counts & (np.exp(logs * power) <= 1 - share + CLOSE) for power in (reach, 1 / reach))
        return self._first(low), self._first(high)

    def _of_rank(self, rank: Places) -> Numbers:
        """The duration of a rank, from 1; NaN for a rank that a group has not."""
        exists = (rank >= 1) & (rank <= self.sizes)
        return np.where(exists, self.seconds[self.starts + np.where(exists, rank, 1) - 1], np.nan)

    def _first(self, is_so: NDArray[np.bool_]) -> Numbers:
        """The first duration of which it is so; NaN for a group without."""
        places = np.where(is_so, np.arange(len(is_so)), len(is_so))
        first = np.minimum.reduceat(places, self.starts)
        return np.where(first < len(is_so), self.seconds[np.minimum(first, len(is_so) - 1)], np.nan)

    def _running(self, values: Numbers) -> Numbers:
        """Sums within each group so far."""
        sums = np.cumsum(values)
        found: Numbers = sums - np.repeat(sums[self.starts] - values[self.starts], self.sizes)
        return found
