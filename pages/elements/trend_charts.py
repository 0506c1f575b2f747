"""A metric over time: its line, what chance allows, its signals, and what was before. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any

import pandas as pd

from pages.elements import format, trend_words
from pages.elements.charts import moments, unfinished_note
from pages.elements.figure import (
    CLICK_SIZE,
    FONT_SIZE,
    Chart,
    Json,
    Label,
    Trace,
    date_axis,
    draw,
    escaped,
    even,
    line,
    line_with_unfinished_end,
    nothing,
    target_line,
)
from pages.elements.palette import Palette
from pages.elements.trend_scales import (
    Scale,
    axis,
    is_logarithmic,
    laid_under,
    placed,
    room_left,
    room_right,
    scale_of,
    shared_scale,
)
from warehouse.catalogue import Series

__all__ = ["Lead", "Part", "Scale", "laid_under", "lines", "shared_scale", "trend"]

# Where the mark of a bin, given as local wall time, leads.
Lead = Callable[[datetime], str]
# Name, colour and readings.
Part = tuple[str, str, pd.DataFrame]

BOTTOM_MARGIN, TOP_MARGIN, NAME_HEIGHT = 40, 10, 20
RING_SIZE, ALONE_SIZE, ARROW_SIZE = 9, 5, 8
# More rings than these are small ones.
MOST_RINGS = 15
# Small multiples are equally wide: right of them there is room for a reading.
ROOM_OF_MULTIPLE = 70
# Pixels of the dot before a label.
DOT = 14
NOTHING = "Nothing to show in this period."


@dataclass(frozen=True)
class _Plot:
    """What a chart of this module is drawn on."""

    series: Series
    grain: str
    bins: list[datetime]
    palette: Palette
    height: int
    scale: Scale
    target: float | None
    name: str = ""
    about: str = ""

    @property
    def end(self) -> str:
        """Where the labels of lines across the plot stand."""
        return self.bins[-1].isoformat()

    def heights(self, column: pd.Series) -> list[float | None]:
        """The values as far as the axis goes: a logarithmic one has no zero."""
        floor = self.scale[0] if is_logarithmic(self.scale, self.series) else None
        return [format.number(value) for value in column.clip(lower=floor)]

    def draw(self, traces: Sequence[Trace], labels: Sequence[Label], alt: str, colors: Sequence[str] = ()) -> Chart:
        """Traces on a time axis, the labels right of them (each with a dot of its colour, where there are any), the name above."""
        top = TOP_MARGIN + (NAME_HEIGHT if self.name else 0)
        plot_height = self.height - top - BOTTOM_MARGIN
        targets = self._target_label()
        room = room_right([*labels, *targets]) + (DOT if colors else 0)
        room = max(ROOM_OF_MULTIPLE, room_right(targets)) if self.name else room
        dots = [f'<span style="color:{color}">●</span> ' for color in colors] or [""] * len(labels)
        dotted = [replace(label, text=dot + label.text) for label, dot in zip(labels, dots, strict=True)]
        notes = placed([*dotted, *targets], self.palette, self.scale, self.series, plot_height)
        return draw(
            self.palette,
            traces,
            alt,
            height=self.height,
            margin={"l": room_left(self.series, self.scale), "r": room, "t": top, "b": BOTTOM_MARGIN},
            xaxis=date_axis(self.grain, self.bins, 3 if self.name else 6),
            yaxis=axis(self.series, self.scale, self.height),
            annotations=[*notes, *self._title()],
            shapes=[] if self.target is None else [target_line(self.target, self.palette)],
        )

    def _title(self) -> list[Json]:
        if not self.name:
            return []
        place = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", "yshift": 4}
        about = f'  <span style="color:{self.palette.muted}">{self.about}</span>' if self.about else ""
        text = f"<b>{escaped(self.name)}</b>{about}"
        return [place | {"text": text, "showarrow": False, "font": {"size": FONT_SIZE}}]

    def _target_label(self) -> list[Label]:
        if self.target is None:
            return []
        text = f"target {format.value(self.target, self.series.unit)}"
        return [Label(text, self.end, self.target, self.palette.muted)]


def trend(
    frame: pd.DataFrame,
    series: Series,
    grain: str,
    palette: Palette,
    height: int,
    *,
    color: str | None = None,
    name: str = "",
    previous: pd.DataFrame | None = None,
    target: float | None = None,
    scale: Scale | None = None,
    lead: Lead | None = None,
    before: str = "before",
) -> Chart:
    """One part's readings (of `signals.with_limits`, or of `View.series` where there shall be no limits) per bin.

    `name` stands above the plot; `previous` are the readings of an equally long time before, laid under it in grey and labelled
    `before`; `scale` is that of `shared_scale` for small multiples; `lead` says where the mark of a bin leads.
    """
    if frame.empty or frame["value"].isna().all():
        return nothing(palette, f"{escaped(name)}: {NOTHING.lower()}" if name else NOTHING, height)
    bins, ink = moments(frame["bin"]), color or palette.ink
    laid = laid_under(bins, previous, grain)
    shown = scale or scale_of([frame, laid], series, target)
    plot = _Plot(series, grain, bins, palette, height, shown, target, name, _average(frame, series) if name else "")
    earlier = dict(zip(moments(laid["bin"]), laid["value"], strict=True))
    said = [f"{before}: {trend_words.amount(earlier[bin], series)}" if bin in earlier else "" for bin in bins]
    traces = [
        *_limits(frame, plot),
        *_before(laid, plot),
        *_readings(frame, plot, ink, name or series.title),
        *_signals(frame, plot, ink),
        _marks(frame, plot, lead, "", said),
    ]
    return plot.draw(traces, _labels(frame, laid, plot, before), trend_words.alt(frame, series, grain, name))


def lines(
    parts: Sequence[Part],
    series: Series,
    grain: str,
    palette: Palette,
    height: int,
    *,
    target: float | None = None,
    lead: Callable[[str, datetime], str] | None = None,
) -> Chart:
    """A few parts on one chart, each labelled at its end; `lead` takes the name of a part and its bin. No limits: they need room."""
    shown = [part for part in parts if part[2]["value"].notna().any()]
    if not shown:
        return nothing(palette, NOTHING, height)
    frames = [frame for _, _, frame in shown]
    bins = moments(frames[0]["bin"])
    scale = shared_scale([frame[["value"]] for frame in frames], series, target)
    plot = _Plot(series, grain, bins, palette, height, scale, target)
    drawn = [
        trace
        for name, color, frame in shown
        for trace in (*_readings(frame, plot, color, name), *_signals(frame, plot, color))
    ]
    marks = [_marks(frame, plot, partial(lead, name) if lead else None, name) for name, _, frame in shown]
    ends = [(name, frame[frame["value"].notna()].iloc[-1]) for name, _, frame in shown]
    labels = [
        Label(escaped(f"{name} {trend_words.reading(end, series)}"), end["bin"].isoformat(), end["value"])
        for name, end in ends
    ]
    listed = ", ".join(trend_words.summary(frame, series, name) for name, _, frame in shown)
    alt = f"{series.title} by {grain}: {listed}" + unfinished_note(frames[0]["is_complete"].tolist(), grain)
    return plot.draw([*drawn, *marks], labels, alt, [color for _, color, _ in shown])


def _limits(frame: pd.DataFrame, plot: _Plot) -> list[Trace]:
    """The band in which chance lets readings lie, and their average; a stretch without limits is left open."""
    if "centre" not in frame or frame["centre"].isna().all():
        return []
    rows = zip(plot.bins, plot.heights(frame["low_limit"]), plot.heights(frame["high_limit"]), strict=True)
    stretches = [list(stretch) for known, stretch in groupby(rows, lambda row: row[2] is not None) if known]
    bands: list[Trace] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "limits",
            "x": [bin.isoformat() for bin, _, _ in (*stretch, *reversed(stretch))],
            "y": [*(high for _, _, high in stretch), *(low for _, low, _ in reversed(stretch))],
            "fill": "toself",
            "fillcolor": plot.palette.grid,
            "line": {"width": 0},
            "hoverinfo": "skip",
        }
        for stretch in stretches
    ]
    centre = plot.heights(frame["centre"])
    return [*bands, line("average", plot.bins, centre, plot.palette.line, width=1, hoverinfo="skip")]


def _before(laid: pd.DataFrame, plot: _Plot) -> list[Trace]:
    if laid.empty:
        return []
    bins, values = moments(laid["bin"]), plot.heights(laid["value"])
    return [line("before", bins, values, plot.palette.line, width=1.5, hoverinfo="skip")]


def _readings(frame: pd.DataFrame, plot: _Plot, color: str, name: str) -> list[Trace]:
    """The line: dotted where a bin is not whole, arrows up where a percentile is not known yet, dots where nothing is beside a reading."""
    bins, values, complete = plot.bins, plot.heights(frame["value"]), frame["is_complete"].tolist()
    more: dict[str, Any] = {"hoverinfo": "skip"}
    is_cut = len(bins) > 2 and not complete[0]
    start = [line(f"{name}, begun before", bins[:2], values[:2], color, dash="dot", **more)] if is_cut else []
    rest = slice(1 if is_cut else 0, None)
    drawn = [*start, *line_with_unfinished_end(name, bins[rest], values[rest], complete[rest], color, **more)]
    beside = [None, *values, None]
    known = frame["is_known"].tolist() if "is_known" in frame else [True] * len(bins)
    alone = [beside[place] is None and beside[place + 2] is None for place in range(len(bins))]
    arrows = {"symbol": "triangle-up-open", "size": ARROW_SIZE, "color": color}
    drawn += _dots("alone", frame, plot, alone, {"size": ALONE_SIZE, "color": color})
    return drawn + _dots("at least", frame, plot, [not is_known for is_known in known], arrows)


def _signals(frame: pd.DataFrame, plot: _Plot, color: str) -> list[Trace]:
    """Hollow rings around what chance does not explain."""
    if "signal" not in frame:
        return []
    is_marked = frame["signal"].notna().tolist()
    size = RING_SIZE if sum(is_marked) <= MOST_RINGS else ALONE_SIZE
    ring = {"size": size, "color": plot.palette.paper, "line": {"color": color, "width": 2 if size == RING_SIZE else 1}}
    return _dots("signals", frame, plot, is_marked, ring)


def _dots(name: str, frame: pd.DataFrame, plot: _Plot, is_marked: Sequence[bool], marker: Json) -> list[Trace]:
    """Markers at the readings that are marked."""
    rows = zip(plot.bins, plot.heights(frame["value"]), is_marked, strict=True)
    points = [(bin.isoformat(), value) for bin, value, marked in rows if marked and value is not None]
    if not points:
        return []
    x, y = ([point[side] for point in points] for side in (0, 1))
    shown: Trace = {"type": "scatter", "mode": "markers", "name": name, "x": x, "y": y, "marker": marker}
    return [shown | {"hoverinfo": "skip", "cliponaxis": False}]


def _marks(frame: pd.DataFrame, plot: _Plot, lead: Lead | None, name: str = "", before: Sequence[str] = ()) -> Trace:
    """What is read and clicked: an unseen mark on each reading."""
    rows, said = trend_words.rows_of(frame), before or [""] * len(frame)
    texts = [trend_words.hover(row, plot.series, name, earlier) for row, earlier in zip(rows, said, strict=True)]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "marks",
        "y": plot.heights(frame["value"]),
        "marker": {"size": CLICK_SIZE, "opacity": 0},
        "customdata": [[text, lead(bin) if lead else ""] for text, bin in zip(texts, plot.bins, strict=True)],
        "hovertemplate": f"%{{x|{format.hover_bin(plot.grain)}}}: %{{customdata[0]}}<extra></extra>",
    } | even(plot.bins)


def _labels(frame: pd.DataFrame, laid: pd.DataFrame, plot: _Plot, before: str) -> list[Label]:
    """What stands right of the plot: the newest reading and, of a chart that stands alone, which lines are the average and that of before."""
    newest, muted, series = frame[frame["value"].notna()].iloc[-1], plot.palette.muted, plot.series
    so_far = " so far" if series.kind == "count" and not newest["is_complete"] and not plot.name else ""
    labels = [Label(trend_words.reading(newest, series) + so_far, newest["bin"].isoformat(), newest["value"])]
    if _average(frame, series) and not plot.name:
        labels.append(Label("average", plot.end, newest["centre"], muted))
    if laid["value"].notna().any() and not plot.name:
        labels.append(Label(before, plot.end, laid["value"].dropna().iloc[-1], muted))
    return labels


def _average(frame: pd.DataFrame, series: Series) -> str:
    """`average 28m`, where there are limits."""
    if "centre" not in frame or frame["centre"].isna().all():
        return ""
    return f"average {trend_words.amount(frame['centre'].dropna().iloc[-1], series)}"
