"""Figures side by side with how sure they are: a frame of a series in, a figure out. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log10
from typing import Any

import pandas as pd

from pages.elements import format
from pages.elements.figure import FONT_SIZE, Chart, Json, Trace, beside, draw, escaped, log_duration_axis, nothing
from pages.elements.palette import Palette

ROW_HEIGHT = 24
TOP_MARGIN, BOTTOM_MARGIN = 18, 24
LONGEST_NAME = 18
# Durations this many times apart stand on a logarithmic axis.
WIDE_SPREAD = 8.0
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800)


def dots(
    frame: pd.DataFrame,
    split: str,
    unit: str,
    labels: Mapping[str, str],
    palette: Palette,
    height: int,
    *,
    target: float | None = None,
    lead: Callable[[Any], str] | None = None,
    title: str = "",
) -> Chart:
    """One row a part (of a series without a grain): its dot with the 95 % interval, and its value at the right end.

    Channels have their colours, other parts are ink. As many rows as there is room for, in the frame's order. `lead` is given the part (None:
    the rows without one) and says where its dot leads. `title` begins the sentence that says what is shown.
    """
    rows = frame.head(max((height - TOP_MARGIN - BOTTOM_MARGIN) // ROW_HEIGHT, 1))
    if not rows["n"].sum():
        return nothing(palette, "Nothing to measure in this period.", height)
    names = [format.part_name(part, split, labels) for part in rows["part"]]
    texts = [_value(row, unit) for row in rows.to_dict("records")]
    axis = _axis(rows, unit, target)
    return draw(
        palette,
        _traces(rows, split, unit, names, lead, palette),
        _alt(title, names, texts, len(frame) - len(rows)),
        height=height,
        margin={
            "l": 12 + 7 * max(len(format.cut(name, LONGEST_NAME)) for name in names),
            "r": 14 + 7 * max(len(text) for text in texts),
            "t": TOP_MARGIN,
            "b": BOTTOM_MARGIN,
        },
        xaxis=axis | {"showgrid": True},
        yaxis={
            "tickvals": list(range(len(rows))),
            "ticktext": [escaped(format.cut(name, LONGEST_NAME)) for name in names],
            "range": [len(rows) - 0.4, -0.6],
            "showgrid": False,
            "tickfont": {"color": palette.ink, "size": FONT_SIZE},
        },
        annotations=[
            *(beside(place, text, palette.ink) for place, text in enumerate(texts)),
            *([] if target is None else [_target_label(target, unit, axis, palette)]),
        ],
        shapes=[_target(target, palette)] if target is not None else [],
    )


def _value(row: Mapping[Any, Any], unit: str) -> str:
    """The value; of a percentile that so many have not reached yet, that it is over it."""
    text = format.value(row["value"], unit)
    return text if row["is_known"] or not row["n"] else f"over {text}"


def _traces(
    rows: pd.DataFrame, split: str, unit: str, names: list[str], lead: Callable[[Any], str] | None, palette: Palette
) -> list[Trace]:
    """A line from end to end of each interval, and a dot that can be clicked."""
    traces: list[Trace] = []
    for place, (row, name) in enumerate(zip(rows.to_dict("records"), names, strict=True)):
        value = format.number(row["value"])
        if value is None:
            continue
        color = palette.channel(row["part"]) if split == "channel" else palette.ink
        ends = [value if format.is_missing(row[end]) else float(row[end]) for end in ("low", "high")]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": ends,
                "y": [place, place],
                "line": {"color": color, "width": 2},
                "hoverinfo": "skip",
            }
        )
        part = None if format.is_missing(row["part"]) else row["part"]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [value],
                "y": [place],
                "customdata": [[_hover(row, unit, name), lead(part) if lead else ""]],
                "marker": {
                    "color": color,
                    "size": 10,
                    "symbol": "circle" if row["is_known"] else "triangle-right-open",
                },
                "cliponaxis": False,
                "hovertemplate": "%{customdata[0]}<extra></extra>",
            }
        )
    return traces


def _hover(row: Mapping[Any, Any], unit: str, name: str) -> str:
    low, high = (format.value(row[end], unit) for end in ("low", "high"))
    return f"{escaped(name)}: {_value(row, unit)} (95 %: {low} to {high}), n = {format.count(row['n'])}"


def _alt(title: str, names: list[str], texts: list[str], left_out: int) -> str:
    listed = ", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True))
    rest = f", and {left_out} more" if left_out > 0 else ""
    return f"{title}: {listed}{rest}" if title else listed + rest


def _target(value: float, palette: Palette) -> Json:
    stroke = {"color": palette.muted, "width": 1, "dash": "dot"}
    return {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": value, "x1": value, "line": stroke}


def _target_label(value: float, unit: str, axis: Json, palette: Palette) -> Json:
    return {
        # Annotations on a logarithmic axis stand at exponents.
        "x": log10(value) if axis.get("type") == "log" else value,
        "yref": "paper",
        "y": 1,
        "yanchor": "bottom",
        "text": f"target {format.value(value, unit)}",
        "showarrow": False,
        "font": {"color": palette.muted, "size": FONT_SIZE - 2},
    }


def _axis(rows: pd.DataFrame, unit: str, target: float | None) -> Json:
    """An axis that holds every interval and the target; durations far apart are on a logarithmic one."""
    ends = pd.concat([rows["value"], rows["low"], rows["high"], pd.Series([target])]).astype(float).dropna()
    low, high = float(ends.min()), float(ends.max())
    if unit == "seconds":
        return _duration_axis(low, high)
    room = max((high - low) * 0.08, 0.01 if unit == "share" else 0.5)
    if unit == "share":
        return {"range": [low - room, high + room], "tickformat": ".0%", "nticks": 4}
    return {"range": [low - room, high + room], "nticks": 4}


def _duration_axis(low: float, high: float) -> Json:
    if low > 0 and high / low >= WIDE_SPREAD:
        return log_duration_axis(low / 1.3, high * 1.3)
    step = next((step for step in STEPS if high <= 3 * step), STEPS[-1])
    ticks = [step * place for place in range(int(high // step) + 1)]
    return {"range": [0, high * 1.08 or 1], "tickvals": ticks, "ticktext": [format.duration(tick) for tick in ticks]}
