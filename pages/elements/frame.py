"""What stands around every page: title, freshness stamp, filter bar, and what is said when there is nothing to show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import pandas as pd
import streamlit as st

from pages.elements import data, filters, format, freshness, periods
from pages.elements.data import View
from pages.elements.figure import Chart
from pages.elements.palette import Theme
from pages.elements.tiles import quiet
from warehouse.ask import Filters
from warehouse.errors import NoWarehouse, SupportError


def begin(
    title: str,
    with_period: bool = True,
    grains: bool = False,
    kinds: bool = False,
    follow: bool = False,
    filtered: bool = True,
) -> View:
    """Draws the head of a page and returns what it is about; stops the page with a clear message where there is no data.

    `follow`: redrawn when there is newer data; otherwise the visitor is told, as a redrawn figure loses its zoom.
    """
    theme = freshness.visitor_theme()
    left, right = st.columns([2, 3], vertical_alignment="center", gap="small")
    left.subheader(title, anchor=False)
    path = data.path()
    try:
        zone = data.settings().clock.time_zone
        version = data.version()
    except NoWarehouse:
        _no_warehouse_yet(theme)
    except SupportError as error:
        st.error(str(error))
        st.stop()
    every_source = data.sources(path, version)
    choices = {name: list(labels) for name, labels in data.choices(path, bool(every_source)).items()}
    if not filtered:
        choices = {name: [] for name in choices}
    chosen = filters.bar(choices, with_period, grains, kinds)
    about = tuple(
        source for source in every_source if not chosen.values["source"] or source.name in chosen.values["source"]
    )
    with right:
        freshness.watch(version, about, zone, theme, follow)
    as_of = max((source.as_of for source in about if source.as_of), default=None)
    if as_of is None:
        _nothing_delivered_yet()
    first_at = min((source.first_at for source in about if source.first_at), default=None)
    period = periods.period(chosen.period, as_of, first_at, zone, chosen.grain)
    if chosen.ignored:
        quiet(f"Not in the data, left out of the filter: {', '.join(chosen.ignored)}.")
    if with_period:
        quiet(_span(period, zone))
    names = {name: chosen.values[name] for name in filters.DIMENSIONS}
    view = Filters(period.start, period.end, names["source"], names["channel"], names["team"], names["agent"])
    return View(path, version, view, period, about, as_of, zone, theme, chosen.kind)


def _no_warehouse_yet(theme: Theme) -> NoReturn:
    freshness.watch(None, (), "UTC", theme, follow=True)
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


def _span(period: periods.Period, zone: str) -> str:
    """`Mon 26 Oct 00:00 to Sun 22 Nov 12:04, compared with ...`: the two spans in the account's time."""
    first, last = (periods.local_time(moment, zone) for moment in (period.start, period.end))
    text = f"{format.day(first)} {first:%Y, %H:%M} to {format.day(last)} {last:%Y, %H:%M}, time of {zone}"
    if period.previous_start is None or period.previous_end is None:
        return (
            text
            if period.name == "all"
            else f"{text} · the data goes back no further, so there is nothing to compare with"
        )
    first, last = (periods.local_time(moment, zone) for moment in (period.previous_start, period.previous_end))
    return f"{text} · compared with {format.day(first)} {first:%H:%M} to {format.day(last)} {last:%H:%M}"


@contextmanager
def card(title: str, subtitle: str) -> Iterator[None]:
    """A bordered box with a title and what its figures are."""
    with st.container(border=True, gap="xxsmall", height="stretch"):
        st.markdown(f"**{title}**")
        quiet(subtitle)
        yield


def chart(drawn: Chart, key: str, live: bool = False) -> None:
    """Puts a chart on the page. Live ones cannot be zoomed: they are redrawn too often."""
    config: dict[str, Any] = {"displayModeBar": False, "staticPlot": live, "responsive": True}
    st.plotly_chart(drawn.figure, theme=None, key=key, config=config, alt=drawn.alt)


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
    names = ", ".join(view.silent_sources)
    st.info(
        f"**Waits are not known.** {names} does not say when customers were answered, so there is nothing to measure here: "
        "zeros would be wrong. Its tickets are on the Queue volume page. Deliver a first response time, messages or calls to see waits."
    )


def footnote(view: View, *sentences: str) -> None:
    """What a reader has to know of the figures above, in one line."""
    silent = view.silent_sources
    verb, whose = ("does", "its") if len(silent) == 1 else ("do", "their")
    unknown = (
        f"{', '.join(silent)} {verb} not say when customers were answered: {whose} tickets have no waits."
        if silent
        else ""
    )
    quiet(" ".join(filter(None, (*sentences, unknown, f"Days and hours are of {view.zone}."))))
