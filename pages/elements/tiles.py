"""Tiles: one number each, with its change against a named period."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

import streamlit as st

from pages.elements.format import is_missing

# A grey that is seen on light and dark paper alike.
SPARK = "#7C8490"
NO_CHANGE = ("+0%", "+0", "+0 pt", "0s")


class Tile(NamedTuple):
    """A tile ready to be placed."""

    label: str
    value: str
    change: str | None
    versus: str | None
    note: str
    crossed: str
    explanation: str | None
    spark: str


def made(
    label: str,
    value: str,
    change: str | None = None,
    versus: str | None = None,
    note: str = "",
    crossed: str = "",
    explanation: str | None = None,
    trend: Sequence[float | None] = (),
) -> Tile:
    """A tile. `crossed` names a limit that is: the one reason for red. Changes are grey, as more is not always worse.

    `trend` are the readings up to now, drawn small below.
    """
    spark = sparkline(trend, f"{label}, reading by reading")
    return Tile(label, value, change, versus if change else None, note, crossed, explanation, spark)


def place(tile: Tile) -> None:
    """Draws a tile."""
    with st.container(border=True, height="stretch", gap=None):
        st.metric(
            tile.label,
            tile.value,
            delta=0 if tile.change in NO_CHANGE else tile.change,
            delta_color="off",
            delta_description=tile.versus,
            help=tile.explanation,
        )
        if tile.spark:
            st.html(tile.spark)
        if tile.note:
            quiet(tile.note)
        if tile.crossed:
            quiet(f":red[{tile.crossed}]")


def tile(*given: Any, **named: Any) -> None:
    """A tile made and placed at once."""
    place(made(*given, **named))


def quiet(text: str, explanation: str | None = None, width: Literal["stretch", "content"] = "stretch") -> None:
    """An element of small grey text."""
    st.markdown(small(text), help=explanation, width=width)


def small(text: str) -> str:
    """Small grey text that still has the contrast to be read (st.caption fades too far)."""
    return f":small[:gray[{text}]]"


def sparkline(values: Sequence[float | None], alt: str) -> str:
    """The readings as a small grey line, gaps where one is not known; its heights say nothing but up and down."""
    known = [float(value) for value in values if value is not None and not is_missing(value)]
    if len(known) < 2:
        return ""
    low, span = min(known), max(known) - min(known)
    path, pen = "", "M"
    for place, value in enumerate(values):
        if value is None or is_missing(value):
            pen = "M"
            continue
        height = 27 - 24 * (float(value) - low) / span if span else 15
        path += f"{pen}{100 * place / (len(values) - 1):.1f} {height:.1f}"
        pen = "L"
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 30" preserveAspectRatio="none">'
        f'<path d="{path}" fill="none" stroke="{SPARK}" stroke-width="1.5" vector-effect="non-scaling-stroke"/></svg>'
    )
    # As an image: Streamlit takes drawings out of what it is given as HTML.
    source = f"data:image/svg+xml,{quote(drawing)}"
    return f'<img alt="{html.escape(alt)}" src="{source}" style="display:block;width:100%;height:38px">'
