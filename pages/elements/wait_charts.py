"""Charts of the wait times page: a frame of a question in, a figure out. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from typing import Any

import pandas as pd

from pages.elements import format, leads
from pages.elements.charts import LONGEST_NAME, BinLead, moments, unfinished_note
from pages.elements.figure import (
    FONT_SIZE,
    Chart,
    Json,
    Label,
    Trace,
    beside,
    date_axis,
    draw,
    end_labels,
    escaped,
    line,
    line_with_unfinished_end,
    log_duration_axis,
    nothing,
    said,
    target_line,
)
from pages.elements.palette import Palette

# Widths, not dashes, tell percentiles apart: a dashed end means unfinished.
PERCENTILES = (
    ("median", "median_seconds", "median_is_known", 2.5),
    ("p90", "p90_seconds", "p90_is_known", 1.5),
    ("p95", "p95_seconds", "p95_is_known", 0.8),
)
SHORTEST = 1.0
BIN_LENGTHS = {
    "hour": pd.Timedelta(hours=1),
    "day": pd.Timedelta(days=1),
    "week": pd.Timedelta(days=7),
    "month": pd.DateOffset(months=1),
}
TOP_MARGIN, BOTTOM_MARGIN = 10, 40


def shared_scale(frame: pd.DataFrame) -> tuple[float, float]:
    """The range of durations that holds the medians and 95th percentiles of every channel, so that small multiples compare."""
    columns = ["median_seconds", "naive_median_seconds", "p95_seconds"]
    values = pd.concat([frame[column] for column in columns]).dropna()
    low, high = (
        (max(float(values.min()), SHORTEST), max(float(values.max()), 60.0)) if len(values) else (SHORTEST, 3600.0)
    )
    return low / 1.5, high * 1.5


def over_time(
    frame: pd.DataFrame,
    channel: str | None,
    name: str,
    grain: str,
    scale: tuple[float, float],
    target: float | None,
    palette: Palette,
    height: int,
    lead: BinLead | None = None,
) -> Chart:
    """Median, 90th and 95th percentile of one channel per bin, and the median of answered waits alone in grey."""
    if frame.empty:
        return nothing(palette, "No waits.", height)
    bins, complete = moments(frame["bin"]), frame["is_complete"].tolist()
    color = palette.channel(channel)
    traces: list[Trace] = [line("answered only", bins, _floored(frame["naive_median_seconds"]), palette.line, width=1)]
    labels = []
    for label, column, known, width in PERCENTILES:
        values = _floored(frame[column])
        texts = [_at_least(value, is_known) for value, is_known in zip(frame[column], frame[known], strict=True)]
        hover: dict[str, Any] = {
            "customdata": said(texts),
            "hovertemplate": f"%{{x|{format.hover_bin(grain)}}}: {label} %{{customdata[0]}}<extra></extra>",
            "width": width,
        }
        if lead:
            hover["leads"] = [lead("waits", bin) for bin in bins]
        traces += line_with_unfinished_end(label, bins, values, complete, color, **hover)
        traces += _not_known_yet(bins, values, frame[known].tolist(), color)
        if values[-1] is not None:
            labels.append(Label(label, bins[-1].isoformat(), log10(values[-1] / scale[0])))
    if target:
        labels.append(
            Label(f"target {format.duration(target)}", bins[-1].isoformat(), log10(target / scale[0]), palette.muted)
        )
    placed = end_labels(labels, palette, log10(scale[1] / scale[0]), height - TOP_MARGIN - BOTTOM_MARGIN)
    for annotation in placed:
        annotation["y"] += log10(scale[0])
    last = frame.iloc[-1]
    return draw(
        palette,
        traces,
        f"{name}: waits per {grain}; in the last one median {_at_least(last['median_seconds'], last['median_is_known'])}, "
        f"95th percentile {_at_least(last['p95_seconds'], last['p95_is_known'])}" + unfinished_note(complete, grain),
        height=height,
        margin={"l": 40, "r": 76, "t": TOP_MARGIN, "b": BOTTOM_MARGIN},
        xaxis=date_axis(grain, bins, 3),
        yaxis=log_duration_axis(*scale),
        annotations=placed,
        shapes=[target_line(target, palette)] if target else [],
    )


def _floored(column: pd.Series) -> list[float | None]:
    """Values that a logarithmic axis can show: nothing is shorter than a second."""
    return [None if format.is_missing(value) else max(float(value), SHORTEST) for value in column]


def _at_least(seconds: float | None, is_known: bool) -> str:
    return format.duration(seconds) if is_known else f"over {format.duration(seconds)}"


def _not_known_yet(
    bins: Sequence[Any], values: Sequence[float | None], known: Sequence[bool], color: str
) -> list[Trace]:
    """Open arrows where a percentile is not known yet: it is at least so long."""
    places = [
        (bin.isoformat(), value)
        for bin, value, is_known in zip(bins, values, known, strict=True)
        if not is_known and value is not None
    ]
    if not places:
        return []
    marker = {"symbol": "triangle-up-open", "size": 7, "color": color}
    x, y = zip(*places, strict=True)
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "at least",
            "x": list(x),
            "y": list(y),
            "marker": marker,
            "hoverinfo": "skip",
        }
    ]


def answered_within(frame: pd.DataFrame, labels: dict[str, str], palette: Palette, height: int) -> Chart:
    """For each channel the share of customers answered within a time, open waits counted."""
    if frame.empty:
        return nothing(palette, "No waits in this period.", height)
    traces: list[Trace] = []
    places: list[tuple[float, str]] = []
    for channel, rows in frame.groupby("channel", dropna=False, sort=False):
        name = labels.get(str(channel), str(channel))
        hover = f"{escaped(name)}: %{{y:.0%}} within %{{customdata[0]}}<extra></extra>"
        texts = [format.duration(seconds) for seconds in rows["seconds"]]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": rows["seconds"].tolist(),
                "y": rows["answered_share"].tolist(),
                "customdata": said(texts),
                "line": {"color": palette.channel(str(channel)), "width": 2},
                "hovertemplate": hover,
            }
        )
        half = rows[rows["answered_share"] >= 0.5]
        places.append((float(half["seconds"].iloc[0]) if len(half) else float(rows["seconds"].iloc[-1]), name))
    high = float(frame["seconds"].max())
    listed = ", ".join(f"{name} {format.duration(seconds)}" for seconds, name in sorted(places))
    return draw(
        palette,
        traces,
        f"Share of customers answered within a time; half of them within: {listed}",
        height=height,
        margin={"l": 44, "r": 16, "t": TOP_MARGIN, "b": 28},
        xaxis=log_duration_axis(SHORTEST, high) | {"showgrid": True},
        yaxis={"range": [0, 1.02], "tickformat": ".0%", "nticks": 5},
        annotations=_beside_curves(places, high, palette),
    )


def _beside_curves(places: list[tuple[float, str]], high: float, palette: Palette) -> list[Json]:
    """Names beside the curves near their middle, lower where the next curve is close."""
    annotations: list[Json] = []
    height, before = 0.5, float("-inf")
    for seconds, name in sorted(places):
        position = log10(max(seconds, SHORTEST))
        height = max(height - 0.16, 0.06) if position - before < 0.14 * log10(max(high, 10)) else 0.5
        before = position
        annotations.append(
            {
                "x": position,
                "y": height,
                "text": escaped(format.cut(name, LONGEST_NAME)),
                "showarrow": False,
                "xanchor": "left",
                "xshift": 6,
                "bgcolor": palette.paper,
                "borderpad": 1,
                "font": {"color": palette.ink, "size": FONT_SIZE},
            }
        )
    return annotations


def kept_over_time(
    frame: pd.DataFrame,
    grain: str,
    promised: float | None,
    palette: Palette,
    height: int,
    lead: BinLead | None = None,
) -> Chart:
    """Share of waits within target per bin with its Wilson interval as a band."""
    if frame.empty:
        return nothing(palette, "No target time has passed in this period.", height)
    bins, complete = moments(frame["bin"]), frame["is_complete"].tolist()
    band: Trace = {
        "type": "scatter",
        "mode": "lines",
        "name": "95 % interval",
        "x": [bin.isoformat() for bin in (*bins, *reversed(bins))],
        "y": [*frame["share_high"], *reversed(frame["share_low"].tolist())],
        "fill": "toself",
        "fillcolor": palette.grid,
        "line": {"width": 0},
        "hoverinfo": "skip",
    }
    texts = [
        f"{format.share(row.share)} ({format.interval(row.share_low, row.share_high, row.decided)})"
        for row in frame.itertuples()
    ]
    hover: dict[str, Any] = {
        "customdata": said(texts),
        "hovertemplate": f"%{{x|{format.hover_bin(grain)}}}: %{{customdata[0]}}<extra></extra>",
    }
    if lead:
        hover["leads"] = [lead("missed", bin) for bin in bins]
    values = frame["share"].tolist()
    traces = [band, *line_with_unfinished_end("Within target", bins, values, complete, palette.ink, **hover)]
    labels = [Label(format.share(values[-1]), bins[-1].isoformat(), values[-1])]
    crossed = promised is not None and float(frame["share_high"].iloc[-1]) < promised
    if promised is not None:
        labels.append(
            Label(
                f"promised {format.share(promised)}",
                bins[-1].isoformat(),
                promised,
                palette.limit if crossed else palette.muted,
            )
        )
    return draw(
        palette,
        traces,
        f"Share of waits within target per {grain}, {texts[-1]} in the last one" + unfinished_note(complete, grain),
        height=height,
        margin={"l": 44, "r": 100, "t": TOP_MARGIN, "b": BOTTOM_MARGIN},
        xaxis=date_axis(grain, bins, 4),
        yaxis={"range": [0, 1.02], "tickformat": ".0%", "nticks": 5},
        annotations=end_labels(labels, palette, 1.02, height - TOP_MARGIN - BOTTOM_MARGIN),
        shapes=[target_line(promised, palette, crossed)] if promised is not None else [],
    )


def kept_by_channel(frame: pd.DataFrame, labels: dict[str, str], palette: Palette, height: int) -> Chart:
    """Share of waits within target by channel: a dot with its Wilson interval."""
    if frame.empty:
        return nothing(palette, "No target time has passed in this period.", height)
    names = [labels.get(name, str(name)) for name in frame["channel"]]
    positions = list(range(len(frame)))
    texts = [
        f"{format.share(row.share)}  ({format.interval(row.share_low, row.share_high, row.decided)})"
        for row in frame.itertuples()
    ]
    trace: Trace = {
        "type": "scatter",
        "mode": "markers",
        "x": frame["share"].tolist(),
        "y": positions,
        "marker": {"size": 10, "color": [palette.channel(name) for name in frame["channel"]]},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": (frame["share_high"] - frame["share"]).tolist(),
            "arrayminus": (frame["share"] - frame["share_low"]).tolist(),
            "color": palette.line,
            "thickness": 1.5,
            "width": 4,
        },
        "customdata": said(
            texts, [leads.tickets("missed", **leads.part("channel", name)) for name in frame["channel"]]
        ),
        "hovertemplate": "%{customdata[0]}<extra></extra>",
    }
    shares = [format.share(value) for value in frame["share"]]
    notes = [beside(place, text, palette.ink) for place, text in zip(positions, shares, strict=True)]
    listed = ", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True))
    shown = [format.cut(name, LONGEST_NAME) for name in names]
    return draw(
        palette,
        [trace],
        f"Share of waits within target by channel: {listed}",
        height=height,
        margin={"l": 14 + 7 * max(map(len, shown)), "r": 48, "t": TOP_MARGIN, "b": 28},
        xaxis={"range": [-0.02, 1.02], "tickformat": ".0%", "nticks": 5, "showgrid": True},
        yaxis={
            "tickvals": positions,
            "ticktext": [escaped(name) for name in shown],
            "range": [max(len(names), 4) - 0.5, -0.5],
            "showgrid": False,
            "tickfont": {"color": palette.ink, "size": FONT_SIZE},
        },
        annotations=notes,
    )


def with_ends(frame: pd.DataFrame, grain: str, end: Any) -> pd.DataFrame:
    """The frame with `is_complete`: whether a bin (local time) was over at `end` (local time)."""
    return frame.assign(is_complete=frame["bin"] + BIN_LENGTHS[grain] <= pd.Timestamp(end))
