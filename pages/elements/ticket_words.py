"""What is said of one ticket: its name, its story in one sentence, its facts. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pages.elements import format


@dataclass(frozen=True)
class Fact:
    """A fact with its label, and what to know of it."""

    label: str
    value: str
    note: str = ""


def title(head: pd.Series) -> str:
    """`T-129 · Refund for order 7`."""
    return str(head["ticket_id"]) + ("" if format.is_missing(head["subject"]) else f" · {head['subject']}")


def sentence(head: pd.Series, waits: pd.DataFrame, surveys: pd.DataFrame) -> str:
    """How the ticket stands, how long its customer waited, and what they thought of it."""
    said = [_standing(head), *_waited(waits), *_reopened(head)]
    scores = [f"{str(row.kind).upper()} {score(row)}" for row in surveys[surveys["score"].notna()].itertuples()]
    return "; ".join([*said, *scores]) + "."


def _standing(head: pd.Series) -> str:
    if head["is_open"]:
        return f"Open for {format.duration(head['age_seconds'])}, {head['status']} now"
    took = head["full_resolution_seconds"]
    state = str(head["status"]).capitalize()
    return (
        state if format.is_missing(took) else f"{state}: it took {format.duration(took)} until it was solved for good"
    )


def _waited(waits: pd.DataFrame) -> list[str]:
    """The wait that is not over, or how many there were."""
    counted = waits[waits["fault"].isna()]
    if counted.empty:
        faults = sorted(set(waits["fault"].dropna()))
        return [f"its wait is not counted: {', '.join(faults)}"] if faults else []
    open_waits = counted[counted["outcome"] == "waiting"]
    late = int((counted["within_target"] == False).sum())  # noqa: E712 - null is neither
    if len(open_waits):
        row = next(open_waits.itertuples())
        over = ", past the target" if row.within_target is False else ""
        return [f"the customer has waited {format.duration(row.waited_seconds)} for an answer{over}"]
    longest = format.duration(counted["waited_seconds"].max())
    if len(counted) == 1:
        said = [f"the customer waited {longest}", "past the target" if late else ""]
    else:
        said = [
            f"the customer waited {_times(len(counted))}",
            f"the longest {longest}",
            f"{late} past the target" if late else "",
        ]
    is_kept = not late and counted["within_target"].any()
    return [", ".join(filter(None, [*said, "within target" if is_kept else ""]))]


def _times(amount: int) -> str:
    return {1: "once", 2: "twice"}.get(amount, f"{format.count(amount)} times")


def _reopened(head: pd.Series) -> list[str]:
    return [f"reopened {_times(int(head['reopen_count']))}"] if head["reopen_count"] else []


def score(row: Any) -> str:
    """`2 of 1–5`, or that there is none."""
    if format.is_missing(row.score):
        return "no score"
    return f"{format.points(row.score)} of {format.points(row.scale_min)}–{format.points(row.scale_max)}"


def about(head: pd.Series, channels: Mapping[str, str], created: str) -> list[Fact]:
    """Who and what it is about."""
    channel = head["channel"]
    known = {
        "Status": head["status"],
        "Channel": channels.get(channel, channel),
        "Team": head["team"],
        "Agent": head["agent"],
        "Priority": head["priority"],
        "Topic": head["topic"],
        "Customer": None if format.is_missing(head["customer"]) else format.customer(str(head["customer"])),
        "Created": created,
    }
    facts = [Fact(label, format.EM_DASH if format.is_missing(value) else str(value)) for label, value in known.items()]
    return [*facts[:-1], Fact(facts[-1].label, facts[-1].value, f"source {head['source']}")]


# Label and column of how long things took; business time stands beside calendar time.
DURATIONS = (
    ("First response", "first_response"),
    ("First solved", "first_resolution"),
    ("Solved for good", "full_resolution"),
    ("Age", "age"),
    ("Waiting for us", "requester_wait"),
    ("Waiting for customer", "agent_wait"),
    ("On hold", "on_hold"),
)
COUNTS = (
    ("Replies", "reply_count"),
    ("Customer messages", "customer_message_count"),
    ("Reopened", "reopen_count"),
    ("Hand-overs", "reassignment_count"),
)
ALWAYS = ("first_response", "full_resolution")


def figures(head: pd.Series) -> list[Fact]:
    """How long and how often; what nobody knows is left out, but for the answer and the solution."""
    facts = []
    for label, column in DURATIONS:
        seconds, business = head[f"{column}_seconds"], head[f"{column}_business_seconds"]
        if (column in ("on_hold", "agent_wait") and not seconds) or (
            column == "first_resolution" and not head["reopen_count"]
        ):
            continue
        if not format.is_missing(seconds) or (
            column in ALWAYS and not (column == "full_resolution" and head["is_open"])
        ):
            note = "" if format.is_missing(business) else f"{format.duration(business)} in business time"
            facts.append(Fact(label, format.duration(seconds), note))
    if not format.is_missing(head["handle_seconds"]):
        facts.append(Fact("Handled", format.duration(head["handle_seconds"])))
    return facts + [
        Fact(label, format.count(head[name])) for label, name in COUNTS if not format.is_missing(head[name])
    ]


def unknown(head: pd.Series, messages: pd.DataFrame, stretches: pd.DataFrame) -> list[str]:
    """What the source does not say of it."""
    source = str(head["source"])
    said = []
    if format.is_missing(head["reply_count"]):
        said.append(f"{source} delivers no messages: who wrote when is not known.")
    elif messages.empty:
        said.append("No message of this ticket was delivered.")
    if not stretches["is_told"].any():
        said.append(
            f"{source} delivers no changes: statuses are read off the ticket's own times, and since when it was whose is not known."
        )
    return said
