"""Live, for a team lead: who waits now, what will go wrong next, and who is answering."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.elements import access, charts, data, following, format, frame, markdown, palette, tables, wall
from pages.elements.data import View
from pages.elements.figure import Chart
from pages.elements.periods import local_time, start_of_today
from pages.elements.tables import Table
from pages.elements.tiles import Tile, made, place, quiet

access.require("live")

CHART_HEIGHT = 150
TABLE_HEIGHT = 218
NEXT, MISSED = "Due next", "Missed"
NOT_KNOWN = "Not known: the source does not say when customers were answered."


class Drawn(NamedTuple):
    """What the page shows of a view."""

    tiles: list[Tile]
    charts: tuple[Chart, Chart, Chart, Chart]
    teams: str
    waits: dict[str, tuple[int, Table]]
    agents: Table


@data.drawing
def drawn(view: View) -> Drawn:
    """Tiles, charts and tables, made once for everyone who looks at the same thing."""
    queue = view.ask("live_queue")
    hours = view.ask("live_hours", as_of=view.as_of)
    waits = view.ask("waits_open")
    labels = frame.channel_labels(view)
    by_choice = {NEXT: (waits[~waits["is_past"]], "Due in"), MISSED: (waits[waits["is_past"]], "Past by")}
    return Drawn(
        tiles=_tiles(view, queue, hours),
        charts=_charts(view, queue, hours),
        teams=charts.most_of(queue, "team", CHART_HEIGHT),
        waits={
            choice: (len(rows), tables.waits(rows, clock, labels, TABLE_HEIGHT))
            for choice, (rows, clock) in by_choice.items()
        },
        agents=tables.agents(view.ask("live_agents", as_of=view.as_of), TABLE_HEIGHT),
    )


def draw(view: View) -> None:
    shown = drawn(view)
    with st.grid(6, min_column_width=150, gap="small"):
        for tile in shown.tiles:
            place(tile)
    _place_charts(view, shown)
    _tables(view, shown)
    frame.footnote(view, "Hours count back from the data's own time, so none of them is unfinished.")


def _tiles(view: View, queue: pd.DataFrame, hours: pd.DataFrame) -> list[Tile]:
    return [*_waiting(view, queue, hours), _within_target_today(view), _open_tickets(view), *_flows(view, hours)]


def _waiting(view: View, queue: pd.DataFrame, hours: pd.DataFrame) -> list[Tile]:
    now, day_before = hours.iloc[-1], hours.iloc[0]
    channels = queue[queue["part"] == "channel"]
    waiting = int(channels["waiting"].sum()) if view.knows_waits else None
    past = int(channels["past_target"].sum())
    longest = channels.loc[channels["longest_seconds"].idxmax()] if len(channels) else None
    return [
        made(
            "Waiting now",
            format.count(waiting),
            format.change_of_level(now["waiting"] - day_before["waiting"]) if view.knows_waits else None,
            "vs 24 h before",
            note="" if past or not waiting else "none past its target",
            crossed=f"{format.count(past)} past their target" if past else "",
            trend=hours["waiting"].tolist() if view.knows_waits else (),
        ),
        made(
            "Longest wait",
            format.duration(None if longest is None else longest["longest_seconds"]),
            note=""
            if longest is None
            else markdown.plain(f"{frame.channel_label(view, longest['name'])} · {longest['longest_ticket_id']}"),
        ),
    ]


def _open_tickets(view: View) -> Tile:
    backlog = view.ask("live_backlog", as_of=view.as_of).iloc[0]
    return made(
        "Open tickets",
        format.count(backlog["open"]),
        format.change_of_level(backlog["open_change"]),
        "vs 7 days before",
        note=f"{format.count(backlog['unassigned'])} unassigned",
    )


def _flows(view: View, hours: pd.DataFrame) -> list[Tile]:
    """What came in and what was answered, in the last hour."""
    arrived = hours["arrived"]
    answered = hours["answered"] if view.knows_waits else hours["answered"].astype(float) * float("nan")
    return [
        made(
            "Arrived, last 60 min",
            format.count(arrived.iloc[-1]),
            format.change_of_level(arrived.iloc[-1] - arrived.iloc[-2]),
            "vs the 60 min before",
            note=f"{format.count(arrived.iloc[1:].sum())} in 24 h",
            trend=arrived.tolist(),
        ),
        made(
            "Answered, last 60 min",
            format.count(answered.iloc[-1]),
            format.change_of_level(answered.iloc[-1] - answered.iloc[-2]),
            "vs the 60 min before",
            note=f"{format.count(answered.iloc[1:].sum())} in 24 h" if view.knows_waits else "",
            explanation="First answers to a ticket, call or chat.",
            trend=answered.tolist(),
        ),
    ]


def _within_target_today(view: View) -> Tile:
    today = view.ask("live_targets", as_of=view.as_of, today=start_of_today(view.as_of, view.zone)).iloc[0]
    promises = view.ask("target_shares", kind=None)["target_share"].tolist()
    promised = promises[0] if len(promises) == 1 and today["decided"] else None
    is_below = promised is not None and today["share_high"] < promised
    return made(
        "Within target today",
        format.share(today["share"]),
        format.change_of_share(today["share"], today["share_before"]),
        "vs a week earlier",
        note=format.interval(today["share_low"], today["share_high"], today["decided"])
        if today["decided"]
        else "no target fell due yet",
        crossed=f"below the promised {format.share(promised)}" if is_below else "",
        explanation="Of the waits whose target time fell today and has passed: answered within it. The range is a 95 % Wilson interval.",
    )


def _charts(view: View, queue: pd.DataFrame, hours: pd.DataFrame) -> tuple[Chart, Chart, Chart, Chart]:
    inks = palette.of(view.theme)
    empty = "Nobody waits." if view.knows_waits else NOT_KNOWN
    ends = [local_time(moment, view.zone).replace(tzinfo=None) for moment in charts.moments(hours["ends_at"])]
    return (
        charts.waiting_by("channel", queue, frame.channel_labels(view), inks, CHART_HEIGHT, empty),
        charts.waiting_by("team", queue, {}, inks, CHART_HEIGHT, empty),
        charts.waiting_over_time(hours, ends, inks, CHART_HEIGHT),
        charts.arrivals_and_answers(hours, ends, inks, CHART_HEIGHT),
    )


def _place_charts(view: View, shown: Drawn) -> None:
    by_channel, by_team, waiting, flow = shown.charts
    with st.grid(4, min_column_width=250, gap="small"):
        with frame.card("Waiting by channel", "customers now, and the longest wait"):
            frame.chart(by_channel, "by_channel", view, live=True)
        with frame.card("Waiting by team", f"{shown.teams}, and the longest wait"):
            frame.chart(by_team, "by_team", view, live=True)
        with frame.card("Waiting", "customers at the end of each hour, last 24 h"):
            frame.over_time(waiting, "waiting", view)
        with frame.card("Arrived and answered", "tickets and first answers per hour, last 24 h"):
            frame.over_time(flow, "flow", view)


def _tables(view: View, shown: Drawn) -> None:
    waits_column, agents_column = st.columns([2.25, 1], gap="small")
    with waits_column, st.container(border=True, gap="xsmall", height="stretch"):
        _waits(view, shown.waits)
    with agents_column, frame.card_with_slot("Answering now", "agents who answered in the last 30 minutes") as slot:
        _place(view, shown.agents, "Nobody answered in the last 30 minutes.", slot)


def _waits(view: View, waits: dict[str, tuple[int, Table]]) -> None:
    """Who will miss their target next, or who missed it, as the visitor chose."""
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = NEXT if wall.is_on() else _choice()
        count, table = waits[chosen]
        quiet(f"{format.count(count)} who {'will miss' if chosen == NEXT else 'missed'} their target")
        slot = st.container(horizontal=True, horizontal_alignment="right", width="content")
    nobody = "Nobody waits whose target is still to come." if chosen == NEXT else "Nobody waits past a target."
    _place(view, table, nobody if view.knows_waits else NOT_KNOWN, slot)


def _place(view: View, table: Table, nobody: str, slot: DeltaGenerator) -> None:
    """The table, or who is not there to be listed."""
    if len(table.shown):
        tables.place(view, table, slot)
    else:
        tables.nothing(nobody, TABLE_HEIGHT)


def _choice() -> str:
    chosen = st.segmented_control(
        "Waits",
        (NEXT, MISSED),
        default=NEXT,
        required=True,
        key="waits_shown",
        label_visibility="collapsed",
        bind="query-params",
    )
    return chosen or NEXT


following.show("live", lambda: draw(frame.begin("live", with_period=False, follow=True)))
