"""One agent's survey comments and tickets, as tables whose rows lead to the ticket."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.elements import format, frame, leads, periods, tables
from pages.elements.data import View
from pages.elements.tiles import quiet

MOST_TICKETS, MOST_COMMENTS = 100, 50
LIST_HEIGHT = 336


def comments(view: View) -> None:
    found = view.ask("agent_comments", most=MOST_COMMENTS)
    if found.empty:
        quiet("No comments in this period.")
        return
    texts = pd.DataFrame(
        {
            "Ticket": found["ticket_id"],
            "Asked": [
                format.date(periods.local_time(moment.to_pydatetime(), view.zone)) for moment in found["sent_at"]
            ],
            "Score": [f"{format.points(row.score)} of {format.points(row.scale_max)}" for row in found.itertuples()],
            "Comment": found["comment"],
        }
    )
    config = {
        "Asked": st.column_config.TextColumn(width=95),
        "Score": st.column_config.TextColumn(width=70, alignment="right"),
        "Comment": st.column_config.TextColumn(width="large"),
    }
    lead_to = [leads.ticket(row.source, row.ticket_id) for row in found.itertuples()]
    tables.show(view, "comments", "Survey comments", texts, found.drop(columns="found"), lead_to, config, LIST_HEIGHT)


def tickets(view: View) -> None:
    found = view.ask("agent_tickets", most=MOST_TICKETS)
    if found.empty:
        quiet("No tickets in this period.")
        return
    labels = frame.channel_labels(view)
    texts = pd.DataFrame(
        {
            "Ticket": found["ticket_id"],
            "Made": [_when(moment, view) for moment in found["created_at"]],
            "Channel": found["channel"].map(lambda name: labels.get(name, name)),
            "Topic": found["topic"],
            "Subject": found["subject"],
            "Status": found["status"],
            "First answer": found["first_response_seconds"].map(format.duration),
            "Resolved in": found["full_resolution_seconds"].map(format.duration),
            "Reopened": found["reopen_count"].map(format.count),
        }
    )
    lead_to = [leads.ticket(row.source, row.ticket_id) for row in found.itertuples()]
    config = dict.fromkeys(("First answer", "Resolved in", "Reopened"), st.column_config.TextColumn(alignment="right"))
    tables.show(view, "tickets", "Tickets", texts, found.drop(columns="found"), lead_to, config, LIST_HEIGHT)
    total = int(found["found"].iloc[0])
    if total > len(found):
        quiet(
            f"The newest {format.count(MOST_TICKETS)} of {format.count(total)} are listed; the marks above lead to all."
        )


def _when(moment: pd.Timestamp, view: View) -> str:
    return format.moment(periods.local_time(moment.to_pydatetime(), view.zone))
