"""Ticket: one ticket's whole history, from the first word to the last survey. Every chart and table leads here."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pandas as pd
import streamlit as st

from pages.elements import access, data, format, frame, palette, periods, tables, ticket_charts, ticket_words
from pages.elements.data import View
from pages.elements.figure import Chart
from pages.elements.markdown import plain, plain_lines
from pages.elements.sitemap import PAGES
from pages.elements.tables import Table
from pages.elements.ticket_charts import History
from pages.elements.tiles import quiet, small

access.require("ticket")

# A longer history can be looked at in parts.
LONG = timedelta(days=60)
TABLE_HEIGHT = 480
MOST_TEXTS = 200


def draw(view: View) -> None:
    source, number = st.query_params.get("source", ""), st.query_params.get("id", "")
    if not source and len(view.sources) == 1:
        source = view.sources[0].name
    if not source or not number:
        st.info(
            "**Which ticket?** The address names none: it ends in `ticket?source=…&id=…`. Charts and tables lead here."
        )
        _to_tickets("Look for a ticket")
        return
    found = view.ask("ticket_head", source=source, ticket_id=number)
    if found.empty:
        st.info(
            f"**There is no ticket {plain(number)} in {plain(source)}.** It may have come under another number, or not yet."
        )
        _to_tickets("Look for it", q=number)
        return
    _ticket(view, found.iloc[0])


def _to_tickets(label: str, **query: str) -> None:
    st.page_link(PAGES["tickets"].script, label=label, icon=":material/search:", query_params=query)


@data.drawing
def _history(view: View, source: str, number: str) -> History:
    """Everything that happened to the ticket."""
    asked = {"source": source, "ticket_id": number}
    head = view.ask("ticket_head", **asked).iloc[0]
    parts = ("waits", "messages", "calls", "stretches", "targets", "surveys")
    frames = {name: view.ask(f"ticket_{name}", **asked) for name in parts}
    channel = None if format.is_missing(head["channel"]) else str(head["channel"])
    return History(number, channel, head["as_of"].to_pydatetime(), bool(head["is_open"]), **frames)


def _ticket(view: View, head: pd.Series) -> None:
    source, number = str(head["source"]), str(head["ticket_id"])
    history = _history(view, source, number)
    st.markdown(f"**{plain(ticket_words.title(head))}**")
    st.markdown(plain(ticket_words.sentence(head, history.waits, history.surveys)))
    _facts(view, head)
    _timeline(view, source, history)
    _comments(view, history.surveys)
    with frame.card("Everything that happened", "in order of time; for targets: within how long, or how long it took"):
        tables.place(view, _story(view, source, number))
    _texts(view, history.messages)
    frame.footnote(view, *ticket_words.unknown(head, history.messages, history.stretches))


def _facts(view: View, head: pd.Series) -> None:
    """Who and what on the left, how long and how often on the right."""
    labels = frame.channel_labels(view)
    created = format.moment(_local(view, head["created_at"]))
    with st.grid(2, min_column_width=340, gap="small"):
        for facts in (ticket_words.about(head, labels, created), ticket_words.figures(head)):
            with st.container(border=True, height="stretch"), st.grid(4, min_column_width=130, gap="small"):
                for fact in facts:
                    lines = [small(fact.label), f"**{plain(fact.value)}**"]
                    st.markdown("  \n".join([*lines, *([small(fact.note)] if fact.note else [])]))


def _timeline(view: View, source: str, history: History) -> None:
    first, last = history.moments[0], history.moments[-1]
    with frame.card("Timeline", f"grey bands are silences, drawn shorter than they were · times of {view.zone}"):
        part = _part(view, first, last) if last - first > LONG else None
        frame.chart(_drawn(view, source, history.name, part), "timeline", view)


@data.drawing
def _drawn(view: View, source: str, number: str, part: tuple[datetime, datetime] | None) -> Chart:
    """The timeline, or the part of it between two instants where anything happened there."""
    history = _history(view, source, number)
    shown = history.between(*part) if part else history
    return ticket_charts.timeline(
        shown if shown.moments else history,
        lambda moment: periods.local_time(moment, view.zone),
        frame.channel_labels(view),
        palette.of(view.theme),
    )


def _part(view: View, first: datetime, last: datetime) -> tuple[datetime, datetime]:
    """The days that the visitor wants to see of a long history, as the address says them."""
    days = _local(view, first).date(), _local(view, last).date()
    chosen: tuple[date, date] = st.slider(
        "Days shown", *days, value=days, key="days_shown", bind="query-params", format="D MMM YYYY"
    )
    begin, end = (
        periods.utc(datetime.combine(day, time()), view.zone) for day in (chosen[0], chosen[1] + timedelta(days=1))
    )
    return max(begin, first), min(end, last)


def _comments(view: View, surveys: pd.DataFrame) -> None:
    """What the customer said when asked, in full."""
    for row in surveys[surveys["comment"].fillna("") != ""].itertuples():
        with frame.card(f"What the customer said ({str(row.kind).upper()})", ticket_words.score(row)):
            st.markdown(plain_lines(str(row.comment)))


@data.drawing
def _story(view: View, source: str, number: str) -> Table:
    story = view.ask("ticket_story", source=source, ticket_id=number)
    texts = pd.DataFrame(
        {
            "When": [format.moment(_local(view, moment)) for moment in story["happened_at"]],
            "What": story["what"],
            "Who": story["who"].fillna(""),
            "Took": ["" if format.is_missing(value) else format.duration(value) for value in story["seconds"]],
            "Detail": story["detail"].fillna("").astype(str).str.replace(r"\s+", " ", regex=True),
        }
    )
    return tables.table(
        "story",
        f"History of ticket {number}",
        texts,
        story,
        config={
            "When": st.column_config.TextColumn(width=150),
            "What": st.column_config.TextColumn(width=230),
            "Took": st.column_config.TextColumn(width=80, alignment="right"),
            "Detail": st.column_config.TextColumn(width="large"),
        },
        height=TABLE_HEIGHT,
    )


def _texts(view: View, messages: pd.DataFrame) -> None:
    """What was written, in full, once somebody wants to read it."""
    written = messages[messages["body"].fillna("") != ""]
    if written.empty:
        return
    opened = st.expander(
        f"What was written, {format.counted(len(written), 'message')}",
        key="texts",
        on_change="rerun",
        bind="query-params",
    )
    if not opened.open:
        return
    with opened:
        if len(written) > MOST_TEXTS:
            quiet(f"The last {MOST_TEXTS}; all are in the downloads of the table above.")
        for row in written.tail(MOST_TEXTS).itertuples():
            who = row.author_kind if format.is_missing(row.author) else row.author
            private = " · private" if row.is_public is False else ""
            moment = plain(format.moment(_local(view, row.sent_at)))
            st.markdown(f"**{plain(str(who))}** {small(moment + private)}  \n{plain_lines(str(row.body))}")


def _local(view: View, moment: pd.Timestamp | datetime) -> datetime:
    return periods.local_time(pd.Timestamp(moment).to_pydatetime(), view.zone)


draw(frame.begin("ticket", with_period=False, filtered=False))
