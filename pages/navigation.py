"""The menu: the script that dashboard.py serves. Pages are found here and nowhere else."""

from __future__ import annotations

import streamlit as st

st.set_page_config(
    page_title="Support",
    page_icon="📶",
    layout="wide",
    menu_items={"About": "Support operations: queues, waits and volumes, from the exports of your help desk."},
)
page = st.navigation(
    [
        st.Page(
            "live.py",
            title="Live",
            icon=":material/monitoring:",
            default=True,
            help="Who waits right now, and what to do next.",
        ),
        st.Page(
            "queue_volume.py",
            title="Queue volume",
            icon=":material/stacked_bar_chart:",
            help="What came in, what went out, what is left.",
        ),
        st.Page(
            "wait_times.py",
            title="Wait times",
            icon=":material/hourglass_empty:",
            help="How long customers waited, open waits counted.",
        ),
        st.Page(
            "data_health.py",
            title="Data health",
            icon=":material/health_and_safety:",
            help="What came in, and what is odd about it.",
        ),
        st.Page("glossary.py", title="Glossary", icon=":material/menu_book:", help="What every metric means."),
    ],
    position="top",
)
page.run()
