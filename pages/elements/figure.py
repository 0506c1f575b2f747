"""What figures share: template, axes, labels at the end of lines, unfinished bins. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from math import log10
from typing import Any

import plotly.graph_objects as go

from pages.elements import format
from pages.elements.palette import Palette

FONT = '"Source Sans", "Source Sans Pro", "Segoe UI", Roboto, sans-serif'
FONT_SIZE = 13
LABEL_GAP = 16
Trace = dict[str, Any]
Json = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """A figure and the sentence that says what it shows."""

    figure: go.Figure
    alt: str


@dataclass(frozen=True)
class Label:
    """A text right of a line's end, at its value."""

    text: str
    x: Any
    y: float
    color: str | None = None


@cache
def template(palette: Palette) -> go.layout.Template:
    """Quiet axes, no legend, our font."""
    axis = {
        "gridcolor": palette.grid,
        "linecolor": palette.grid,
        "zeroline": False,
        "tickfont": {"color": palette.muted, "size": FONT_SIZE - 1},
        "ticks": "",
        "ticklabelstandoff": 4,
        "fixedrange": True,
        "automargin": False,
    }
    layout = {
        "font": {"family": FONT, "size": FONT_SIZE, "color": palette.ink},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "hoverlabel": {
            "font": {"family": FONT, "size": FONT_SIZE, "color": palette.ink},
            "bgcolor": palette.paper,
            "bordercolor": palette.line,
        },
        "hovermode": "closest",
        "bargap": 0.3,
        "margin": {"l": 44, "r": 16, "t": 10, "b": 36},
        "xaxis": axis | {"showgrid": False},
        "yaxis": axis | {"rangemode": "tozero"},
    }
    return go.layout.Template(layout=layout)


def draw(palette: Palette, data: Sequence[Trace], alt: str, **layout: Any) -> Chart:
    """The figure of these traces on our template, made in one go."""
    return Chart(go.Figure({"data": list(data), "layout": {"template": template(palette)} | layout}), alt)


def nothing(palette: Palette, text: str, height: int) -> Chart:
    """An empty frame that says why it is empty."""
    note = {
        "text": text,
        "xref": "paper",
        "yref": "paper",
        "x": 0.5,
        "y": 0.5,
        "showarrow": False,
        "font": {"color": palette.muted},
    }
    hidden = {"visible": False}
    return draw(
        palette,
        [{"type": "scatter", "x": [], "y": []}],
        text,
        height=height,
        annotations=[note],
        xaxis=hidden,
        yaxis=hidden,
    )


def even(bins: Sequence[datetime]) -> Json:
    """Where points lie: first and step for even bins, every one of them otherwise (days of a clock change)."""
    steps = {later - earlier for earlier, later in pairwise(bins)}
    if len(steps) > 1:
        return {"x": [bin.isoformat() for bin in bins]}
    step = steps.pop() if steps else timedelta(days=1)
    return {"x0": bins[0].isoformat(), "dx": step.total_seconds() * 1000}


def line(name: str, bins: Sequence[datetime], values: Sequence[float | None], color: str, **more: Any) -> Trace:
    """A plain line."""
    style = {"color": color, "width": more.pop("width", 2), "dash": more.pop("dash", "solid")}
    trace = {"type": "scatter", "mode": "lines", "name": name, "y": list(values), "line": style, "connectgaps": False}
    return trace | even(bins) | more


def line_with_unfinished_end(
    name: str,
    bins: Sequence[datetime],
    values: Sequence[float | None],
    complete: Sequence[bool],
    color: str,
    **more: Any,
) -> list[Trace]:
    """A line whose last bin is dashed and hollow where the data ends inside it."""
    if not bins or complete[-1]:
        return [line(name, bins, values, color, **more)]
    finished = [line(name, bins[:-1], values[:-1], color, **more)] if len(bins) > 1 else []
    end = line(f"{name}, unfinished", bins[-2:], values[-2:], color, **(more | {"dash": "dot"}))
    hollow = ["circle-open"] * len(bins[-2:])
    sizes = [0] * (len(hollow) - 1) + [6]
    return [
        *finished,
        end
        | {"mode": "lines+markers", "cliponaxis": False, "marker": {"symbol": hollow, "size": sizes, "color": color}},
    ]


def end_labels(labels: Iterable[Label], palette: Palette, top: float, plot_height: float) -> list[Json]:
    """The labels as annotations right of their lines, moved apart where they would collide, and kept inside the plot."""
    ordered = sorted(labels, key=lambda label: label.y)
    heights = [plot_height * label.y / top if top else 0.0 for label in ordered]
    return [
        {
            "x": label.x,
            "y": label.y,
            "text": label.text,
            "showarrow": False,
            "xanchor": "left",
            "xshift": 7,
            "yshift": placed - height,
            "font": {"color": label.color or palette.ink, "size": FONT_SIZE},
        }
        for label, height, placed in zip(ordered, heights, apart(heights, plot_height), strict=True)
    ]


def apart(heights: Sequence[float], plot_height: float) -> list[float]:
    """Rising heights in pixels, at least a line of text apart, none above the plot."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + LABEL_GAP) if placed else height)
    ceiling = plot_height
    for position in reversed(range(len(placed))):
        placed[position] = min(placed[position], ceiling)
        ceiling = placed[position] - LABEL_GAP
    return placed


def target_line(value: float, palette: Palette, crossed: bool = False) -> Json:
    """A thin dotted line across the plot, red where it is a limit that is crossed. Its label is an end label."""
    stroke = {"color": palette.limit if crossed else palette.muted, "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value, "line": stroke}


# Steps of day ticks, counted from a Monday, so that ticks of weeks stand on Mondays.
DAY_STEPS = (1, 2, 7, 14, 28, 56, 91, 182, 364)
A_MONDAY = "2001-01-01"


def date_axis(grain: str, bins: Sequence[datetime], most_ticks: int = 6) -> Json:
    """Hours, days or weeks from the first bin to the last one."""
    span = bins[-1] - bins[0]
    shown: Json = {"type": "date", "range": [bins[0].isoformat(), bins[-1].isoformat()]} if span else {"type": "date"}
    if grain == "hour" and span <= timedelta(days=2):
        return shown | {"tickformat": "%H:%M\n%a %-d %b", "nticks": most_ticks}
    step = next((days for days in DAY_STEPS if span.days <= days * most_ticks), DAY_STEPS[-1])
    return shown | {"tickformat": "%-d %b\n%Y", "tick0": A_MONDAY, "dtick": step * 86_400_000}


LOG_TICKS = (1, 10, 60, 600, 3600, 21600, 86400, 604800, 2592000)


def log_duration_axis(low: float, high: float) -> Json:
    """A logarithmic axis of durations from `low` to `high` seconds."""
    shown = [value for value in LOG_TICKS if low * 0.8 <= value <= high * 1.25]
    return {
        "type": "log",
        "range": [log10(max(low, 0.5)), log10(max(high, low * 2, 2))],
        "tickvals": shown,
        "ticktext": [format.duration(value) for value in shown],
    }
