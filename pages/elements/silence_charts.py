"""What silence leaves open of survey scores: a frame of scores in, a figure out. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from pages.elements import format
from pages.elements.figure import FONT_SIZE, Chart, Json, Trace, draw, nothing
from pages.elements.palette import Palette
from pages.elements.voice_words import BOUNDS, NAMES, UNITS, WHOLE, between, open_range

# Ends of a band this near to each other (of the whole scale) are labelled together.
SHORT_BAND = 0.2


def silence(scores: pd.DataFrame, palette: Palette, height: int, lead: Callable[[str], str]) -> Chart:
    """One row a kind of survey over its whole scale: the range that silence leaves open as a pale band, the interval on it, the score as a dot."""
    rows = scores[scores["n"] > 0].to_dict("records")
    if not rows:
        return nothing(palette, "No answers in this period.", height)
    traces: list[Trace] = []
    notes: list[Json] = []
    for place, row in enumerate(rows):
        unit = UNITS[row["kind"]]
        traces += _strip(row, unit, place, palette, lead(row["kind"]))
        notes += _strip_texts(row, unit, place, palette)
    labels = [
        f"{NAMES[row['kind']]}<br><span style='font-size:11px;color:{palette.muted}'>{WHOLE[UNITS[row['kind']]]}</span>"
        for row in rows
    ]
    return draw(
        palette,
        traces,
        "What silence leaves open: "
        + "; ".join(_open_range(row, UNITS[row["kind"]], NAMES[row["kind"]]) for row in rows),
        height=height,
        margin={"l": 84, "r": 20, "t": 12, "b": 8},
        xaxis={"visible": False, "range": [-0.02, 1.02]},
        yaxis={
            "range": [len(rows) - 0.4, -0.6],
            "tickvals": list(range(len(rows))),
            "ticktext": labels,
            "showgrid": False,
            "tickfont": {"color": palette.ink, "size": FONT_SIZE},
        },
        annotations=notes,
    )


def _place(value: float, unit: str) -> float:
    """Where on its scale a score lies, 0 to 1."""
    floor, ceiling = BOUNDS[unit]
    return (value - floor) / (ceiling - floor)


def _strip(row: dict[Any, Any], unit: str, place: int, palette: Palette, lead: str) -> list[Trace]:
    spans = [((0.0, 1.0), palette.grid, 1), ((_place(row["worst"], unit), _place(row["best"], unit)), palette.grid, 18)]
    spans.append(((_place(row["low"], unit), _place(row["high"], unit)), palette.line, 8))
    dot: Trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [_place(row["value"], unit)],
        "y": [place],
        "marker": {"color": palette.ink, "size": 8},
        "customdata": [[_open_range(row, unit, NAMES[row["kind"]]), lead]],
        "hovertemplate": "%{customdata[0]}<extra></extra>",
    }
    return [*(_span(ends, place, color, width) for ends, color, width in spans), dot]


def _span(ends: tuple[float, float], place: int, color: str, width: int) -> Trace:
    stroke = {"color": color, "width": width}
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(ends),
        "y": [place, place],
        "line": stroke,
        "hoverinfo": "skip",
    }


def _strip_texts(row: dict[Any, Any], unit: str, place: int, palette: Palette) -> list[Json]:
    """The score above its dot; worst and best below the ends of the band, or as one text where it is short."""
    texts = [(_place(row["value"], unit), format.value(row["value"], unit), 20, palette.ink)]
    worst, best = _place(row["worst"], unit), _place(row["best"], unit)
    if row["asked"] > row["n"] and best - worst < SHORT_BAND:
        texts.append(((worst + best) / 2, open_range(row, unit), -19, palette.muted))
    elif row["asked"] > row["n"]:
        ends = ((worst, row["worst"]), (best, row["best"]))
        texts += [(x, format.value(value, unit), -19, palette.muted) for x, value in ends]
    font = {"size": FONT_SIZE}
    return [
        {"x": x, "y": place, "text": text, "yshift": shift, "showarrow": False, "font": font | {"color": color}}
        for x, text, shift, color in texts
    ]


def _open_range(row: dict[Any, Any], unit: str, name: str) -> str:
    value = f"{name} {format.value(row['value'], unit)} (95 %: {between(row['low'], row['high'], unit)})"
    if row["asked"] == row["n"]:
        return f"{value}, nobody who was asked is silent in the data"
    worst, best = (format.value(row[end], unit) for end in ("worst", "best"))
    return f"{value}, anywhere from {worst} to {best} had the {format.count(row['asked'] - row['n'])} silent ones answered too"
