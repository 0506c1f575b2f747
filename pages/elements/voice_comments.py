"""Comments of customers as a list beside their tickets. Every text of people is escaped: it is shown, never read as markup."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pages.elements import format, leads, periods
from pages.elements.palette import Palette
from pages.elements.voice_words import NAMES
from warehouse.texts import lines, one_line

_STYLE = """<style>
.said { font-size: 0.95rem; line-height: 1.45 }
.said > div { display: flex; flex-wrap: wrap; gap: 0.15rem 1.25rem; padding: 0.55rem 0; border-top: 1px solid %(grid)s }
.said > div:first-child { border-top: 0 }
.said .score { flex: 0 0 6.5rem; font-weight: 600; color: %(ink)s; font-variant-numeric: tabular-nums }
.said .score small, .said .about { font-weight: 400; color: %(muted)s; font-size: 0.85rem }
.said .score small { display: block }
.said .words { flex: 1 1 20rem; min-width: 0; overflow-wrap: anywhere; white-space: pre-line; color: %(ink)s }
.said .about { flex: 0 1 21rem; min-width: min(100%%, 14rem); overflow-wrap: anywhere }
.said .about a { color: %(ink)s }
.said .dot { display: inline-block; width: 0.6em; height: 0.6em; border-radius: 50%%; margin-right: 0.35em }
.said mark { background: %(line)s55; color: inherit; font-weight: 600; padding: 0 0.1em }
</style>"""


def listed(
    rows: pd.DataFrame, labels: Mapping[str, str], zone: str, palette: Palette, words: Sequence[str], is_linked: bool
) -> str:
    """The comments as HTML, in the order of the rows, with the words that were searched for marked; each leads to its ticket where `is_linked`."""
    inks = {"grid": palette.grid, "ink": palette.ink, "muted": palette.muted, "line": palette.line}
    items = "".join(_item(row, labels, zone, palette, words, is_linked) for row in rows.to_dict("records"))
    return f'{_STYLE % inks}<div class="said" role="list">{items}</div>'


def score_text(row: Mapping[Any, Any]) -> str:
    """`2 of 5`; an em dash for a comment without a score."""
    if format.is_missing(row["score"]):
        return format.EM_DASH
    return f"{format.points(row['score'])} of {format.points(row['scale_max'])}"


def _item(
    row: Mapping[Any, Any],
    labels: Mapping[str, str],
    zone: str,
    palette: Palette,
    words: Sequence[str],
    is_linked: bool,
) -> str:
    mood = "" if format.is_missing(row["mood"]) else f", {row['mood']}"
    score = f"{score_text(row)}<small>{NAMES.get(row['kind'], row['kind'])}{mood}</small>"
    return (
        f'<div role="listitem"><div class="score">{score}</div><div class="words">{_marked(str(row["comment"]), words)}</div>'
        f'<div class="about">{_about(row, labels, zone, palette)}{_ticket(row, is_linked)}</div></div>'
    )


def _about(row: Mapping[Any, Any], labels: Mapping[str, str], zone: str, palette: Palette) -> str:
    """When and on which channel, in its colour; below it the topic, team and agent."""
    where = [_text(format.moment(periods.local_time(row["said_at"].to_pydatetime(), zone)))]
    if not format.is_missing(row["channel"]):
        dot = f'<span class="dot" style="background:{palette.channel(row["channel"])}"></span>'
        where.append(dot + _text(labels.get(row["channel"], row["channel"])))
    who = [_text(str(row[name])) for name in ("topic", "team", "agent") if not format.is_missing(row[name])]
    return "<br>".join(" · ".join(parts) for parts in (where, who) if parts)


def _ticket(row: Mapping[Any, Any], is_linked: bool) -> str:
    if format.is_missing(row["ticket_id"]):
        return "<br>not about a ticket"
    name = str(row["ticket_id"]) if format.is_missing(row["subject"]) else f"{row['ticket_id']} · {row['subject']}"
    if not is_linked:
        return f"<br>{_text(name)}"
    return f'<br><a href="{_text(leads.ticket(row["source"], row["ticket_id"]))}" target="_self">{_text(name)}</a>'


def _text(text: str) -> str:
    return html.escape(one_line(text))


def _marked(text: str, words: Sequence[str]) -> str:
    """The text escaped, its lines kept, with the words in it marked."""
    said = "\n".join(lines(text))
    if not words:
        return html.escape(said)
    pieces = re.split(f"({'|'.join(re.escape(word) for word in words)})", said, flags=re.IGNORECASE)
    return "".join(
        f"<mark>{html.escape(piece)}</mark>" if place % 2 else html.escape(piece) for place, piece in enumerate(pieces)
    )


def table(rows: pd.DataFrame, labels: Mapping[str, str], zone: str) -> pd.DataFrame:
    """The comments as the rows of a table that people read."""
    columns = {
        "Ticket": rows["ticket_id"],
        "Said": [format.moment(periods.local_time(moment.to_pydatetime(), zone)) for moment in rows["said_at"]],
        "Survey": rows["kind"].map(NAMES),
        "Score": [score_text(row) for row in rows.to_dict("records")],
        "Comment": rows["comment"],
        "Channel": rows["channel"].map(lambda name: labels.get(name, name)),
    }
    return pd.DataFrame(columns | {name.capitalize(): rows[name] for name in ("topic", "team", "agent")})
