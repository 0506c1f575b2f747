"""The menu: the script that dashboard.py serves. Pages are found here and nowhere else."""

from __future__ import annotations

import streamlit as st

from pages.elements import access, following, notice, wall, widgets
from pages.elements.people import Person
from pages.elements.sitemap import ENTRIES
from warehouse.errors import SupportError

st.set_page_config(
    page_title="Support",
    page_icon="📶",
    layout="wide",
    menu_items={"About": "Support operations: queues, waits and volumes, from the exports of your help desk."},
)


def visitor() -> Person | None:
    """Whose menu it is; None also where the settings cannot be read: the page says why."""
    try:
        return access.who()
    except SupportError:
        return None


following.forget()
widgets.forget_gone()
person = visitor()
page = st.navigation(
    [
        st.Page(
            entry.script,
            title=entry.title,
            icon=f":material/{entry.icon}:",
            default=entry is ENTRIES[0],
            visibility="visible" if entry.in_menu and person and access.may_see(person, entry.path) else "hidden",
            help=entry.answers,
        )
        for entry in ENTRIES
    ],
    position="hidden" if wall.is_on() or person is None else "top",
)
with notice.instead():
    page.run()
