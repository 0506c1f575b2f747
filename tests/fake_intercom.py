"""Intercom as https://developers.intercom.com describes version 2.15: teammates, teams, the search for conversations, and each with its parts."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from tests.serving import Asked, FakeService, Quota, Reply

TOKEN = "dG9rOmZha2U="
START = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
HOUR = 3600
ADA, BEN, CLEO = "991267466", "991267467", "991267468"  # Cleo has left: she is in no list
BILLING, ORDERS = 5017691, 5017692
NAMES = {ADA: "Ada Lovelace", BEN: "Ben Okri", CLEO: "Cleo Vane"}
TEAMS = {BILLING: "Billing", ORDERS: "Orders"}
Record = dict[str, Any]


class FakeIntercom(FakeService):
    """`conversations` by id, as `GET /conversations/ID` gives them; `unlisted` are those that the search does not know of yet."""

    def __init__(self) -> None:
        super().__init__()
        self.names, self.teams = {ADA: NAMES[ADA], BEN: NAMES[BEN]}, dict(TEAMS)
        self.conversations: dict[str, Record] = {one["id"]: one for one in first_world()}
        self.deleted: dict[str, Record] = {}
        self.unlisted: set[str] = set()
        self.route("GET", "/admins", self._admins)
        self.route("GET", "/teams", self._teams)
        self.route("POST", "/conversations/search", self._search)
        self.route("GET", r"/conversations/(\d+)", self._one)

    def refuse(self, asked: Asked) -> Reply | None:
        assert asked.headers["intercom-version"] == "2.15"
        if asked.headers.get("authorization") == f"Bearer {TOKEN}":
            return None
        return Reply(401, error("unauthorized", "Access Token Invalid"))

    def quota_headers(self, quota: Quota) -> dict[str, str]:
        resets = datetime.now(UTC).timestamp() + quota.resets_in
        return {
            "X-RateLimit-Limit": str(quota.limit.requests),
            "X-RateLimit-Remaining": str(quota.remaining),
            "X-RateLimit-Reset": f"{resets:.3f}",
        }

    def add(self, *conversations: Record) -> None:
        self.conversations |= {one["id"]: one for one in conversations}

    def delete(self, one: str) -> None:
        self.deleted[one] = self.conversations.pop(one)

    def newest(self) -> int:
        return max(one["updated_at"] for one in self.conversations.values())

    def _admins(self, asked: Asked) -> Any:
        return {"type": "admin.list", "admins": [_admin(one, name) for one, name in self.names.items()]}

    def _teams(self, asked: Asked) -> Any:
        return {"type": "team.list", "teams": [_team(one, name) for one, name in self.teams.items()]}

    def _search(self, asked: Asked) -> Any:
        sent = asked.json()
        assert sent["sort"] == {"field": "updated_at", "order": "ascending"}
        size, after = sent["pagination"]["per_page"], sent["pagination"].get("starting_after")
        assert size <= 150
        found = sorted((_place(one), one) for one in self.conversations.values() if self._matches(one, sent["query"]))
        rest = [one for place, one in found if after is None or place > _unpacked(after)]
        return _list(rest[:size], size, len(found), has_more=len(rest) > size)

    def _matches(self, one: Record, query: dict[str, Any]) -> bool:
        value, operator = one[query["field"]], query["operator"]
        matches = value > query["value"] if operator == ">" else value in query["value"]
        return matches and one["id"] not in self.unlisted

    def _one(self, asked: Asked, one: str) -> Any:
        assert asked.query == {"display_as": "plaintext"}
        return self.conversations.get(one) or Reply(404, error("not_found", "Resource Not Found"))


def _place(one: Record) -> tuple[int, int]:
    return one["updated_at"], int(one["id"])


def _packed(one: Record) -> str:
    return base64.b64encode(json.dumps(_place(one)).encode()).decode()


def _unpacked(after: str) -> tuple[int, int]:
    updated, one = json.loads(base64.b64decode(after))
    return updated, one


def _list(rows: list[Record], size: int, total: int, has_more: bool) -> Record:
    pages: Record = {"type": "pages", "page": 1, "per_page": size, "total_pages": -(-total // size)}
    if has_more:
        pages["next"] = {"page": 2, "starting_after": _packed(rows[-1])}
    listed = [{name: value for name, value in one.items() if name != "conversation_parts"} for one in rows]
    return {"type": "conversation.list", "pages": pages, "total_count": total, "conversations": listed}


def error(code: str, message: str) -> Record:
    return {"type": "error.list", "request_id": "8c288c4f", "errors": [{"code": code, "message": message}]}


def _admin(one: str, name: str) -> Record:
    away = {"away_mode_enabled": False, "away_mode_reassign": False, "has_inbox_seat": True, "team_ids": [BILLING]}
    return {"type": "admin", "email": f"{one}@example.com", "id": one, "name": name} | away


def _team(one: int, name: str) -> Record:
    return {"type": "team", "id": str(one), "name": name, "admin_ids": [int(ADA)]}


def at(hours: float) -> int:
    """Seconds of the epoch, so many hours after the world began."""
    return START + int(hours * HOUR)


def customer(number: int) -> str:
    return f"6762f1261bb69f9f2193bb{number:02d}"


def user(number: int) -> Record:
    return {"type": "user", "id": customer(number), "name": f"Customer {number}", "email": f"c{number}@example.com"}


def admin(one: str) -> Record:
    return {"type": "admin", "id": one, "name": NAMES[one], "email": f"{one}@example.com"}


BOT: Record = {"type": "bot", "id": "278", "name": "Fin", "email": "operator+abcd1234@intercom.io"}


def part(kind: str, when: int, author: Record, body: str | None = None, to: Record | None = None) -> Record:
    """A part of a conversation; `conversation` numbers it."""
    return {
        "type": "conversation_part",
        "part_type": kind,
        "body": body,
        "created_at": when,
        "updated_at": when,
        "notified_at": when,
        "assigned_to": to,
        "author": author,
        "attachments": [],
        "external_id": None,
        "redacted": False,
        "email_message_metadata": None,
        "state": "open",
        "tags": [],
        "event_details": None,
        "app_package_code": None,
    }


def to_admin(one: str) -> Record:
    return {"type": "admin", "id": one}


def to_team(one: int) -> Record:
    return {"type": "team", "id": str(one)}


def conversation(number: int, *parts: Record, source: Record | None = None, **more: Any) -> Record:
    """A conversation that customer `number` began `number` hours after the world did, in the messenger unless `source` says otherwise."""
    created = at(number)
    numbered = [dict(one) | {"id": str(number * 1000 + place)} for place, one in enumerate(parts, 1)]
    begun: Record = {
        "type": "conversation",
        "id": str(number * 10),
        "delivered_as": "customer_initiated",
        "subject": "",
        "body": f"Where is order {number}?",
        "author": user(number),
        "attachments": [],
        "url": None,
        "redacted": False,
    }
    contact = {"type": "contact", "id": customer(number), "external_id": None}
    whole: Record = {
        "type": "conversation",
        "id": str(500 + number),
        "created_at": created,
        "updated_at": max([created, *(one["created_at"] for one in parts)]),
        "waiting_since": None,
        "snoozed_until": None,
        "source": begun | (source or {}),
        "contacts": {"type": "contact.list", "contacts": [contact]},
        "first_contact_reply": {"created_at": created, "type": "conversation", "url": None},
        "admin_assignee_id": None,
        "team_assignee_id": None,
        "open": True,
        "state": "open",
        "read": False,
        "tags": {"type": "tag.list", "tags": []},
        "priority": "not_priority",
        "sla_applied": None,
        "statistics": None,
        "conversation_rating": None,
        "teammates": None,
        "title": None,
        "custom_attributes": {},
        "topics": {},
        "ticket": None,
        "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
        "ai_agent": None,
        "ai_agent_participated": False,
        "conversation_parts": {
            "type": "conversation_part.list",
            "conversation_parts": numbered,
            "total_count": len(parts),
        },
    }
    return whole | more


def grown(before: Record, *parts: Record, **more: Any) -> Record:
    """The conversation with further parts, and changed by the newest of them."""
    known = before["conversation_parts"]["conversation_parts"]
    first = int(before["id"]) - 500
    added = [dict(one) | {"id": str(first * 1000 + len(known) + place)} for place, one in enumerate(parts, 1)]
    every = [*known, *added]
    held = {"type": "conversation_part.list", "conversation_parts": every, "total_count": len(every)}
    return (
        before
        | {
            "updated_at": max(one["created_at"] for one in added) if added else before["updated_at"],
            "conversation_parts": held,
        }
        | more
    )


def rating(number: int, score: int | None, when: int, remark: str = "") -> Record:
    contact = {"type": "contact", "id": customer(number), "external_id": None}
    asked = {"remark": remark, "created_at": when, "updated_at": when, "contact": contact}
    return asked | {"rating": score, "teammate": {"type": "admin", "id": ADA}}


def first_world() -> list[Record]:
    """Twelve conversations: every channel and state, an unassigned one, one of a teammate who left, two ratings."""
    closed = {"state": "closed", "open": False}
    ada, ben = {"admin_assignee_id": int(ADA), "team_assignee_id": BILLING}, {"admin_assignee_id": int(BEN)}
    return [
        conversation(1),
        conversation(
            2,
            part("comment", at(2.5), admin(ADA), "It is on its way."),
            **ada,
            source={"type": "email", "subject": "Order 2"},
        ),
        conversation(
            3,
            part("assignment", at(3.1), BOT, to=to_team(BILLING)),
            part("assignment", at(3.2), admin(ADA), to=to_admin(ADA)),
            part("comment", at(3.3), admin(ADA), "Done."),
            part("close", at(3.4), admin(ADA)),
            **ada,
            **closed,
            statistics=statistics(first_admin_reply_at=at(3.3), last_close_at=at(3.4)),
            conversation_rating=rating(3, 5, at(3.5), "Quick!"),
        ),
        conversation(
            4,
            part("comment", at(4.2), admin(CLEO), "I look into it."),
            part("snoozed", at(4.3), admin(CLEO)),
            admin_assignee_id=int(CLEO),
            state="snoozed",
            open=False,
            snoozed_until=at(40),
        ),
        conversation(5, part("comment", at(5.1), BOT, "Have you tried our articles?"), ai_agent_participated=True),
        conversation(
            6, part("note", at(6.1), admin(BEN), "A regular."), **ben, source={"type": "whatsapp"}, priority="priority"
        ),
        conversation(
            7,
            part("close", at(7.5), admin(BEN), "Here you are. Good bye!"),
            part("open", at(9.5), user(7), "It came broken."),
            part("comment", at(9.7), admin(BEN), "A new one is on its way."),
            **ben,
            source={"type": "facebook"},
        ),
        conversation(8, source={"type": "sms"}, admin_assignee_id=0, team_assignee_id=ORDERS),
        conversation(
            9,
            source={"delivered_as": "automated", "author": admin(ADA), "body": "New in spring"},
            first_contact_reply=None,
            **closed,
        ),
        conversation(10, source={"type": "phone_call", "body": ""}, **ada),
        conversation(
            11,
            part("close", at(12), admin(ADA), "Done."),
            **ada,
            **closed,
            statistics=statistics(first_admin_reply_at=at(12), last_close_at=at(12)),
            conversation_rating=rating(11, None, at(12)),
        ),
        conversation(12, part("comment", at(12.2), user(12), "Hello?")),
    ]


def statistics(**known: int) -> Record:
    """What Intercom works out itself, as far as it is read."""
    return {"type": "conversation_statistics", "adjusted_handling_time": 600} | known
