"""A time axis on which long silences take little room: nights and weeks without anything are folded, and marked as such. Knows no SQL and no Streamlit."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, pairwise

from pages.elements import format

# A silence is folded where it would take more than twice what a folded one takes: this share of the axis, more where little happened.
FOLDED_SHARE = 0.12
# Moments that get a label under the axis are at least this share of it apart.
LABEL_SHARE = 0.16


@dataclass(frozen=True)
class Fold:
    """A silence that is drawn shorter than it was: from and to on the axis, and its true length."""

    start: float
    end: float
    seconds: float


@dataclass(frozen=True)
class FoldedTime:
    """Places on the axis (drawn seconds from its beginning) of the moments that something happened at, in order."""

    moments: tuple[datetime, ...]
    places: tuple[float, ...]

    @property
    def length(self) -> float:
        return self.places[-1]

    @property
    def folds(self) -> list[Fold]:
        spans = zip(pairwise(self.moments), pairwise(self.places), strict=True)
        true = [Fold(start, end, (last - first).total_seconds()) for (first, last), (start, end) in spans]
        return [fold for fold in true if fold.end - fold.start < 0.99 * fold.seconds]

    def place(self, moment: datetime) -> float:
        """Where a moment lies; what is before the first or after the last one lies at the edge."""
        if moment <= self.moments[0]:
            return 0.0
        if moment >= self.moments[-1]:
            return self.length
        after = bisect_right(self.moments, moment)
        (first, last), (start, end) = self.moments[after - 1 : after + 1], self.places[after - 1 : after + 1]
        return start + (end - start) * ((moment - first) / (last - first))

    def labels(self, local: Callable[[datetime], datetime]) -> tuple[list[float], list[str]]:
        """Places and texts for the axis: both ends, where a silence ended, then other moments, as far as there is room."""
        after_silence = [self._moment(fold.end) for fold in self.folds]
        chosen: list[datetime] = []
        for moment in (self.moments[0], self.moments[-1], *after_silence, *self.moments):
            if all(abs(self.place(moment) - self.place(other)) >= LABEL_SHARE * self.length for other in chosen):
                chosen.append(moment)
        chosen.sort()
        walls = [local(moment) for moment in chosen]
        return [self.place(moment) for moment in chosen], [
            _label(wall, earlier) for wall, earlier in zip(walls, [None, *walls], strict=False)
        ]

    def _moment(self, place: float) -> datetime:
        return self.moments[self.places.index(place)]


def folded(moments: Sequence[datetime]) -> FoldedTime:
    """The axis through these moments (at least one)."""
    ordered = sorted(set(moments))
    gaps = [(last - first).total_seconds() for first, last in pairwise(ordered)]
    if not gaps:
        return FoldedTime((ordered[0],), (1.0,))
    cap = _folded_length(gaps)
    return FoldedTime(tuple(ordered), (0.0, *accumulate(cap if gap > 2 * cap else gap for gap in gaps)))


def _folded_length(gaps: Sequence[float]) -> float:
    """How long a folded silence is drawn: its share of an axis on which the longest ones, as few as possible, are folded."""
    ordered = sorted(gaps)
    share = max(FOLDED_SHARE, 1.5 / len(ordered))
    for kept in range(len(ordered), 0, -1):
        left = 1 - share * (len(ordered) - kept)
        if left > 0 and share * sum(ordered[:kept]) / left >= ordered[kept - 1]:
            return share * sum(ordered[:kept]) / left
    return ordered[-1]


def _label(wall: datetime, earlier: datetime | None) -> str:
    """`09:14`, with the day where it is another one, and the year where that is."""
    if earlier is not None and wall.date() == earlier.date():
        return format.clock(wall)
    whole = format.date(wall)
    day = whole.removesuffix(str(wall.year)).rstrip(", ")
    is_new_year = earlier is None or wall.year != earlier.year
    return f"{format.clock(wall)}<br>{day}" + (f"<br>{wall.year}" if is_new_year else "")
