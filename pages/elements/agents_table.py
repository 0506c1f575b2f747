"""The table of a team's agents: every figure with its interval and n beside it, and no order of rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.elements import agent_figures, format, tables
from pages.elements.data import View
from pages.elements.tables import Table
from warehouse import agents
from warehouse.catalogue import CATALOGUE

HEIGHT = tables.HEADER_HEIGHT + tables.ROW_HEIGHT * 10
WITH_EXPECTED = (*agents.LIKELY, agents.HANDLE_TIME)


def made(view: View, rows: pd.DataFrame, sparklines: Mapping[str, Sequence[float]]) -> Table:
    """Rows of agents.compared; `sparklines` by agent. A row leads to its agent."""
    spark = f"By {view.period.grain}"
    texts = {
        "Agent": rows["agent"],
        "Team": rows["team"],
        spark: [sparklines.get(name, []) for name in rows["agent"]],
        "Tickets": rows["tickets"].map(format.count),
    }
    if view.knows_waits:
        texts["Answered"] = rows["answered"].map(format.count)
    config = _config(view, sparklines, spark)
    for name in (name for name in agent_figures.ORDER if rows[f"{name}_n"].any()):
        texts |= _texts(rows, name)
        config |= _columns(name)
    return tables.table(
        "agents",
        "Agents",
        pd.DataFrame(texts),
        rows.drop(columns="is_in_sum"),
        leads=[agent_figures.lead(name) for name in rows["agent"]],
        config=config,
        height=HEIGHT,
        metrics=("answered", *agents.MEASURES),
    )


def _texts(rows: pd.DataFrame, name: str) -> dict[str, list[str]]:
    """The columns of a measure: its value, interval and n, what its mix lets expect, and what is likely."""
    unit, records = CATALOGUE[name].unit, rows.to_dict("records")
    texts = {
        name: [agent_figures.value(row, name) for row in records],
        f"{name} 95": [agent_figures.interval(row, name) for row in records],
    }
    if name in WITH_EXPECTED:
        texts[f"{name} expected"] = [format.value(value, unit) for value in rows[f"{name}_expected"]]
    if name in agents.LIKELY:
        texts[f"{name} likely"] = [agent_figures.likely(row, name) for row in records]
    return texts


def _config(view: View, sparklines: Mapping[str, Sequence[float]], spark: str) -> dict[str, Any]:
    right = st.column_config.TextColumn(width=70, alignment="right")
    most = max((max(values) for values in sparklines.values() if values), default=1)
    what = "Answers" if view.knows_waits else "Tickets"
    lines = st.column_config.LineChartColumn(
        width=110,
        y_min=0,
        y_max=max(most, 1),
        color="gray",
        help=f"{what} by {view.period.grain}, whole ones only, all on one scale up to {format.count(most)}",
    )
    return {"Team": st.column_config.TextColumn(width=90), spark: lines, "Tickets": right, "Answered": right}


def _columns(name: str) -> dict[str, Any]:
    """Headers of a measure's columns."""

    def column(label: str, width: int, explained: str) -> Any:
        return st.column_config.TextColumn(
            label, width=width, alignment="right", help=f"{CATALOGUE[name].title}: {explained}"
        )

    return {
        name: column(agent_figures.head(name), 95, f"of fewer than {agents.FEWEST}, that alone is said"),
        f"{name} 95": column("95 %, n", 130, "between what it lies with 95 % certainty, and how many it rests on"),
        f"{name} expected": column("For this mix", 90, "what all agents together have at the same channels and topics"),
        f"{name} likely": column(
            "Likely", 110, "drawn towards the others, the fewer it rests on the more; where it lies with 95 % certainty"
        ),
    }
