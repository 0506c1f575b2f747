"""What the trends page shows, all of it in the address: metric, split, what is laid under it, limits; and a metric's definition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import median
from typing import get_args

import pandas as pd
import streamlit as st

from pages.elements import data, format, links, periods, trend_words, wall
from pages.elements.data import View
from pages.elements.markdown import plain
from pages.elements.tiles import quiet
from warehouse.ask import Filters
from warehouse.catalogue import CATALOGUE, Series
from warehouse.glossary import FAMILIES
from warehouse.series import SPLITS, Split

DEFAULT = "first_response_time"
NOT_SPLIT = "nothing"
BEFORE, LAST_YEAR, NOT_COMPARED = "before", "last year", "nothing"
COMPARISONS = (BEFORE, LAST_YEAR, NOT_COMPARED)
# A year of whole weeks, so that weekdays lie under each other.
YEAR = timedelta(days=364)
# Bins of fewer rows than these jump about.
FEW_ROWS = 5
METRICS = sorted(
    CATALOGUE, key=lambda name: (list(FAMILIES).index(CATALOGUE[name].family), CATALOGUE[name].title.lower())
)


@dataclass(frozen=True)
class Choice:
    """What the visitor chose."""

    metric: str
    split: Split | None
    versus: str
    limits: bool
    together: bool

    @property
    def series(self) -> Series:
        return CATALOGUE[self.metric]


@dataclass(frozen=True)
class Compared:
    """The time laid under the period: its filters, `vs ...`, what stands at the end of its line; or why there is none."""

    filters: Filters | None
    versus: str = ""
    label: str = ""
    missing: str = ""


def titled(name: str) -> str:
    """`Time · First response time, median (FRT)`."""
    series = CATALOGUE[name]
    short = f" ({series.short})" if series.short else ""
    return f"{FAMILIES[series.family]} · {series.title}{short}"


def choose() -> Choice:
    """Draws the pickers and returns the choice; on a wall, what the address says."""
    metric = _asked_metric()
    if wall.is_on():
        return _of_address(metric)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="trend_bar"):
        _metric(metric)
        split = _one("Split by", (NOT_SPLIT, *SPLITS), "split")
        versus = _one("Under it", COMPARISONS, "under")
        limits = st.toggle("Limits", value=True, key="limits", bind="query-params")
        together = st.toggle("One chart", key="together", bind="query-params") if split == "channel" else False
    return Choice(metric, _split(split), versus, limits, together)


def _asked_metric() -> str:
    """The metric of the address, which is a name of the catalogue; the picker shows titles."""
    asked = st.query_params.get("metric", DEFAULT)
    if asked not in CATALOGUE:
        quiet(f"There is no metric {plain(asked)}; the glossary has them all.")
    return asked if asked in CATALOGUE else DEFAULT


def _metric(name: str) -> None:
    if st.session_state.get("metric_picked") != name:
        st.session_state["metric_picked"] = name
    st.selectbox(
        "Metric",
        METRICS,
        format_func=titled,
        key="metric_picked",
        on_change=_note_metric,
        label_visibility="collapsed",
        width=320,
    )


def _note_metric() -> None:
    st.query_params["metric"] = st.session_state["metric_picked"]


def _one(label: str, options: tuple[str, ...], key: str) -> str:
    """One of some words, its label before it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content"):
        quiet(label, width="content")
        chosen = st.segmented_control(
            label,
            list(options),
            default=options[0],
            required=True,
            key=key,
            bind="query-params",
            label_visibility="collapsed",
            wrap=True,
        )
    return chosen or options[0]


def _of_address(metric: str) -> Choice:
    asked = st.query_params
    versus = asked.get("under", BEFORE)
    return Choice(
        metric,
        _split(asked.get("split", NOT_SPLIT)),
        versus if versus in COMPARISONS else BEFORE,
        asked.get("limits", "true") != "false",
        asked.get("together", "false") == "true",
    )


def _split(name: str) -> Split | None:
    return next((split for split in get_args(Split) if split == name), None)


def compared(view: View, versus: str) -> Compared:
    """The time that is laid under the period of this view."""
    if versus == NOT_COMPARED:
        return Compared(None, missing="not compared")
    if versus == BEFORE:
        missing = "the data goes back no further"
        return Compared(view.filters_before, view.period.versus, "before", "" if view.filters_before else missing)
    first_at = data.first_at(view.sources)
    start, end = (
        periods.utc(periods.local_wall(moment, view.zone) - YEAR, view.zone)
        for moment in (view.period.start, view.period.end)
    )
    if first_at is None or start < periods.start_of_today(first_at, view.zone):
        since = "" if first_at is None else f": {data.begin(first_at, view.zone)}"
        return Compared(None, missing=f"nothing of last year{since}")
    return Compared(replace(view.filters, start=start, end=end), "vs the same weeks last year", "last year")


def subtitle(choice: Choice, under: Compared, grain: str, frames: Sequence[pd.DataFrame], left_out: int) -> str:
    """What the marks of the charts are, and what is not on them."""
    split = choice.split or ""
    said = [f"by {grain}" + (f" and {split}, all on one scale" if split else "")]
    if choice.limits and any(frame["centre"].notna().any() for frame in frames):
        said += [] if choice.together else [f"grey band: where chance lets {trend_words.a(grain)} lie"]
        said.append("ring: a signal that something changed")
    if under.filters and not choice.together:
        said.append(f"grey line: {under.versus.removeprefix('vs ')}")
    if left_out:
        said.append(f"{trend_words.counted(left_out, split)} with fewer rows left out: choose them in the filter")
    usual = median(float(frame.loc[frame["n"] > 0, "n"].median()) for frame in frames)
    if choice.series.unit != "count" and usual < FEW_ROWS:
        said.append(f"only about {format.count(usual)} rows {trend_words.a(grain)}: longer bins say more")
    return " · ".join(said)


def definition(view: View, series: Series) -> None:
    """What the metric means, one click away; on a wall nobody clicks."""
    if wall.is_on():
        return
    opened = st.popover("Definition", icon=":material/menu_book:", type="tertiary", key="definition", on_change="rerun")
    if not opened.open:
        return
    known = data.glossary(view.settings, view.version).set_index("name")
    with opened:
        st.markdown(f"**{series.title}**")
        said = known.loc[series.macro]
        st.markdown(said["definition"])
        facts = {
            "Unit": said["unit"],
            "Clock": said["clock"],
            "Counts": said["population"],
            "Dated by": said["date"],
            "Direction": said["direction"],
            "Source": said["source"],
        }
        st.markdown("\n".join(f"- {label}: {plain(text)}" for label, text in facts.items() if text))
        st.code(said["example"], language="sql", wrap_lines=True)
        links.button("In the glossary", "glossary", {"metric": [series.macro]}, ":material/menu_book:")
