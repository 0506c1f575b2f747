"""Glossary: what every metric means, from the comments in the published file. `?metric=name` opens one."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.elements import access, data, links, notice, tables
from pages.elements.format import EM_DASH
from pages.elements.kept import kept
from pages.elements.markdown import plain
from pages.elements.sitemap import PAGES
from pages.elements.tiles import quiet, small
from warehouse import glossary
from warehouse.catalogue import CATALOGUE
from warehouse.errors import NoWarehouse, OtherSchema

access.require("glossary")

COLUMNS = {"name": "Metric", "definition": "Means", "unit": "Unit", "direction": "Better"}
FACTS = {"unit": "Unit", "direction": "Direction", "clock": "Clock", "population": "Counts", "date": "Dated by"}
BETTER = {"higher is better": "higher", "lower is better": "lower", "neither": EM_DASH}
# Two or three lines of a definition.
ROW_HEIGHT = 66


def metrics() -> pd.DataFrame:
    """Every metric of the published version; of this code, as long as nothing was published that it can read."""
    try:
        return data.glossary(data.path(), data.version())
    except (NoWarehouse, OtherSchema):
        return _of_this_code()


@kept(most=1)
def _of_this_code() -> pd.DataFrame:
    return glossary.of_this_code()


@kept(most=100)
def _found(_settings: str, version: int | None, words: str) -> pd.DataFrame:
    return glossary.search(metrics(), words)


def chosen(known: pd.DataFrame) -> pd.Series | None:
    """The metric that the address asks for: an entry of the glossary, or a series of the Trends page."""
    asked = st.query_params.get("metric", "")
    names = set(known["name"])
    if asked in CATALOGUE and asked not in names:
        st.session_state["metric"] = CATALOGUE[asked].macro
    elif asked and asked not in names:
        quiet(f"There is no metric called {plain(asked)}: look for it by a word.")
    name = st.selectbox(
        "Open a metric",
        list(known["name"]),
        None,
        key="metric",
        bind="query-params",
        placeholder="Open a metric",
        label_visibility="collapsed",
    )
    return None if name is None else known[known["name"] == name].iloc[0]


def details(row: pd.Series) -> None:
    """One metric in full, with a query to start from."""
    with st.container(border=True):
        st.markdown(f"**{plain(row['name'])}**")
        st.markdown(plain(row["definition"] or ""))
        with st.grid(5, min_column_width=150, gap="small"):
            for field, label in FACTS.items():
                st.markdown(f"{small(label)}  \n{plain(row[field] or EM_DASH)}")
        if row["source"]:
            quiet(f"Source: {plain(row['source'])}")
        quiet("A query to start from")
        st.code(f"-- {row['call']}\n{row['example']}", language="sql", wrap_lines=True)
        _over_time(str(row["name"]))


def _over_time(macro: str) -> None:
    """Where the Trends page draws it."""
    series = next((series for series in CATALOGUE.values() if series.macro == macro), None)
    if series:
        query = {"metric": [series.name]}
        links.button("Over time", "trends", query, f":material/{PAGES['trends'].icon}:")


def table(found: pd.DataFrame) -> None:
    """A row a metric; choosing one opens it."""

    def opened() -> None:
        st.session_state["metric"] = found["name"].iloc[st.session_state["metric_clicked"]["row"]]

    st.dataframe(
        found[list(COLUMNS)].replace({"direction": BETTER}).rename(columns=COLUMNS),
        hide_index=True,
        height=min(tables.HEADER_HEIGHT + 2 + ROW_HEIGHT * len(found), 640),
        row_height=ROW_HEIGHT,
        key="metrics",
        alt=f"{len(found)} metrics with their definitions; choose one to open it",
        column_config={
            "Metric": st.column_config.ButtonColumn(
                type="tertiary", alignment="left", width=230, key="metric_clicked", on_click=opened
            ),
            "Means": st.column_config.TextColumn(width=640),
            "Unit": st.column_config.TextColumn(width=120),
            "Better": st.column_config.TextColumn(width=70),
        },
    )


def draw() -> None:
    st.subheader("Glossary", anchor=False)
    notice.watch()
    quiet(
        "What each figure means. Durations are seconds, shares 0 to 1. Of nothing, a count is 0 and everything else —."
    )
    known = metrics()
    search, opening = st.columns([2, 1], gap="small")
    words = search.text_input(
        "Search", key="words", bind="query-params", placeholder="reopened, business …", label_visibility="collapsed"
    )
    with opening:
        metric = chosen(known)
    found = _found(*data.published(), words)
    if metric is None and len(found) == 1:
        metric = found.iloc[0]
    if metric is not None:
        details(metric)
    if found.empty:
        tables.nothing("No metric says that. Try fewer words.", 120)
    else:
        table(found)


draw()
