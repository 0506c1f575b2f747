"""The menu: the script that dashboard.py serves. Pages are found here and nowhere else."""

from __future__ import annotations

import streamlit as st

from pages.elements import wall
from pages.elements.sitemap import ENTRIES

st.set_page_config(
    page_title="Support",
    page_icon="📶",
    layout="wide",
    menu_items={"About": "Support operations: queues, waits and volumes, from the exports of your help desk."},
)
page = st.navigation(
    [
        st.Page(
            entry.script,
            title=entry.title,
            icon=f":material/{entry.icon}:",
            default=entry is ENTRIES[0],
            visibility="visible" if entry.in_menu else "hidden",
            help=entry.answers,
        )
        for entry in ENTRIES
    ],
    position="hidden" if wall.is_on() else "top",
)
page.run()
