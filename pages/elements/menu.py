"""The items of the menu. Streamlit looks for the script and the icon of each that is made, fourteen in every run: made once, then copied."""

from __future__ import annotations

from copy import copy
from functools import cache

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from pages.elements.sitemap import ENTRIES, Entry


def item(entry: Entry, is_visible: bool) -> StreamlitPage:
    """A page for `st.navigation`, which notes in it that it may be run: a new object each time."""
    return copy(_made(entry, is_visible))


@cache
def _made(entry: Entry, is_visible: bool) -> StreamlitPage:
    return st.Page(
        entry.script,
        title=entry.title,
        icon=f":material/{entry.icon}:",
        default=entry is ENTRIES[0],
        visibility="visible" if is_visible else "hidden",
        help=entry.answers,
    )
