"""The filter bar: period, source, channel, team, agent, all held in the URL."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pages.elements import periods
from pages.elements.periods import Grain

DIMENSIONS = ("source", "channel", "team", "agent")
CONTROL_WIDTH = 160
PLURALS = {"source": "sources", "channel": "channels", "team": "teams", "agent": "agents"}


@dataclass(frozen=True)
class Chosen:
    """What the visitor chose, by dimension, and what a link asked for that there is not."""

    period: str
    values: dict[str, tuple[str, ...]]
    ignored: tuple[str, ...]
    grain: Grain | None = None
    kind: str | None = None


def bar(choices: dict[str, dict[str, str]], with_period: bool, grains: bool = False, kinds: bool = False) -> Chosen:
    """Draws the bar and returns the choices; values of the URL that do not exist are left out and named."""
    ignored = _ignored(choices, with_period)
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small", key="filter_bar"):
        period = _period() if with_period else periods.DEFAULT
        values = {dimension: _values(dimension, choices.get(dimension, {})) for dimension in DIMENSIONS}
        grain = _grain(periods.CHOICES[period].grains) if grains else None
        kind = _kind() if kinds else None
    return Chosen(period, values, ignored, grain, kind)


def _period() -> str:
    return st.selectbox(
        "Period",
        list(periods.CHOICES),
        index=list(periods.CHOICES).index(periods.DEFAULT),
        key="period",
        bind="query-params",
        label_visibility="collapsed",
        width=CONTROL_WIDTH,
    )


def _grain(grains: tuple[Grain, ...]) -> Grain | None:
    """By hour, day or week, where the period leaves a choice."""
    if len(grains) < 2:
        return None
    return st.segmented_control(
        "By",
        list(grains),
        default=grains[0],
        required=True,
        format_func=lambda grain: f"By {grain}",
        key=f"by_{'_'.join(grains)}",
        label_visibility="collapsed",
        bind="query-params",
    )


def _kind() -> str | None:
    """First answers alone, or every answer of a conversation."""
    kind = st.segmented_control(
        "Answers",
        ["first", "all"],
        default="first",
        required=True,
        format_func=lambda kind: f"{kind.capitalize()} answers",
        key="answers",
        label_visibility="collapsed",
        bind="query-params",
    )
    return "first" if kind == "first" else None


def _values(dimension: str, labels: dict[str, str]) -> tuple[str, ...]:
    if len(labels) < 2:
        return ()
    _accept_names(dimension, labels)
    chosen = st.multiselect(
        dimension.capitalize(),
        list(labels),
        format_func=lambda value: labels.get(value, value),
        key=dimension,
        bind="query-params",
        placeholder=f"All {PLURALS[dimension]}",
        label_visibility="collapsed",
        width=CONTROL_WIDTH,
    )
    return tuple(chosen)


def _accept_names(dimension: str, labels: dict[str, str]) -> None:
    """Links are written with the labels people see; one written by hand with the names of the data is understood too."""
    asked = st.query_params.get_all(dimension)
    if dimension not in st.session_state and any(value in labels and value not in labels.values() for value in asked):
        st.query_params[dimension] = [labels.get(value, value) for value in asked]


def _ignored(choices: dict[str, dict[str, str]], with_period: bool) -> tuple[str, ...]:
    """What the link asks for that there is not. Remembered for the visit, as the URL is tidied at once."""
    unknown = [
        f"{dimension} {value}"
        for dimension in DIMENSIONS
        for value in st.query_params.get_all(dimension)
        if not _is_known(value, choices.get(dimension, {}))
    ]
    if with_period:
        unknown += [f"period {value}" for value in st.query_params.get_all("period") if value not in periods.CHOICES]
    remembered: tuple[str, ...] = st.session_state.get("ignored_filters", ())
    st.session_state["ignored_filters"] = tuple(dict.fromkeys((*remembered, *unknown)))
    return tuple(st.session_state["ignored_filters"])


def _is_known(value: str, labels: dict[str, str]) -> bool:
    return value in labels or value in labels.values()
