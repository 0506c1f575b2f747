"""One agent: how they are doing beside their team, with how sure that is, and what was said about and to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd
import streamlit as st

from pages.elements import (
    agent_charts,
    agent_figures,
    agent_lists,
    agent_notes,
    agent_trends,
    data,
    format,
    frame,
    markdown,
    palette,
    periods,
)
from pages.elements.agent_trends import Trends, trends_of
from pages.elements.data import View
from pages.elements.figure import Chart
from pages.elements.tiles import small, tile
from warehouse import agents
from warehouse.ask import Filters
from warehouse.catalogue import CATALOGUE
from warehouse.series import Split

MIX_HEIGHT = 234


@dataclass(frozen=True)
class Person:
    """What one agent's view shows."""

    row: pd.Series | None  # of agents.compared; None: nothing in this period
    team: str | None
    since: datetime | None
    channels: tuple[str, ...]
    trends: Trends
    mixes: dict[str, Chart]
    hours: Chart
    days: int


@data.drawing
def drawn(view: View, name: str) -> Person:
    """Everything one agent's view shows but their lists."""
    compared = agent_figures.table(view)
    row = next((row for _, row in compared[compared["agent"] == name].iterrows()), None)
    team, since, colleagues = _team(view)
    theirs = replace(view.filters, agents=colleagues)
    hours = view.ask("agent_hours", zone=view.zone)
    channels = view.series("arrived", split="channel").dropna(subset="part")
    return Person(
        row,
        team,
        since,
        tuple(frame.channel_label(view, part) for part in channels.sort_values("n", ascending=False)["part"]),
        trends_of(view, theirs, since),
        {split: _mix(view, theirs, split) for split in ("channel", "topic")},
        agent_charts.hours(hours, palette.of(view.theme), MIX_HEIGHT),
        int(hours["days_in_all"].iloc[0]) if len(hours) else 0,
    )


def _team(view: View) -> tuple[str | None, datetime | None, tuple[str, ...]]:
    """The agent's team, the first the data knows of them, and everyone of that team, themselves included; nobody where no team is said."""
    known = view.ask("agent_team")
    own = known[known["is_chosen"]]
    if own.empty:
        return None, None, ()
    team, since = own["team"].iloc[0], own["first_seen_at"].iloc[0]
    first = None if format.is_missing(since) else since.to_pydatetime()
    return (None, first, ()) if format.is_missing(team) else (str(team), first, tuple(known["agent"]))


def _mix(view: View, theirs: Filters, split: Split) -> Chart:
    mixed = agents.mix(view.series("arrived", split=split), view.series("arrived", split=split, filters=theirs))
    labels = frame.channel_labels(view) if split == "channel" else {}
    return agent_charts.mix(
        mixed, split, labels, "team" if theirs.agents else "all", palette.of(view.theme), MIX_HEIGHT
    )


def draw(view: View, name: str) -> None:
    """One agent's view."""
    person = drawn(view, name)
    _head(view, person, name)
    if person.row is None:
        st.info(
            f"**Nothing of {markdown.plain(name)} in this period** and with these filters. Choose a longer period to see their work."
        )
    else:
        _tiles(person.row)
        agent_trends.card(view, person.trends)
        _work_cards(view, person)
    left, right = st.columns(2, gap="small")
    with left, frame.card("What customers said", "survey answers with a comment, the newest first"):
        agent_lists.comments(view)
    with (
        right,
        frame.card("Coaching and recognition", "notes by their leads, with who wrote them and when, the newest first"),
    ):
        agent_notes.draw(view, name)
    with frame.card("Tickets", "made in this period and now with this agent, the newest first"):
        agent_lists.tickets(view)
    frame.footnote(
        view,
        "Likely: drawn towards the other agents, the fewer it rests on the more. For this mix: what all agents have at the same channels and topics.",
    )


def _everyone() -> None:
    """Back to the team: nobody is chosen any more."""
    if "agent" in st.session_state:
        st.session_state["agent"] = []
    else:
        # The data knows one agent: there is no filter that the address belongs to.
        st.query_params.pop("agent", None)


def _head(view: View, person: Person, name: str) -> None:
    facts = [
        markdown.plain(person.team or "no team"),
        ", ".join(markdown.plain(channel) for channel in person.channels),
    ]
    if person.row is not None and view.knows_waits:
        facts.append(f"{format.counted(int(person.row['answered']), 'answer')} on {format.counted(person.days, 'day')}")
    if person.since:
        facts.append(f"in the data since {format.date(periods.local_time(person.since, view.zone))}")
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.button(
            "All agents",
            icon=":material/arrow_back:",
            type="tertiary",
            on_click=_everyone,
            key="everyone",
            width="content",
        )
        told = " · ".join(filter(None, facts))
        st.markdown(f"**{markdown.plain(name)}** &ensp; {small(told)}", width="stretch")


def _tiles(row: pd.Series) -> None:
    with st.grid(6, min_column_width=150, gap="small"):
        for name in agent_figures.ORDER:
            likely = "; what is likely, drawn towards the others" if name in agents.LIKELY else ""
            tile(
                agent_figures.head(name),
                _value(row, name),
                note="  \n".join(filter(None, (agent_figures.interval(row, name), *_beside(row, name)))),
                explanation=f"{CATALOGUE[name].title}. Below: where it lies with 95 % certainty and how many it rests on; what all "
                f"agents have at the same channels and topics{likely}.",
            )


def _value(row: pd.Series, name: str) -> str:
    """As in the table, in as few letters as a tile has room for."""
    return f"n < {agents.FEWEST}" if 0 < row[f"{name}_n"] < agents.FEWEST else agent_figures.value(row, name)


def _beside(row: pd.Series, name: str) -> tuple[str, ...]:
    """What the mix lets expect, and what is likely; nothing where nothing was counted."""
    if not row[f"{name}_n"]:
        return ()
    expected = f"for this mix {format.value(row[f'{name}_expected'], CATALOGUE[name].unit)}"
    return (expected, f"likely {agent_figures.likely(row, name)}") if name in agents.LIKELY else (expected,)


def _work_cards(view: View, person: Person) -> None:
    beside = "team's share: the tick" if person.trends.has_team else "everyone's share: the tick"
    with st.grid(3, min_column_width=300, gap="small"):
        with frame.card("Channels", f"of their tickets; {beside}"):
            frame.chart(person.mixes["channel"], "mix_channel", view)
        with frame.card("Topics", f"of their tickets; {beside}"):
            frame.chart(person.mixes["topic"], "mix_topic", view)
        with frame.card("Hours worked", f"as far as answers tell: when they were given, time of {view.zone}"):
            frame.chart(person.hours, "hours", view)
