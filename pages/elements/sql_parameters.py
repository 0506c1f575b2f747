"""The fields of a query's parameters: `$start`, `$channels` ..."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import streamlit as st

from pages.elements import data, sql_values
from pages.elements.data import View
from pages.elements.sql_sheet import PARAMETER, Sheet
from warehouse.adhoc import parameters_of
from warehouse.errors import QueryRefused

# Parameters that the questions of the pages have for their filters, by the name of the filter: lists to choose from.
FILTERS = {"sources": "source", "channels": "channel", "teams": "team", "agents": "agent"}
DAYS = 28


def fields(view: View, sheet: Sheet) -> dict[str, object]:
    """Draws a field for every parameter of the text and returns their values."""
    names = _names(sheet.text)
    sheet.written = {name: sheet.written.get(name, _first(view, name)) for name in names}
    if not names:
        return {}
    with st.grid(4, min_column_width=150, gap="small"):
        return {name: _field(view, sheet, name) for name in names}


def _names(text: str) -> list[str]:
    """The parameters of a text; none of one that cannot be read yet."""
    try:
        return parameters_of(text)
    except QueryRefused:
        return []


def _field(view: View, sheet: Sheet, name: str) -> object:
    key = f"sql_{PARAMETER}{name}"
    written = sheet.written[name]
    label = f"${name}"  # letters, digits and underscores alone

    def by_hand() -> None:
        sheet.by_hand = True

    if name in FILTERS:
        labels = data.choices(view.settings, True).get(FILTERS[name], {})
        st.session_state.setdefault(key, written)
        chosen = st.multiselect(
            label,
            [*labels, *(value for value in written if value not in labels)],
            format_func=lambda value: labels.get(value, value),
            key=key,
            placeholder="null: all",
            accept_new_options=True,
            on_change=by_hand,
        )
        sheet.written[name] = chosen
        return chosen or None
    st.session_state.setdefault(key, written[-1] if written else "")
    text = st.text_input(label, key=key, placeholder="null", help=sql_values.HOW, on_change=by_hand)
    sheet.written[name] = [text or ""]
    return sql_values.read(text or "")


def _first(view: View, name: str) -> list[str]:
    """What a field holds at first: the questions of the pages ask for a period, an instant, a zone and a grain."""
    known = {
        "start": _written(datetime.combine(view.as_of.date() - timedelta(days=DAYS), time())),
        "end": _written(view.as_of + timedelta(seconds=1)),
        "as_of": _written(view.as_of),
        "today": _written(datetime.combine(view.as_of.date(), time())),
        "zone": view.zone,
        "grain": "day",
    }
    return [known[name]] if name in known else []


def _written(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds")
