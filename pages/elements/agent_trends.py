"""One agent's trend on every metric, by week, beside their team's and within the limits of chance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from string import ascii_lowercase

import pandas as pd
import streamlit as st

from pages.elements import figure, format, frame, leads, markdown, palette, periods, trend_charts
from pages.elements.data import View
from pages.elements.figure import Chart
from pages.elements.tiles import quiet
from warehouse import agents
from warehouse.ask import Filters
from warehouse.catalogue import CATALOGUE, Series
from warehouse.series import Grain
from warehouse.signals import with_limits

METRICS = (
    "answered",
    "promise_kept_rate",
    "csat",
    "average_handle_time",
    "first_response_time",
    "next_response_time",
    "first_contact_resolution",
    "reopen_rate",
    "transfer_rate",
    "solved",
    "full_resolution_time",
    "ces",
    "nps",
)
GRAIN: Grain = "week"
# So many at least are shown: fewer say nothing of a trend.
WEEKS = 12
HEIGHT = 190


@dataclass(frozen=True)
class Trends:
    """By metric that something was counted for: its chart, or None where that is too little for one."""

    charts: dict[str, Chart | None]
    begin: datetime
    has_team: bool


def _begin(view: View, since: datetime | None) -> datetime:
    """The Monday so many weeks before the end, the period's start where that is earlier, the agent's first day where it is later."""
    local = periods.local_wall(view.filters.end or view.as_of, view.zone)
    monday = local.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=local.weekday(), weeks=WEEKS - 1)
    begin = min(periods.utc(monday, view.zone), view.filters.start or datetime.max)
    return max(begin, since) if since and since < (view.filters.end or datetime.max) else begin


def trends_of(view: View, theirs: Filters, since: datetime | None) -> Trends:
    """The trends of the view's agent beside those of `theirs`; `since`: the first the data knows of the agent."""
    begin = _begin(view, since)
    mine, others = replace(view.filters, start=begin), replace(theirs, start=begin)
    active = view.series("agents_active", GRAIN, filters=others)
    charts: dict[str, Chart | None] = {}
    for series in (CATALOGUE[name] for name in METRICS):
        readings = view.series(series.name, GRAIN, filters=mine)
        n = readings["n"].sum()
        if n >= agents.FEWEST:
            beside = view.series(series.name, GRAIN, filters=others)
            beside = agents.per_agent(beside, active) if series.unit == "count" else beside
            charts[series.name] = _chart(view, series, readings, beside, "team" if theirs.agents else "all")
        elif n:
            charts[series.name] = None
    return Trends(charts, begin, bool(theirs.agents))


def _chart(view: View, series: Series, mine: pd.DataFrame, beside: pd.DataFrame, who_beside: str) -> Chart:
    return trend_charts.trend(
        with_limits(mine, series.unit),
        series,
        GRAIN,
        palette.of(view.theme),
        HEIGHT,
        name=series.title,
        previous=beside,
        before=who_beside,
        lead=partial(_behind, series, view.zone),
    )


def _behind(series: Series, zone: str, bin: datetime) -> str:
    """The tickets behind a bin."""
    return leads.tickets(series.behind, periods.utc(bin, zone), periods.utc(periods.bin_end(bin, GRAIN), zone))


def card(view: View, trends: Trends) -> None:
    """A chart a metric, and what was noted about the time they show."""
    marks = frame.noted(replace(view, filters=replace(view.filters, start=trends.begin)))[: figure.MOST_LABELS]
    letters = [figure.Mark(mark.at, letter, mark.kind) for mark, letter in zip(marks, ascii_lowercase, strict=False)]
    begin = format.date(periods.local_time(trends.begin, view.zone))
    beside = "their team" if trends.has_team else "all"
    with frame.card(
        "Trends",
        f"by week since {begin}, {beside} in grey (counts: per agent who answered); the band is what chance allows, a ring is a signal",
    ):
        with st.grid(3, min_column_width=280, gap="small"):
            for name, chart in trends.charts.items():
                if chart:
                    frame.chart(figure.annotated(chart, letters, palette.of(view.theme)), f"trend_{name}", view)
        if marks:
            noted = (
                f"{letter} {format.day(mark.at)} {markdown.plain(mark.label)}"
                for letter, mark in zip(ascii_lowercase, marks, strict=False)
            )
            quiet(" · ".join(noted))
        few = [CATALOGUE[name].title.lower() for name, chart in trends.charts.items() if chart is None]
        if few:
            quiet(f"Fewer than {agents.FEWEST}, too few for a chart: {', '.join(few)}.")
