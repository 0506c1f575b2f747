"""Which agent a page is about, everyone they are compared with, and an agent's figures in words: a value never without how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from pages.elements import data, format, leads
from pages.elements.data import View
from warehouse import agents
from warehouse.catalogue import CATALOGUE

# How measures are called in a sentence, a tile and a head of a table.
SHORT = {
    "average_handle_time": "handle time",
    "promise_kept_rate": "within target",
    "csat": "CSAT",
    "first_contact_resolution": "FCR",
    "reopen_rate": "reopened",
    "transfer_rate": "transferred",
}
# A row of agents.compared, by column.
Row = Mapping[str, Any]
# As they stand side by side.
ORDER = ("promise_kept_rate", "csat", agents.HANDLE_TIME, "first_contact_resolution", "reopen_rate", "transfer_rate")
# How long a solved ticket must stay quiet to count as resolved at first contact.
WITHIN_DAYS = 7


def who(view: View) -> str | None:
    """The agent this is about: where exactly one is chosen, or the address names the only one there is; several in sum are none."""
    known = data.choices(view.settings, True).get("agent", {})
    chosen = view.filters.agents or tuple(name for name in st.query_params.get_all("agent") if name in known)
    return chosen[0] if len(chosen) == 1 and not view.scope.is_in_sum(chosen[0]) else None


def lead(agent: str) -> str:
    """The lead from the team to one agent, which `choose` follows."""
    return leads.lead("agents", agent=agent, open=agent)


def choose() -> None:
    """Chooses the agent that a lead of this very page names: its filter is there already and would stay as it was. Before the filters."""
    name = st.query_params.get("open")
    if name is None:
        return
    known = data.choices(data.path(), True).get("agent", {})
    if name in known and len(known) > 1:
        st.session_state["agent"] = [name]
    del st.query_params["open"]


@data.drawing
def table(view: View) -> pd.DataFrame:
    """Everyone the filters allow, compared (see agents.compared), whoever is chosen."""
    everyone = replace(view.filters, agents=())
    rows = data.answer(view.settings, view.version, "agents_table", everyone, within_days=WITHIN_DAYS)
    return agents.compared(rows, view.scope.is_in_sum)


def head(name: str) -> str:
    """A measure as a tile or a column is headed."""
    return SHORT[name][0].upper() + SHORT[name][1:]


def value(row: Row, name: str) -> str:
    """A measure of an agent; of few, that they are few."""
    n = row[f"{name}_n"]
    return f"fewer than {agents.FEWEST}" if 0 < n < agents.FEWEST else format.value(row[name], CATALOGUE[name].unit)


def interval(row: Row, name: str) -> str:
    """Where a measure of an agent lies with 95 % certainty, and how many it rests on."""
    low, high, n = row[f"{name}_low"], row[f"{name}_high"], row[f"{name}_n"]
    if CATALOGUE[name].unit == "share":
        return format.interval(low, high, n)
    if format.is_missing(low):
        return f"n = {format.count(n)}"
    return f"{format.duration(max(low, 0))}–{format.duration(high)}, n = {format.count(n)}"


def likely(row: Row, name: str) -> str:
    """`82% (76–87%)`: a share drawn towards the others', and where it lies with 95 % certainty."""
    low, high = row[f"{name}_likely_low"], row[f"{name}_likely_high"]
    if format.is_missing(low):
        return format.EM_DASH
    return f"{format.share(row[f'{name}_likely'])} ({round(low * 100)}–{round(high * 100)}%)"
