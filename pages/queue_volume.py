"""Queue volume: what came in, what went out, what is left, and when it comes."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import pandas as pd
import streamlit as st

from pages.elements import access, charts, data, format, frame, palette, tables
from pages.elements.data import View
from pages.elements.figure import Chart
from pages.elements.tables import Table
from pages.elements.tiles import Tile, made, place

access.require("queue_volume")

CHART_HEIGHT = 210
PART_HEIGHT = 250
PARTS = ("channel", "team", "topic")
COUNTS = (
    ("Arrived", "arrived", "Tickets, calls and chats that customers began."),
    ("Answered", "answered", "First answers to a ticket, call or chat."),
    ("Abandoned", "abandoned", "Customers who gave up before an answer."),
    ("Solved", "solved", "Tickets that were solved; one that is solved again after reopening counts again."),
)
METRICS = ("arrived", "answered", "solved", "backlog")


class Drawn(NamedTuple):
    """What the page shows of a view."""

    tiles: list[Tile]
    over_time: tuple[Chart, Chart, Chart]
    parts: dict[str, Chart]
    hours: Chart
    table: Table
    is_unfinished: bool


@data.drawing
def drawn(view: View) -> Drawn:
    """Tiles, charts and the table, made once for everyone who looks at the same thing."""
    bins = view.ask("volume_over_time", grain=view.period.grain, zone=view.zone)
    hours = view.ask("arrivals_by_weekday_hour", zone=view.zone)
    return Drawn(
        tiles=_tiles(view, bins[bins["is_complete"]]),
        over_time=_flows(view, bins),
        parts=_parts(view),
        hours=charts.weekday_hours(hours, palette.of(view.theme), PART_HEIGHT),
        table=_table(view, bins),
        is_unfinished=len(bins) > 0 and not bins["is_complete"].iloc[-1],
    )


def draw(view: View) -> None:
    shown, grain = drawn(view), view.period.grain
    with st.grid(5, min_column_width=170, gap="small"):
        for tile in shown.tiles:
            place(tile)
    _over_time(view, shown)
    _when_and_where(view, shown)
    with st.expander(f"The figures, {grain} by {grain}"):
        tables.place(view, shown.table)
    frame.footnote(view, f"The last {grain} is not over: it is dashed." if shown.is_unfinished else "")


def _tiles(view: View, whole: pd.DataFrame) -> list[Tile]:
    """The totals of the period; `whole` are its complete bins."""
    now = view.ask("volume_total", **_previous(view)).iloc[0]
    is_compared = view.period.previous_start is not None
    counts = []
    for label, column, explanation in COUNTS:
        known = column != "answered" or view.knows_waits
        counts.append(
            made(
                label,
                format.count(now[column]) if known else format.EM_DASH,
                format.change_of_count(now[column], now[f"{column}_before"]) if known and is_compared else None,
                view.period.versus,
                note=_per_arrival(column, now) if known else "",
                explanation=explanation,
                trend=whole[column].tolist() if known else (),
            )
        )
    return [*counts, _left(now, whole)]


def _left(now: pd.Series, whole: pd.DataFrame) -> Tile:
    return made(
        "Open at the end",
        format.count(now["open_at_end"]),
        format.change_of_level(now["open_at_end"] - now["open_at_start"]),
        "since the beginning",
        note=f"{format.count(now['open_at_start'])} + {_identity(now)}",
        explanation="Open before, plus arrived and reopened, less solved, abandoned and removed.",
        trend=whole["open_at_end"].tolist(),
    )


def _per_arrival(column: str, now: pd.Series) -> str:
    """What part of the arrivals an outcome is."""
    if column == "arrived" or not now["arrived"]:
        return f"{format.count(now['reopened'])} reopened" if column == "arrived" and now["reopened"] else ""
    return f"{format.share(now[column] / now['arrived'])} of arrivals"


def _identity(now: pd.Series) -> str:
    came, went = now["arrived"] + now["reopened"], now["solved"] + now["abandoned"] + now["removed"]
    return f"{format.count(came)} in - {format.count(went)} out"


def _answers(view: View) -> list[tuple[str, str]]:
    """The outcomes of waiting that are known."""
    return [("Answered", "answered"), ("Abandoned", "abandoned")][0 if view.knows_waits else 1 :]


def _flows(view: View, bins: pd.DataFrame) -> tuple[Chart, Chart, Chart]:
    inks, grain, lead = palette.of(view.theme), view.period.grain, frame.bin_lead(view)
    flows = [("Arrived", "arrived"), ("Solved", "solved")]
    return (
        charts.flow(bins, flows, grain, inks, CHART_HEIGHT, f"Tickets arrived and solved per {grain}", lead),
        charts.flow(bins, _answers(view), grain, inks, CHART_HEIGHT, f"Answered and abandoned per {grain}", lead),
        charts.backlog(bins, grain, inks, CHART_HEIGHT, lead),
    )


def _over_time(view: View, shown: Drawn) -> None:
    grain = view.period.grain
    answers = " and ".join(name for name, _ in _answers(view)).capitalize()
    cards = (
        ("Arrived and solved", f"tickets per {grain}", "flows"),
        (answers, f"first answers, and customers who gave up, per {grain}", "answers"),
        ("Backlog", f"open tickets at the end of each {grain}", "backlog"),
    )
    with st.grid(3, min_column_width=300, gap="small"):
        for (title, subtitle, key), chart in zip(cards, shown.over_time, strict=True):
            with frame.card(title, subtitle):
                frame.over_time(chart, key, view)


def _parts(view: View) -> dict[str, Chart]:
    """Arrivals by channel, by team and by topic."""
    rows = view.ask("volume_by_part", **_previous(view))
    inks, is_compared = palette.of(view.theme), view.period.previous_start is not None
    return {
        part: charts.arrived_by_part(
            rows[rows["part"] == part], part, frame.channel_labels(view), inks, PART_HEIGHT, is_compared
        )
        for part in PARTS
    }


def _previous(view: View) -> dict[str, datetime | None]:
    """The period before, as questions have it; None where there is none."""
    return {"previous_start": view.period.previous_start, "previous_end": view.period.previous_end}


def _when_and_where(view: View, shown: Drawn) -> None:
    versus = view.period.versus
    with st.grid(4, min_column_width=260, gap="small"):
        for part, chart in shown.parts.items():
            with frame.card(f"By {part}", f"tickets arrived, {versus}" if versus else "tickets arrived"):
                frame.chart(chart, f"by_{part}", view)
        with frame.card("When they arrive", f"tickets in each hour of the week, {view.zone}"):
            frame.chart(shown.hours, "weekday_hours", view)


def _table(view: View, bins: pd.DataFrame) -> Table:
    """The figures of the charts over time, bin by bin, newest first."""
    rows, lead = bins.iloc[::-1], frame.bin_lead(view)
    texts = {"Begins": [format.bin(bin.to_pydatetime(), view.period.grain) for bin in rows["bin"]]}
    for title, column, _ in (*COUNTS, ("Open at the end", "open_at_end", "")):
        texts[title] = [format.count(value) for value in rows[column]]
    right = st.column_config.TextColumn(alignment="right")
    return tables.table(
        "volume",
        f"Queue volume by {view.period.grain}",
        pd.DataFrame(texts),
        rows,
        leads=[lead("arrived", bin.to_pydatetime()) for bin in rows["bin"]],
        config={name: right for name in texts if name != "Begins"},
        height=PART_HEIGHT * 2,
        metrics=METRICS,
    )


draw(frame.begin("queue_volume", grains=True))
