"""Which part pulls a score up or down: a frame of `voice.pulls` in, a figure out. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from pages.elements import format
from pages.elements.figure import FONT_SIZE, Chart, Trace, beside, draw, escaped, nothing
from pages.elements.palette import Palette
from pages.elements.voice_words import movement, pull_text

ROW_HEIGHT = 26
LONGEST_NAME = 19
LETTER = 7


def pulls(frame: pd.DataFrame, unit: str, palette: Palette, height: int, lead: Callable[[Any], str]) -> Chart:
    """A bar a topic, left of zero where it pulls the score down, with its interval; ink where that is more than chance.

    Right of it stands whether the topic's own score moved since the comparison period.
    """
    rows = frame[frame["pull"].notna()].head(max((height - 30) // ROW_HEIGHT, 1))
    if rows.empty:
        return nothing(palette, "One topic or none: nothing to compare.", height)
    scale = 100 if unit == "share" else 1
    names = [format.part_name(part, "topic", {}) for part in rows["part"]]
    told = [movement(row, unit) for row in rows.to_dict("records")]
    places = list(range(len(rows)))
    bars: Trace = {
        "type": "bar",
        "orientation": "h",
        "x": (rows["pull"] * scale).tolist(),
        "y": places,
        "width": 0.6,
        "marker": {"color": [palette.ink if is_pull else palette.line for is_pull in rows["is_pull"]]},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": ((rows["pull_high"] - rows["pull"]) * scale).tolist(),
            "arrayminus": ((rows["pull"] - rows["pull_low"]) * scale).tolist(),
            "color": palette.muted,
            "thickness": 1,
            "width": 0,
        },
        "customdata": [
            [_pull_said(row, name, unit), lead(None if format.is_missing(row["part"]) else row["part"])]
            for row, name in zip(rows.to_dict("records"), names, strict=True)
        ],
        "hovertemplate": "%{customdata[0]}<extra></extra>",
    }
    ends = [min(float(rows["pull_low"].min()) * scale, 0), max(float(rows["pull_high"].max()) * scale, 0)]
    return draw(
        palette,
        [bars],
        _pulls_alt(rows, names, unit, len(frame) - len(rows)),
        height=height,
        margin={
            "l": 12 + LETTER * max(len(format.cut(name, LONGEST_NAME)) for name in names),
            "r": 14 + LETTER * max(len(text) for text in told),
            "t": 4,
            "b": 26,
        },
        xaxis={
            "range": [ends[0] * 1.05, ends[1] * 1.05],
            "nticks": 6,
            "tickangle": 0,
            "zeroline": True,
            "zerolinecolor": palette.muted,
            "zerolinewidth": 1,
            "showgrid": True,
        },
        yaxis={
            "range": [len(rows) - 0.4, -0.6],
            "tickvals": places,
            "ticktext": [escaped(format.cut(name, LONGEST_NAME)) for name in names],
            "showgrid": False,
            "tickfont": {"color": palette.ink, "size": FONT_SIZE},
        },
        annotations=[
            beside(place, text, palette.muted if text == "within chance" else palette.ink, FONT_SIZE - 1)
            for place, text in enumerate(told)
            if text
        ],
    )


def _pull_said(row: dict[Any, Any], name: str, unit: str) -> str:
    ends = f"{pull_text(row['pull_low'], unit)} to {pull_text(row['pull_high'], unit)}"
    return (
        f"{escaped(name)} pulls {pull_text(row['pull'], unit)} (95 %: {ends}):<br>{format.value(row['value'], unit)} "
        f"of {format.counted(row['n'], 'answer')}, all others {format.value(row['rest'], unit)}"
    )


def _pulls_alt(rows: pd.DataFrame, names: list[str], unit: str, left_out: int) -> str:
    listed = ", ".join(
        f"{name} {pull_text(pull, unit)}" + ("" if is_pull else " (within chance)")
        for name, pull, is_pull in zip(names, rows["pull"], rows["is_pull"], strict=True)
    )
    return f"How much each topic pulls the score: {listed}" + (f", and {left_out} more" if left_out > 0 else "")
