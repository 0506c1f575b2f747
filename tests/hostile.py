"""A desk whose every text is hostile: what runs, breaks out, or breaks the page wherever text of people is taken for more than text.

Each would give itself away: it would call `hacked`, make an element `hk`, fetch from hk.example, or begin a line of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.conftest import Desk

TEXTS = {
    "script": "<script>hacked('hk')</script>",
    "image": '<img src=x onerror="hacked(1)">hk',
    "element": "<u id=hk>hk</u><br><b>hk</b>",
    "attribute": "'\"><svg/onload=hacked(1)>hk",
    "script address": '<a href="javascript:hacked(1)">hk</a>',
    "entity": "&lt;u id=hk&gt;hk&amp;copy;",
    "link": "[hk](http://hk.example/a)",
    "picture": "![hk](http://hk.example/b.png)",
    "address": "www.hk.example",
    "whole address": "http://hk.example/c hk",
    "mail": "hk@hk.example",
    "colour": ":red[hk]",
    "icon": ":material/home: hk",
    "emoji": ":smile: hk",
    "logo": ":streamlit: hk",
    "arrows": "hk -> hk -- hk >= hk",
    "mathematics": "$\\frac{hk}{2}$ $$hk$$",
    "emphasis": "**hk** __hk__ ~~hk~~ `hk`",
    "table": "| hk | a |\n|---|---|\n| 1 | 2 |",
    "heading": "hk\n===\n\n# hk\n\n- hk\n1. hk",
    "footnote": "[^1] hk[^1]: hk",
    "template": "%{x} %{customdata[1]} {hk} %(hk)s hk",
    "formula": '=HYPERLINK("http://hk.example","hk")',
    "sum": "+hk+1",
    "difference": "-hk-1",
    "function": "@hk(1)",
    "hidden formula": "\u200b=hk",
    "cell": 'hk",=1+1,"hk',
    "cell in a line": 'hk, =hk+1, "hk',
    "carriage return": "hk\r=hk+1",
    "tab": "hk\t=hk+1",
    "escape": "hk\x1b[31m\x1b]0;hk\x07",
    "forged line": "hk\n2026-03-04 12:00:00,000 run 99 done",
    "override": "hk \u202ekh\u2066",
    "buttons": '["hk", "kh"]',
    "statement": "hk'; drop table tickets; --",
    "path": "../../hk/../hk",
    "length": "hk" * 150,
}
ALL = tuple(TEXTS.values())
# What nothing that is shown as text may hold as it is: markup of HTML, and of Streamlit's Markdown.
STEERING = ("\x1b", "\x07", "\u202e", "\u2066")
HTML_PIECES = (
    *STEERING,
    "<script>hacked",
    "<img src=x",
    "<u id",
    "<b>hk",
    "<svg/",
    '<a href="javascript',
    "&amp;lt;/u",
)
MARKDOWN_PIECES = (
    *(*STEERING, "<script>hacked", "<img src", "<u id", "<b>hk", "<svg/", "<a href", "&lt", "](http", "www.hk", "http:"),
    *("hk@hk.", "@hk(", ":red", ":material/home", ":smile", ":streamlit", "$", "** __hk", "~~", "`hk", "|---"),
    *("\n=", "\n#", "\n-", "[^1]", '["hk'),
)  # fmt: skip
# Read even where every sign is escaped, in text that is unbroken.
FUSED_PIECES = (
    *("www.hk", "http://hk", "hk@hk", ":smile:", ":material/home", ":streamlit:", "hk -> hk", "hk -- hk", "hk >= hk"),
)  # fmt: skip
# Every channel has a colour, a column and a chart of its own: fewer of them.
CHANNELS = tuple(
    TEXTS[name] for name in ("image", "element", "link", "address", "colour", "icon", "template", "override", "length")
)
NOW = datetime(2026, 3, 4, 12, 0)
FIRST = NOW - timedelta(days=56)
TICKETS = 12 * len(ALL)
# All of it in one line, for an address.
EVERYTHING = " ".join(" ".join(text.split()) for text in ALL if len(text) < 100)

Row = dict[str, Any]


def at(minutes: float) -> str:
    return f"{FIRST + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}Z"


def nth(place: int, texts: tuple[str, ...] = ALL) -> str:
    return texts[place % len(texts)]


def who(place: int) -> Row:
    """Names that meet in ever other ways."""
    return {
        "channel": nth(place, CHANNELS),
        "team": nth(place // 7),
        "agent": nth(place),
        "customer": nth(place + 1),
        "priority": nth(place // 3),
        "topic": nth(place // 2),
    }


def ticket_id(place: int) -> str:
    return f"{nth(place)} {place}"


def opened(place: int) -> float:
    """Minutes since the first moment at which a ticket is opened; the last ones just before now."""
    return 56 * 24 * 60 * (place + 1) / (TICKETS + 1)


def tickets() -> Iterator[Row]:
    for place in range(TICKETS):
        is_open = place % 6 == 0
        yield who(place) | {
            "ticket_id": ticket_id(place),
            "created_at": at(opened(place)),
            "exported_at": f"{NOW:%Y-%m-%dT%H:%M:%S}Z",
            "status": nth(place) if is_open else "solved",
            "subject": nth(place + 2),
            "supervisor": nth(place),
            "manager": nth(place),
            "first_response_at": None if place % 9 == 0 else at(opened(place) + 5 + place % 90),
            "solved_at": None if is_open else at(opened(place) + 200),
        }


def events() -> Iterator[Row]:
    for place in range(0, TICKETS, 2):
        for field in ("agent", "team", "priority", "channel", "tags"):
            yield {
                "ticket_id": ticket_id(place),
                "happened_at": at(opened(place) + 2),
                "actor": nth(place),
                "field": field,
                "old_value": nth(place + 3),
                "new_value": who(place).get(field, nth(place)),
            }


def messages() -> Iterator[Row]:
    for place in range(0, TICKETS, 3):
        for turn, kind in enumerate(("customer", "agent", "customer")):
            yield {
                "message_id": f"{nth(place)} {place} {turn}",
                "ticket_id": ticket_id(place),
                "sent_at": at(opened(place) + 10 * turn),
                "author": nth(place + turn),
                "author_kind": kind,
                "channel": nth(place, CHANNELS),
                "body": nth(place + turn),
            }


def calls() -> Iterator[Row]:
    for place in range(0, TICKETS, 5):
        yield who(place) | {
            "call_id": f"{nth(place)} {place}",
            "ticket_id": ticket_id(place),
            "entered_at": at(opened(place)),
            "queued_at": at(opened(place)),
            "answered_at": at(opened(place) + 1),
            "ended_at": at(opened(place) + 9),
        }


def surveys() -> Iterator[Row]:
    for place in range(TICKETS):
        yield who(place) | {
            "response_id": f"{nth(place)} {place}",
            "survey": nth(place),
            "kind": ("csat", "nps", "ces")[place % 3],
            "score": None if place % 5 == 0 else 1 + place % 5,
            "comment": nth(place),
            "sent_at": at(opened(place) + 220),
            "answered_at": None if place % 5 == 0 else at(opened(place) + 230),
            "ticket_id": ticket_id(place),
        }


def annotations() -> Iterator[Row]:
    for place, text in enumerate(ALL):
        yield {
            "annotation_id": text,
            "happened_at": at(opened(TICKETS - 12 * place - 1)),
            "kind": text,
            "label": text,
            "body": text,
            "author": text,
            "team": text,
            "channel": nth(place, CHANNELS),
        }


def notes() -> Iterator[Row]:
    for place, text in enumerate(ALL):
        yield {
            "note_id": text,
            "agent": nth(place // 9),
            "kind": ("coaching", "recognition")[place % 2],
            "body": text,
            "author": text,
            "written_at": at(opened(place)),
            "ticket_id": ticket_id(place),
        }


def views() -> Iterator[Row]:
    for text in ALL:
        query = "?team=%3Cu%20id%3Dhk%3E"
        yield {
            "view_id": text,
            "name": text,
            "page": "live",
            "query": query,
            "author": text,
            "saved_at": at(0),
        }


def schedules() -> Iterator[Row]:
    for text in ALL:
        yield {
            "schedule_id": text,
            "name": text,
            "time_zone": "UTC",
            "opens_minute": 1980,
            "closes_minute": 2460,
        }


def holidays() -> Iterator[Row]:
    for text in ALL:
        yield {"schedule_id": text, "name": text, "from_date": "2026-02-02"}


def names() -> Iterator[Row]:
    """What the ids of agents and teams stand for: here what they are called already."""
    for text in ALL:
        for kind in ("agent", "team"):
            yield {"of": kind, "id": text, "name": text}


def targets() -> Iterator[Row]:
    for place in range(TICKETS):
        yield {
            "ticket_id": ticket_id(place),
            "metric": ("first_response", "next_response", "resolution")[place % 3],
            "applied_at": at(opened(place)),
            "target_seconds": 3600,
            "policy": nth(place),
        }


def rejected_rows() -> Iterator[Row]:
    """Rows that are rejected, each with the reason that quotes it."""
    for place, text in enumerate(ALL):
        yield {"ticket_id": text, "created_at": text, "team": text, "subject": f"{text} {place}"}


KINDS = {
    "ticket": tickets,
    "event": events,
    "message": messages,
    "call": calls,
    "survey": surveys,
    "annotation": annotations,
    "note": notes,
    "view": views,
    "schedule": schedules,
    "holiday": holidays,
    "target": targets,
    "name": names,
}


def file_name(text: str) -> str:
    """As much of a text as a file can be called."""
    return f"a{text[:100].replace('/', '_')}.jsonl"


def lines(rows: Iterable[Row]) -> str:
    return "\n".join(json.dumps({name: value for name, value in row.items() if value is not None}) for row in rows)


def deliver(desk: Desk, place: int = 0) -> None:
    """Sources of every kind of row, with their rows in files of hostile names; and rows and files that are refused."""
    desk.setting(f'[clock]\ntime_zone = "UTC"\nas_of = "{NOW.isoformat()}Z"\n[privacy]\nkeep = {json.dumps(KEPT)}\n')
    for kind, rows in KINDS.items():
        desk.source(f"{kind}s", kind, 'format = "jsonl"\npart_of = "desk"')
        desk.deliver(f"{kind}s/{file_name(nth(place))}", lines(rows()))
        place += 1
    desk.deliver("tickets/rejected.jsonl", lines(rejected_rows()))
    desk.source("sheets", "ticket", 'format = "xlsx"\npart_of = "desk"')
    for text in ALL:
        desk.deliver(f"sheets/{file_name(text)}", text)


# Everything that can be kept, so that nothing hostile is left out on its way to the pages.
KEPT = ["customer", "message_text", "contact_details", "rejected_rows"]
