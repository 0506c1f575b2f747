"""What Data health says in words: whether anything is stale, and what to do about what a check found. Knows no SQL and no Streamlit."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pages.elements import format, leads
from warehouse.deliveries import GAPS_OF_A_RHYTHM

# What to do about a finding, by the name of its check.
ADVICE = {
    "agents_have_a_team": "Deliver the team with tickets or events: map it under columns.team of the source.",
    "answers_come_after_questions": "Look at the ticket's times in the export; a wrong time zone of one column is the usual cause.",
    "arrivals_are_tickets": "Run `python -m pipelines rebuild`: all is made again from what was delivered. If it stays, it is a mistake of the product: report it.",
    "backlog_adds_up": "Run `python -m pipelines rebuild`: all is made again from what was delivered. If it stays, it is a mistake of the product: report it.",
    "channels_are_known": "Map the source's own word under values.channel in support.toml, or leave it as a channel of its own.",
    "durations_are_not_negative": "Look at the ticket's times in the export: something ended before it began.",
    "keys_are_unique": "Run `python -m pipelines rebuild`: all is made again from what was delivered. If it stays, it is a mistake of the product: report it.",
    "nothing_begins_after_now": "Look at the date format and the time zone of the source in support.toml.",
    "rows_are_accounted_for": "Run `python -m pipelines rebuild`: all is made again from what was delivered. If it stays, it is a mistake of the product: report it.",
    "tickets_are_unique": "Run `python -m pipelines rebuild`: all is made again from what was delivered. If it stays, it is a mistake of the product: report it.",
    "volume_is_as_usual": "Ask whoever exports: too little where an export of that day is missing or came in part, too much where one holds others' tickets. After a holiday it is no mistake.",
    "waiting_adds_up": "Run `python -m pipelines rebuild`: all is made again from what was delivered. If it stays, it is a mistake of the product: report it.",
}
OTHERWISE = "Look at the rows named."
# Checks whose examples are numbers of tickets.
OF_TICKETS = (
    "answers_come_after_questions",
    "durations_are_not_negative",
    "nothing_begins_after_now",
    "tickets_are_unique",
)


def freshness(feeds: pd.DataFrame, refresh_seconds: float) -> tuple[str, str]:
    """The answer to "is anything stale?", and why."""
    stale = feeds[feeds["state"] == "stale"]
    if len(stale):
        names = list(dict.fromkeys(stale["source"]))
        verb = "is" if len(names) == 1 else "are"
        return f"{_listed(names)} {verb} stale.", " ".join(_why(feeds, name, refresh_seconds) for name in names[:3])
    alive = feeds[feeds["state"] == "fresh"]
    if len(alive):
        newest = format.duration(alive["behind_seconds"].min())
        said = f"{format.counted(len(alive), 'feed')} delivered in time; the newest data is {newest} old."
        return "Nothing is stale.", said
    if (feeds["state"] == "history").any():
        return "Nothing can be stale: all data is a history.", "Its age says nothing about the pipelines."
    return "There is nothing that could be stale.", ""


def _why(feeds: pd.DataFrame, source: str, refresh_seconds: float) -> str:
    """Why a source is stale: its most silent feed against its own rhythm, or the refresh interval."""
    own = feeds[feeds["source"] == source]
    stale = own[own["state"] == "stale"]
    worst: Any = next(stale.sort_values("silent_seconds", ascending=False).itertuples())
    silent = f"{worst.feed} has been silent for {format.duration(worst.silent_seconds)}"
    rhythm = (
        f"it usually delivers every {format.duration(worst.usual_gap_seconds)}"
        if worst.gaps >= GAPS_OF_A_RHYTHM
        else f"new files are looked for every {format.duration(refresh_seconds)}"
    )
    others = f", and so have {len(stale) - 1} more of its {len(own)} feeds" if len(stale) > 1 else ""
    return f"{silent}{others}; {rhythm}."


def missing(feeds: pd.DataFrame) -> str:
    """Which feeds have never delivered, or nothing that could be loaded; nothing where all have."""
    said = []
    for state, what in (("empty", "Never delivered"), ("unusable", "Delivered, but nothing of it could be loaded")):
        names = list(feeds[feeds["state"] == state]["feed"])
        said += [f"{what}: {_listed(names)}."] if names else []
    return " ".join(said)


def failing(pulls: pd.DataFrame) -> tuple[str, str]:
    """Which services cannot be pulled, and why; nothing where all can."""
    messages = pulls[pulls["state"] == "failing"].drop_duplicates("name")
    if messages.empty:
        return "", ""
    return f"{_listed(list(messages['name']))} cannot be pulled.", " ".join(
        f"{text.rstrip('.')}." for text in messages["message"]
    )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def finding_lead(name: str, source: str, examples: str) -> str:
    """Where a finding leads: to the first ticket it names, or to the tickets it is about."""
    first = examples.split(", ")[0]
    if name in OF_TICKETS and first:
        return leads.ticket(source, first)
    if name == "channels_are_known":
        part = {"none": "channel"} if first == "no channel" else {"channel": first}
        return leads.lead("tickets", which="created", source=source, **part)
    if name == "agents_have_a_team":
        return leads.lead("tickets", which="created", source=source, agent=first, none="team")
    return leads.lead("data_health")
