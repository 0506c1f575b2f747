"""SQL: an analyst's own questions to the warehouse. `?q=...&p_start=...` opens one; it runs when the visitor says so."""

from __future__ import annotations

from functools import partial

import streamlit as st

from pages.elements import access, data, frame, sql_editor, sql_parameters, sql_result, sql_run, sql_sheet, sql_shelf
from pages.elements.data import View
from pages.elements.sql_sheet import Sheet
from pages.elements.tiles import quiet

access.require("sql")


def draw(view: View) -> None:
    sql_run.get_ready()
    sheet = sql_sheet.of_visitor()
    sql_sheet.follow_address(sheet)
    desk, shelf = st.columns([13, 6], gap="medium")
    with desk:
        _ask(view, sheet)
        _answer(view, sheet)
    with shelf:
        sql_shelf.draw(view, sheet)


def _ask(view: View, sheet: Sheet) -> None:
    """Editor, fields of parameters, Run. The editor is drawn last: it marks the line of an error that running brings."""
    place = st.container()
    values = sql_parameters.fields(view, sheet)
    sql_sheet.write_address(sheet)
    bar = st.container(horizontal=True, vertical_alignment="center", gap="small")
    with bar:
        run = partial(_asked, sheet)
        st.button(
            "Run", icon=":material/play_arrow:", type="primary", key="sql_run", shortcut="Ctrl+Enter", on_click=run
        )
        sql_shelf.save(sheet)
    if sheet.is_asked:
        sheet.is_asked = False
        sql_run.begin(sheet, values)
    with bar:
        _said_of_text(sheet)
    with place:
        _editor(view, sheet)


def _editor(view: View, sheet: Sheet) -> None:
    columns = sql_shelf.columns(view.settings, view.version)
    macros = data.glossary(view.settings, view.version)
    outcome = sheet.outcome
    refusal = outcome.refusal if outcome and outcome.asked.text == sheet.text else None
    sql_editor.editor(
        (sheet.text_no, sheet.text),
        (sheet.insert_no, sheet.insert),
        (sheet.fault_no, refusal.line if refusal else None, refusal.column if refusal else None),
        columns.groupby("table_name")["column_name"].agg(list).to_dict(),
        macros[["name", "call"]].to_dict("records"),
        on_text=partial(_typed, sheet, "text"),
        on_run=partial(_typed, sheet, "run"),
    )


def _typed(sheet: Sheet, event: str) -> None:
    text = sql_editor.typed(event)
    if text is not None:
        sheet.text, sheet.by_hand = text, True
    if event == "run":
        _asked(sheet)


def _asked(sheet: Sheet) -> None:
    sheet.is_asked, sheet.by_hand = bool(sheet.text.strip()), True


def _said_of_text(sheet: Sheet) -> None:
    if sheet.is_foreign:
        quiet("This query came with the address and has not run: read it, then press Run.", width="content")
    if sheet.is_too_long:
        quiet("Too long for an address: this query cannot be sent as a link.", width="content")


def _answer(view: View, sheet: Sheet) -> None:
    if sheet.query:
        sql_run.look_after(sheet)
    elif sheet.outcome:
        sql_result.draw(view, sheet.outcome)
    else:
        quiet("Results appear here. To begin with, open a table or choose a question.")


draw(frame.begin("sql", with_period=False, filtered=False, by_hand=True))
