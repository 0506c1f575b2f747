"""Charts of the weekly summary: which parts made a change, and when promises fall due. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd

from pages.elements import format
from pages.elements.charts import bars
from pages.elements.figure import FONT_SIZE, Chart, Mark, Trace, annotated, draw, escaped, notes, nothing
from pages.elements.palette import Palette
from warehouse.weekly import Contribution, Decomposition

MOST_PARTS = 7
LETTER = 7
LONGEST_NAME = 20


@dataclass(frozen=True)
class Row:
    """A part's contribution as it is drawn and read; `part` is None for those put together, too."""

    label: str
    change: float
    text: str
    hover: str
    color: str
    contribution: Contribution | None


def rows(
    found: Decomposition, label: Callable[[str | None], str], palette: Palette, most: int = MOST_PARTS
) -> list[Row]:
    """The largest contributions, the others put together, so that they still sum to the change."""
    moved = [one for one in found.parts if one.change] or list(found.parts)
    shown = [
        Row(
            label(one.part),
            one.change,
            _text(found, one.change, one),
            _hover(found, one, label(one.part)),
            _color(found, one.part, palette),
            one,
        )
        for one in (moved if len(moved) <= most else moved[: most - 1])
    ]
    rest = moved[len(shown) :]
    if rest:
        change = sum(one.change for one in rest)
        name = f"{len(rest)} others"
        shown.append(Row(name, change, _amount(found, change), f"{name}: {_amount(found, change)}", palette.line, None))
    return shown


def contributions(
    found: Decomposition, drawn: Sequence[Row], palette: Palette, height: int, title: str, leads: Sequence[str] = ()
) -> Chart:
    """Bars left and right of zero, the largest on top, each with what it added; together they are the change."""
    positions = list(range(len(drawn)))
    leads = leads or [""] * len(drawn)
    trace: Trace = {
        "type": "bar",
        "orientation": "h",
        "x": [row.change for row in drawn],
        "y": positions,
        "customdata": [[escaped(row.hover), lead] for row, lead in zip(drawn, leads, strict=True)],
        "marker": {"color": [row.color for row in drawn]},
        "width": 0.62,
        "cliponaxis": False,
        "hovertemplate": "%{customdata[0]}<extra></extra>",
    }
    low, high = min(0.0, *(row.change for row in drawn)), max(0.0, *(row.change for row in drawn))
    names = [format.cut(row.label, LONGEST_NAME) for row in drawn]
    texts = [
        {
            "xref": "paper",
            "x": 1,
            "y": place,
            "text": escaped(row.text),
            "xanchor": "left",
            "xshift": 8,
            "showarrow": False,
            "font": {"color": palette.ink, "size": FONT_SIZE},
        }
        for place, row in enumerate(drawn)
    ]
    zero = {
        "type": "line",
        "x0": 0,
        "x1": 0,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": palette.muted, "width": 1},
    }
    listed = ", ".join(f"{row.label} {row.text}" for row in drawn)
    return draw(
        palette,
        [trace],
        f"{title}, {_amount(found, found.change)} by {found.split}: {listed}",
        height=height,
        margin={
            "l": 14 + LETTER * max(map(len, names)),
            "r": 16 + LETTER * max(len(row.text) for row in drawn),
            "t": 4,
            "b": 4,
        },
        xaxis={"visible": False, "range": [low, high if high > low else low + 1]},
        yaxis={
            "tickvals": positions,
            "ticktext": [escaped(name) for name in names],
            "range": [max(len(names), 5) - 0.5, -0.5],
            "showgrid": False,
            "rangemode": "normal",
            "tickfont": {"color": palette.ink, "size": FONT_SIZE},
        },
        shapes=[zero],
        annotations=texts,
    )


def due(frame: pd.DataFrame, palette: Palette, height: int, leads: Sequence[str]) -> Chart:
    """Promises that fall due, a bar a day, those past due on top."""
    if frame.empty:
        return nothing(palette, "No promise is running.", height)
    names = [due_name(day) for day in frame["day"]]
    texts = [due_text(row) for row in frame.to_dict("records")]
    colors = [palette.limit if pd.isna(day) else palette.line for day in frame["day"]]
    listed = ", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True))
    drawn = bars(
        names,
        frame["promises"].tolist(),
        texts,
        colors,
        palette,
        f"Promises by the day they fall due: {listed}",
        height,
    )
    said = [[f"{name}: {text}", lead] for name, text, lead in zip(names, texts, leads, strict=True)]
    first, *others = drawn.traces
    pointed = first | {"customdata": said, "hovertemplate": "%{customdata[0]}<extra></extra>"}
    return replace(drawn, traces=(pointed, *others))


def marked(chart: Chart, marks: Sequence[Mark], palette: Palette) -> Chart:
    """A small chart over time with what people noted on it: their names are read on hover, where there is no room for them."""
    drawn = annotated(chart, marks, palette)
    before = len(notes(chart))
    small = {"text": "▾", "y": 1, "xanchor": "center", "xshift": 0, "bgcolor": "rgba(0,0,0,0)"}
    shown = [*notes(chart), *(note | small for note in notes(drawn)[before:])]
    return replace(drawn, layout=drawn.layout | {"annotations": shown})


def due_name(day: datetime) -> str:
    return "Past due" if pd.isna(day) else format.day(day)


def due_text(row: dict[str, float]) -> str:
    """`12`, and of days that are past what became of them."""
    text = format.count(row["promises"])
    decided = [f"{format.count(row[name])} {name}" for name in ("kept", "missed") if row[name]]
    return text if pd.isna(row["day"]) or not decided else f"{text}: {', '.join(decided)}"


def _text(found: Decomposition, change: float, one: Contribution) -> str:
    """`+120  (1,020 → 1,140)`; where a share moved because the part grew or shrank: `+0.4 pt  (mix 18% → 17%)`."""
    before, now, what = one.before, one.now, ""
    if abs(one.mix) > abs(one.own):
        before, now = (
            one.n_before / sum(part.n_before for part in found.parts),
            one.n / sum(part.n for part in found.parts),
        )
        what = "mix "
    return f"{_amount(found, change)}  ({what}{format.value(before, found.unit)} → {format.value(now, found.unit)})"


def _hover(found: Decomposition, one: Contribution, label: str) -> str:
    """Where a contribution comes from: a part's own rate, or its weight in the whole."""
    text = f"{label}: {_text(found, one.change, one)}"
    if found.unit == "count":
        return text
    return (
        f"{text}; {format.points_of_share(one.own)} by its own rate, {format.points_of_share(one.mix)} by its weight "
        f"(n {format.count(one.n_before)} → {format.count(one.n)})"
    )


def _amount(found: Decomposition, change: float) -> str:
    if found.unit == "share":
        return format.points_of_share(change)
    return format.change_of_level(change) or format.EM_DASH


def _color(found: Decomposition, part: str | None, palette: Palette) -> str:
    return palette.channel(part) if found.split == "channel" else palette.line
