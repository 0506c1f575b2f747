"""The wall: pages without menu and controls that take turns, for a screen that nobody touches. `?wall=live,wait_times&every=30`."""

from __future__ import annotations

import time

import streamlit as st

from pages.elements import links
from pages.elements.sitemap import ENTRIES, PAGES

DEFAULT_SECONDS = 30
SHORTEST_SECONDS = 5
LOOK_SECONDS = 2
# A browser that runs for days starts anew now and then: whatever it hoards is gone.
RELOAD_HOURS = 6
# Of no use without a hand on the mouse.
NOT_SHOWN = ("sql", "data_health", "glossary", "dictionary", "tickets", "ticket")
_WITHOUT_MENU = """<style>[data-testid="stHeader"], [data-testid="stToolbar"] { display: none }
[data-testid="stMainBlockContainer"] { padding-top: 0.75rem }</style>"""
RELOAD = f"window.supportReload ??= setTimeout(() => location.reload(), {RELOAD_HOURS * 3_600_000})"


def is_on() -> bool:
    """Whether this visitor is a wall."""
    return "wall" in st.query_params


def turns() -> list[str]:
    """The pages that take turns: those the address names, else all that show something to look at."""
    named = [name for name in st.query_params.get("wall", "").split(",") if name in PAGES]
    return named or [entry.path for entry in ENTRIES if entry.path not in NOT_SHOWN]


def seconds() -> int:
    """How long each page stays."""
    asked = st.query_params.get("every", "")
    return max(int(asked), SHORTEST_SECONDS) if asked.isdecimal() else DEFAULT_SECONDS


def hang(page: str) -> None:
    """Takes menu and header away and sees to the next page's turn."""
    st.html(_WITHOUT_MENU)
    st.html(f"<script>{RELOAD}</script>", unsafe_allow_javascript=True)
    pages = turns()
    following = pages[(pages.index(page) + 1) % len(pages)] if page in pages else pages[0]
    if st.session_state.get("wall_page") != page:
        st.session_state["wall_page"], st.session_state["wall_since"] = page, time.monotonic()
    if following != page:
        _turn(following)


@st.fragment(run_every=LOOK_SECONDS)
def _turn(following: str) -> None:
    """Goes on to the next page once this one had its time; new data meanwhile does not give it more."""
    if time.monotonic() - st.session_state["wall_since"] >= seconds():
        links.switch(following, {name: st.query_params.get_all(name) for name in st.query_params})
