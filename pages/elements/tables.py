"""Tables that pages share."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.elements import format
from pages.elements.tiles import quiet

ROW_HEIGHT = 30
HEADER_HEIGHT = 36


def waits(frame: pd.DataFrame, clock: str, clock_label: str, labels: dict[str, str], height: int, empty: str) -> None:
    """Waits with their ticket, in the order of the question. `clock` is the column of seconds that the order is by."""
    if frame.empty:
        nothing(empty, height)
        return
    shown = pd.DataFrame(
        {
            clock_label: frame[clock].abs().map(format.duration),
            "Waiting": frame["waited_seconds"].map(format.duration),
            "Ticket": frame["ticket_id"],
            "Channel": frame["channel"].map(lambda name: labels.get(name, name)),
            "Team": frame["team"],
            "Agent": frame["agent"],
            "Topic": frame["topic"],
        }
    )
    texts = shown.astype(object).where(shown.notna(), format.EM_DASH)
    st.dataframe(
        texts,
        hide_index=True,
        height=min(height, HEADER_HEIGHT + 1 + ROW_HEIGHT * len(frame)),
        row_height=ROW_HEIGHT,
        alt=f"{format.counted(len(frame), 'wait')}, {clock_label.lower()} first",
        column_config={
            clock_label: st.column_config.TextColumn(width=80, alignment="right"),
            "Waiting": st.column_config.TextColumn(width=80, alignment="right"),
            "Ticket": st.column_config.TextColumn(width=90),
            "Channel": st.column_config.TextColumn(width=80),
        },
    )


def agents(frame: pd.DataFrame, height: int) -> None:
    """Agents with their answers of the last half hour."""
    if frame.empty:
        nothing("Nobody answered in the last 30 minutes.", height)
        return
    shown = pd.DataFrame(
        {
            "Agent": frame["agent"],
            "Team": frame["team"].fillna(format.EM_DASH),
            "Answers": frame["answers"],
            "Last": frame["last_answer_seconds"].map(lambda seconds: f"{format.rough_duration(seconds)} ago"),
        }
    )
    st.dataframe(
        shown,
        hide_index=True,
        height=min(height, HEADER_HEIGHT + 1 + ROW_HEIGHT * len(frame)),
        row_height=ROW_HEIGHT,
        alt=f"{format.counted(len(frame), 'agent')} who answered in the last 30 minutes, most answers first",
        column_config={
            "Answers": st.column_config.NumberColumn(width=70),
            "Last": st.column_config.TextColumn(width=90, alignment="right"),
        },
    )


def wait_times(waits: pd.DataFrame, kept: pd.DataFrame, labels: dict[str, str]) -> None:
    """Wait times by channel: percentiles with open waits counted, the answered ones alone beside them, and the share within target."""
    rows = waits[~waits["all_channels"]].merge(kept[~kept["all_channels"]], on="channel", how="left")
    shown = {
        "Channel": [labels.get(name, format.EM_DASH if format.is_missing(name) else name) for name in rows["channel"]],
        "Waits": [format.count(value) for value in rows["waits"]],
        "Answered": [format.count(value) for value in rows["answered"]],
        "Gave up": [format.count(value) for value in rows["abandoned"]],
        "Solved unanswered": [format.count(value) for value in rows["solved"]],
        "Still waiting": [format.count(value) for value in rows["waiting"]],
    }
    for label, name in (("Median", "median"), ("p90", "p90"), ("p95", "p95")):
        known = zip(rows[f"{name}_seconds"], rows[f"{name}_is_known"], strict=True)
        shown[label] = [
            format.duration(value) if is_known else f"over {format.duration(value)}" for value, is_known in known
        ]
        shown[f"{label}, answered only"] = [format.duration(value) for value in rows[f"naive_{name}_seconds"]]
    shown["Within target"] = [format.share(value) for value in rows["share"]]
    shown["95 % interval"] = [
        format.interval(low, high, decided)
        for low, high, decided in zip(rows["share_low"], rows["share_high"], rows["decided"], strict=True)
    ]
    right = {name: st.column_config.TextColumn(alignment="right") for name in shown if name != "Channel"}
    st.dataframe(
        pd.DataFrame(shown), hide_index=True, row_height=ROW_HEIGHT, alt="Wait times by channel", column_config=right
    )


def nothing(text: str, height: int) -> None:
    """The place of a table that has no rows."""
    with st.container(height=height, border=False, vertical_alignment="center", horizontal_alignment="center"):
        quiet(text)
