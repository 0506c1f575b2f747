"""Charts of the live and volume pages: a frame of a question in, a figure out. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from pages.elements import format
from pages.elements.figure import (
    FONT_SIZE,
    Chart,
    Json,
    Label,
    Trace,
    date_axis,
    draw,
    end_labels,
    line,
    line_with_unfinished_end,
    nothing,
)
from pages.elements.palette import Palette

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
BAR_HEIGHT = 30


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
) -> Chart:
    """Horizontal bars from zero, the first on top, each with its text at the end."""
    positions = list(range(len(names)))
    trace: Trace = {
        "type": "bar",
        "orientation": "h",
        "x": list(values),
        "y": positions,
        "customdata": list(texts),
        "marker": {"color": list(colors)},
        "width": 0.66,
        "text": list(texts),
        "textposition": "outside",
        "textfont": {"color": palette.ink, "size": FONT_SIZE},
        "cliponaxis": False,
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    widest = max((len(_shortened(name)) for name in names), default=0)
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
            "ticktext": [_shortened(name) for name in names],
            "range": [max(len(names), 5) - 0.5, -0.5],
            "showgrid": False,
            "tickfont": {"color": palette.ink, "size": FONT_SIZE},
        },
    )


def _shortened(name: str) -> str:
    return name if len(name) <= 20 else name[:19] + "…"


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
    names = [f"no {part}" if format.is_missing(name) else labels.get(name, name) for name in rows["name"]]
    texts = [
        f"{waiting} · {format.duration(longest)}"
        for waiting, longest in zip(rows["waiting"], rows["longest_seconds"], strict=True)
    ]
    colors = [palette.channel(name) if part == "channel" else palette.line for name in rows["name"]]
    listed = ", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True))
    alt = f"Customers waiting now by {part}, with the longest wait: {listed}" + (
        f", and {rest} more" if rest > 0 else ""
    )
    return bars(names, rows["waiting"].tolist(), texts, colors, palette, alt, height)


def most_of(frame: pd.DataFrame, part: str, height: int) -> str:
    """`customers now`, or which part of the list a chart of this height has room for."""
    rows, most = int((frame["part"] == part).sum()), max(height // BAR_HEIGHT, 1)
    return "customers now" if rows <= most else f"customers now, {most} of {rows} {part}s"


def hourly(
    ends: Sequence[datetime], series: Sequence[tuple[str, Sequence[float]]], palette: Palette, height: int, alt: str
) -> Chart:
    """Figures of full hours, the newest ending now: the first series in ink, others in grey."""
    top = max([max(values) for _, values in series] + [4]) * 1.1
    inks = (palette.ink, palette.line)
    traces = [line(name, ends, values, color) for (name, values), color in zip(series, inks, strict=False)]
    labels = [
        Label(f"{name} {format.count(values[-1])}".strip(), ends[-1].isoformat(), float(values[-1]))
        for name, values in series
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
    return hourly(
        ends, (("Arrived", frame["arrived"].tolist()), ("Answered", frame["answered"].tolist())), palette, height, alt
    )


def waiting_over_time(frame: pd.DataFrame, ends: Sequence[datetime], palette: Palette, height: int) -> Chart:
    """Customers waiting at the end of each full hour counted back from the data's as-of instant."""
    values = frame["waiting"].tolist()
    alt = f"Customers waiting, each hour of the last 24: {values[0]} at first, {max(values)} at most, {values[-1]} now"
    return hourly(ends, (("", values),), palette, height, alt)


def flow(
    frame: pd.DataFrame, series: Sequence[tuple[str, str]], grain: str, palette: Palette, height: int, alt: str
) -> Chart:
    """Counts per bin as lines, the first in ink and the others in grey; a last bin that is not over is dashed and hollow."""
    bins = moments(frame["bin"])
    complete = frame["is_complete"].tolist()
    top = max([float(frame[column].max()) for _, column in series] + [4]) * 1.1
    traces: list[Trace] = []
    labels = []
    for position, (name, column) in enumerate(series):
        color = palette.ink if position == 0 else palette.line
        values = frame[column].tolist()
        more: dict[str, Any] = {"hovertemplate": f"%{{x|{_hover(grain)}}}: %{{y:,}} {name.lower()}<extra></extra>"}
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


def _hover(grain: str) -> str:
    return {"hour": "%a %-d %b %H:%M", "day": "%a %-d %b %Y", "week": "week of %a %-d %b %Y"}[grain]


def unfinished_note(complete: Sequence[bool], grain: str) -> str:
    """What to say of a last bin that is not over."""
    return "" if not complete or complete[-1] else f"; the last {grain} is not over yet"


def backlog(frame: pd.DataFrame, grain: str, palette: Palette, height: int) -> Chart:
    """Open tickets at the end of each bin; the last one is now."""
    bins = moments(frame["bin"])
    complete = frame["is_complete"].tolist()
    values = frame["open_at_end"].tolist()
    top = max([*values, 4]) * 1.1
    hover = {"hovertemplate": f"%{{x|{_hover(grain)}}}: %{{y:,}} open at its end<extra></extra>"}
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
    cells = {(int(row.weekday), int(row.hour)): float(row.arrived_per_hour) for row in frame.itertuples()}
    values = [[cells.get((weekday, hour)) for hour in range(24)] for weekday in range(1, 8)]
    busiest = max(cells, key=lambda cell: cells[cell])
    trace: Trace = {
        "type": "heatmap",
        "z": values,
        "x": list(range(24)),
        "y": list(WEEKDAYS),
        "xgap": 2,
        "ygap": 2,
        "colorscale": [[0, palette.grid], [1, palette.ink]],
        "zmin": 0,
        "showscale": False,
        "hoverongaps": False,
        "hovertemplate": "%{y} %{x}:00: %{z:.1f} tickets an hour<extra></extra>",
    }
    alt = f"Tickets arriving by weekday and hour: most on {WEEKDAYS[busiest[0] - 1]} at {busiest[1]}:00, {cells[busiest]:.1f} an hour on average"
    xaxis: Json = {
        "tickvals": list(range(0, 24, 6)),
        "ticktext": [f"{hour}:00" for hour in range(0, 24, 6)],
        "showgrid": False,
    }
    yaxis: Json = {
        "autorange": "reversed",
        "showgrid": False,
        "tickfont": {"color": palette.muted, "size": FONT_SIZE - 1},
    }
    return draw(
        palette, [trace], alt, height=height, margin={"l": 40, "r": 8, "t": 4, "b": 26}, xaxis=xaxis, yaxis=yaxis
    )


def arrived_by_part(
    frame: pd.DataFrame, part: str, labels: dict[str, str], palette: Palette, height: int, compared: bool, most: int = 8
) -> Chart:
    """Arrivals by channel, team or topic with their change; channels in their colours."""
    if frame.empty:
        return nothing(palette, "No tickets in this period.", height)
    rows = frame.head(most)
    names = [f"no {part}" if format.is_missing(name) else labels.get(name, name) for name in rows["part"]]
    texts = []
    for row in rows.itertuples():
        change = format.change_of_count(row.arrived, row.arrived_before) if compared else None
        texts.append(format.count(row.arrived) + (f"  {change}" if change else ""))
    colors = [palette.channel(name) if part == "channel" else palette.line for name in rows["part"]]
    listed = ", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True))
    return bars(names, rows["arrived"].tolist(), texts, colors, palette, f"Tickets arrived by {part}: {listed}", height)
