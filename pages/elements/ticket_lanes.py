"""The lanes of a ticket's timeline: rows of the questions in, bars and points on a folded axis of time out. Knows no SQL and no Streamlit."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pages.elements import format, leads
from pages.elements.contrast import readable_on
from pages.elements.figure import Json, escaped
from pages.elements.lanes import Lanes
from pages.elements.palette import Palette

CLEAR = "rgba(0,0,0,0)"
AUTHORS = {"customer": "Customer wrote", "agent": "Agent wrote", "bot": "Bot wrote", "unknown": "Others wrote"}
NOBODY = {"status": "no status", "team": "no team", "agent": "nobody"}
DONE, PAUSED = ("solved", "closed", "deleted", "merged", "abandoned"), ("pending", "hold")
LONGEST_QUOTE = 110
# After the last moment there is room for what is so since then.
TAIL = 0.06


def _name(value: Any, otherwise: str) -> str:
    return otherwise if format.is_missing(value) or not value else escaped(format.customer(str(value)))


def waits(rows: pd.DataFrame, drawn: Lanes) -> list[Json]:
    """Waits in the colour of their channel, what was too long of them in red; open ones hollow, and those that are not counted."""
    bars = []
    for row in rows.itertuples():
        start, end = drawn.at(row.began_at), drawn.at(row.ended_at)
        is_late = row.within_target is False and not pd.isna(row.due_at)
        due = min(max(drawn.at(row.due_at), start), end) if is_late else end
        whole = format.duration(row.waited_seconds)
        pieces = [(start, due, drawn.palette.channel(row.channel), whole)] if due > start or not is_late else []
        pieces += [(due, end, drawn.palette.limit, f"+{_late_by(row)}")] if is_late else []
        for first, last, color, text in pieces:
            fill = CLEAR if row.outcome == "waiting" or not pd.isna(row.fault) else color
            ink = drawn.palette.ink if fill == CLEAR else readable_on(fill)
            bar = {"start": first, "end": last, "color": fill, "edge": color, "ink": ink, "text": text}
            bars.append(bar | {"hover": _wait_said(row, drawn)})
    return bars


def _late_by(row: Any) -> str:
    """By how much a wait was too long: in business time where that was promised."""
    counted = row.waited_business_seconds if row.is_business_time is True else row.waited_seconds
    return format.duration(counted - row.target_seconds)


def due_marks(rows: pd.DataFrame, drawn: Lanes, lane: int) -> list[Json]:
    """A thin dotted mark where each wait was due, red where that was missed; what was left until then as a dotted line."""
    marks = []
    for row in rows.itertuples():
        if pd.isna(row.due_at) or not drawn.time.moments[0] <= row.due_at <= drawn.time.moments[-1]:
            continue
        place, end = drawn.at(row.due_at), drawn.at(row.ended_at)
        color = drawn.palette.limit if row.within_target is False else drawn.palette.muted
        layer = "above" if row.within_target is False else "below"
        marks.append(_dotted(place, place, lane - 0.47, lane + 0.47, color, layer))
        if place > end:
            marks.append(_dotted(end, place, lane, lane, drawn.palette.line, "below"))
    return marks


def _dotted(x0: float, x1: float, y0: float, y1: float, color: str, layer: str) -> Json:
    stroke = {"color": color, "width": 1.2, "dash": "dot"}
    return {"type": "line", "layer": layer, "x0": x0, "x1": x1, "y0": y0, "y1": y1, "line": stroke}


def _wait_said(row: Any, drawn: Lanes) -> str:
    endings = {"answered": f"answered by {_name(row.agent, 'an agent')}", "abandoned": "the customer gave up"}
    ending = endings.get(row.outcome, "not answered yet" if row.outcome == "waiting" else "solved without an answer")
    business = format.duration(row.waited_business_seconds)
    lines = [
        f"{drawn.channel(row.channel)}: waited {format.duration(row.waited_seconds)}",
        f"from {drawn.said(row.began_at)} to {drawn.said(row.ended_at)}, {ending}",
    ]
    lines += [] if business == format.EM_DASH else [f"{business} of it in business time"]
    if not pd.isna(row.target_seconds):
        clock = " of business time" if row.is_business_time is True else ""
        lines.append(f"promised within {format.duration(row.target_seconds)}{clock}")
    return "<br>".join([*lines, *([] if pd.isna(row.fault) else [f"{escaped(row.fault)}: not counted"])])


def messages(rows: pd.DataFrame, kind: str, channel: str | None, drawn: Lanes) -> list[Json]:
    """Messages: a customer's in the colour of its channel, or else the ticket's; private ones hollow and a little lower."""
    inks = {"agent": drawn.palette.ink, "bot": drawn.palette.muted, "unknown": drawn.palette.muted}
    points = []
    for row in rows.itertuples():
        is_private = row.is_public is False
        quote = "" if format.is_missing(row.body) else f"<br>{escaped(_cut(str(row.body)))}"
        who = _name(row.author, AUTHORS[kind].split(" ")[0])
        own = channel if format.is_missing(row.channel) else str(row.channel)
        points.append(
            {
                "place": drawn.at(row.sent_at),
                "color": inks.get(kind) or drawn.palette.channel(own),
                "symbol": "circle-open" if is_private else "circle",
                "below": 0.24 if is_private else -0.1,
                "hover": f"{who}{', private' if is_private else ''}, {drawn.said(row.sent_at)}{quote}",
                "lead": _agent_lead(row.author) if kind == "agent" else "",
            }
        )
    return points


def _agent_lead(name: Any) -> str:
    return "" if format.is_missing(name) else leads.lead("agents", agent=str(name))


def _cut(text: str) -> str:
    return format.cut(" ".join(text.split()), LONGEST_QUOTE)


def calls(rows: pd.DataFrame, drawn: Lanes) -> list[Json]:
    """Conversations, from the answer on; calls that nobody answered are hollow."""
    bars = []
    for row in rows.itertuples():
        is_answered = not pd.isna(row.answered_at)
        start = row.answered_at if is_answered else row.entered_at
        end = row.abandoned_at if pd.isna(row.ended_at) else row.ended_at
        said = f"Call, talked with {_name(row.agent, 'an agent')}" if is_answered else "Call, not answered"
        bars.append(
            {
                "start": drawn.at(start),
                "end": drawn.at(end),
                "color": drawn.palette.muted if is_answered else CLEAR,
                "edge": drawn.palette.muted,
                "hover": f"{said}<br>from {drawn.said(start)} to {drawn.said(end)}",
                "lead": _agent_lead(row.agent),
            }
        )
    return bars


def stretches(rows: pd.DataFrame, field: str, drawn: Lanes) -> list[Json]:
    """In which status, which team, with whom. Statuses: dark while it is with us, light while others are waited for, empty once done."""
    bars = []
    for row in rows.itertuples():
        name = _name(row.value, NOBODY[field])
        since = f"from {drawn.said(row.began_at)}" if row.is_told else "nobody said since when,"
        until = f"to {drawn.said(row.ended_at)}" if not pd.isna(row.ended_at) else "until now"
        color, edge, ink = _shade(field, row.value, drawn.palette)
        bars.append(
            {
                "start": drawn.at(row.began_at),
                "end": drawn.until if pd.isna(row.ended_at) else drawn.at(row.ended_at),
                "color": color,
                "edge": edge,
                "ink": ink,
                "text": name,
                "hover": f"{field.capitalize()}: {name}<br>{since} {until}",
                "lead": _stretch_lead(field, row.value),
            }
        )
    return bars


def _shade(field: str, value: Any, palette: Palette) -> tuple[str, str, str]:
    """Fill, edge and text of a stretch."""
    if format.is_missing(value) or (field == "status" and str(value).lower() in DONE):
        return CLEAR, palette.grid, palette.muted
    if field == "status" and str(value).lower() not in PAUSED:
        return palette.muted, palette.paper, palette.paper
    return palette.grid, palette.paper, palette.ink


def _stretch_lead(field: str, value: Any) -> str:
    if format.is_missing(value) or field == "status":
        return ""
    return _agent_lead(value) if field == "agent" else leads.tickets("open", team=str(value))


STATES = {"met": "kept", "breached": "missed", "running": "to be kept"}


def targets(rows: pd.DataFrame, drawn: Lanes) -> list[Json]:
    """Promises: kept ones as dots where they were, missed ones as red crosses where they were due, running ones hollow where they are."""
    points = []
    for row in rows.itertuples():
        if pd.isna(row.state):
            continue
        moment = row.ended_at if row.state == "met" else row.due_at
        clock = " of business time" if row.is_business_time is True else ""
        said = f"{_name(row.metric, '').replace('_', ' ').capitalize()} within {format.duration(row.target_seconds)}{clock}: {STATES[row.state]}"
        counted = (
            f"{format.duration(row.elapsed_seconds)} counted so far"
            if row.state == "running"
            else f"took {format.duration(row.elapsed_seconds)}"
        )
        policy = "" if format.is_missing(row.policy) else f"<br>{escaped(str(row.policy))}"
        if pd.isna(moment):
            continue
        points.append(
            {
                "place": drawn.at(moment),
                "color": drawn.palette.limit if row.state == "breached" else drawn.palette.muted,
                "symbol": {"met": "circle", "breached": "x-thin", "running": "circle-open"}[row.state],
                "hover": f"{said}<br>{'due ' if row.state != 'met' else ''}{drawn.said(moment)}, {counted}{policy}",
            }
        )
    return points


def surveys(rows: pd.DataFrame, drawn: Lanes) -> list[Json]:
    """Invitations as hollow diamonds, answers as full ones with their score."""
    points = []
    for row in rows.itertuples():
        kind = _name(row.kind, "survey").upper()
        is_answered = not pd.isna(row.score)
        points.append(
            {
                "place": drawn.at(row.sent_at),
                "color": drawn.palette.muted,
                "symbol": "diamond-open",
                "hover": f"{kind}: asked {drawn.said(row.sent_at)}{'' if is_answered else ', not answered'}",
            }
        )
        if is_answered:
            score = f"{format.points(row.score)} of {format.points(row.scale_min)}–{format.points(row.scale_max)}"
            moment = row.sent_at if pd.isna(row.answered_at) else row.answered_at
            comment = "" if format.is_missing(row.comment) else f"<br>{escaped(_cut(str(row.comment)))}"
            points.append(
                {
                    "place": drawn.at(moment),
                    "color": drawn.palette.ink,
                    "symbol": "diamond",
                    "text": f"{kind} {score}",
                    "hover": f"{kind}: {score}, {drawn.said(moment)}{comment}",
                    "lead": leads.lead("customer_voice"),
                }
            )
    return points
