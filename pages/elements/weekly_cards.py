"""The boxes of the weekly summary: what moved, best and worst, what customers said, what is promised, the weeks before, the files."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.elements import (
    data,
    frame,
    leads,
    links,
    markdown,
    palette,
    pdf,
    periods,
    report,
    tables,
    trend_charts,
    wall,
    weekly_charts,
    weekly_figures,
    weekly_sheet,
    weeks,
)
from pages.elements.figure import Chart
from pages.elements.sitemap import PAGES
from pages.elements.tables import Table
from pages.elements.tiles import quiet
from pages.elements.weekly_charts import Row
from pages.elements.weekly_figures import Summary
from pages.elements.weeks import Week
from warehouse import weekly
from warehouse.series import Split, series_named
from warehouse.weekly import Decomposition
from warehouse.weekly_words import METRICS

MOVED_HEIGHT = 232
DUE_HEIGHT = 150
TREND_HEIGHT = 190
# As the address says them.
BY_NAME = {METRICS[name].name.removeprefix("the "): name for name in (*weekly.METRICS, "ces")}
MOST_UNUSUAL, MOST_TELLING = "most unusual", "most telling"


def moved(week: Week, summary: Summary) -> tuple[str, Decomposition | None]:
    """Which parts made a change: of the metric farthest from usual, by the split that tells most, or as chosen."""
    with st.container(border=True, gap="xxsmall", height="stretch"):
        head = st.container(gap="xxsmall")
        metric, split = (MOST_UNUSUAL, MOST_TELLING) if wall.is_on() else _choices()
        name = _name_of(metric, summary)
        by = next((one for one in weekly.SPLITS if one == split), None)
        found = weekly_figures.moved(week, name, by)
        title = weekly_sheet.moved_title(week, summary.reading(name))
        head.markdown(f"**{markdown.plain(title)}**")
        with head:
            quiet(markdown.plain(weekly_sheet.moved_about(week, name, found)))
        if found is None:
            tables.nothing("No parts to compare.", MOVED_HEIGHT)
            return name, found
        frame.chart(_contributions(week, name, by, title), "contributions", week.view)
    return name, found


@data.drawing
def _contributions(week: Week, name: str, split: Split | None, title: str) -> Chart:
    """What each part added to the change of a metric that has parts to compare."""
    found, inks = weekly_figures.moved(week, name, split), palette.of(week.view.theme)
    assert found
    rows = weekly_charts.rows(found, partial(weeks.channel_name, week.view, split=found.split), inks)
    ways = [_part_lead(week, name, found, row) for row in rows]
    return weekly_charts.contributions(found, rows, inks, MOVED_HEIGHT, title, ways)


def _name_of(metric: str, summary: Summary) -> str:
    """The metric of the choice, or the one farthest from usual where this week is not told by it."""
    told = [one.series.name for one in summary.readings]
    return BY_NAME[metric] if BY_NAME.get(metric) in told else weekly_figures.most_unusual(summary.readings)


def _choices() -> tuple[str, str]:
    """Metric and split, held in the address."""
    with st.container(horizontal=True, gap="small"):
        metric = st.selectbox(
            "What moved",
            [MOST_UNUSUAL, *BY_NAME],
            key="moved",
            bind="query-params",
            label_visibility="collapsed",
            width=210,
        )
        split = st.segmented_control(
            "By",
            [MOST_TELLING, *weekly.SPLITS],
            default=MOST_TELLING,
            required=True,
            key="parts",
            bind="query-params",
            label_visibility="collapsed",
        )
    return metric, split or MOST_TELLING


def even(week: Week, summary: Summary) -> None:
    with frame.card("Best and worst", "channels in this week, the least even first"):
        if not summary.gaps:
            tables.nothing("Fewer than two channels to compare.", MOVED_HEIGHT)
            return
        tables.place(week.view, _even(week))
        links.button("All of it on the Consistency page", *links.query_of(week.view, "consistency"))


@data.drawing
def _even(week: Week) -> Table:
    gaps = weekly_figures.summary(week).gaps[: weekly_sheet.MOST_GAPS]
    texts = pd.DataFrame([weekly_sheet.gap_row(week, gap) for gap in gaps], columns=["Metric", "Best", "Worst", "Gap"])
    ways = [leads.tickets(series_named(gap.metric).behind, channel=gap.worst) for gap in gaps]
    values = pd.DataFrame(map(asdict, gaps))
    return tables.table("even", "Best and worst channel", texts, values, ways, metrics=[gap.metric for gap in gaps])


def voice(week: Week, summary: Summary) -> None:
    with frame.card(
        "What customers said", "scores with their 95 % interval, and the newest of the unhappiest and happiest comments"
    ):
        scores = weekly_sheet.scores(summary)
        if not scores:
            quiet(weekly_sheet.NOBODY_ANSWERED)
            return
        with st.grid(len(scores), min_column_width=110, gap="small"):
            for name, figure, sure in scores:
                with st.container(gap=None):
                    quiet(name)
                    st.markdown(f"**{figure}**")
                    quiet(sure)
        for line in weekly_sheet.pulling(summary):
            st.markdown(markdown.plain(line))
        for comment in weekly_sheet.comments(week, summary):
            st.markdown(f"“{markdown.plain(report.shortened(comment.text))}”")
            if comment.ticket_id:
                query = {"source": comment.source, "id": comment.ticket_id}
                st.page_link(
                    PAGES["ticket"].script, label=f":small[{markdown.plain(comment.about)}]", query_params=query
                )
            else:
                quiet(markdown.plain(comment.about))


def promised(week: Week, summary: Summary) -> None:
    with frame.card("What is promised next", "promises that run, by the day they fall due, and the targets in force"):
        lines, due = _promised(week)
        for line in lines:
            st.markdown(markdown.plain(line))
        if summary.due.empty:
            return
        frame.chart(due, "weekly_due", week.view)


@data.drawing
def _promised(week: Week) -> tuple[tuple[str, ...], Chart]:
    summary = weekly_figures.summary(week)
    return weekly_sheet.following(week, summary), weekly_charts.due(
        summary.due, palette.of(week.view.theme), DUE_HEIGHT, _due_leads(week, summary)
    )


def trends(week: Week, summary: Summary) -> None:
    """The weeks up to this one; each leads to its own summary."""
    history = replace(week.view, filters=week.history)
    chosen = tuple((name, st.query_params[name]) for name in ("moved", "parts") if name in st.query_params)
    with (
        frame.card("The weeks up to this one", "with what chance allows; a click opens that week"),
        st.grid(3, min_column_width=280, gap="small"),
    ):
        for name, drawn in _trends(week, chosen).items():
            frame.chart(drawn, f"trend_{name}", history)


@data.drawing
def _trends(week: Week, chosen: tuple[tuple[str, str], ...]) -> dict[str, Chart]:
    """Each metric's weeks; a click opens a week with what is `chosen` on this page."""
    summary, inks = weekly_figures.summary(week), palette.of(week.view.theme)
    noted = frame.noted(replace(week.view, filters=week.history))
    found = {}
    for reading in summary.readings:
        name = reading.series.name
        if summary.trends[name]["value"].isna().all():
            continue
        drawn = trend_charts.trend(
            summary.trends[name],
            reading.series,
            "week",
            inks,
            TREND_HEIGHT,
            name=weekly_sheet.LABELS[name][0],
            target=reading.target,
            lead=lambda bin: leads.lead("weekly_summary", open=weekly.week_of(bin), **dict(chosen)),
        )
        found[name] = weekly_charts.marked(drawn, noted, inks)
    return found


def files(place: DeltaGenerator, week: Week, page: str) -> None:
    """The summary as one file, made when it is asked for."""
    opened = place.popover(
        "Download", icon=":material/download:", type="tertiary", key="weekly_files", on_change="rerun"
    )
    if not opened.open:
        return
    name = f"weekly-summary-{week.name}"
    opened.download_button(
        "HTML, one file",
        page.encode,
        f"{name}.html",
        "text/html",
        key="weekly_html",
        on_click="ignore",
        width="stretch",
    )
    has_browser = pdf.browser() is not None
    opened.download_button(
        "PDF, one A4 page",
        partial(pdf.of_page, page),
        f"{name}.pdf",
        "application/pdf",
        key="weekly_pdf",
        on_click="ignore",
        disabled=not has_browser,
        width="stretch",
    )
    with opened:
        quiet("Printing this page gives the same sheet." if has_browser else pdf.NO_BROWSER)


def _part_lead(week: Week, metric: str, found: Decomposition, row: Row) -> str:
    """Where a contribution leads: to the tickets it counts; nowhere for several parts together, and for a backlog that is past."""
    behind = series_named(metric).behind
    if row.contribution is None or (behind == "open" and week.is_over):
        return ""
    part: dict[str, Any] = {**leads.part(found.split, row.contribution.part)}
    return leads.tickets(behind, **part)


def _due_leads(week: Week, summary: Summary) -> list[str]:
    """Where the days of promises lead: to who waits now where that is what is told, else to what was decided on that day."""
    at, zone = week.promised_from, week.view.zone
    is_now = at > week.view.as_of
    spans = [None if pd.isna(day) else periods.bin_span(day.to_pydatetime(), "day", zone) for day in summary.due["day"]]
    if is_now:
        return [leads.tickets("due" if span else "past") for span in spans]
    return [leads.tickets("decided", *span) if span else "" for span in spans]
