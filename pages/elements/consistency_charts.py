"""Charts of the consistency page: hours of the week, and who waits longer than whom. Frames in, figures out; knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from pages.elements import format
from pages.elements.figure import FONT_SIZE, Chart, Json, Trace, draw, escaped
from pages.elements.palette import Palette
from pages.elements.week_charts import WEEKDAYS
from warehouse.consistency import FEWEST_OF_HOUR, Hours

# Shades span at least so much, so that nothing looks dramatic that is not.
LEAST_SPAN = 0.2
LONGEST_NAME = 9
# A certainty (0.5 from even) is no darker than text on it can be read.
CERTAINTY_SHADE = 0.75


def hours(found: Hours, palette: Palette, height: int, lead: Callable[[int, int], str]) -> Chart:
    """Hours of the week in grey: the stronger, the worse; a stroke means too few waits to say. `lead(weekday, hour)` is where a cell leads."""
    rows = found.rows
    enough, few = rows[rows["is_enough"]], rows[~rows["is_enough"]]
    cells = {(int(row.weekday), int(row.hour)): float(row.value) for row in enough.itertuples()}
    worst, best = min(cells.values()), max(cells.values())
    shades: Trace = {
        "type": "heatmap",
        "z": [[cells.get((weekday, hour)) for hour in range(24)] for weekday in range(1, 8)],
        "x": list(range(24)),
        "y": list(range(1, 8)),
        "xgap": 2,
        "ygap": 2,
        "colorscale": [[0, palette.ink], [1, palette.grid]],
        "zmin": min(worst, best - LEAST_SPAN),
        "zmax": best,
        "showscale": False,
        "hoverinfo": "skip",
    }
    strokes: Trace = {
        "type": "scatter",
        "mode": "markers",
        "name": "too few",
        "x": few["hour"].tolist(),
        "y": few["weekday"].tolist(),
        "marker": {
            "symbol": "line-ne-open",
            "size": 7,
            "color": palette.muted,
            "line": {"color": palette.muted, "width": 1},
        },
        "hoverinfo": "skip",
    }
    return draw(
        palette,
        [shades, strokes, _targets_of_clicks(rows, lead)],
        _hours_alt(found, len(few)),
        height=height,
        margin={"l": 40, "r": 8, "t": 4, "b": 26},
        xaxis={
            "tickvals": list(range(0, 24, 6)),
            "ticktext": [format.hour(hour) for hour in range(0, 24, 6)],
            "range": [-0.5, 23.5],
            "showgrid": False,
        },
        yaxis={
            "tickvals": list(range(1, 8)),
            "ticktext": list(WEEKDAYS),
            "range": [7.5, 0.5],
            "showgrid": False,
        },
    )


def _targets_of_clicks(rows: pd.DataFrame, lead: Callable[[int, int], str]) -> Trace:
    """What is read and clicked: an unseen mark on each cell."""
    said = [
        [
            f"{hour_of_week(row)}: {kept(row)}"
            if row["is_enough"]
            else f"{hour_of_week(row)}: {format.counted(int(row['n']), 'wait')}, too few to say",
            lead(int(row["weekday"]), int(row["hour"])),
        ]
        for _, row in rows.iterrows()
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "cells",
        "x": rows["hour"].tolist(),
        "y": rows["weekday"].tolist(),
        "customdata": said,
        "marker": {"symbol": "square", "size": 14, "opacity": 0},
        "hovertemplate": "%{customdata[0]}<extra></extra>",
    }


def hour_of_week(row: pd.Series) -> str:
    """`Mon 7:00 to 8:00`."""
    hour = int(row["hour"])
    return f"{WEEKDAYS[int(row['weekday']) - 1]} {format.hour(hour)} to {format.hour((hour + 1) % 24)}"


def kept(row: pd.Series) -> str:
    """`86% (84–88%, n = 1,204)`."""
    return f"{format.share(row['value'])} ({format.interval(row['low'], row['high'], row['n'])})"


def _hours_alt(found: Hours, few: int) -> str:
    rest = f"; {format.counted(few, 'hour')} with fewer than {FEWEST_OF_HOUR} waits" if few else ""
    return (
        f"Share of waits kept within target by weekday and hour, the stronger the worse: least on {hour_of_week(found.worst)}, {kept(found.worst)}, "
        f"most on {hour_of_week(found.best)}, {kept(found.best)}{rest}"
    )


def chances(
    frame: pd.DataFrame, what: str, labels: Mapping[str, str], palette: Palette, height: int, lead: Callable[[str], str]
) -> Chart:
    """In how many of 100 pairs the customer on the row's channel waits longer than the one on the column's; the farther from 50 the darker.

    `frame` is of warehouse.consistency.chances; `lead(channel)` is where the cells of a row lead.
    """
    names = list(dict.fromkeys(frame["channel"]))
    place = {name: position for position, name in enumerate(names)}
    shown = [format.cut(labels.get(name, name), LONGEST_NAME) for name in names]
    pairs = {(row.channel, row.than): row for row in frame.itertuples()}
    z = [[abs(pairs[one, other].value - 0.5) if one != other else None for other in names] for one in names]
    shades: Trace = {
        "type": "heatmap",
        "z": z,
        "xgap": 2,
        "ygap": 2,
        "colorscale": [[0, palette.paper], [1, palette.line]],
        "zmin": 0,
        "zmax": CERTAINTY_SHADE,
        "showscale": False,
        "hoverinfo": "skip",
    }
    cells: Trace = {
        "type": "scatter",
        "mode": "text+markers",
        "name": "pairs",
        "x": [place[name] for name in frame["than"]],
        "y": [place[name] for name in frame["channel"]],
        "text": [of_hundred(row.low, row.high) for row in frame.itertuples()],
        "textfont": {"color": palette.ink, "size": FONT_SIZE},
        "marker": {"symbol": "square", "size": 22, "opacity": 0},
        "customdata": [[escaped(pair_said(row, labels)), lead(row.channel)] for row in frame.itertuples()],
        "hovertemplate": "%{customdata[0]}<extra></extra>",
    }
    ticks: Json = {
        "tickvals": list(range(len(names))),
        "ticktext": [escaped(name) for name in shown],
        "showgrid": False,
    }
    ink = {"tickfont": {"color": palette.ink, "size": FONT_SIZE - 1}}
    return draw(
        palette,
        [shades, cells],
        f"{what}: " + "; ".join(pair_said(row, labels) for row in frame.itertuples() if row.value >= 0.5),
        height=height,
        margin={"l": 16 + 7 * max(len(name) for name in shown), "r": 8, "t": 24, "b": 4},
        xaxis=ticks | ink | {"side": "top", "range": [-0.5, len(names) - 0.5]},
        yaxis=ticks | ink | {"range": [len(names) - 0.5, -0.5]},
    )


def of_hundred(low: float, high: float) -> str:
    """`93`, or `93–95` where the waits that are not over leave it open; more than none and fewer than all are never 0 and 100."""
    ends = [_whole(low), _whole(high)]
    return ends[0] if ends[0] == ends[1] else "–".join(ends)


def _whole(chance: float) -> str:
    rounded = round(chance * 100)
    if rounded == 100 and chance < 1 - 1e-9:
        return ">99"
    return "<1" if rounded == 0 and chance > 1e-9 else str(rounded)


def pair_said(row: Any, labels: Mapping[str, str]) -> str:
    """`a customer on Email waits longer than one on Chat in 93 of 100 cases`."""
    one, other = (labels.get(name, name) for name in (row.channel, row.than))
    return f"a customer on {one} waits longer than one on {other} in {of_hundred(row.low, row.high)} of 100 cases"
