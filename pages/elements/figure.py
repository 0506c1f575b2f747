"""What figures share: template, axes, labels at the end of lines, unfinished bins. Knows no SQL and no Streamlit."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from math import log10
from typing import Any

import plotly.graph_objects as go

from pages.elements import format
from pages.elements.palette import Palette
from warehouse.texts import one_line

FONT = '"Source Sans", "Source Sans Pro", "Segoe UI", Roboto, sans-serif'
FONT_SIZE = 13
LABEL_GAP = 16
CLICK_SIZE = 14
Trace = dict[str, Any]
Json = dict[str, Any]


class Unchecked(go.Figure):  # type: ignore[misc]  # plotly says nothing of its types
    """What goes to browsers, as it is. Plotly would look up and copy every value, a quarter of what a page with new data costs;
    tests look at all that pages send (Chart.figure)."""

    def __init__(self, sent: Json) -> None:
        self._sent = sent

    def to_dict(self) -> Json:
        return self._sent


@dataclass(frozen=True)
class Chart:
    """Traces and layout, which nobody changes once they are shown, and the sentence that says what they show."""

    traces: tuple[Trace, ...]
    layout: Json
    alt: str

    @property
    def sent(self) -> Unchecked:
        """What Streamlit is given to show."""
        return Unchecked({"data": list(self.traces), "layout": self.layout})

    @property
    def figure(self) -> go.Figure:
        """As Plotly reads it; raises ValueError where it knows of no such thing."""
        return go.Figure(self.sent.to_dict())


@dataclass(frozen=True)
class Label:
    """A text right of a line's end, at its value."""

    text: str
    x: Any
    y: float
    color: str | None = None


@dataclass(frozen=True)
class Mark:
    """Something that happened at a moment (local time): a release, a holiday, a campaign."""

    at: datetime
    label: str
    kind: str


@cache
def template(palette: Palette) -> Json:
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
    return {"layout": layout}


def draw(palette: Palette, data: Sequence[Trace], alt: str, **layout: Any) -> Chart:
    """The chart of these traces on our template, its numbers with the visitor's marks."""
    marks = format.habits()
    whole = {"template": template(palette), "separators": marks.decimal + marks.group} | layout
    named = (trace | {"name": escaped(trace["name"])} if "name" in trace else trace for trace in data)
    return Chart(tuple(named), whole, alt)


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
    """A plain line. With `leads`, one a point, its points can be clicked."""
    style = {"color": color, "width": more.pop("width", 2), "dash": more.pop("dash", "solid")}
    leads = more.pop("leads", None)
    trace = {"type": "scatter", "mode": "lines", "name": name, "y": list(values), "line": style, "connectgaps": False}
    return (trace | even(bins) | more) if leads is None else clickable(trace | even(bins) | more, leads)


def clickable(trace: Trace, leads: Sequence[str]) -> Trace:
    """The trace with a place to click at each point, and where it leads as the last item of its customdata."""
    texts = trace.get("customdata") or [[""]] * len(leads)
    unseen = {"size": CLICK_SIZE, "opacity": 0, "color": trace.get("line", {}).get("color")}
    places = {"mode": "lines+markers", "marker": unseen} if trace.get("mode") == "lines" else {}
    return trace | places | {"customdata": [[text[0], lead] for text, lead in zip(texts, leads, strict=True)]}


def said(texts: Sequence[str], leads: Sequence[str] | None = None) -> list[list[str]]:
    """What marks say when pointed at, `%{customdata[0]}`, and where they lead."""
    return [list(pair) for pair in zip(texts, leads or [""] * len(texts), strict=True)]


def line_with_unfinished_end(
    name: str,
    bins: Sequence[datetime],
    values: Sequence[float | None],
    complete: Sequence[bool],
    color: str,
    **more: Any,
) -> list[Trace]:
    """A line whose last bin is dashed and hollow where the data ends inside it. `customdata` and `leads` are one a bin."""
    if not bins or complete[-1]:
        return [line(name, bins, values, color, **more)]
    by_bin = {key: more.pop(key) for key in ("customdata", "leads") if key in more}
    first, last = ({key: part[place] for key, part in by_bin.items()} for place in (slice(None, -1), slice(-2, None)))
    finished = [line(name, bins[:-1], values[:-1], color, **more, **first)] if len(bins) > 1 else []
    end = line(f"{name}, unfinished", bins[-2:], values[-2:], color, **(more | last | {"dash": "dot"}))
    hollow = ["circle-open"] * len(bins[-2:])
    sizes = [0] * (len(hollow) - 1) + [6]
    marker = {"symbol": hollow, "size": sizes, "color": color}
    return [*finished, end | {"mode": "lines+markers", "cliponaxis": False, "marker": marker}]


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


def beside(place: float, text: str, color: str, size: int = FONT_SIZE) -> Json:
    """A text right of the plot, level with a row of marks."""
    return {
        "xref": "paper",
        "x": 1,
        "xanchor": "left",
        "xshift": 8,
        "y": place,
        "text": text,
        "showarrow": False,
        "font": {"color": color, "size": size},
    }


def target_line(value: float, palette: Palette, crossed: bool = False) -> Json:
    """A thin dotted line across the plot, red where it is a limit that is crossed. Its label is an end label."""
    stroke = {"color": palette.limit if crossed else palette.muted, "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value, "line": stroke}


MOST_LABELS = 6
LONGEST_LABEL = 18


def annotated(chart: Chart, marks: Sequence[Mark], palette: Palette) -> Chart:
    """The chart with a thin line and a short label on top for each mark that lies on its axis; the first ones where there are many."""
    shown = [mark for mark in marks if _lies_on(chart, mark)][:MOST_LABELS]
    if not shown:
        return chart
    stroke = {"color": palette.muted, "width": 1, "dash": "dash"}
    lines = [
        {
            "type": "line",
            "yref": "paper",
            "x0": mark.at.isoformat(),
            "x1": mark.at.isoformat(),
            "y0": 0,
            "y1": 1,
            "line": stroke,
        }
        for mark in shown
    ]
    texts = [
        {
            "x": mark.at.isoformat(),
            "yref": "paper",
            "y": 1 - 0.1 * (place % 3),
            "yanchor": "top",
            "xanchor": "left",
            "xshift": 2,
            "text": escaped(format.cut(mark.label, LONGEST_LABEL)),
            "hovertext": escaped(f"{mark.kind}: {mark.label}"),
            "showarrow": False,
            "font": {"color": palette.muted, "size": FONT_SIZE - 2},
            "bgcolor": palette.paper,
            "opacity": 0.9,
        }
        for place, mark in enumerate(shown)
    ]
    added = {"shapes": [*chart.layout.get("shapes", ()), *lines], "annotations": [*notes(chart), *texts]}
    noted = ", ".join(f"{mark.label} ({mark.at:%-d %b})" for mark in shown)
    return replace(chart, layout=chart.layout | added, alt=f"{chart.alt}. Noted on it: {noted}")


def notes(chart: Chart) -> list[Json]:
    """The texts that stand on a chart."""
    return list(chart.layout.get("annotations", ()))


def _lies_on(chart: Chart, mark: Mark) -> bool:
    shown = chart.layout.get("xaxis", {}).get("range")
    return bool(shown) and datetime.fromisoformat(shown[0]) <= mark.at <= datetime.fromisoformat(shown[1])


def escaped(text: str) -> str:
    """Text of people as text, in one line: Plotly reads some HTML in its labels, and `%{...}` in what marks say."""
    return html.escape(one_line(text), quote=False).replace("%{", "%&#123;")


# Steps of day ticks, counted from a Monday, so that ticks of weeks stand on Mondays.
DAY_STEPS = (1, 2, 7, 14, 28, 56, 91, 182, 364)
MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 1200)
A_MONDAY = "2001-01-01"


def date_axis(grain: str, bins: Sequence[datetime], most_ticks: int = 6) -> Json:
    """Hours, days or weeks from the first bin to the last one."""
    span = bins[-1] - bins[0]
    shown: Json = {"type": "date", "range": [bins[0].isoformat(), bins[-1].isoformat()]} if span else {"type": "date"}
    if grain == "hour" and span <= timedelta(days=2):
        return shown | {"tickformat": f"{format.tick_hour()}\n{format.tick_day()}", "nticks": most_ticks}
    if grain == "month":
        return shown | {
            "tickformat": "%b\n%Y",
            "dtick": f"M{next(m for m in MONTH_STEPS if span.days <= 31 * m * most_ticks)}",
        }
    step = next((days for days in DAY_STEPS if span.days <= days * most_ticks), DAY_STEPS[-1])
    return shown | {"tickformat": f"{format.tick_day()}\n%Y", "tick0": A_MONDAY, "dtick": step * 86_400_000}


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
