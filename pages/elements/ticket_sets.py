"""The sets of tickets that figures lead to, and what the address of the Tickets page asks for besides the filters of every page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from pages.elements.markdown import plain
from pages.elements.tiles import quiet

# What the sets of questions/tickets_behind.sql are called, and what their figure is.
SETS = {
    "created": ("tickets made", None),
    "arrived": ("tickets that arrived", None),
    "answered": ("tickets answered", "Waited"),
    "first_answered": ("tickets answered for the first time", "Waited"),
    "abandoned": ("tickets whose customer gave up", None),
    "solved": ("tickets solved", None),
    "reopened": ("tickets reopened", None),
    "removed": ("tickets deleted or merged", None),
    "open": ("tickets open now", None),
    "open_then": ("tickets open at that time", None),
    "unassigned": ("tickets open now without an agent", None),
    "first_solved": ("tickets solved for the first time", None),
    "resolved": ("tickets solved for good", None),
    "waits": ("tickets whose customer began to wait", "Waited"),
    "first_waits": ("tickets whose customer began to wait for a first answer", "Waited"),
    "next_waits": ("tickets whose customer began to wait for a further answer", "Waited"),
    "waiting": ("tickets whose customer waits now", "Waited"),
    "decided": ("tickets with a wait whose target was kept or missed", "Waited"),
    "kept": ("tickets answered within their target", "Waited"),
    "missed": ("tickets that missed their target", "Waited"),
    "past": ("tickets that wait past their target", "Waited"),
    "due": ("tickets that wait with their target still to come", "Waited"),
    "promises": ("tickets with a promise kept or broken", "Took"),
    "broken": ("tickets with a broken promise", "Took"),
    "surveys": ("tickets whose customer was asked", "Score"),
    "csat": ("tickets with an answer on satisfaction", "Score"),
    "nps": ("tickets with an answer on recommendation", "Score"),
    "ces": ("tickets with an answer on effort", "Score"),
    "unhappy": ("tickets whose customer was unhappy", "Score"),
    "commented": ("tickets whose customer wrote a comment", "Score"),
}
# What figures count where a ticket can be in a set more than once.
COUNTED = {"Waited": "waits", "Took": "promises", "Score": "answers"}
# How things stand now: the period of the page they were on does not matter.
NOW = ("open", "unassigned", "waiting", "past", "due")
WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
MAY_BE_NONE = ("channel", "team", "agent", "topic", "priority")


@dataclass(frozen=True)
class Asked:
    """What the address asks for besides the filters of every page."""

    which: str
    start: datetime | None
    end: datetime | None
    topics: tuple[str, ...]
    priorities: tuple[str, ...]
    none: str | None
    weekday: int | None
    hour: int | None

    @property
    def is_restricted(self) -> bool:
        return (
            any((self.start, self.end, self.topics, self.priorities, self.none, self.weekday)) or self.hour is not None
        )


def of_address() -> Asked:
    """The address as it can be read: what makes no sense in it is left out and named."""
    query = st.query_params
    which = query.get("which", "created")
    if which not in SETS:
        st.error(f"**There is no set of tickets called {plain(which)}.** Known are: {', '.join(SETS)}.")
        st.stop()
    is_now = which in NOW
    asked = Asked(
        which,
        None if is_now else _instant("from"),
        None if is_now else _instant("to"),
        tuple(query.get_all("topic")),
        tuple(query.get_all("priority")),
        query["none"] if query.get("none") in MAY_BE_NONE else None,
        _number("weekday", range(1, 8)),
        _number("hour", range(24)),
    )
    read: dict[str, object] = {"none": asked.none, "weekday": asked.weekday, "hour": asked.hour}
    read |= {} if is_now else {"from": asked.start, "to": asked.end}
    ignored = [f"{name} {query[name]}" for name, value in read.items() if value is None and query.get(name)]
    if ignored:
        quiet(f"Not understood in the address, left out: {plain(', '.join(ignored))}.")
    return asked


def _instant(name: str) -> datetime | None:
    """A UTC instant of the address; None where it has none, or not one."""
    try:
        moment = datetime.fromisoformat(st.query_params[name])
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (KeyError, ValueError, OverflowError):
        return None


def _number(name: str, allowed: range) -> int | None:
    text = st.query_params.get(name, "")
    return next((number for number in allowed if str(number) == text), None)
