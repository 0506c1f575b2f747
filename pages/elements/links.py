"""Following a lead (see leads): to its page, with the filters and the period of the view it was on."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NoReturn
from urllib.parse import parse_qs

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.elements import leads
from pages.elements.data import View
from pages.elements.sitemap import PAGES

CARRIED = ("source", "channel", "team", "agent", "period", "days", "times")
Query = dict[str, list[str]]
BACK = "history.back()"


def go(view: View, lead: str) -> NoReturn:
    """Leaves for where a lead leads."""
    switch(*query_of(view, lead))


def switch(page: str, query: Query) -> NoReturn:
    """Leaves for a page and its query.

    Streamlit refuses to set what widgets of the page left behind are bound to; they are released first. That is not in its
    public interface: tests/test_browser.py holds that it works.
    """
    context = get_script_run_ctx()
    if context is not None:
        with context.session_state.query_params() as bound:
            for widget in tuple(bound._bindings_by_widget):
                bound.unbind_widget(widget)
    st.switch_page(PAGES[page].script, query_params=query | {"at": [page]})


def button(label: str, page: str, query: Query, icon: str | None = None, key: str | None = None) -> None:
    """A link to a page and its query; links of one label need a `key`. Streamlit's own link loses what the page left behind has bound."""
    if st.button(label, icon=icon, type="tertiary", key=f"to_{page}_{key or label}"):
        switch(page, query)


def bounce(page: str) -> None:
    """Goes one further back where the browser's back button meets an address that Streamlit left on the way.

    Switching pages, it first puts the new query behind the old page's path, and keeps that in the browser's history.
    """
    if st.query_params.get("at", page) != page:
        # The text around it differs each time, so that the browser runs it again; the script itself is one that the door lets run.
        st.html(f"<script>{BACK}</script><!-- {time.monotonic()} -->", unsafe_allow_javascript=True)
        st.stop()


def carry(page: str) -> None:
    """Takes filters and period along when the visitor changes pages by the menu, whose links say nothing of them."""
    before = st.session_state.get("page", page)
    st.session_state["page"] = page
    carried: Query = st.session_state.get("carried", {})
    if before != page and carried and not st.query_params:
        switch(page, carried)


def remember() -> None:
    """Notes the filters and the period of the address, for `carry`."""
    asked = st.query_params
    st.session_state["carried"] = {name: asked.get_all(name) for name in CARRIED if name in asked}


def query_of(view: View, lead: str) -> tuple[str, Query]:
    """Page and query of a lead, with what it does not say itself taken from the view."""
    page, _, asked = lead.partition("?")
    query: Query = parse_qs(asked, keep_blank_values=True)
    if page == "ticket":
        return page, query
    given = {name: list(values) for name, values in filters_of(view).items() if values}
    if page == "tickets":
        given |= {"from": [leads.text(view.filters.start)], "to": [leads.text(view.filters.end)]}
    else:
        given |= period_of(view)
    return page, given | query


def filters_of(view: View) -> Mapping[str, Sequence[str]]:
    """What the view is restricted to, by the names the address has."""
    chosen = view.filters
    return {"source": chosen.sources, "channel": chosen.channels, "team": chosen.teams, "agent": chosen.agents}


def period_of(view: View) -> Query:
    """The period of the view as the address names it."""
    named = {"period": [view.period.name]}
    return named | ({"days": list(view.period.days)} if view.period.days else {})
