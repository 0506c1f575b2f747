"""Running the query of a sheet: begun here, looked after while it runs, ended here. What it may do and how much is warehouse.adhoc's to say."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import streamlit as st

from pages.elements import access, data, format
from pages.elements.sql_sheet import Asked, Outcome, Sheet
from pages.elements.tiles import quiet
from warehouse.adhoc import AdHoc, Query, Result
from warehouse.errors import QueryRefused, SupportError
from warehouse.settings import load

# A query that is done by then shows its result at once.
PATIENCE_SECONDS = 0.4
# Well within the seconds after which a query that nobody looks after is ended.
LOOK_SECONDS = 0.7
STOPPING_SECONDS = 1.0


@st.cache_resource(show_spinner=False, on_release=lambda runner: runner.close())
def _runner(settings_file: str) -> AdHoc:
    settings = load(Path(settings_file))
    return AdHoc(settings.data.folder, settings.sql)


def get_ready() -> None:
    """Has a process ready before the first query is asked: it takes a second to start."""
    _runner(data.path())


def begin(sheet: Sheet, values: Mapping[str, object]) -> None:
    """Runs the text of the sheet; one that still runs is stopped first."""
    access.require("sql")
    if sheet.query:
        _stop(sheet.query)
    sheet.query, sheet.outcome, sheet.is_foreign = None, None, False
    asked = sheet.asked = Asked(sheet.text, dict(sheet.written), data.now())
    try:
        sheet.query = _runner(data.path()).start(sheet.text, values)
        _ended(sheet, asked, sheet.query.wait(PATIENCE_SECONDS))
    except SupportError as error:
        _refused(sheet, asked, error)


def _stop(query: Query) -> None:
    """Stops a query and waits until it has made place for another."""
    query.stop()
    with suppress(QueryRefused):
        query.wait(STOPPING_SECONDS)


@st.fragment(run_every=LOOK_SECONDS)
def look_after(sheet: Sheet) -> None:
    """How long the query has run, and a way to stop it. Drawn only while one runs; then the page is drawn anew."""
    if sheet.query is None or sheet.asked is None:
        st.rerun()
    data.write_as_visitor()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button("Stop", icon=":material/stop_circle:", key="sql_stop"):
            _stop(sheet.query)
        quiet(f"Running · {format.duration(sheet.query.seconds)}", width="content")
    try:
        _ended(sheet, sheet.asked, sheet.query.poll())
    except SupportError as error:
        _refused(sheet, sheet.asked, error)
    if sheet.query is None:
        st.rerun()


def _ended(sheet: Sheet, asked: Asked, result: Result | None) -> None:
    if result is not None:
        sheet.end(Outcome(asked, result.seconds, result=result))


def _refused(sheet: Sheet, asked: Asked, error: SupportError) -> None:
    refusal = error if isinstance(error, QueryRefused) else QueryRefused(str(error))
    sheet.end(Outcome(asked, sheet.query.seconds if sheet.query else 0.0, refusal=refusal))
