"""Weekly summary: what changed this week, why, and what is noise; on screen, on one A4 page and as a file."""

from __future__ import annotations

from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.elements import (
    access,
    data,
    frame,
    markdown,
    report,
    wall,
    weekly_cards,
    weekly_figures,
    weekly_sheet,
    weeks,
)
from pages.elements.data import View
from pages.elements.tiles import quiet, tile
from pages.elements.weeks import Week
from warehouse.series import Split

access.require("weekly_summary")


def draw(view: View) -> None:
    """The whole page; its text is the same on screen, on paper and in the file."""
    week, files = _week(view)
    summary = weekly_figures.summary(week)
    said = summary.said
    st.markdown(f"**{markdown.plain(said.head)}** {markdown.plain(' '.join(filter(None, (said.rest, said.watch))))}")
    noted, tiles = _on_top(week)
    if noted:
        quiet(markdown.plain(noted))
    with st.grid(6, min_column_width=150, gap="small"):
        for one in tiles:
            tile(one.label, one.value, one.change, one.versus, one.note, one.crossed, one.explanation)
    with st.grid(2, min_column_width=340, gap="small"):
        metric, found = weekly_cards.moved(week, summary)
        weekly_cards.even(week, summary)
    with st.grid(2, min_column_width=340, gap="small"):
        weekly_cards.voice(week, summary)
        weekly_cards.promised(week, summary)
    weekly_cards.trends(week, summary)
    frame.footnote(
        week.view,
        "Grey bands and what is called usual: where the weeks before, at most 12, say that a week lies if nothing changed.",
    )
    twin, document = _on_paper(week, metric, found.split if found else None)
    st.html(twin)
    if not wall.is_on():
        weekly_cards.files(files, week, document)


@data.drawing
def _on_top(week: Week) -> tuple[str, tuple[report.Tile, ...]]:
    """What was noted of the week, and its tiles."""
    summary = weekly_figures.summary(week)
    return weekly_sheet.noted(week, summary), weekly_sheet.tiles(week, summary)


@data.drawing
def _on_paper(week: Week, metric: str, split: Split | None) -> tuple[str, str]:
    """What is printed of the page, and the page as a file, with what `split` tells of the metric that moved."""
    found = weekly_figures.moved(week, metric, split) if split else None
    sheet = weekly_sheet.sheet(week, weekly_figures.summary(week), metric, found)
    return report.twin(sheet), report.document(sheet)


def _week(view: View) -> tuple[Week, DeltaGenerator]:
    """The week of the address, with the way to the ones before and after it, and the place for its files."""
    names, newest = weeks.names(view), weeks.newest_over(view)
    _opened(names)
    asked = st.query_params.get("week")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="week_bar"):
        title, before = st.container(width="content"), st.container(width="content")
        name = (asked if asked in names else newest) if wall.is_on() else _chosen(names, newest)
        after, files = st.container(width="content"), st.container(width="content")
    place, week = names.index(name), weeks.of(view, name)
    title.subheader(week.title, anchor=False)
    if not wall.is_on():
        _step(before, "week_before", "left", names[place + 1 : place + 2])
        _step(after, "week_after", "right", names[max(place - 1, 0) : place])
    if asked and asked not in names:
        quiet(f"There is no data of {markdown.plain(asked)}: it goes from {names[-1]} to {names[0]}.")
    if not week.is_over:
        quiet(f"This week is not over: it is compared with {week.before}.")
    return week, files


def _opened(names: list[str]) -> None:
    """A mark of this page leads to another week of it: what is chosen here already gives way to it."""
    opened = st.query_params.pop("open", None)
    for left_over in ("period", "days") if opened else ():
        st.query_params.pop(left_over, None)
    if opened in names:
        st.session_state["week"] = opened


def _chosen(names: list[str], newest: str) -> str:
    """The week of the choice; none chosen is the newest that is over, whichever that is by then."""
    chosen = st.selectbox(
        "Week",
        names,
        index=None,
        placeholder=newest,
        key="week",
        bind="query-params",
        label_visibility="collapsed",
        width=130,
    )
    return chosen or newest


def _step(place: DeltaGenerator, key: str, side: Literal["left", "right"], week: list[str]) -> None:
    """A button to the week before or after; there may be none."""
    label = f"Week {int(week[0][-2:])}" if week else "No data"
    place.button(
        label,
        icon=f":material/chevron_{side}:",
        icon_position=side,
        key=key,
        disabled=not week,
        on_click=_choose,
        args=week,
        type="tertiary",
    )


def _choose(week: str) -> None:
    st.session_state["week"] = week


draw(frame.begin("weekly_summary", with_period=False))
