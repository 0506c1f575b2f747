"""Tiles: one number each, with its change against a named period."""

from __future__ import annotations

import streamlit as st

NO_CHANGE = ("+0%", "+0", "+0 pt", "0s")


def tile(
    label: str,
    value: str,
    change: str | None = None,
    versus: str | None = None,
    note: str = "",
    crossed: str = "",
    explanation: str | None = None,
) -> None:
    """A tile. `crossed` names a limit that is: the one reason for red. Changes are grey, as more is not always worse."""
    with st.container(border=True, height="stretch", gap=None):
        st.metric(
            label,
            value,
            delta=0 if change in NO_CHANGE else change,
            delta_color="off",
            delta_description=versus if change else None,
            help=explanation,
        )
        if note:
            quiet(note)
        if crossed:
            quiet(f":red[{crossed}]")


def quiet(text: str, explanation: str | None = None, right: bool = False) -> None:
    """Small grey text that still has the contrast to be read (st.caption fades too far)."""
    st.markdown(f":small[:gray[{text}]]", help=explanation, text_alignment="right" if right else "left")
