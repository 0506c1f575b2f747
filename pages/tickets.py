"""Tickets: what stands behind a figure. Every mark and row of the other pages leads here, with its filters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from pages.elements import access, data, format, frame, leads, markdown, periods, tables
from pages.elements.data import View
from pages.elements.sitemap import PAGES
from pages.elements.tables import Table
from pages.elements.ticket_sets import COUNTED, NOW, SETS, WEEKDAYS, Asked, of_address
from pages.elements.tiles import quiet

access.require("tickets")

MOST = 1000
# So many moments are the newest tickets looked for in, unless few tickets have them.
NEAR = 4 * MOST
TABLE_HEIGHT = 700


def draw(view: View) -> None:
    asked = of_address()
    heading, search = st.columns([3, 1], vertical_alignment="center", gap="small")
    words = search.text_input(
        "Search", key="q", bind="query-params", placeholder="Subject or number", label_visibility="collapsed"
    )
    found = _found(view, asked, words)
    total, rows = found.tickets, found.rows
    name = SETS[asked.which][0]
    with heading:
        st.markdown(f"**{format.count(total)} {name.replace('tickets', 'ticket', 1) if total == 1 else name}**")
        quiet(markdown.plain(" · ".join([*_counted(found, asked), *_said(view, asked, words)])))
    if total > len(rows):
        quiet(f"The newest {format.count(MOST)} are listed, and in the downloads.")
    if rows.empty:
        untold = " Answers that name no ticket are not listed." if SETS[asked.which][1] == "Score" else ""
        st.info(f"**No tickets.** Choose fewer filters, or go back to where you came from.{untold}")
    else:
        tables.place(view, _table(view, asked, words))
    if asked.is_restricted:
        _way_out(view, asked)


class Found(NamedTuple):
    """How many tickets are in the set, with how many waits, promises or answers, and the newest of them, one row each."""

    tickets: int
    moments: int
    rows: pd.DataFrame


def _found(view: View, asked: Asked, words: str) -> Found:
    values: dict[str, Any] = {
        "which": asked.which,
        "start": asked.start,
        "end": asked.end,
        "topics": list(asked.topics) or None,
        "priorities": list(asked.priorities) or None,
        "none": asked.none,
        "weekday": asked.weekday,
        "hour": asked.hour,
        "words": words.split() or None,
        "zone": view.zone,
    }
    by_number = bool(view.ask("ticket_numbers")["by_number"].iloc[0])
    counted: Any = next(view.ask("tickets_counted", since=None, near=NEAR, by_number=by_number, **values).itertuples())
    since = None if pd.isna(counted.since) else counted.since.to_pydatetime()
    rows = view.ask("tickets_behind", since=since, most=MOST, **values)
    if since and len(rows) < min(MOST, counted.found):
        rows = view.ask("tickets_behind", since=None, most=MOST, **values)
    return Found(int(counted.found), int(counted.counted), rows)


def _counted(found: Found, asked: Asked) -> list[str]:
    """How many waits, promises or answers these tickets have, which is what the figure before counted."""
    what = COUNTED.get(SETS[asked.which][1] or "")
    return [f"{format.count(found.moments)} {what}"] if what and found.tickets else []


def _said(view: View, asked: Asked, words: str) -> list[str]:
    """What the list is restricted to, in words."""
    start, end = (format.moment(_local(moment, view)) if moment else "" for moment in (asked.start, asked.end))
    span = " ".join([f"from {start}" if start else "", f"to {end}" if end else ""]).strip()
    chosen, labels = view.filters, frame.channel_labels(view)
    channels = [labels.get(name, name) for name in chosen.channels]
    parts: Sequence[Sequence[str]] = (
        chosen.sources,
        channels,
        chosen.teams,
        chosen.agents,
        asked.topics,
        asked.priorities,
    )
    said = [span or ("as the data stands now" if asked.which in NOW else "at any time")]
    said += [" or ".join(names) for names in parts if names]
    said += [f"no {asked.none}"] if asked.none else []
    said += [WEEKDAYS[asked.weekday - 1]] if asked.weekday else []
    said += [f"{format.hour(asked.hour)} to {format.hour((asked.hour + 1) % 24)}"] if asked.hour is not None else []
    said += [f"with {' and '.join(words.split())} in subject or number"] if words.strip() else []
    return [*said, f"times of {view.zone}"]


def _local(moment: datetime, view: View) -> datetime:
    return periods.local_time(moment, view.zone)


@data.drawing
def _table(view: View, asked: Asked, words: str) -> Table:
    found, (title, figure) = _found(view, asked, words).rows, SETS[asked.which]
    labels = frame.channel_labels(view)
    written = format.points if figure == "Score" else format.duration
    # What the list is about comes first: a narrow screen shows the first columns.
    texts: dict[str, Any] = {
        "Ticket": found["ticket_id"],
        "When": [format.moment(_local(moment.to_pydatetime(), view)) for moment in found["moment"]],
    }
    if figure:
        texts[figure] = found["figure"].map(written)
    texts |= {
        "Subject": found["subject"],
        "Channel": found["channel"].map(lambda channel: labels.get(channel, channel)),
        "Team": found["team"],
        "Agent": found["agent"],
        "Topic": found["topic"],
        "Priority": found["priority"],
        "Status": found["status"],
        "First answer": found["first_response_seconds"].map(format.duration),
        "Resolved in": found["full_resolution_seconds"].map(format.duration),
        "Reopened": found["reopen_count"].map(format.count),
    }
    # A column that no ticket fills says nothing.
    shown = pd.DataFrame(texts).dropna(axis="columns", how="all")
    right = st.column_config.TextColumn(alignment="right")
    return tables.table(
        "tickets",
        title,
        shown,
        found,
        leads=[leads.ticket(row.source, row.ticket_id) for row in found.itertuples()],
        config={name: right for name in (figure, "First answer", "Resolved in", "Reopened") if name and name in shown},
        height=TABLE_HEIGHT,
    )


def _way_out(view: View, asked: Asked) -> None:
    """The same set with the filters of the bar alone."""
    kept = {
        "source": view.filters.sources,
        "channel": view.filters.channels,
        "team": view.filters.teams,
        "agent": view.filters.agents,
    }
    query = {"which": asked.which} | {name: list(values) for name, values in kept.items() if values}
    st.page_link(
        PAGES["tickets"].script,
        label="Without these limits",
        icon=":material/filter_alt_off:",
        query_params=query,
    )


draw(frame.begin("tickets", with_period=False))
