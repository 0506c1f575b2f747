"""What stands beside the editor: tables and macros to look through, questions to begin with, what was asked before."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs

import pandas as pd
import streamlit as st

from pages.elements import data, format, periods, tables, views
from pages.elements.data import View
from pages.elements.markdown import plain
from pages.elements.sql_result import took
from pages.elements.sql_sheet import PARAMETER, TEXT, Outcome, Sheet, address_of
from pages.elements.tiles import quiet
from warehouse.ask import Filters, known_questions, question_sql
from warehouse.glossary import search

SHELVES = ("Tables", "Questions", "History")
HEIGHT = 398
HEIGHT_ABOVE = 248


def draw(view: View, sheet: Sheet) -> None:
    """One shelf at a time."""
    shelf = st.segmented_control(
        "Beside the editor", SHELVES, default=SHELVES[0], required=True, key="sql_shelf", label_visibility="collapsed"
    )
    {"Tables": _objects, "Questions": _questions, "History": _history}[shelf or SHELVES[0]](view, sheet)


@data.drawing
def objects(settings_file: str, version: int) -> pd.DataFrame:
    """Tables, views and macros: name, kind, comment, example, and `columns`, their names and comments for the search."""
    macros = data.glossary(settings_file, version)
    called = pd.DataFrame(
        {"name": macros["name"], "kind": "macro", "comment": macros["definition"], "example": macros["example"]}
    )
    called["call"] = macros["call"]
    of_columns = columns(settings_file, version).fillna("")
    known = (of_columns["column_name"] + " " + of_columns["comment"]).groupby(of_columns["table_name"]).agg(" ".join)
    stored = data.answer(settings_file, version, "schema_objects", Filters())
    return pd.concat([stored.assign(columns=stored["name"].map(known)), called], ignore_index=True)


def columns(settings_file: str, version: int) -> pd.DataFrame:
    """Every column with its table, type and comment."""
    return data.answer(settings_file, version, "schema_columns", Filters())


@data.drawing
def _found(settings_file: str, version: int, words: str) -> pd.DataFrame:
    """Looking through every text costs more than the rest of the page."""
    return _best_first(search(objects(settings_file, version), words), words)


def _objects(view: View, sheet: Sheet) -> None:
    words = st.text_input(
        "Search", key="sql_words", placeholder="waited, channel, csat …", label_visibility="collapsed"
    )
    found = _found(view.settings, view.version, words)
    if found.empty:
        tables.nothing("No table, column or macro says that.", 120)
        return
    shown = pd.DataFrame({"Name": found["name"], "Kind": found["kind"], "Says": found["comment"]})

    def opened() -> None:
        st.session_state["sql_object"] = found["name"].iloc[st.session_state["sql_object_clicked"]["row"]]
        sheet.by_hand = True

    chosen = found[found["name"] == st.session_state.get("sql_object")]
    says = "tables, views and macros; choose one to open it"
    _list("sql_objects", shown, "sql_object_clicked", opened, says, HEIGHT if chosen.empty else HEIGHT_ABOVE)
    if len(chosen):
        _object(view, sheet, chosen.iloc[0])


def _best_first(found: pd.DataFrame, words: str) -> pd.DataFrame:
    """Those that are called so, then those whose name holds the words, then the rest."""
    names, wanted = found["name"].str.lower(), words.strip().lower()
    rank = 2 - (names == wanted).astype(int) - names.str.contains(wanted, regex=False).astype(int)
    return found.iloc[rank.argsort(kind="stable")]


def _object(view: View, sheet: Sheet, row: pd.Series) -> None:
    """One table or macro: what it is, a query to begin with, and its columns, which go into the text where the cursor is."""
    with st.container(border=True, gap="xxsmall"):
        st.markdown(f"**{plain(row['name'])}**")
        quiet(plain(text(row["comment"])))
        with st.container(horizontal=True, gap="small"):
            call = row["name"] if format.is_missing(row["call"]) else row["call"]
            st.button(
                "Insert",
                icon=":material/input:",
                type="tertiary",
                key="sql_insert",
                on_click=sheet.put_in,
                args=(call,),
            )
            st.button(
                "Example", icon=":material/lightbulb:", type="tertiary", key="sql_example",
                on_click=sheet.choose, args=(row["example"],),
            )  # fmt: skip
        if row["kind"] != "macro":
            _columns(view, sheet, row["name"])


def _columns(view: View, sheet: Sheet, table: str) -> None:
    every = columns(view.settings, view.version)
    found = every[every["table_name"] == table]
    shown = pd.DataFrame({"Column": found["column_name"], "Type": found["data_type"], "Says": found["comment"]})

    def clicked() -> None:
        sheet.put_in(found["column_name"].iloc[st.session_state["sql_column_clicked"]["row"]])

    _list(
        f"sql_columns_{table}",
        shown,
        "sql_column_clicked",
        clicked,
        f"columns of {table}; choose one to put it into the text",
    )


def _questions(view: View, sheet: Sheet) -> None:
    """Saved ones first, then those that the pages ask."""
    saved = data.answer(view.settings, view.version, "saved_views", Filters())
    saved = saved[saved["page"] == "sql"]
    own = pd.DataFrame(
        {"name": saved["name"], "said": saved["author"].fillna("") + " saved it", "query": saved["query"]}
    )
    house = pd.DataFrame(list(known_questions().items()), columns=["name", "said"])
    every = pd.concat([own, house], ignore_index=True)
    words = st.text_input("Search", key="sql_asked", placeholder="waiting, by team …", label_visibility="collapsed")
    found = search(every, words)
    if found.empty:
        tables.nothing("No question says that.", 120)
        return

    def chosen() -> None:
        row = found.iloc[st.session_state["sql_question_clicked"]["row"]]
        if format.is_missing(row["query"]):
            sheet.choose(question_sql(row["name"]).strip())
        else:
            sheet.choose(*_of_query(row["query"]))

    shown = pd.DataFrame({"Question": found["name"], "Answers": found["said"]})
    _list("sql_questions", shown, "sql_question_clicked", chosen, "questions; choose one to put it into the editor")
    quiet("Saved ones come first; the rest are what the pages ask.")


def _of_query(query: str) -> tuple[str, dict[str, list[str]]]:
    """Text and parameters of a saved address."""
    asked = parse_qs(query.removeprefix("?"), keep_blank_values=True)
    written = {name.removeprefix(PARAMETER): values for name, values in asked.items() if name.startswith(PARAMETER)}
    return asked.get(TEXT, [""])[-1], written


def save(sheet: Sheet) -> None:
    """The form that keeps the text and its parameters under a name, for everyone."""
    opened = st.popover("Save", icon=":material/bookmark_add:", type="tertiary", key="sql_save", on_change="rerun")
    if not opened.open:
        return
    with opened, st.form("save_question", border=False, clear_on_submit=True):
        name = st.text_input("Save this question as", max_chars=views.LONGEST_NAME, placeholder="Longest waits by team")
        author = st.text_input(
            "Your name", key="question_author", max_chars=views.LONGEST_NAME, persist_state="session"
        )
        if st.form_submit_button("Save for everyone", icon=":material/bookmark_add:") and name.strip():
            views.save("sql", name, author, address_of(sheet.text, sheet.written))


def _history(view: View, sheet: Sheet) -> None:
    if not sheet.past:
        tables.nothing("Nothing was run yet in this visit.", 120)
        return

    def chosen() -> None:
        past = sheet.past[st.session_state["sql_past_clicked"]["row"]].asked
        sheet.choose(past.text, past.written)

    shown = pd.DataFrame(
        {
            "Query": [format.cut(" ".join(past.asked.text.split()), 34) for past in sheet.past],
            "Gave": [_gave(past) for past in sheet.past],
            "At": [format.clock(periods.local_time(past.asked.began_at, view.zone)) for past in sheet.past],
        }
    )
    _list(
        "sql_past",
        shown,
        "sql_past_clicked",
        chosen,
        "queries of this visit, the newest first; choose one to bring it back",
    )


def _gave(past: Outcome) -> str:
    if past.result is not None:
        return f"{format.counted(past.result.rows, 'row')}, {took(past.seconds)}"
    return "stopped" if past.refusal and past.refusal.limit == "stopped" else "refused"


def _list(
    key: str, shown: pd.DataFrame, clicked: str, on_click: Callable[[], None], says: str, height: int = HEIGHT
) -> None:
    """A list whose first column can be clicked."""
    first = str(shown.columns[0])
    st.dataframe(
        shown.assign(**{first: shown[first].map(tables.one_button)}),
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=min(height, tables.HEADER_HEIGHT + 2 + tables.ROW_HEIGHT * len(shown)),
        placeholder=format.EM_DASH,
        key=f"table_{key}",
        alt=f"{len(shown)} {says}",
        column_config={
            first: st.column_config.ButtonColumn(
                type="tertiary", alignment="left", pinned=True, key=clicked, on_click=on_click
            )
        },
    )


def text(value: object) -> str:
    """A comment, or an em dash."""
    return format.EM_DASH if format.is_missing(value) else str(value)
