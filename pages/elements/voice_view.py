"""What the customer voice page works out for a view: scores, what moved, and its charts. Knows no SQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pandas as pd

from pages.elements import (
    data,
    format,
    frame,
    interval_charts,
    leads,
    palette,
    periods,
    pull_charts,
    silence_charts,
    voice_charts,
)
from pages.elements.data import View
from pages.elements.figure import Chart
from pages.elements.voice_words import NAMES, UNITS
from warehouse import voice

CHART_HEIGHT = PART_HEIGHT = 300
# What the choice of the part takes away from the chart below it.
CONTROL_HEIGHT = 44


@dataclass(frozen=True)
class Drawn:
    """Scores and responses by kind of survey, the bins of all kinds, and the charts of one kind and of all."""

    scores: pd.DataFrame
    responses: pd.DataFrame
    bins: pd.DataFrame
    over_time: Chart
    silence: Chart


@dataclass(frozen=True)
class Parts:
    """One score by channel, topic or team, strongest pull first, and the charts beside it."""

    rows: pd.DataFrame
    by_part: Chart
    pulls: Chart


@data.drawing
def drawn(view: View, kind: str, late_seconds: float) -> Drawn:
    """The scores of a view. `late_seconds` is how long invitations are waited for before their response counts."""
    settled_at = view.as_of - timedelta(seconds=late_seconds)
    scores, bins = _scores(view, None, settled_at), _bins(view, settled_at)
    inks = palette.of(view.theme)
    return Drawn(
        scores,
        voice.moved(voice.responses(scores), _responses_before(view, settled_at)),
        bins,
        voice_charts.over_time(
            _of_kind(bins, kind),
            NAMES[kind],
            UNITS[kind],
            view.period.grain,
            inks,
            CHART_HEIGHT,
            lead=partial(tickets_of_bin, view, kind),
            before=format.number(row_of(scores, kind).get("value_before")),
        ),
        silence_charts.silence(scores, inks, max(48 + 64 * len(scores), 160), leads.tickets),
    )


@data.drawing
def parts(view: View, kind: str, split: str, late_seconds: float) -> Parts:
    """One score of a view by part, and which topics pull it."""
    settled_at = view.as_of - timedelta(seconds=late_seconds)
    rows, topics = (voice.pulls(_of_kind(_scores(view, part, settled_at), kind)) for part in (split, "topic"))
    inks, unit = palette.of(view.theme), UNITS[kind]
    return Parts(
        rows,
        interval_charts.dots(
            rows[rows["n"] > 0].sort_values("n", ascending=False, kind="stable").assign(is_known=True),
            split,
            unit,
            frame.channel_labels(view) if split == "channel" else {},
            inks,
            PART_HEIGHT - CONTROL_HEIGHT,
            title=f"{NAMES[kind]} by {split}",
            lead=partial(tickets_of_part, kind, split),
        ),
        pull_charts.pulls(topics, unit, inks, PART_HEIGHT, partial(tickets_of_part, kind, "topic")),
    )


def row_of(scores: pd.DataFrame, kind: str) -> dict[Any, Any]:
    """The row of one kind of survey; of no invitations where nobody was asked."""
    rows = scores[scores["kind"] == kind].to_dict("records")
    return rows[0] if rows else {"asked": 0, "n": 0}


def tickets_of_part(kind: str, split: str, part: Any) -> str:
    """Where a part leads: to the tickets with its answers."""
    return leads.tickets(kind, None, None, **leads.part(split, part))


def tickets_of_bin(view: View, kind: str, bin: datetime) -> str:
    """Where a bin leads: to its answers, as far as it lies in the period."""
    start, end = periods.utc(bin, view.zone), _end_of(bin, view)
    return leads.tickets(kind, max(start, view.filters.start or start), min(end, view.filters.end or end))


def _of_kind(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    return frame[frame["kind"] == kind].reset_index(drop=True)


def _scores(view: View, part: str | None, settled_at: datetime) -> pd.DataFrame:
    """Scores with what moved since the comparison period; the response is that of invitations old enough to have been answered."""
    now = _ordered(voice.scored(view.ask("voice_parts", part=part)))
    settled = voice.scored(view.ask("voice_parts", part=part, end=min(settled_at, view.filters.end or settled_at)))
    before = view.ask_before("voice_parts", part=part)
    return voice.moved(voice.with_response_of(now, settled), None if before is None else voice.scored(before))


def _ordered(scores: pd.DataFrame) -> pd.DataFrame:
    """The kinds of survey in their order on the page, the parts of each as they come."""
    place: Callable[[pd.Series], pd.Series] = lambda kinds: kinds.map(voice.KINDS.index)  # noqa: E731
    return scores.sort_values("kind", key=place, kind="stable", ignore_index=True)


def _responses_before(view: View, settled_at: datetime) -> pd.DataFrame | None:
    """The response of the comparison period, cut off as long before its end as this one's is."""
    now, earlier = view.filters, view.filters_before
    if earlier is None or now.end is None or earlier.end is None:
        return None
    cut = max(now.end - settled_at, timedelta())
    before = view.ask_before("voice_parts", part=None, end=earlier.end - cut)
    if before is None:
        return None
    scores = voice.scored(before)
    return voice.responses(voice.with_response_of(scores, scores))


def _bins(view: View, settled_at: datetime) -> pd.DataFrame:
    """Scores over time; settled are bins that are over, and so long ago that hardly an answer is still to come."""
    bins = voice.scored(view.ask("voice_over_time", grain=view.period.grain, zone=view.zone))
    until = min(settled_at, view.filters.end or settled_at)
    return bins.assign(is_settled=[_end_of(bin.to_pydatetime(), view) <= until for bin in bins["bin"]])


def _end_of(bin: datetime, view: View) -> datetime:
    """The UTC instant at which a bin of local time ends."""
    grain = view.period.grain
    step = pd.DateOffset(months=1) if grain == "month" else pd.DateOffset(**{f"{grain}s": 1})
    return periods.utc((pd.Timestamp(bin) + step).to_pydatetime(), view.zone)
