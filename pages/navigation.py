"""The menu: the script that dashboard.py serves. Pages are found here and nowhere else."""

from __future__ import annotations

import streamlit as st

from pages.elements import access, following, menu, notice, wall, widgets
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
        menu.item(entry, is_visible=entry.in_menu and person is not None and access.may_see(person, entry.path))
        for entry in ENTRIES
    ],
    position="hidden" if wall.is_on() or person is None else "top",
)
with notice.instead():
    page.run()
