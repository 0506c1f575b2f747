"""Live, for a team lead: who waits now, what will go wrong next, and who is answering."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.elements import access, charts, data, format, frame, palette, tables
from pages.elements.data import View
from pages.elements.periods import local_time, start_of_today
from pages.elements.tiles import tile

access.require("live")

CHART_HEIGHT = 170
TABLE_HEIGHT = 247
NOT_KNOWN = "Not known: the source does not say when customers were answered."


@st.cache_data(max_entries=data.KEPT_DRAWINGS, show_spinner=False)
def draw(view: View) -> None:
    """The whole page below the filter bar, drawn once for everyone who looks at the same thing."""
    queue = view.ask("live_queue")
    hours = view.ask("live_hours", as_of=view.as_of)
    _tiles(view, queue, hours)
    _charts(view, queue, hours)
    _tables(view)
    frame.footnote(view, "Hours count back from the data's own time, so none of them is unfinished.")


def _tiles(view: View, queue: pd.DataFrame, hours: pd.DataFrame) -> None:
    backlog = view.ask("live_backlog", as_of=view.as_of).iloc[0]
    now, hour_before, day_before = hours.iloc[-1], hours.iloc[-2], hours.iloc[0]
    channels = queue[queue["part"] == "channel"]
    waiting = int(channels["waiting"].sum()) if view.knows_waits else None
    past = int(channels["past_target"].sum())
    longest = channels.loc[channels["longest_seconds"].idxmax()] if len(channels) else None
    with st.grid(6, min_column_width=150, gap="small"):
        tile(
            "Waiting now",
            format.count(waiting),
            format.change_of_level(now["waiting"] - day_before["waiting"]) if view.knows_waits else None,
            "vs 24 h before",
            note="" if past or not waiting else "none past its target",
            crossed=f"{past} past their target" if past else "",
        )
        tile(
            "Longest wait",
            format.duration(None if longest is None else longest["longest_seconds"]),
            note=""
            if longest is None
            else f"{frame.channel_label(view, longest['name'])} · {longest['longest_ticket_id']}",
        )
        _within_target_today(view)
        tile(
            "Open tickets",
            format.count(backlog["open"]),
            format.change_of_level(backlog["open_change"]),
            "vs 7 days before",
            note=f"{format.count(backlog['unassigned'])} unassigned",
        )
        tile(
            "Arrived, last 60 min",
            format.count(now["arrived"]),
            format.change_of_level(now["arrived"] - hour_before["arrived"]),
            "vs the 60 min before",
            note=f"{format.count(hours['arrived'].iloc[1:].sum())} in 24 h",
        )
        answered = hours["answered"] if view.knows_waits else hours["answered"].astype(float) * float("nan")
        tile(
            "Answered, last 60 min",
            format.count(answered.iloc[-1]),
            format.change_of_level(answered.iloc[-1] - answered.iloc[-2]),
            "vs the 60 min before",
            note=f"{format.count(answered.iloc[1:].sum())} in 24 h" if view.knows_waits else "",
            explanation="First answers to a ticket, call or chat.",
        )


def _within_target_today(view: View) -> None:
    today = view.ask("live_targets", as_of=view.as_of, today=start_of_today(view.as_of, view.zone)).iloc[0]
    promises = view.ask("target_shares", kind=None)["target_share"].tolist()
    promised = promises[0] if len(promises) == 1 and today["decided"] else None
    is_below = promised is not None and today["share_high"] < promised
    tile(
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


def _charts(view: View, queue: pd.DataFrame, hours: pd.DataFrame) -> None:
    inks = palette.of(view.theme)
    labels = frame.channel_labels(view)
    empty = "Nobody waits." if view.knows_waits else NOT_KNOWN
    ends = [local_time(moment, view.zone).replace(tzinfo=None) for moment in charts.moments(hours["ends_at"])]
    with st.grid(4, min_column_width=250, gap="small"):
        with frame.card("Waiting by channel", "customers now, and the longest wait"):
            frame.chart(charts.waiting_by("channel", queue, labels, inks, CHART_HEIGHT, empty), "by_channel", live=True)
        with frame.card("Waiting by team", charts.most_of(queue, "team", CHART_HEIGHT) + ", and the longest wait"):
            frame.chart(charts.waiting_by("team", queue, {}, inks, CHART_HEIGHT, empty), "by_team", live=True)
        with frame.card("Waiting", "customers at the end of each hour, last 24 h"):
            frame.chart(charts.waiting_over_time(hours, ends, inks, CHART_HEIGHT), "waiting", live=True)
        with frame.card("Arrived and answered", "tickets and first answers per hour, last 24 h"):
            frame.chart(charts.arrivals_and_answers(hours, ends, inks, CHART_HEIGHT), "flow", live=True)


def _tables(view: View) -> None:
    waits, agents = view.ask("waits_open"), view.ask("live_agents", as_of=view.as_of)
    due, past = waits[~waits["is_past"]], waits[waits["is_past"]]
    labels = frame.channel_labels(view)
    waits_column, agents_column = st.columns([2.25, 1], gap="small")
    with waits_column, st.container(border=True, gap="xsmall", height="stretch"):
        soon, missed = st.tabs([f"Will miss their target next ({len(due)})", f"Missed it already ({len(past)})"])
        with soon:
            tables.waits(
                due,
                "due_in_seconds",
                "Due in",
                labels,
                TABLE_HEIGHT,
                "Nobody waits whose target is still to come." if view.knows_waits else NOT_KNOWN,
            )
        with missed:
            tables.waits(
                past,
                "due_in_seconds",
                "Past by",
                labels,
                TABLE_HEIGHT,
                "Nobody waits past a target." if view.knows_waits else NOT_KNOWN,
            )
    with agents_column, frame.card("Answering now", "agents who answered in the last 30 minutes"):
        tables.agents(agents, TABLE_HEIGHT)


view = frame.begin("Live", with_period=False, follow=True)
draw(view)
