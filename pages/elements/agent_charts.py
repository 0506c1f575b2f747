"""Charts of one agent: what their work is made of beside the team's, and when they answer. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pages.elements import format, leads, week_charts
from pages.elements.figure import FONT_SIZE, Chart, Trace, draw, escaped, nothing, said
from pages.elements.palette import Palette

ROW_HEIGHT = 26
LETTER = 7
LONGEST_NAME = 20


def mix(frame: pd.DataFrame, split: str, labels: Mapping[str, str], team: str, palette: Palette, height: int) -> Chart:
    """Bars: the parts of an agent's work, the largest first, each with a tick where the team's part is; channels in their colours.

    `frame` is that of agents.mix: part, n, share, team_share (0-1; null without a team).
    """
    rows = frame.head(max(height // ROW_HEIGHT, 1))
    if rows.empty:
        return nothing(palette, "No tickets in this period.", height)
    names = [format.part_name(part, split, labels) for part in rows["part"]]
    texts = [f"{format.share(row.share)} · {team} {format.share(row.team_share)}" for row in rows.itertuples()]
    positions = list(range(len(rows)))
    hover = [
        f"{escaped(name)}: {escaped(text)}, n = {format.count(n)}"
        for name, text, n in zip(names, texts, rows["n"], strict=True)
    ]
    bars: Trace = {
        "type": "bar",
        "orientation": "h",
        "x": rows["share"].tolist(),
        "y": positions,
        "width": 0.66,
        "marker": {"color": [palette.channel(part) if split == "channel" else palette.line for part in rows["part"]]},
        "customdata": said(hover, [_arrived(split, part) for part in rows["part"]]),
        "hovertemplate": "%{customdata[0]}<extra></extra>",
    }
    ticks: Trace = {
        "type": "scatter",
        "mode": "markers",
        "name": team,
        "x": [format.number(share) for share in rows["team_share"]],
        "y": positions,
        "marker": {"symbol": "line-ns", "size": 18, "line": {"color": palette.ink, "width": 2}},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }
    most = max(float(rows["share"].max()), float(rows["team_share"].fillna(0).max()), 0.01)
    return draw(
        palette,
        [bars, ticks, _ends(texts, palette)],
        f"Work by {split}: " + "; ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True)),
        height=height,
        margin={
            "l": 14 + LETTER * max(len(format.cut(name, LONGEST_NAME)) for name in names),
            "r": 8 + LETTER * max(len(text) for text in texts),
            "t": 2,
            "b": 2,
        },
        xaxis={"visible": False, "range": [0, most * 1.04]},
        xaxis2={"visible": False, "range": [0, 1], "overlaying": "x"},
        yaxis={
            "tickvals": positions,
            "ticktext": [escaped(format.cut(name, LONGEST_NAME)) for name in names],
            "range": [max(len(rows), height // ROW_HEIGHT - 1) - 0.4, -0.6],
            "showgrid": False,
            "tickfont": {"color": palette.ink, "size": FONT_SIZE},
        },
    )


def _ends(texts: Sequence[str], palette: Palette) -> Trace:
    """Both shares right of the plot, where no tick stands in them."""
    return {
        "type": "scatter",
        "mode": "text",
        "xaxis": "x2",
        "x": [1] * len(texts),
        "y": list(range(len(texts))),
        "text": [escaped(text) for text in texts],
        "textposition": "middle right",
        "textfont": {"color": palette.ink, "size": FONT_SIZE},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _arrived(split: str, part: str) -> str:
    values: Any = leads.part(split, part)
    return leads.tickets("arrived", **values)


def hours(frame: pd.DataFrame, palette: Palette, height: int) -> Chart:
    """A heat map: answers by weekday and hour of local time, none left open. Stronger is more.

    `frame` is that of questions/agent_hours.sql; a cell leads to the tickets answered then.
    """
    if frame.empty:
        return nothing(palette, "No answers in this period.", height)
    cells = {(int(row.weekday), int(row.hour)): row for row in frame.itertuples()}
    texts = {
        hour: f"{week_charts.name(hour)}: {format.counted(int(cell.answers), 'answer')} on {format.counted(int(cell.days), 'day')}"
        for hour, cell in cells.items()
    }
    lead_to = {(weekday, hour): leads.tickets("answered", weekday=weekday, hour=hour) for weekday, hour in cells}
    answers = {hour: float(cell.answers) for hour, cell in cells.items()}
    alt = f"Answers by weekday and hour, most on {list(texts.values())[_busiest(frame)]}"
    return week_charts.hours_of_week(answers, texts, lead_to, palette, alt, height)


def _busiest(frame: pd.DataFrame) -> int:
    return int(frame["answers"].to_numpy().argmax())
