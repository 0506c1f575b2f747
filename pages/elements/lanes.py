"""Lanes over a folded axis of time: bars for stretches, points for moments. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from pages.elements import format
from pages.elements.figure import FONT_SIZE, Json, Trace, escaped
from pages.elements.folded_time import FoldedTime
from pages.elements.palette import Palette

# Bars shorter than this share of the axis would not be seen.
LEAST_BAR = 0.004


@dataclass(frozen=True)
class Lanes:
    """What lanes are drawn with; `now` is where open things end, `until` the place up to which the present state is drawn."""

    time: FoldedTime
    now: datetime
    until: float
    local: Callable[[datetime], datetime]
    labels: dict[str, str]
    palette: Palette

    def at(self, moment: Any) -> float:
        """The place of an instant; of none, where open things end."""
        return self.time.place(self.now if pd.isna(moment) else pd.Timestamp(moment).to_pydatetime())

    def said(self, moment: Any) -> str:
        return "now" if pd.isna(moment) else format.moment(self.local(pd.Timestamp(moment).to_pydatetime()))

    def channel(self, name: Any) -> str:
        return "no channel" if format.is_missing(name) else escaped(self.labels.get(name, name))

    def bars(self, lane: int, rows: list[Json]) -> Trace:
        """Stretches of time in a lane: start, end, color, edge and hover each, and perhaps text, ink and lead."""
        least = LEAST_BAR * self.time.length
        edges = {"color": [row["edge"] for row in rows], "width": 1.2}
        return {
            "type": "bar",
            "orientation": "h",
            "base": [row["start"] for row in rows],
            "x": [max(row["end"] - row["start"], least) for row in rows],
            "y": [lane] * len(rows),
            "width": 0.74,
            "marker": {"color": [row["color"] for row in rows], "line": edges},
            "text": [row.get("text", "") for row in rows],
            "textposition": "inside",
            "insidetextanchor": "middle",
            "textangle": 0,
            "textfont": {"color": [row.get("ink", self.palette.ink) for row in rows], "size": FONT_SIZE - 1},
            **_said_of(rows),
        }

    def points(self, lane: int, rows: list[Json]) -> Trace:
        """Moments in a lane: place, color, symbol and hover each, and perhaps a text right of it, and a lead."""
        colors = [row["color"] for row in rows]
        return {
            "type": "scatter",
            "mode": "markers+text",
            "x": [row["place"] for row in rows],
            "y": [lane + row.get("below", 0) for row in rows],
            "marker": {
                "color": colors,
                "symbol": [row["symbol"] for row in rows],
                "size": 9,
                "opacity": 1,
                "line": {"width": 1.5, "color": colors},
            },
            "text": [row.get("text", "") for row in rows],
            "textposition": "middle right",
            "textfont": {"color": self.palette.ink, "size": FONT_SIZE - 1},
            "cliponaxis": False,
            **_said_of(rows),
        }


def _said_of(rows: list[Json]) -> Json:
    """What marks say and where they lead; a click on one does not fade the others."""
    return {
        "customdata": [[row["hover"], row.get("lead", "")] for row in rows],
        "hovertemplate": "%{customdata[0]}<extra></extra>",
        "unselected": {"marker": {"opacity": 1}},
    }
