"""Charts of the live and volume pages: a frame of a question in, a figure out. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from pages.elements import format, leads, week_charts
from pages.elements.figure import (
    FONT_SIZE,
    Chart,
    Label,
    Trace,
    date_axis,
    draw,
    end_labels,
    escaped,
    line,
    line_with_unfinished_end,
    nothing,
    said,
)
from pages.elements.palette import Palette
from pages.elements.week_charts import WEEKDAYS

BAR_HEIGHT = 30
LONGEST_NAME = 20
# Where the set of tickets behind a column has another name: volume counts first answers.
BEHIND = {"answered": "first_answered"}
# The lead of a set of tickets in the bin that begins at a wall clock time.
BinLead = Callable[[str, datetime], str]


def moments(column: pd.Series) -> list[datetime]:
    """A column of instants as Python's own."""
    return [moment.to_pydatetime() for moment in column]


def bars(
    names: Sequence[str],
    values: Sequence[float],
    texts: Sequence[str],
    colors: Sequence[str],
    palette: Palette,
    alt: str,
    height: int,
    leads: Sequence[str] | None = None,
) -> Chart:
    """Horizontal bars from zero, the first on top, each with its text at the end and where it leads."""
    positions = list(range(len(names)))
    trace: Trace = {
        "type": "bar",
        "orientation": "h",
        "x": list(values),
        "y": positions,
        "customdata": said([f"{escaped(name)}: {text}" for name, text in zip(names, texts, strict=True)], leads),
        "marker": {"color": list(colors)},
        "width": 0.66,
        "text": list(texts),
        "textposition": "outside",
        "textfont": {"color": palette.ink, "size": FONT_SIZE},
        "cliponaxis": False,
        "hovertemplate": "%{customdata[0]}<extra></extra>",
    }
    widest = max((len(format.cut(name, LONGEST_NAME)) for name in names), default=0)
    room = max((len(text) for text in texts), default=0)
    return draw(
        palette,
        [trace],
        alt,
        height=height,
        margin={"l": 14 + 7 * widest, "r": 12 + 7 * room, "t": 2, "b": 2},
        xaxis={"visible": False, "range": [0, max([*values, 1])]},
        yaxis={
            "tickvals": positions,
            "ticktext": [escaped(format.cut(name, LONGEST_NAME)) for name in names],
            "range": [max(len(names), 5) - 0.5, -0.5],
            "showgrid": False,
            "tickfont": {"color": palette.ink, "size": FONT_SIZE},
        },
    )


def waiting_by(
    part: str, frame: pd.DataFrame, labels: dict[str, str], palette: Palette, height: int, empty: str = "Nobody waits."
) -> Chart:
    """Customers waiting now by channel or team, with the longest wait of each; `empty` is said where there are none."""
    rows = frame[frame["part"] == part]
    if rows.empty:
        return nothing(palette, empty, height)
    most = max(height // BAR_HEIGHT, 1)
    rest = len(rows) - most
    rows = rows.head(most)
    names = [format.part_name(name, part, labels) for name in rows["name"]]
    texts = [
        f"{waiting} · {format.duration(longest)}"
        for waiting, longest in zip(rows["waiting"], rows["longest_seconds"], strict=True)
    ]
    colors = [palette.channel(name) if part == "channel" else palette.line for name in rows["name"]]
    listed = ", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True))
    alt = f"Customers waiting now by {part}, with the longest wait: {listed}" + (
        f", and {rest} more" if rest > 0 else ""
    )
    lead_to = [leads.tickets("waiting", **leads.part(part, name)) for name in rows["name"]]
    return bars(names, rows["waiting"].tolist(), texts, colors, palette, alt, height, lead_to)


def most_of(frame: pd.DataFrame, part: str, height: int) -> str:
    """`customers now`, or which part of the list a chart of this height has room for."""
    rows, most = int((frame["part"] == part).sum()), max(height // BAR_HEIGHT, 1)
    return "customers now" if rows <= most else f"customers now, {most} of {rows} {part}s"


def hourly(
    ends: Sequence[datetime],
    series: Sequence[tuple[str, Sequence[float], Sequence[str]]],
    palette: Palette,
    height: int,
    alt: str,
) -> Chart:
    """Figures of full hours, the newest ending now: the first series in ink, others in grey. A series: name, values, leads."""
    top = max([max(values) for _, values, _ in series] + [4]) * 1.1
    inks = (palette.ink, palette.line)
    hover = f"%{{x|{format.hover_bin('hour')}}}: %{{y:,}}<extra></extra>"
    traces = [
        line(name, ends, values, color, leads=lead_to, hovertemplate=hover)
        for (name, values, lead_to), color in zip(series, inks, strict=False)
    ]
    labels = [
        Label(f"{name} {format.count(values[-1])}".strip(), ends[-1].isoformat(), float(values[-1]))
        for name, values, _ in series
    ]
    room = max(len(label.text) for label in labels)
    return draw(
        palette,
        traces,
        alt,
        height=height,
        margin={"l": 30, "r": 14 + 7 * room, "t": 8, "b": 38},
        xaxis=date_axis("hour", ends, 4),
        yaxis={"range": [0, top], "nticks": 4},
        annotations=end_labels(labels, palette, top, height - 46),
    )


def arrivals_and_answers(frame: pd.DataFrame, ends: Sequence[datetime], palette: Palette, height: int) -> Chart:
    """Tickets that arrived and first answers in each full hour counted back from the data's as-of instant."""
    last = frame.iloc[-1]
    alt = f"Per hour over the last 24 hours: in the last one {last['arrived']} tickets arrived and {last['answered']} first answers were given"
    series = tuple(
        (name, frame[which].tolist(), _in_each_hour(frame, which))
        for name, which in (("Arrived", "arrived"), ("Answered", "answered"))
    )
    return hourly(ends, series, palette, height, alt)


def _in_each_hour(frame: pd.DataFrame, which: str) -> list[str]:
    """Leads to the tickets of the hour before each of the frame's instants."""
    return [leads.tickets(BEHIND.get(which, which), end - timedelta(hours=1), end) for end in moments(frame["ends_at"])]


def waiting_over_time(frame: pd.DataFrame, ends: Sequence[datetime], palette: Palette, height: int) -> Chart:
    """Customers waiting at the end of each full hour counted back from the data's as-of instant."""
    values = frame["waiting"].tolist()
    alt = f"Customers waiting, each hour of the last 24: {values[0]} at first, {max(values)} at most, {values[-1]} now"
    return hourly(ends, (("", values, _in_each_hour(frame, "waits")),), palette, height, alt)


def flow(
    frame: pd.DataFrame,
    series: Sequence[tuple[str, str]],
    grain: str,
    palette: Palette,
    height: int,
    alt: str,
    lead: BinLead | None = None,
) -> Chart:
    """Counts per bin as lines, the first in ink and the others in grey; a last bin that is not over is dashed and hollow.

    A series: its name, and its column, which is also the set of tickets behind it.
    """
    bins = moments(frame["bin"])
    complete = frame["is_complete"].tolist()
    top = max([float(frame[column].max()) for _, column in series] + [4]) * 1.1
    traces: list[Trace] = []
    labels = []
    for position, (name, column) in enumerate(series):
        color = palette.ink if position == 0 else palette.line
        values = frame[column].tolist()
        more: dict[str, Any] = {
            "hovertemplate": f"%{{x|{format.hover_bin(grain)}}}: %{{y:,}} {name.lower()}<extra></extra>"
        }
        if lead:
            more["leads"] = [lead(BEHIND.get(column, column), bin) for bin in bins]
        traces += line_with_unfinished_end(name, bins, values, complete, color, **more)
        labels.append(Label(name, bins[-1].isoformat(), float(values[-1])))
    return draw(
        palette,
        traces,
        alt + unfinished_note(complete, grain),
        height=height,
        margin={"l": 48, "r": 80, "t": 8, "b": 40},
        xaxis=date_axis(grain, bins),
        yaxis={"range": [0, top], "nticks": 5, "tickformat": ",d"},
        annotations=end_labels(labels, palette, top, height - 48),
    )


def unfinished_note(complete: Sequence[bool], grain: str) -> str:
    """What to say of a last bin that is not over."""
    return "" if not complete or complete[-1] else f"; the last {grain} is not over yet"


def backlog(frame: pd.DataFrame, grain: str, palette: Palette, height: int, lead: BinLead | None = None) -> Chart:
    """Open tickets at the end of each bin; the last one is now."""
    bins = moments(frame["bin"])
    complete = frame["is_complete"].tolist()
    values = frame["open_at_end"].tolist()
    top = max([*values, 4]) * 1.1
    hover: dict[str, Any] = {
        "hovertemplate": f"%{{x|{format.hover_bin(grain)}}}: %{{y:,}} open at its end<extra></extra>"
    }
    if lead:
        hover["leads"] = [lead("open_then", bin) for bin in bins]
    label = Label(format.count(values[-1]), bins[-1].isoformat(), float(values[-1]))
    return draw(
        palette,
        line_with_unfinished_end("Open", bins, values, complete, palette.ink, **hover),
        f"Open tickets at the end of each {grain}: {format.count(values[0])} at first, {format.count(values[-1])} now",
        height=height,
        margin={"l": 48, "r": 64, "t": 8, "b": 40},
        xaxis=date_axis(grain, bins),
        yaxis={"range": [0, top], "nticks": 5, "tickformat": ",d"},
        annotations=end_labels([label], palette, top, height - 48),
    )


def weekday_hours(frame: pd.DataFrame, palette: Palette, height: int) -> Chart:
    """A heat map: tickets that arrive in each hour of the week, on average. Stronger is more."""
    if frame.empty:
        return nothing(palette, "No whole hour in this period yet.", height)
    if not frame["arrived_per_hour"].any():
        return nothing(palette, "No tickets in this period.", height)
    cells = {(int(row.weekday), int(row.hour)): float(row.arrived_per_hour) for row in frame.itertuples()}
    texts = {
        hour: f"{week_charts.name(hour)}: {format.decimal(value, 1)} tickets an hour" for hour, value in cells.items()
    }
    lead_to = {(weekday, hour): leads.tickets("arrived", weekday=weekday, hour=hour) for weekday, hour in cells}
    busiest = max(cells, key=lambda cell: cells[cell])
    most = format.decimal(cells[busiest], 1)
    alt = f"Tickets arriving by weekday and hour: most on {WEEKDAYS[busiest[0] - 1]} at {format.hour(busiest[1])}, {most} an hour on average"
    return week_charts.hours_of_week(cells, texts, lead_to, palette, alt, height)


def arrived_by_part(
    frame: pd.DataFrame, part: str, labels: dict[str, str], palette: Palette, height: int, compared: bool, most: int = 8
) -> Chart:
    """Arrivals by channel, team or topic (rows of volume_by_part) with their change; channels in their colours."""
    if frame.empty:
        return nothing(palette, "No tickets in this period.", height)
    rows = frame.head(most)
    names = [format.part_name(name, part, labels) for name in rows["name"]]
    texts = []
    for row in rows.itertuples():
        change = format.change_of_count(row.arrived, row.arrived_before) if compared else None
        texts.append(format.count(row.arrived) + (f"  {change}" if change else ""))
    colors = [palette.channel(name) if part == "channel" else palette.line for name in rows["name"]]
    listed = ", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True))
    alt = f"Tickets arrived by {part}: {listed}"
    lead_to = [leads.tickets("arrived", **leads.part(part, name)) for name in rows["name"]]
    return bars(names, rows["arrived"].tolist(), texts, colors, palette, alt, height, lead_to)
