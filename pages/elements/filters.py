"""The filter bar: period, source, channel, team, agent, all held in the URL under the names that the data has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import streamlit as st

from pages.elements import periods
from pages.elements.periods import Grain

DIMENSIONS = ("source", "channel", "team", "agent")
CONTROL_WIDTH = 160
EARLIEST = date(1970, 1, 1)
KINDS = {"first answers": "first", "all answers": None}
PLURALS = {"source": "sources", "channel": "channels", "team": "teams", "agent": "agents"}


@dataclass(frozen=True)
class Chosen:
    """What the visitor chose, by dimension, and what a link asked for that there is not."""

    period: str
    values: dict[str, tuple[str, ...]]
    ignored: tuple[str, ...]
    grain: Grain | None = None
    kind: str | None = None
    days: tuple[date, date] | None = None


def bar(
    choices: dict[str, list[str]], with_period: bool, last_day: date, grains: bool = False, kinds: bool = False
) -> Chosen:
    """Draws the bar and returns the choices; values of the URL that do not exist are left out and named."""
    unknown = _unknown(choices, with_period) if choices else ()
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small", key="filter_bar"):
        period = _period() if with_period else periods.DEFAULT
        days = _days(last_day) if period == periods.CHOSEN else None
        values = {dimension: _values(dimension, choices.get(dimension, [])) for dimension in DIMENSIONS}
        grain = _grain(_grains(period, days)) if grains else None
        kind = _kind() if kinds else None
    return Chosen(period, values, _remembered(unknown, (period, values)), grain, kind, days)


def of_address(choices: dict[str, list[str]], with_period: bool) -> Chosen:
    """The choices of the address alone, without a bar: for a wall."""
    asked = st.query_params
    period = asked.get("period", periods.DEFAULT) if with_period else periods.DEFAULT
    values = {
        dimension: tuple(value for value in asked.get_all(dimension) if value in choices.get(dimension, []))
        for dimension in DIMENSIONS
    }
    known = period if period in periods.CHOICES else periods.DEFAULT
    return Chosen(known, values, (), None, KINDS.get(asked.get("answers", ""), "first"))


def _days(last_day: date) -> tuple[date, date]:
    """First and last day; until both are chosen, the week that ends with the data."""
    chosen = st.date_input(
        "Days",
        value=(last_day - timedelta(days=6), last_day),
        min_value=EARLIEST,
        max_value=last_day,
        key="days",
        label_visibility="collapsed",
        format="YYYY-MM-DD",
        width=CONTROL_WIDTH + 60,
        bind="query-params",
    )
    return (
        (chosen[0], chosen[1])
        if isinstance(chosen, tuple) and len(chosen) == 2
        else (last_day - timedelta(days=6), last_day)
    )


def _period() -> str:
    return st.selectbox(
        "Period",
        list(periods.NAMES),
        index=periods.NAMES.index(periods.DEFAULT),
        key="period",
        bind="query-params",
        label_visibility="collapsed",
        width=CONTROL_WIDTH,
    )


def _grains(period: str, days: tuple[date, date] | None) -> tuple[Grain, ...]:
    return periods.grains_of(days[1] - days[0] + timedelta(days=1)) if days else periods.CHOICES[period].grains


def _grain(grains: tuple[Grain, ...]) -> Grain | None:
    """By hour, day or week, where the period leaves a choice."""
    if len(grains) < 2:
        return None
    return st.segmented_control(
        "By",
        list(grains),
        default=grains[0],
        required=True,
        key="by",
        label_visibility="collapsed",
        bind="query-params",
    )


def _kind() -> str | None:
    """First answers alone, or every answer of a conversation."""
    kind = st.segmented_control(
        "Answers",
        list(KINDS),
        default="first answers",
        required=True,
        key="answers",
        label_visibility="collapsed",
        bind="query-params",
    )
    return KINDS.get(kind or "", "first")


def _values(dimension: str, known: list[str]) -> tuple[str, ...]:
    if len(known) < 2:
        return ()
    chosen = st.multiselect(
        dimension.capitalize(),
        known,
        key=dimension,
        bind="query-params",
        placeholder=f"All {PLURALS[dimension]}",
        label_visibility="collapsed",
        width=CONTROL_WIDTH,
    )
    return tuple(chosen)


def _unknown(choices: dict[str, list[str]], with_period: bool) -> tuple[str, ...]:
    """What the link asks for that there is not."""
    unknown = [
        f"{dimension} {value}"
        for dimension in DIMENSIONS
        for value in st.query_params.get_all(dimension)
        if value not in choices.get(dimension, [])
    ]
    if with_period:
        unknown += [f"period {value}" for value in st.query_params.get_all("period") if value not in periods.NAMES]
    return tuple(unknown)


def _remembered(unknown: tuple[str, ...], chosen: object) -> tuple[str, ...]:
    """What was left out of the link, until the visitor chooses otherwise: the URL itself is tidied at once."""
    noted: tuple[tuple[str, ...], object] = st.session_state.get("left_out", ((), None))
    if unknown:
        noted = (unknown, chosen)
    elif noted[1] != chosen:
        noted = ((), None)
    st.session_state["left_out"] = noted
    return noted[0]
