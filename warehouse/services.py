"""What the services of support.toml deliver: which kinds of rows, read from the pages of which endpoints.

A page is an answer of a service as it was received. How its rows are found is said in staging/SERVICE/ROWS.sql, one query a kind of row.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from warehouse.connection import read_sql
from warehouse.page_queries import columns_of_query
from warehouse.sources import FOLDERS, Column, RemoteSource, RowName, Source

# Dates of services are ISO 8601 or seconds since 1970.
SERVICE_DATES = ["iso", "epoch"]
# The one endpoint of a source whose rows support.toml maps.
ROWS_ENDPOINT = "rows"


@dataclass(frozen=True)
class Records:
    """Where in an endpoint's pages the objects are that may be a customer's, and which of their keys say whose: fields of our own rows.

    `tickets[]` are the members of a list, `[]` of a body that is one, `` the body itself; `^id` is a key of the object around. Of several
    keys with blanks between them the first that says something holds. `people` are the places of a customer's number where others have the
    same numbers; without them it is found wherever it stands. `answers` is where the names stand that are no keys: what support.toml maps
    of a survey.
    """

    path: str
    fields: dict[str, str] = field(default_factory=dict)
    people: tuple[str, ...] = ()
    answers: str = ""


@dataclass(frozen=True)
class Part:
    """A kind of row that a service delivers: the endpoints whose pages tell of it, what makes a row one row where it has no id,
    where in the pages customers are found to be erased, and further endpoints without which its rows mean nothing."""

    rows: RowName
    endpoints: tuple[str, ...]
    key: list[str] | None = None
    records: dict[str, Records] = field(default_factory=dict)
    needs: tuple[str, ...] = ()


_FRESHDESK_TICKETS = Records("[]", {"ticket_id": "id", "customer": "requester_id"})
# Conversations, and the tickets that begin with their descriptions.
_FRESHDESK_MESSAGES = Records("[]", {"message_id": "id", "ticket_id": "ticket_id id", "author": "user_id requester_id"})
# A conversation of Intercom is one object with all that was said in it.
_INTERCOM = {"conversations": Records("", {"ticket_id": "id", "customer": "contacts.contacts.0.id"})}

# A page of Chatwoot's messages is of one conversation, and says whose. Customers, agents and conversations are each numbered from 1.
_CHATWOOT_SENDERS = (
    "meta.sender.id",
    "messages[].sender.id",
    "messages[].sender_id",
    "last_non_activity_message.sender.id",
)
_CHATWOOT_CONVERSATION = ({"ticket_id": "id", "customer": "meta.sender.id"}, _CHATWOOT_SENDERS)
_CHATWOOT_MESSAGES = {
    "ticket_id": "payload.0.conversation_id",
    "customer": "meta.contact.id",
    "author": "meta.contact.id",
}
_CHATWOOT = {
    "conversations": Records("data.payload[]", *_CHATWOOT_CONVERSATION),
    "single_conversations": Records("", *_CHATWOOT_CONVERSATION),
    "messages": Records("", _CHATWOOT_MESSAGES, ("meta.contact.id", "payload[].sender.id")),
    "csat_responses": Records("[]", {"ticket_id": "conversation_id", "customer": "contact.id"}, ("contact.id",)),
}

PARTS: dict[str, tuple[Part, ...]] = {
    "zendesk": (
        Part("name", ("users", "groups")),
        Part(
            "ticket",
            ("tickets",),
            records={"tickets": Records("tickets[]", {"ticket_id": "id", "customer": "requester_id"})},
        ),
        Part(
            "event",
            ("ticket_events",),
            ["event_id"],
            records={"ticket_events": Records("ticket_events[]", {"actor": "updater_id"})},
        ),
        Part(
            "message",
            ("ticket_events",),
            records={"ticket_events": Records("ticket_events[]", {"message_id": "id", "author": "updater_id"})},
        ),
        # A metric event tells of its policy all that a target needs; the pages of policies are kept beside it, as received.
        Part("target", ("ticket_metric_events", "sla_policies")),
        Part(
            "survey",
            ("satisfaction_ratings",),
            records={
                "satisfaction_ratings": Records(
                    "satisfaction_ratings[]", {"response_id": "ticket_id", "customer": "requester_id"}
                )
            },
        ),
        Part("schedule", ("schedules",)),
        Part("holiday", ("holidays",)),
    ),
    "freshdesk": (
        Part("name", ("agents", "groups")),
        Part(
            "ticket",
            ("tickets", "deleted_tickets", "spam_tickets"),
            records=dict.fromkeys(("tickets", "deleted_tickets", "spam_tickets"), _FRESHDESK_TICKETS),
        ),
        # Which hours a ticket comes under: nothing where hours are left out.
        Part("event", ("tickets",), ["event_id"], {"tickets": _FRESHDESK_TICKETS}, needs=("business_hours",)),
        Part("message", ("conversations",), records={"conversations": _FRESHDESK_MESSAGES}),
        Part(
            "survey",
            ("satisfaction_ratings",),
            records={"satisfaction_ratings": Records("[]", {"customer": "user_id"})},
        ),
        Part("schedule", ("business_hours",)),
    ),
    "intercom": (
        Part("name", ("admins", "teams")),
        Part("ticket", ("conversations",), records=_INTERCOM),
        Part("event", ("conversations",), ["event_id"], records=_INTERCOM),
        Part("message", ("conversations",), records=_INTERCOM),
        Part("survey", ("conversations",), records=_INTERCOM),
    ),
    "chatwoot": (
        Part("name", ("agents", "teams")),
        Part("ticket", ("conversations", "single_conversations"), records=_CHATWOOT),
        Part("event", ("messages", "conversations", "single_conversations"), ["event_id"], records=_CHATWOOT),
        Part("message", ("messages",), records=_CHATWOOT),
        Part("survey", ("messages", "csat_responses"), records=_CHATWOOT),
    ),
    "qualtrics": (
        Part(
            "survey",
            ("responses",),
            records={
                "responses": Records(
                    "responses[]",
                    {"response_id": "responseId", "customer": "values.externalDataReference values.recipientEmail"},
                    answers="values",
                )
            },
        ),
    ),
    "surveymonkey": (
        Part(
            "survey",
            ("responses",),
            records={
                "responses": Records(
                    "data[]",
                    {"response_id": "id", "customer": "custom_value recipient_id email_address"},
                    answers="custom_variables",
                )
            },
        ),
    ),
    "delighted": (
        Part(
            "survey",
            ("responses",),
            records={
                "responses": Records(
                    "[]", {"response_id": "id", "customer": "person.id person"}, answers="person_properties"
                )
            },
        ),
    ),
    "typeform": (
        Part(
            "survey",
            ("responses",),
            records={"responses": Records("items[]", {"response_id": "token"}, answers="hidden")},
        ),
    ),
}


class PagesSource(Source):
    """What is read from pages: by a query of staging/, or where support.toml says that the rows are.

    `needed` are the columns (keys, or paths into an object) without which an object is no row.
    """

    format: Literal["pages"] = "pages"  # type: ignore[assignment]
    query: str | None = None
    needed: tuple[str, ...] = ()
    endpoints: tuple[str, ...]

    def place(self, file_name: str) -> Records | None:
        """Where a file of its pages holds what may be a customer's; None: nowhere."""
        service, _, rows = (self.query or "").partition("/")
        part = next((part for part in PARTS.get(service, ()) if part.rows == rows), None)
        return part.records.get(file_name.split("/")[0]) if part else None

    def fingerprint(self) -> str:
        """Changes when its pages would be read differently."""
        text = read_sql(f"staging/{self.query}") if self.query else ""
        return hashlib.sha256((super().fingerprint() + text).encode()).hexdigest()


def received_folder(folder: Path, name: str) -> Path:
    """Where the pages of a source lie, within the data folder, until they are landed."""
    return folder / "received" / name


def service_feeds(name: str, source: RemoteSource, folder: Path) -> dict[str, Source]:
    """The feeds of [sources.NAME]: NAME_tickets, NAME_messages, ...; or NAME where support.toml says what its rows are."""
    received = received_folder(folder, name)
    said = source.of_files() | {"path": received, "part_of": source.part_of or name}
    if source.kind in FOLDERS:
        return {name: Source(**said | {"part_of": source.part_of})}
    if source.kind == "http":
        own = {"part_of": source.part_of, "endpoints": (ROWS_ENDPOINT,), "needed": _needed(source)}
        return {name: PagesSource(**said | own)}
    parts = PARTS[source.kind]
    if len(parts) == 1:
        return {name: _part(source.kind, parts[0], said | {"part_of": source.part_of})}
    return {
        f"{name}_{part.rows}s": _part(source.kind, part, said)
        for part in parts
        if not {*part.needs} & {*source.leave_out}
    }


def _needed(source: RemoteSource) -> tuple[str, ...]:
    """What support.toml names as there in every object: a service that renames a field is noticed, and nothing is null unsaid."""
    named = [name for specs in source.columns.values() for spec in specs for name in spec.origins()]
    named += [*(source.key or []), *(rule.column for rule in source.reject)]
    return tuple(name for name in dict.fromkeys(named) if name not in source.may_lack)


def endpoints_of(source: Source) -> tuple[str, ...] | None:
    """The endpoints whose pages a feed reads; None: all that its source receives."""
    return source.endpoints if isinstance(source, PagesSource) else None


def speaks_of_customers(source: Source) -> bool:
    """Whether its files may hold something of a customer: lists of a service's users do, though only its agents are read."""
    return source.row_kind.speaks_of_customers or isinstance(source, PagesSource)


def _part(service: str, part: Part, said: dict[str, Any]) -> PagesSource:
    """A feed of a service's pages: every column of its query that is named as a field fills it, unless support.toml says otherwise."""
    query = f"{service}/{part.rows}"
    own: dict[str, Any] = {"rows": part.rows, "query": query, "endpoints": part.endpoints, "key": part.key}
    own |= {"time_zone": "UTC", "date_format": SERVICE_DATES}
    feed = PagesSource(**said | own)
    filled = feed.columns.keys() | feed.constants.keys()
    found = [
        column for column in columns_of_query(query) if column in feed.row_kind.field_names() and column not in filled
    ]
    return feed.model_copy(update={"columns": feed.columns | {name: [Column(column=name)] for name in found}})
