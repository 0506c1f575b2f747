"""What a delivered row may say: the fields of each kind of row, their types and meaning. The one place for it.

support.toml maps a source's columns to these fields; staging casts to these types; the tables of schema `store` have these columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FieldType = Literal["text", "instant", "date", "number", "integer", "boolean"]

SQL_TYPES: dict[FieldType, str] = {
    "text": "varchar",
    "instant": "timestamp",
    "date": "date",
    "number": "double",
    "integer": "bigint",
    "boolean": "boolean",
}

# What a field may hold of a customer; warehouse/privacy.py says what becomes of each.
# customer: their name. author: theirs where a customer wrote. actor: theirs or an agent's. change: theirs where the changed field names
# one. words: what they wrote in short. message: what they wrote at length. refused: an agent's, but theirs where the row is refused.
Personal = Literal["customer", "author", "actor", "change", "words", "message", "refused"]

# What has to be built anew where a row of a kind changes: its ticket, its survey invitation, the calendar of its source, whatever shows
# the name, or nothing.
Builds = Literal["ticket", "response", "calendar", "names", "nothing"]


@dataclass(frozen=True)
class Field:
    """One field of a kind of row."""

    name: str
    type: FieldType
    meaning: str
    required: bool = False
    personal: Personal | None = None


@dataclass(frozen=True)
class RowKind:
    """A kind of row: its fields and what identifies a row where the source names no key."""

    name: str
    table: str
    meaning: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    builds: Builds = "ticket"

    def field_names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @property
    def speaks_of_customers(self) -> bool:
        return any(field.personal not in (None, "refused") for field in self.fields)

    def marks(self) -> str | None:
        """The store table that notes what has to be built anew; None: calendar and names look for themselves, and remarks are read
        from the store."""
        marks: dict[Builds, str | None] = {
            "ticket": "touched_tickets",
            "response": "touched_responses",
            "calendar": None,
            "names": None,
            "nothing": None,
        }
        return marks[self.builds]

    def marked(self) -> str:
        """The columns of a row of the store that its table of marks takes."""
        return "ticket_no" if self.builds == "ticket" else "source, response_id"

    def numbers(self) -> dict[str, str]:
        """Columns of the store by which rows are found quickly, and what each is the number of: see warehouse/numbers.py."""
        return {"key_no": "key"} | ({"ticket_no": "ticket_id"} if self.is_of_ticket else {})

    @property
    def is_of_ticket(self) -> bool:
        return "ticket_id" in self.field_names() and not self.is_remark

    @property
    def is_remark(self) -> bool:
        """Whether its rows are words beside the data: they say nothing of how far their source's data goes."""
        return self.builds == "nothing"

    def stored_fields(self) -> tuple[Field, ...]:
        """Fields that are kept; `exported_at` only moves the as-of instant of its file."""
        return tuple(field for field in self.fields if field.name != "exported_at")


FieldLine = tuple[str, FieldType, str] | tuple[str, FieldType, str, Personal]


def _fields(*lines: FieldLine) -> tuple[Field, ...]:
    """Fields from (name, type, meaning) lines, with what they may hold of a customer as a fourth part; `!` after a name: required."""
    return tuple(
        Field(name.rstrip("!"), kind, meaning, name.endswith("!"), personal[0] if personal else None)
        for name, kind, meaning, *personal in lines
    )


# What can be promised: the first answer, every later one, and the time in certain statuses.
PROMISES = (
    "first_response",
    "next_response",
    "agent_work",
    "requester_wait",
    "periodic_update",
    "pausable_update",
    "resolution",
)
UPDATED: FieldLine = (
    "updated_at",
    "instant",
    "when this version of the row was made: newer replaces older, whatever comes last",
)
EXPORTED: FieldLine = ("exported_at", "instant", "when the export was taken: how far its data goes")
WHO: tuple[FieldLine, ...] = (
    ("channel", "text", "how the customer came: email, chat, phone, social, web, in_person, self_service"),
    ("team", "text", "team that holds it"),
    ("agent", "text", "agent that holds it"),
    ("customer", "text", "who asked", "customer"),
    ("priority", "text", "low, normal, high, urgent, or the source's own words"),
    ("topic", "text", "what it is about"),
)
TICKET_TIMES: tuple[FieldLine, ...] = (
    ("first_response_at", "instant", "first answer by an agent, where the source delivers no messages"),
    ("solved_at", "instant", "last time it was solved"),
    ("closed_at", "instant", "closed for good"),
)
TICKET_MORE: tuple[FieldLine, ...] = (
    ("status", "text", "new, open, pending, hold, solved, closed, abandoned, deleted, merged; others count as open"),
    ("subject", "text", "its title", "words"),
    ("supervisor", "text", "of the agent"),
    ("manager", "text", "of the supervisor"),
    ("promise_kept", "boolean", "the source's own word on whether its promise was kept"),
)

TICKET = RowKind(
    "ticket",
    "ticket_rows",
    "a ticket as it is now",
    _fields(
        ("ticket_id!", "text", "the ticket"),
        ("created_at!", "instant", "when the customer asked"),
        UPDATED,
        *WHO,
        *TICKET_TIMES,
        ("abandoned_at", "instant", "the customer gave up before an answer"),
        ("handle_seconds", "number", "time agents worked on it"),
        *TICKET_MORE,
        EXPORTED,
    ),
    ("ticket_id",),
)

EVENT = RowKind(
    "event",
    "event_rows",
    "a change of a ticket: either one field with old and new value, or the whole ticket as it was after the change",
    _fields(
        ("ticket_id!", "text", "the ticket"),
        ("happened_at!", "instant", "when it changed"),
        ("position", "integer", "order of changes within one instant"),
        ("actor", "text", "who changed it", "actor"),
        (
            "field",
            "text",
            "status, agent, team, priority, channel, schedule or another; empty: the row is the whole ticket",
        ),
        ("old_value", "text", "before", "change"),
        ("new_value", "text", "after", "change"),
        UPDATED,
        *WHO,
        ("created_at", "instant", "when the customer asked"),
        *TICKET_TIMES,
        *TICKET_MORE,
        EXPORTED,
    ),
    ("ticket_id", "happened_at", "position", "field", "old_value", "new_value", "status"),
)

MESSAGE = RowKind(
    "message",
    "message_rows",
    "a message of a ticket",
    _fields(
        ("message_id!", "text", "the message"),
        ("ticket_id!", "text", "its ticket"),
        ("sent_at!", "instant", "when it was sent"),
        ("author", "text", "who wrote it", "author"),
        (
            "author_kind!",
            "text",
            "customer, agent, bot, unknown (neither asks nor answers), or by_author: agent where names know the author as one, else customer",
        ),
        ("is_public", "boolean", "whether the customer sees it; empty: yes"),
        ("channel", "text", "where it came in or went out"),
        ("body", "text", "what it says", "message"),
        UPDATED,
        EXPORTED,
    ),
    ("message_id",),
)

CALL = RowKind(
    "call",
    "call_rows",
    "a call or chat that queued for an agent",
    _fields(
        ("call_id!", "text", "the call"),
        ("ticket_id", "text", "its ticket; empty: the call is a contact of its own"),
        *WHO,
        ("entered_at!", "instant", "when the customer called"),
        ("queued_at", "instant", "when they began to wait for an agent; empty: they did not queue"),
        ("answered_at", "instant", "when an agent answered"),
        ("abandoned_at", "instant", "when they gave up"),
        ("ended_at", "instant", "when the conversation ended"),
        UPDATED,
        EXPORTED,
    ),
    ("call_id",),
)

SURVEY = RowKind(
    "survey",
    "survey_rows",
    "a survey invitation, answered or not",
    _fields(
        ("response_id!", "text", "the invitation"),
        ("survey", "text", "name of the survey"),
        ("kind!", "text", "csat, nps or ces"),
        ("scale_min", "number", "lowest score possible; empty: 1, for nps 0"),
        ("scale_max", "number", "highest score possible; empty: 5, for nps 10, for ces 7"),
        ("score", "number", "the answer; empty: none"),
        ("comment", "text", "what they wrote", "words"),
        ("sent_at!", "instant", "when they were asked"),
        ("answered_at", "instant", "when they answered; empty with a score: when asked"),
        ("ticket_id", "text", "the ticket it is about"),
        *WHO,
        ("weight", "number", "weight of the answer in its survey's design"),
        UPDATED,
        EXPORTED,
    ),
    ("response_id",),
    "response",
)

SCHEDULE = RowKind(
    "schedule",
    "schedule_rows",
    "a weekly interval of a schedule's working hours; what a newer file says of a schedule replaces all of it",
    _fields(
        ("schedule_id!", "text", "the schedule; a ticket comes under it by an event with field schedule"),
        ("name", "text", "what it is called"),
        ("time_zone!", "text", "where its hours are local time, such as Europe/Berlin"),
        ("opens_minute", "integer", "minutes since Sunday 00:00 local time; empty, as closes_minute: it has no hours"),
        ("closes_minute", "integer", "as opens_minute; past midnight, or past the end of the week, it is simply more"),
        (
            "is_default",
            "boolean",
            "whether it holds for tickets whose source says nothing of schedules, and support.toml neither; empty: no",
        ),
        ("is_removed", "boolean", "whether it no longer holds"),
        UPDATED,
        EXPORTED,
    ),
    ("schedule_id", "opens_minute", "closes_minute"),
    "calendar",
)

HOLIDAY = RowKind(
    "holiday",
    "holiday_rows",
    "days on which a schedule does not work",
    _fields(
        ("schedule_id!", "text", "the schedule"),
        ("name", "text", "what it is called"),
        ("from_date!", "date", "first day off, in the schedule's local time"),
        ("to_date", "date", "last day off; empty: the first is the only one"),
        ("is_removed", "boolean", "whether it no longer holds"),
        UPDATED,
        EXPORTED,
    ),
    ("schedule_id", "from_date", "to_date"),
    "calendar",
)

TARGET = RowKind(
    "target",
    "target_rows",
    "a promise put on a ticket, or taken off it",
    _fields(
        ("ticket_id!", "text", "the ticket"),
        ("metric!", "text", " or ".join(PROMISES)),
        ("applied_at!", "instant", "when it was put on the ticket or taken off"),
        ("target_seconds", "number", "within how long; empty: taken off"),
        ("is_business_time", "boolean", "whether only time within the ticket's schedule counts; empty: no"),
        ("policy", "text", "the policy that promises it"),
        UPDATED,
        EXPORTED,
    ),
    ("ticket_id", "metric", "applied_at"),
)

NAMED = ("agent", "team")

NAME = RowKind(
    "name",
    "name_rows",
    "what the id of an agent or a team stands for, where rows name them by id",
    _fields(
        ("of!", "text", " or ".join(NAMED)),
        ("id!", "text", "the id, as other rows of the source have it"),
        ("name!", "text", "what they are called", "refused"),
        UPDATED,
        EXPORTED,
    ),
    ("of", "id"),
    "names",
)

REMOVED: FieldLine = ("is_removed", "boolean", "whether it is taken back; empty: no")

ANNOTATION = RowKind(
    "annotation",
    "annotation_rows",
    "what charts show as having happened at a time",
    _fields(
        ("annotation_id!", "text", "the annotation"),
        ("happened_at!", "instant", "when it happened, or began"),
        ("ended_at", "instant", "when it ended; empty: it is a moment"),
        ("kind", "text", "release, holiday, campaign, incident or another word"),
        ("label!", "text", "what it is, in a few words"),
        ("body", "text", "more about it"),
        ("channel", "text", "the channel it is about; empty: every one"),
        ("team", "text", "the team it is about; empty: every one"),
        ("author", "text", "who wrote it"),
        REMOVED,
        UPDATED,
        EXPORTED,
    ),
    ("annotation_id",),
    "nothing",
)

NOTE_KINDS = ("coaching", "recognition")

NOTE = RowKind(
    "note",
    "note_rows",
    "a coaching or recognition note about an agent",
    _fields(
        ("note_id!", "text", "the note"),
        ("agent!", "text", "the agent it is about"),
        ("kind!", "text", " or ".join(NOTE_KINDS)),
        ("body!", "text", "what it says"),
        ("author!", "text", "who wrote it"),
        ("written_at!", "instant", "when it was written"),
        ("ticket_id", "text", "the ticket it is about"),
        REMOVED,
        UPDATED,
        EXPORTED,
    ),
    ("note_id",),
    "nothing",
)

VIEW = RowKind(
    "view",
    "view_rows",
    "a page with its filters, saved under a name",
    _fields(
        ("view_id!", "text", "the saved view"),
        ("name!", "text", "what it is called"),
        ("page!", "text", "the page"),
        ("query!", "text", "the query string of its address"),
        ("author", "text", "who saved it"),
        ("saved_at!", "instant", "when it was saved"),
        REMOVED,
        UPDATED,
        EXPORTED,
    ),
    ("view_id",),
    "nothing",
)

ROW_KINDS: dict[str, RowKind] = {
    kind.name: kind
    for kind in (TICKET, EVENT, MESSAGE, CALL, SURVEY, SCHEDULE, HOLIDAY, TARGET, NAME, ANNOTATION, NOTE, VIEW)
}

# What people write in the dashboard: the source it is kept under, its folder in the data folder, and the feed of each kind.
WRITTEN = "written"
WRITTEN_FEEDS = {kind.name: f"{WRITTEN}_{kind.name}s" for kind in (ANNOTATION, NOTE, VIEW)}

# Book-keeping of a stored row, which delivery it is from and how new it is: name, SQL type and meaning.
BOOKKEEPING: tuple[tuple[str, str, str], ...] = (
    ("source", "varchar", "source it belongs to: part_of of its feed, else the feed"),
    ("feed", "varchar", "the [sources.NAME] of support.toml that delivered it last"),
    (
        "key",
        "varchar",
        "what makes it one row within its source: the key of its feed, else its id; several columns are joined by chr(31)",
    ),
    ("version_at", "timestamp", "its updated_at (UTC); empty: it says none, and modified_at holds"),
    ("modified_at", "timestamp", "when the file that delivered it last was written (UTC)"),
    ("file_no", "bigint", "the file that delivered it last: joins files"),
    ("line_no", "bigint", "its row number in that file, counted after the header"),
    ("row_hash", "ubigint", "a hash of its fields: the same again is unchanged"),
)
NUMBERS: dict[str, str] = {
    "key_no": "a number made of its key, by which the pipelines find it; not unique",
    "ticket_no": "a number made of its ticket_id, by which the pipelines find the rows of a ticket; not unique",
}
