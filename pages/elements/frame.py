"""What stands around every page: title, freshness stamp, filter bar, and what is said when there is nothing to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NoReturn

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.elements import (
    access,
    data,
    figure,
    filters,
    format,
    freshness,
    leads,
    links,
    notice,
    palette,
    periods,
    views,
    wall,
)
from pages.elements.data import Source, View
from pages.elements.figure import Chart
from pages.elements.following import Shown
from pages.elements.markdown import plain
from pages.elements.notice import Trouble
from pages.elements.palette import Theme
from pages.elements.sitemap import PAGES
from pages.elements.tiles import quiet, small
from warehouse.ask import Filters
from warehouse.errors import NoWarehouse, SupportError
from warehouse.settings import Clock

# Streamlit offers every table as a CSV of its own, which lets text be a formula: ours (downloads) stand beside it and do not.
# It fades what a tile's change is measured against, and in the dark what stands on the primary colour, below a contrast of 4.5.
STYLE = """<style>[data-testid="stMetricDeltaDescription"], [data-testid="stMetricDeltaDescription"] *
{{ color: {muted} !important; opacity: 1 !important }}
[data-testid="stBaseButton-primary"], [data-testid="stBaseButton-primary"] *, [data-testid="stMultiSelectTagsContainer"] [data-tag] *
{{ color: {paper} !important; opacity: 1 !important }}
[data-testid="stElementToolbar"] [aria-label^="Download as CSV"] {{ display: none }}</style>"""


def begin(
    page: str,
    with_period: bool = True,
    grains: bool = False,
    kinds: bool = False,
    follow: bool = False,
    filtered: bool = True,
    by_hand: bool = False,
) -> View:
    """Draws the head of a page and returns what it is about; stops the page with a clear message where there is no data.

    `follow`: redrawn when there is newer data (see following); otherwise the visitor is told, as a redrawn figure loses its zoom.
    `by_hand`: what it shows is asked for each time, so only its stamp follows. On a wall there are no controls, and every page follows.
    """
    links.bounce(page)
    if filtered:
        links.carry(page)
    theme = freshness.visitor_theme()
    data.write_as_visitor()
    path = data.path()
    inks = palette.of(theme)
    st.html(STYLE.format(muted=inks.muted, paper=inks.paper))
    left, right = st.columns([2, 3], vertical_alignment="center", gap="small")
    left.subheader(PAGES[page].title, anchor=False)
    right = right.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small")
    trouble = notice.trouble()
    clock, version, every_source = _opened(path, theme, trouble)
    zone = views.zone_of(clock.time_zone, clock.times)
    notice.show(trouble, zone)
    chosen = _chosen(path, every_source, with_period, grains, kinds, filtered, zone)
    about = tuple(
        source for source in every_source if not chosen.values["source"] or source.name in chosen.values["source"]
    )
    if filtered:
        links.remember()
    with right:
        freshness.keep(Shown(version, trouble), about, zone, theme, follow, by_hand)
        if not wall.is_on():
            views.menu(page, version)
    if wall.is_on():
        wall.hang(page)
    as_of = max((source.as_of for source in about if source.as_of), default=None if filtered else data.now())
    if as_of is None:
        _nothing_delivered_yet()
    first_at = data.first_at(about)
    period = (
        periods.of_days(*chosen.days, as_of, first_at, zone, chosen.grain)
        if chosen.days
        else periods.period(chosen.period, as_of, first_at, zone, chosen.grain)
    )
    if chosen.ignored:
        quiet(f"Not in the data, left out of the filter: {', '.join(map(plain, chosen.ignored))}.")
    if with_period:
        quiet(_span(period, zone, first_at))
    names = {name: chosen.values[name] for name in filters.DIMENSIONS}
    view = Filters(period.start, period.end, names["source"], names["channel"], names["team"], names["agent"])
    return View(
        path, version, view, period, about, as_of, zone, theme, chosen.kind, format.habits(), scope=access.scope()
    )


def _opened(path: str, theme: Theme, trouble: Trouble | None) -> tuple[Clock, int, tuple[Source, ...]]:
    """The newest version that there is to read; stops the page with a clear message where there is none."""
    version = None
    try:
        clock, version = data.settings().clock, data.version()
        return clock, version, data.sources(path, version)
    except SupportError as error:
        if version is not None:  # the page fills by itself once there is one that can be read
            freshness.watch(Shown(version, trouble), (), "UTC", theme, redraw=True)
        elif isinstance(error, NoWarehouse):
            _no_warehouse_yet(theme, trouble)
        st.error(plain(str(error)))
        st.stop()


def _chosen(
    path: str,
    every_source: tuple[Source, ...],
    with_period: bool,
    grains: bool,
    kinds: bool,
    filtered: bool,
    zone: str,
) -> filters.Chosen:
    """What the visitor chose in the bar, or what the address of a wall says."""
    choices = (
        {name: list(labels) for name, labels in data.choices(path, bool(every_source)).items()} if filtered else {}
    )
    if wall.is_on():
        return filters.of_address(choices, with_period)
    newest = max((source.as_of for source in every_source if source.as_of), default=data.now())
    return filters.bar(choices, with_period, periods.local_time(newest, zone).date(), grains, kinds)


def _no_warehouse_yet(theme: Theme, trouble: Trouble | None) -> NoReturn:
    freshness.watch(Shown(None, trouble), (), "UTC", theme, redraw=True)
    notice.show(trouble, data.settings().clock.time_zone)
    if trouble and trouble.kind == "file":
        st.stop()
    st.info(
        "**There is no data yet.** Start the pipelines and this page fills by itself:\n\n"
        "- `python -m pipelines start` makes up a help desk to look around with\n"
        "- `python -m pipelines run` loads the exports that `support.toml` names once, "
        "`python -m pipelines serve` keeps doing so"
    )
    st.stop()


def _nothing_delivered_yet() -> NoReturn:
    st.info(
        "**The warehouse is there, and no export has been loaded into it yet.** "
        "Put files into the folders that `support.toml` names under `[sources]`; this page fills by itself."
    )
    st.stop()


def _span(period: periods.Period, zone: str, first_at: datetime | None) -> str:
    """`Mon 26 Oct 00:00 to Sun 22 Nov 12:04, compared with ...`: the two spans in the account's time, or why there is but one."""
    first, last = (periods.local_time(moment, zone) for moment in (period.start, period.end))
    text = f"{_instant(first)} to {_instant(last)}, time of {zone}"
    if period.previous_start is None or period.previous_end is None:
        return (
            text if period.name == "all" or first_at is None else f"{text} · {_begin_of_data(period, zone, first_at)}"
        )
    first, last = (periods.local_time(moment, zone) for moment in (period.previous_start, period.previous_end))
    return (
        f"{text} · compared with {format.day(first)} {format.clock(first)} to {format.day(last)} {format.clock(last)}"
    )


def _begin_of_data(period: periods.Period, zone: str, first_at: datetime) -> str:
    """Why there is nothing to compare with; zeros of a time before the data begins are no counts."""
    begins = data.begin(first_at, zone)
    is_before = period.start < periods.start_of_today(first_at, zone)
    return (
        f"{begins}: of the time before nothing is known" if is_before else f"{begins}: there is nothing to compare with"
    )


def _instant(local: datetime) -> str:
    return f"{format.day(local)}{',' if format.habits().month_first else ''} {local.year}, {format.clock(local)}"


@contextmanager
def card(title: str, subtitle: str) -> Iterator[None]:
    """A bordered box with a title, which is no Markdown, and what its figures are."""
    with st.container(border=True, gap="xxsmall", height="stretch"):
        # One element, as each costs a run 0.2 ms.
        st.markdown(f"**{plain(title)}**  \n{small(subtitle)}")
        yield


@contextmanager
def card_with_slot(title: str, subtitle: str) -> Iterator[DeltaGenerator]:
    """A card that gives the place right of its title."""
    with st.container(border=True, gap="xxsmall", height="stretch"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
            st.markdown(f"**{plain(title)}**", width="content")
            slot = st.container(width="content")
        quiet(subtitle)
        yield slot


def chart(drawn: Chart, key: str, view: View | None = None, live: bool = False) -> None:
    """Puts a chart on the page. With `view` a click on a mark leads where the last item of its customdata says (see links).

    Live ones cannot be zoomed: they are redrawn too often. Keys of charts are kept apart from those of choices, which
    live on from page to page.
    """
    config: dict[str, Any] = {"displayModeBar": False, "responsive": True, "doubleClick": False}
    if view is None or wall.is_on():
        config["staticPlot"] = live
        st.plotly_chart(drawn.sent, theme=None, key=f"chart_{key}", config=config, alt=drawn.alt)
        return
    event: Any = st.plotly_chart(
        drawn.sent,
        theme=None,
        key=f"chart_{key}",
        config=config,
        alt=drawn.alt,
        on_select="rerun",
        selection_mode="points",
    )
    for point in event.selection.points:
        said = point.get("customdata")
        if isinstance(said, list | tuple) and said[-1]:
            links.go(view, str(said[-1]))


def over_time(drawn: Chart, key: str, view: View) -> None:
    """A chart with time along its axis: the annotations of the period stand on it, and its marks lead on."""
    chart(figure.annotated(drawn, noted(view), palette.of(view.theme)), key, view)


def bin_lead(view: View) -> Callable[..., str]:
    """Where bins of this view lead: `lead(which, start)` with `start` in wall clock time, and further values such as a channel."""

    def lead(which: str, start: datetime, **more: Any) -> str:
        return leads.tickets(which, *periods.bin_span(start, view.period.grain, view.zone), **more)

    return lead


@data.drawing
def noted(view: View) -> tuple[figure.Mark, ...]:
    """What people noted about the time of this view, in the wall time of its zone, oldest first."""
    return tuple(
        figure.Mark(periods.local_time(row.happened_at, view.zone).replace(tzinfo=None), str(row.label), str(row.kind))
        for row in view.ask("annotations").iloc[::-1].itertuples()
    )


def channel_labels(view: View) -> dict[str, str]:
    """Names of channels on screen."""
    return data.choices(view.settings, True).get("channel", {})


def in_channel_order(view: View, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows in the order that channels have everywhere."""
    order = {name: position for position, name in enumerate(channel_labels(view))}
    return rows.sort_values(
        "channel", kind="stable", key=lambda column: column.map(lambda name: order.get(name, len(order)))
    )


def channel_label(view: View, channel: str | None) -> str:
    return channel_labels(view).get(channel or "", channel or "no channel")


def no_waits(view: View) -> None:
    """Instead of waits, where none of the sources knows them."""
    names = plain(", ".join(view.silent_sources))
    st.info(
        f"**Waits are not known:** {names} does not say when customers were answered, so there is nothing to measure here: "
        "zeros would be wrong. Its tickets are on the Queue volume page. Deliver a first response time, messages or calls to see waits."
    )


def footnote(view: View, *sentences: str) -> None:
    """What a reader has to know of the figures above, in one line."""
    silent = view.silent_sources
    verb, whose = ("does", "its") if len(silent) == 1 else ("do", "their")
    unknown = (
        f"{plain(', '.join(silent))} {verb} not say when customers were answered: {whose} tickets have no waits."
        if silent
        else ""
    )
    quiet(" ".join(filter(None, (*sentences, unknown, f"Days and hours are of {view.zone}."))))
