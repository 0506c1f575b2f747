"""A survey's score over time with who answered: a frame of the scores of bins in, a figure out. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pandas as pd

from pages.elements import format
from pages.elements.charts import moments
from pages.elements.figure import (
    FONT_SIZE,
    Chart,
    Json,
    Trace,
    apart,
    clickable,
    date_axis,
    draw,
    line,
    nothing,
    target_line,
)
from pages.elements.palette import Palette
from pages.elements.voice_words import BOUNDS, between

LEAST_SPAN = {"share": 0.1, "points": 10.0}
TOP_MARGIN, BOTTOM_MARGIN = 8, 40
# The two panels of a score over time: the score above, the response below.
SCORE_PANEL, RESPONSE_PANEL = (0.4, 1.0), (0.0, 0.24)
LETTER = 7


def over_time(
    frame: pd.DataFrame,
    short: str,
    unit: str,
    grain: str,
    palette: Palette,
    height: int,
    *,
    lead: Callable[[datetime], str],
    before: float | None = None,
) -> Chart:
    """A score per bin with its 95 % interval, and below it the share of those asked who answered.

    Bins that are not settled (`is_settled` false: answers are still to come, or the bin is not over) are dotted and hollow. `before` is the
    score of the comparison period, a dotted line. `lead` says where a bin leads.
    """
    if not frame["n"].sum():
        return nothing(palette, "No answers in this period.", height)
    bins = moments(frame["bin"])
    leads = [lead(bin) for bin in bins]
    low, high = _scale(frame, unit, before)
    most = max(float(frame["response"].max()), 0.05) * 1.3
    ends = _ends(frame, unit, before, palette)
    traces = [
        *_panel("value", short, frame, bins, palette, "y"),
        *_panel("response", "Response rate", frame, bins, palette, "y2"),
        clickable(_interval_bars(frame, bins, unit, grain, palette), leads),
        clickable(_marks(frame, bins, unit, grain), leads),
    ]
    plot = (height - TOP_MARGIN - BOTTOM_MARGIN) * (SCORE_PANEL[1] - SCORE_PANEL[0])
    return draw(
        palette,
        traces,
        _over_time_alt(frame, bins, short, unit, grain),
        height=height,
        margin={"l": 48, "r": 14 + LETTER * max(len(end.text) for end in ends), "t": TOP_MARGIN, "b": BOTTOM_MARGIN},
        xaxis=date_axis(grain, bins) | {"anchor": "y2"},
        yaxis={"domain": list(SCORE_PANEL), "range": [low, high], "nticks": 5, "tickformat": _tick(unit)},
        yaxis2={"domain": list(RESPONSE_PANEL), "range": [0, most], "nticks": 3, "tickformat": ".0%"},
        shapes=[] if before is None else [target_line(before, palette) | {"yref": "y"}],
        annotations=[*_at_ends(ends, (low, high), plot), _panel_name(palette)],
    )


def _scale(frame: pd.DataFrame, unit: str, before: float | None) -> tuple[float, float]:
    """From the lowest interval to the highest, with some air, within what the score can be."""
    floor, ceiling = BOUNDS[unit]
    known = frame[["low", "high"]].stack().tolist() + ([] if before is None else [before])
    air = max((max(known) - min(known)) * 0.06, (LEAST_SPAN[unit] - (max(known) - min(known))) / 2)
    reach = (ceiling - floor) * 0.01
    return max(min(known) - air, floor - reach), min(max(known) + air, ceiling + reach)


def _panel(
    column: str, name: str, frame: pd.DataFrame, bins: list[datetime], palette: Palette, axis: str
) -> list[Trace]:
    """The line of a panel: solid and filled up to the last settled bin, from there dotted and hollow."""
    values = [format.number(value) for value in frame[column]]
    settled = int(frame["is_settled"].sum())
    more: Json = {"yaxis": axis, "hoverinfo": "skip", "mode": "lines+markers", "cliponaxis": False}
    dot = {"color": palette.ink, "size": 4 if len(bins) <= 100 else 2}
    traces = [line(name, bins[:settled], values[:settled], palette.ink, **more, marker=dot)] if settled else []
    if settled < len(bins):
        first = max(settled - 1, 0)
        sizes = [0 if place < settled else 6 for place in range(first, len(bins))]
        hollow = {"color": palette.ink, "symbol": "circle-open", "size": sizes}
        traces.append(
            line(f"{name}, unfinished", bins[first:], values[first:], palette.ink, **more, dash="dot", marker=hollow)
        )
    return traces


def _interval_bars(frame: pd.DataFrame, bins: list[datetime], unit: str, grain: str, palette: Palette) -> Trace:
    """The interval of each bin as a thin bar; where there is no answer, nothing."""
    bars = {
        "type": "data",
        "symmetric": False,
        "array": [format.number(value) for value in frame["high"] - frame["value"]],
        "arrayminus": [format.number(value) for value in frame["value"] - frame["low"]],
        "color": palette.line,
        "thickness": 1,
        "width": 0,
    }
    return _invisible(frame, bins, "value", unit, grain) | {"name": "95 % interval", "error_y": bars}


def _marks(frame: pd.DataFrame, bins: list[datetime], unit: str, grain: str) -> Trace:
    return _invisible(frame, bins, "response", unit, grain) | {"name": "asked and answered", "yaxis": "y2"}


def _invisible(frame: pd.DataFrame, bins: list[datetime], column: str, unit: str, grain: str) -> Trace:
    """What is pointed at and clicked on a line of this column."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [bin.isoformat() for bin in bins],
        "y": [format.number(value) for value in frame[column]],
        "marker": {"size": 12, "opacity": 0},
        "customdata": [[_said(row, unit)] for row in frame.to_dict("records")],
        "hovertemplate": f"%{{x|{format.hover_bin(grain)}}}: %{{customdata[0]}}<extra></extra>",
    }


def _said(row: dict[Any, Any], unit: str) -> str:
    answered = f"{format.count(row['n'])} of {format.count(row['asked'])} answered"
    text = f"{format.value(row['value'], unit)} ({between(row['low'], row['high'], unit)}), {answered}"
    return text if row["is_settled"] else f"{text}; more answers may come"


@dataclass(frozen=True)
class _End:
    """What stands right of a line: at the newest bin that has a value."""

    text: str
    x: str
    y: float
    axis: str
    color: str


def _ends(frame: pd.DataFrame, unit: str, before: float | None, palette: Palette) -> list[_End]:
    score, response = (_end(frame, name, axis, palette) for name, axis in (("value", "y"), ("response", "y2")))
    of_score = replace(score, text=format.value(score.y, unit) + score.text)
    ends = [of_score, replace(response, text=format.share(response.y) + response.text)]
    if before is not None:
        last = frame["bin"].iloc[-1].isoformat()
        ends.append(_End(f"{format.value(before, unit)} before", last, before, "y", palette.muted))
    return ends


def _end(frame: pd.DataFrame, column: str, axis: str, palette: Palette) -> _End:
    row = frame[frame[column].notna()].iloc[-1]
    return _End("" if row["is_settled"] else " so far", row["bin"].isoformat(), float(row[column]), axis, palette.ink)


def _at_ends(ends: Sequence[_End], scale: tuple[float, float], plot: float) -> list[Json]:
    """The texts, those of the upper panel moved apart where they would collide."""
    low, high = scale
    of_score = sorted((end for end in ends if end.axis == "y"), key=lambda end: end.y)
    heights = [plot * (end.y - low) / (high - low) for end in of_score]
    shifts = [placed - height for placed, height in zip(apart(heights, plot), heights, strict=True)]
    rest = [(end, 0.0) for end in ends if end.axis != "y"]
    return [
        {
            "x": end.x,
            "y": end.y,
            "yref": end.axis,
            "text": end.text,
            "showarrow": False,
            "xanchor": "left",
            "xshift": 8,
            "yshift": shift,
            "font": {"color": end.color, "size": FONT_SIZE},
        }
        for end, shift in [*zip(of_score, shifts, strict=True), *rest]
    ]


def _panel_name(palette: Palette) -> Json:
    place = {"xref": "paper", "x": 0, "xanchor": "left", "yref": "paper", "y": RESPONSE_PANEL[1], "yanchor": "bottom"}
    return place | {
        "text": "answered, of those asked",
        "showarrow": False,
        "font": {"color": palette.muted, "size": FONT_SIZE - 1},
    }


def _over_time_alt(frame: pd.DataFrame, bins: list[datetime], short: str, unit: str, grain: str) -> str:
    known = frame[frame["n"] > 0]
    values = [format.value(value, unit) for value in (known["value"].iloc[0], known["value"].iloc[-1])]
    text = (
        f"{short} per {grain} with 95 % intervals, {values[0]} at first and {values[1]} at the end, "
        f"lowest {format.value(known['value'].min(), unit)}, highest {format.value(known['value'].max(), unit)}; "
        f"{format.share(frame['n'].sum() / frame['asked'].sum())} of those asked answered"
    )
    return text if frame["is_settled"].all() else f"{text}; the last {grain}s are dotted, as answers are still to come"


def _tick(unit: str) -> str:
    return ".0%" if unit == "share" else ",d"
