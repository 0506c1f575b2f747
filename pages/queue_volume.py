"""Queue volume: what came in, what went out, what is left, and when it comes."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.elements import access, charts, data, format, frame, palette
from pages.elements.data import View
from pages.elements.tiles import tile

access.require("queue_volume")

CHART_HEIGHT = 210
PART_HEIGHT = 250


@st.cache_data(max_entries=data.KEPT_DRAWINGS, show_spinner=False)
def draw(view: View) -> None:
    """The whole page below the filter bar, drawn once for everyone who looks at the same thing."""
    bins = view.ask("volume_over_time", grain=view.period.grain, zone=view.zone)
    _tiles(view)
    _over_time(view, bins)
    _when_and_where(view)
    unfinished = len(bins) > 0 and not bins["is_complete"].iloc[-1]
    frame.footnote(view, f"The last {view.period.grain} is not over: it is dashed." if unfinished else "")


def _tiles(view: View) -> None:
    now = view.ask("volume_total").iloc[0]
    earlier = view.ask_before("volume_total")
    before = None if earlier is None else earlier.iloc[0]
    with st.grid(5, min_column_width=170, gap="small"):
        for label, column, explanation in (
            ("Arrived", "arrived", "Tickets, calls and chats that customers began."),
            ("Answered", "answered", "First answers to a ticket, call or chat."),
            ("Abandoned", "abandoned", "Customers who gave up before an answer."),
            ("Solved", "solved", "Tickets that were solved; one that is solved again after reopening counts again."),
        ):
            known = column != "answered" or view.knows_waits
            tile(
                label,
                format.count(now[column]) if known else format.EM_DASH,
                format.change_of_count(now[column], before[column]) if known and before is not None else None,
                view.period.versus,
                note=_per_arrival(column, now) if known else "",
                explanation=explanation,
            )
        tile(
            "Open at the end",
            format.count(now["open_at_end"]),
            format.change_of_level(now["open_at_end"] - now["open_at_start"]),
            "since the beginning",
            note=f"{format.count(now['open_at_start'])} + {_identity(now)}",
            explanation="Open before, plus arrived and reopened, less solved, abandoned and removed.",
        )


def _per_arrival(column: str, now: pd.Series) -> str:
    """What part of the arrivals an outcome is."""
    if column == "arrived" or not now["arrived"]:
        return f"{format.count(now['reopened'])} reopened" if column == "arrived" and now["reopened"] else ""
    return f"{format.share(now[column] / now['arrived'])} of arrivals"


def _identity(now: pd.Series) -> str:
    came, went = now["arrived"] + now["reopened"], now["solved"] + now["abandoned"] + now["removed"]
    return f"{format.count(came)} in - {format.count(went)} out"


def _over_time(view: View, bins: pd.DataFrame) -> None:
    inks, grain = palette.of(view.theme), view.period.grain
    flows = [("Arrived", "arrived"), ("Solved", "solved")]
    answers = (
        [("Answered", "answered"), ("Abandoned", "abandoned")] if view.knows_waits else [("Abandoned", "abandoned")]
    )
    with st.grid(3, min_column_width=300, gap="small"):
        with frame.card("Arrived and solved", f"tickets per {grain}"):
            frame.chart(
                charts.flow(bins, flows, grain, inks, CHART_HEIGHT, f"Tickets arrived and solved per {grain}"), "flows"
            )
        with frame.card(
            " and ".join(name for name, _ in answers).capitalize(),
            f"first answers, and customers who gave up, per {grain}",
        ):
            frame.chart(
                charts.flow(bins, answers, grain, inks, CHART_HEIGHT, f"Answered and abandoned per {grain}"), "answers"
            )
        with frame.card("Backlog", f"open tickets at the end of each {grain}"):
            frame.chart(charts.backlog(bins, grain, inks, CHART_HEIGHT), "backlog")


def _when_and_where(view: View) -> None:
    inks = palette.of(view.theme)
    period = view.period
    previous = {
        "previous_start": period.previous_start or period.start,
        "previous_end": period.previous_end or period.start,
    }
    compared = period.previous_start is not None
    subtitle = f"tickets arrived, {period.versus}" if compared else "tickets arrived"
    labels = {"channel": frame.channel_labels(view)}
    with st.grid(4, min_column_width=260, gap="small"):
        for part in ("channel", "team", "topic"):
            parts = view.ask("volume_by_part", part=part, **previous)
            with frame.card(f"By {part}", subtitle):
                frame.chart(
                    charts.arrived_by_part(parts, part, labels.get(part, {}), inks, PART_HEIGHT, compared), f"by_{part}"
                )
        with frame.card("When they arrive", f"tickets in each hour of the week, {view.zone}"):
            hours = view.ask("arrivals_by_weekday_hour", zone=view.zone)
            frame.chart(charts.weekday_hours(hours, inks, PART_HEIGHT), "weekday_hours")


draw(frame.begin("Queue volume", grains=True))
