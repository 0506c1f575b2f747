"""Data dictionary: every table, column and macro of the file, from the comments in it. `?table=name` opens one."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.elements import access, data, links, notice, tables
from pages.elements.format import EM_DASH
from pages.elements.kept import kept
from pages.elements.markdown import plain
from pages.elements.sitemap import PAGES
from pages.elements.tiles import quiet
from warehouse import dictionary
from warehouse.dictionary import Dictionary
from warehouse.errors import NoWarehouse, OtherSchema

access.require("dictionary")

COLUMNS = {"name": "Name", "meaning": "Is", "columns": "Columns"}
COLUMNS_OF_ONE = {"name": "Column", "meaning": "Means", "type": "Type"}
# Two lines of text, and two or three.
COLUMN_HEIGHT, ENTRY_HEIGHT = 42, 66


def known() -> Dictionary:
    """What the published version says; what this code says, as long as nothing was published that it can read."""
    try:
        return data.dictionary(data.path(), data.version())
    except (NoWarehouse, OtherSchema):
        return _of_this_code()


@kept(most=1)
def _of_this_code() -> Dictionary:
    return dictionary.of_this_code()


@kept(most=100)
def _found(_settings: str, version: int | None, words: str) -> pd.DataFrame:
    """Looking through every text costs more than the rest of the page."""
    return dictionary.search(known(), words)


def chosen(entries: pd.DataFrame) -> pd.Series | None:
    """The entry that the address asks for."""
    asked = st.query_params.get("table", "")
    if asked and asked not in set(entries["name"]):
        quiet(f"There is no table or macro called {plain(asked)}: look for it by a word.")
    name = st.selectbox(
        "Open a table or macro",
        list(entries["name"]),
        None,
        key="table",
        bind="query-params",
        placeholder="Open a table or macro",
        label_visibility="collapsed",
    )
    return None if name is None else entries[entries["name"] == name].iloc[0]


def details(row: pd.Series, columns: pd.DataFrame) -> None:
    """One table or macro in full, with a query to start from."""
    with st.container(border=True):
        st.markdown(f"**{plain(row['name'])}**")
        st.markdown(plain(row["meaning"] or EM_DASH))
        if row["example"]:
            quiet("A query to start from")
            call = f"-- {row['call']}\n" if row["kind"] == "macro" else ""
            st.code(f"{call}{row['example']}", language="sql", wrap_lines=True)
        _onward(row)
        if not columns.empty:
            _columns(str(row["name"]), columns)


def _columns(name: str, columns: pd.DataFrame) -> None:
    st.dataframe(
        columns[list(COLUMNS_OF_ONE)].fillna(EM_DASH).rename(columns=COLUMNS_OF_ONE),
        hide_index=True,
        height=min(tables.HEADER_HEIGHT + 2 + COLUMN_HEIGHT * len(columns), 640),
        row_height=COLUMN_HEIGHT,
        key=f"columns_{name}",
        alt=f"{len(columns)} columns of {name} with what they mean",
        column_config={
            "Column": st.column_config.TextColumn(width=200),
            "Means": st.column_config.TextColumn(width=820),
            "Type": st.column_config.TextColumn(width=90),
        },
    )


def _onward(row: pd.Series) -> None:
    """Where to go with it: the SQL page with its query, and for a macro the glossary."""
    if row["example"]:
        links.button("Try it in SQL", "sql", {"q": [row["example"]]}, f":material/{PAGES['sql'].icon}:")
    if row["kind"] == "macro":
        query = {"metric": [str(row["name"])]}
        links.button("In the glossary", "glossary", query, f":material/{PAGES['glossary'].icon}:")


def table(found: pd.DataFrame) -> None:
    """A row an entry; choosing one opens it."""

    def opened() -> None:
        st.session_state["table"] = found["name"].iloc[st.session_state["entry_clicked"]["row"]]

    st.dataframe(
        found[list(COLUMNS)].fillna(EM_DASH).rename(columns=COLUMNS),
        hide_index=True,
        height=min(tables.HEADER_HEIGHT + 2 + ENTRY_HEIGHT * len(found), 640),
        row_height=ENTRY_HEIGHT,
        key="entries",
        alt=f"{len(found)} tables and macros with what they are; choose one to open it",
        column_config={
            "Name": st.column_config.ButtonColumn(
                type="tertiary", alignment="left", width=230, key="entry_clicked", on_click=opened
            ),
            "Is": st.column_config.TextColumn(width=480),
            "Columns": st.column_config.TextColumn(width=380),
        },
    )


def draw() -> None:
    st.subheader("Data dictionary", anchor=False)
    notice.watch()
    quiet("Every table, column and macro of the file. Times are UTC, durations seconds, shares 0 to 1.")
    whole = known()
    search, opening = st.columns([2, 1], gap="small")
    words = search.text_input(
        "Search", key="words", bind="query-params", placeholder="waiting, schedule …", label_visibility="collapsed"
    )
    with opening:
        entry = chosen(whole.entries)
    found = _found(*data.published(), words)
    if entry is None and len(found) == 1:
        entry = found.iloc[0]
    if entry is not None:
        details(entry, whole.columns_of(entry["name"]))
    if found.empty:
        tables.nothing("Nothing says that. Try fewer words.", 120)
    else:
        table(found)


draw()
