"""Glossary: what every metric means, from the comments in the published file."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.elements import access, data, tables
from pages.elements.format import EM_DASH
from pages.elements.tiles import quiet
from warehouse import glossary
from warehouse.errors import NoWarehouse

access.require("glossary")

COLUMNS = {
    "name": "Metric",
    "definition": "Means",
    "unit": "Unit",
    "clock": "Clock",
    "population": "Counts",
    "date": "Dated by",
    "direction": "Better",
}
BETTER = {"higher is better": "higher", "lower is better": "lower", "neither": EM_DASH}


@st.cache_data(max_entries=2, show_spinner=False)
def metrics(settings_file: str, version: int) -> pd.DataFrame:
    """Every metric of this version; of this code, as long as nothing was published."""
    del settings_file  # part of the key
    return glossary.of_version(data.settings().data.folder, version) if version else glossary.of_this_code()


def published_version() -> int:
    try:
        return data.version()
    except NoWarehouse:
        return 0


def details(row: pd.Series) -> None:
    """One metric in full, with a query to start from."""
    st.markdown(f"**`{row['call']}`**")
    st.markdown(row["definition"])
    st.code(row["example"], language="sql", wrap_lines=True)
    if row["source"]:
        quiet(f"Source: {row['source']}")


st.subheader("Glossary", anchor=False)
quiet("What each figure means. Durations are seconds, shares 0 to 1. Of nothing, a count is 0 and everything else —.")
words = st.text_input("Search", key="words", bind="query-params", placeholder="reopened, business, interval …")
found = glossary.search(metrics(data.path(), published_version()), words)
if found.empty:
    tables.nothing("No metric says that. Try fewer words.", 120)
else:
    shown = found[list(COLUMNS)].replace({"direction": BETTER}).rename(columns=COLUMNS)
    chosen = st.dataframe(
        shown,
        hide_index=True,
        height=560,
        row_height=tables.ROW_HEIGHT,
        on_select="rerun",
        selection_mode="single-row",
        key="metrics",
        alt=f"{len(found)} metrics with their definitions; choose one for a query to start from",
        column_config={"Means": st.column_config.TextColumn(width="large")},
    )
    rows = [row for row in chosen.selection.rows if row < len(found)]
    if rows:
        details(found.iloc[rows[0]])
    else:
        quiet("Choose a row for its settings and a query to start from.")
