"""Agents: a team side by side, fairly; and one agent, where exactly one is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.elements import (
    access,
    agent_figures,
    agent_view,
    agents_table,
    data,
    format,
    frame,
    funnel_charts,
    markdown,
    palette,
    tables,
)
from pages.elements.data import View
from pages.elements.figure import Chart
from pages.elements.tables import Table
from pages.elements.tiles import quiet
from warehouse import agents
from warehouse.catalogue import CATALOGUE

access.require("agents")

MIXES = {"at the same mix of work": True, "as counted": False}
FUNNEL_HEIGHT = 250
NOTES = (
    "Likely: drawn towards the others, the fewer it rests on the more. For this mix: what all agents have at the same channels and topics.",
    "Lines: where 95 % and 99.8 % of agents lie by chance; who lies outside is named. They are wider than for chance alone where all agents lie apart for reasons they share, such as busy hours.",
    "Work that nobody holds is in no row.",
)
OTHERS = (
    "Agents of other teams stand together, a row a team: they count in what all have, and are compared with nobody."
)
MOST_NAMES = 4


class Team(NamedTuple):
    """What the team view shows."""

    table: pd.DataFrame  # of agents.compared: everyone the filters allow, whoever is chosen
    shown: pd.DataFrame  # the rows of the table
    listed: Table | None  # the table, where it has rows
    outside: dict[str, list[str]]
    funnels: dict[str, Chart]


@data.drawing
def drawn(view: View, same_mix: bool, with_helpers: bool) -> Team:
    """Everything the team view shows; agents are compared with everyone the filters allow, whoever of them is chosen."""
    everyone = replace(view.filters, agents=())
    table = agent_figures.table(view)
    chosen, teams = view.filters.agents, view.filters.teams
    is_own = table["team"].isna() | table["team"].isin(teams) if teams and not chosen else table["agent"].notna()
    is_shown = table["agent"].isin(chosen) if chosen else is_own | with_helpers
    counted = view.series("answered" if view.knows_waits else "arrived", view.period.grain, "agent", everyone)
    whole = counted[counted["is_complete"]]
    outside = agents.outside(table, same_mix=same_mix)
    shown = in_order_of_name(table[is_shown])
    sparklines = {str(name): rows["value"].tolist() for name, rows in whole.groupby("part")}
    return Team(
        table,
        shown,
        None if shown.empty else agents_table.made(view, shown, sparklines),
        outside,
        {name: _funnel(view, table, name, same_mix) for name in outside},
    )


def in_order_of_name(table: pd.DataFrame) -> pd.DataFrame:
    """The rows by name, those of several agents together last."""
    names = table["agent"].str.casefold()
    return table.assign(name=names).sort_values(["is_in_sum", "name"], ignore_index=True).drop(columns="name")


def _funnel(view: View, table: pd.DataFrame, name: str, same_mix: bool) -> Chart:
    return funnel_charts.funnel(
        agents.funnel_rows(table, name, same_mix),
        CATALOGUE[name].unit,
        agent_figures.head(name),
        palette.of(view.theme),
        FUNNEL_HEIGHT,
        lead=agent_figures.lead,
        named=view.filters.agents,
    )


def draw(view: View) -> None:
    """The team view: the answer first, though what it depends on is chosen below it."""
    if agent_figures.table(view).empty:
        st.info("**Nobody to show.** In this period and with these filters the data names no agent.")
        return
    answer, listed = st.container(gap="xxsmall"), st.container(gap="xxsmall")
    with_helpers = _helpers(view, listed)
    mix, downloads = _mix()
    team = drawn(view, MIXES[mix], with_helpers)
    with answer:
        st.markdown(_sentence(team, mix))
        quiet(_together(view, team.table))
    with listed:
        if team.listed is None:
            helped = "" if view.filters.agents else " Agents of other teams helped: the switch above lists them."
            st.info(f"**Nothing of these agents in this period.**{helped}")
        else:
            tables.place(view, team.listed, downloads)
    with st.grid(3, min_column_width=300, gap="small"):
        for name, chart in team.funnels.items():
            with frame.card(agent_figures.head(name), f"{mix}{_left_out(team, name)}"):
                frame.chart(chart, f"funnel_{name}", view)
    frame.footnote(view, *NOTES, *([] if view.scope.is_everything else [OTHERS]))


def _left_out(team: Team, name: str) -> str:
    """How many agents are not drawn as what they have says too little."""
    n = team.table[f"{name}_n"]
    few = int(n.between(1, agents.FEWEST - 1).sum())
    return f", {few} with n < {agents.FEWEST} left out" if few and n.max() >= agents.FEWEST else ""


def _helpers(view: View, place: DeltaGenerator) -> bool:
    """Whether agents of other teams who helped the chosen ones are listed too; the choice is in the address."""
    if not view.filters.teams or view.filters.agents:
        return False
    return place.toggle("With agents of other teams who helped", key="helpers", bind="query-params")


def _mix() -> tuple[str, DeltaGenerator]:
    """How funnels compare agents (the choice is in the address), and the place beside it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        downloads = st.container(width="content")
        mix = st.segmented_control(
            "Compared",
            list(MIXES),
            default=next(iter(MIXES)),
            required=True,
            key="mix",
            bind="query-params",
            label_visibility="collapsed",
        )
    return mix or next(iter(MIXES)), downloads


def _sentence(team: Team, mix: str) -> str:
    """Who lies outside what chance makes, on which measure; or that nobody does."""
    if not team.outside:
        return "**Nothing to compare yet**: no share of these agents rests on anything in this period."
    compared = int((~team.table["is_in_sum"]).sum())
    these = f"these {format.counted(compared, 'agent')}"
    out = {name for names in team.outside.values() for name in names}
    if not out:
        measures = _listed([agent_figures.SHORT[name] for name in team.outside])
        return f"**Differences between {these} are no more than chance makes** on {measures}, {mix}."
    found = _listed(
        [f"{_names(names)} on {agent_figures.SHORT[name]}" for name, names in team.outside.items() if names]
    )
    much = "Many" if len(out) > compared / 2 else "Few"
    return f"**{much} of {these} differ by more than chance makes**, {mix}: {found}. Worth a closer look, up or down; not a verdict."


def _names(names: Sequence[str]) -> str:
    shown = [markdown.plain(name) for name in names[:MOST_NAMES]]
    return _listed(shown if len(names) <= MOST_NAMES else [*shown, f"{len(names) - MOST_NAMES} more"])


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _together(view: View, table: pd.DataFrame) -> str:
    """All agents together, so that every row has something to be read beside."""
    totals = agents.totals(table)
    said = [f"{format.count(table['answered'].sum())} answered"] if view.knows_waits else []
    said += [f"{format.count(table['tickets'].sum())} tickets"]
    said += [
        f"{agent_figures.SHORT[name]} {format.value(totals.value[name], CATALOGUE[name].unit)} (n = {format.count(totals.n[name])})"
        for name in agents.MEASURES
        if totals.n[name]
    ]
    return "Together: " + " · ".join(said)


agent_figures.choose()
shown = frame.begin("agents")
who = agent_figures.who(shown)
if who is None:
    draw(shown)
else:
    agent_view.draw(replace(shown, filters=replace(shown.filters, agents=(who,))), who)
