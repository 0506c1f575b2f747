"""Freshdesk's API v2 on a local port, as https://developers.freshdesk.com/api tells it, over a small world of tickets."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.serving import Asked, FakeService, Quota, Reply

KEY = "a key"
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
ADA, BEN, CLEO = 101, 102, 103
BILLING, ORDERS = 11, 12
AGENTS = {ADA: "Ada", BEN: "Ben", CLEO: "Cleo", 104: "Dan"}
GROUPS = {BILLING: "Billing", ORDERS: "Orders", 13: "Spare", 14: "Spare"}
OPEN, PENDING, RESOLVED, CLOSED, ON_CUSTOMER, ON_OTHERS, OWN = range(2, 9)
EMAIL, PORTAL, PHONE, CHAT, OUTBOUND = 1, 2, 3, 7, 10
REPLY, NOTE, RATING = 0, 2, 6
LAST_PAGE = 300
STATS = (
    "agent_responded_at",
    "requester_responded_at",
    "first_responded_at",
    "reopened_at",
    "resolved_at",
    "closed_at",
    "pending_since",
)

Body = dict[str, Any]


def at(hours: float) -> str:
    """An instant so many hours after the world begins, as Freshdesk writes it."""
    return f"{START + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"


def ticket(number: int, hours: float, changed: float | None = None, **more: Any) -> Body:
    """A ticket created so many hours after the world begins, and changed last at `changed`; `stats` are those that are not null."""
    updated = at(hours if changed is None else changed)
    stats = dict.fromkeys(STATS)
    stats |= {"status_updated_at": updated} | more.pop("stats", {})
    own = {"id": number, "created_at": at(hours), "updated_at": updated, "stats": stats}
    return {
        **dict.fromkeys(
            ("email_config_id", "group_id", "responder_id", "company_id", "to_emails", "product_id", "type")
        ),
        **{name: [] for name in ("cc_emails", "fwd_emails", "reply_cc_emails", "tags")},
        **dict.fromkeys(("fr_escalated", "spam", "is_escalated"), False),
        **{"priority": 1, "requester_id": 900 + number % 4, "source": EMAIL, "status": OPEN, "custom_fields": {}},
        **{"subject": f"Question {number}", "due_by": at(hours + 72), "fr_due_by": at(hours + 24)},
        **{"description": f"<div>Help, {number}</div>", "description_text": f"Help, {number}"},
        **own,
        **more,
    }


def conversation(number: int, of: int, hours: float, by: int, **more: Any) -> Body:
    """A public reply of an agent, unless `more` says otherwise."""
    return {
        **{"id": number, "ticket_id": of, "user_id": by, "incoming": False, "private": False, "source": REPLY},
        **{"body": f"<div>Words {number}</div>", "body_text": f"Words {number}", "to_emails": [], "attachments": []},
        **dict.fromkeys(("support_email", "from_email", "cc_emails", "bcc_emails")),
        **{"created_at": at(hours), "updated_at": at(hours)},
        **more,
    }


def rating(number: int, of: int, hours: float, value: int, **more: Any) -> Body:
    return {
        **{
            "id": number,
            "survey_id": 1,
            "user_id": 900 + of % 4,
            "agent_id": ADA,
            "group_id": BILLING,
            "ticket_id": of,
        },
        **{"feedback": None, "ratings": {"default_question": value}, "created_at": at(hours), "updated_at": at(hours)},
        **more,
    }


def tickets() -> list[Body]:
    """Every status and several channels; one ticket of nobody, two changed in the same second, one deleted and one spam."""
    answered = {"first_responded_at": at(4), "agent_responded_at": at(4)}
    solved = answered | {"resolved_at": at(6)}
    billing, orders = {"group_id": BILLING, "responder_id": ADA}, {"group_id": ORDERS, "responder_id": BEN}
    return [
        ticket(1, 1, 6, status=CLOSED, type="Refund", stats=solved | {"closed_at": at(30)}, **billing),
        ticket(2, 2, 6, status=RESOLVED, source=PORTAL, priority=2, stats=solved, **orders),
        ticket(3, 3, 7, status=PENDING, source=PHONE, priority=3, stats={"pending_since": at(7)}, **billing),
        ticket(4, 4, 8, status=ON_CUSTOMER, source=CHAT, priority=4, **orders),
        ticket(5, 5, 9, status=ON_OTHERS, source=9, type="Delivery", responder_id=CLEO),
        ticket(6, 6, 10, status=OWN, source=5, group_id=BILLING),
        ticket(7, 7),
        ticket(8, 8, 11, status=CLOSED, source=OUTBOUND, stats={"resolved_at": at(8), "closed_at": at(8)}, **billing),
        ticket(9, 9, 12, deleted=True, **orders),
        ticket(10, 10, 12, spam=True, group_id=ORDERS),
        ticket(11, 11, 13, status=RESOLVED, stats={"reopened_at": at(12), "resolved_at": at(13)}, **billing),
        ticket(12, 12, 14, source=PORTAL, type="Refund", **orders),
    ]


def conversations() -> list[Body]:
    """Replies, a private note, an automatic answer, and the comment of a rating; ticket 1 has more than a page of three."""
    return [
        conversation(501, 1, 1.5, 0, auto_response=True),
        conversation(502, 1, 4, ADA),
        conversation(503, 1, 5, 901, incoming=True),
        conversation(504, 1, 5.5, BEN, private=True, source=NOTE),
        conversation(505, 1, 6, ADA),
        conversation(506, 2, 4, BEN),
        conversation(507, 3, 7, ADA),
        conversation(508, 8, 11, 900, incoming=True, source=RATING),
        conversation(509, 11, 12, 903, incoming=True),
        conversation(510, 11, 13, ADA),
        conversation(511, 12, 14, BEN, private=True, source=8),
    ]


class FakeFreshdesk(FakeService):
    """The account: `tickets` (deleted ones and spam among them), `conversations`, `ratings`, `agents`, `groups`, `hours`.

    `before` is called before each answer with what is asked: a test may change the world in the middle of a pull.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tickets, self.conversations = tickets(), conversations()
        self.ratings = [
            rating(number, number, 20 + number, value) for number, value in enumerate([103, 101, 100, -103], 1)
        ]
        self.agents = [_agent(number, name) for number, name in AGENTS.items()]
        self.groups = [_group(number, name, 2 if number == ORDERS else None) for number, name in GROUPS.items()]
        self.hours = [_hours(1, "Europe/Berlin", True), _hours(2, "Eastern Time (US & Canada)", False)]
        self.before: Callable[[Asked], None] = lambda asked: None
        self.route("GET", "/api/v2/tickets", self._tickets)
        self.route("GET", r"/api/v2/tickets/(\d+)/conversations", self._conversations)
        self.route("GET", "/api/v2/surveys/satisfaction_ratings", self._ratings)
        for path, rows in (("agents", self.agents), ("groups", self.groups), ("business_hours", self.hours)):
            self.route("GET", f"/api/v2/{path}", lambda asked, rows=rows: _page(asked, rows))

    def refuse(self, asked: Asked) -> Reply | None:
        self.before(asked)
        expected = "Basic " + b64encode(f"{KEY}:X".encode()).decode()
        refused = {"code": "invalid_credentials", "message": "You have to be logged in to perform this action."}
        return None if asked.headers.get("authorization") == expected else Reply(401, refused)

    def quota_headers(self, quota: Quota) -> dict[str, str]:
        left = {"x-ratelimit-remaining": str(quota.remaining), "x-ratelimit-used-currentrequest": "1"}
        return left | {"x-ratelimit-total": str(quota.limit.requests)}

    def number(self, number: int) -> Body:
        """The ticket of a number."""
        return next(one for one in self.tickets if one["id"] == number)

    def _tickets(self, asked: Asked) -> Any:
        assert (asked.query["order_by"], asked.query["order_type"]) == ("updated_at", "asc")
        lists = {None: _is_listed, "deleted": lambda one: one.get("deleted", False), "spam": lambda one: one["spam"]}
        is_wanted = lists[asked.query.get("filter")]
        found = [one for one in self.tickets if is_wanted(one) and one["updated_at"] >= asked.query["updated_since"]]
        found.sort(key=lambda one: (one["updated_at"], one["id"]))
        hidden = _not_included(asked.query.get("include", "").split(","))
        return _page(asked, [{name: value for name, value in one.items() if name not in hidden} for one in found])

    def _conversations(self, asked: Asked, number: str) -> Any:
        if not any(one["id"] == int(number) and _is_listed(one) for one in self.tickets):
            return Reply(404)
        return _page(asked, [one for one in self.conversations if one["ticket_id"] == int(number)])

    def _ratings(self, asked: Asked) -> Any:
        found = [one for one in self.ratings if one["created_at"] >= asked.query["created_since"]]
        return _page(asked, sorted(found, key=lambda one: one["created_at"], reverse=True))


def _is_listed(one: Body) -> bool:
    return not one["spam"] and not one.get("deleted", False)


def _not_included(included: list[str]) -> set[str]:
    stats = set() if "stats" in included else {"stats"}
    return stats | (set() if "description" in included else {"description", "description_text"})


def _page(asked: Asked, rows: list[Body]) -> Any:
    size, page = int(asked.query["per_page"]), int(asked.query["page"])
    if page > LAST_PAGE or size > 100:
        fault = {"field": "page", "message": f"You cannot access tickets beyond the {LAST_PAGE}th page."}
        return Reply(400, {"description": "Validation failed", "errors": [fault]})
    return rows[(page - 1) * size : page * size]


def _agent(number: int, name: str) -> Body:
    times = {"created_at": at(-100), "updated_at": at(-90)}
    contact = {"active": True, "email": f"{name.lower()}@desk.example", "name": name, "time_zone": "Berlin", **times}
    return {"id": number, "available": False, "occasional": False, "ticket_scope": 1, "contact": contact, **times}


def _group(number: int, name: str, hours: int | None) -> Body:
    times = {"created_at": at(-100), "updated_at": at(-90)}
    return {"id": number, "name": name, "description": name, "business_hour_id": hours, **times}


def _hours(number: int, zone: str, is_default: bool) -> Body:
    """Monday to Friday, and for the account's own hours a night that begins on Saturday."""
    days = {
        day: {"start_time": "8:00 am", "end_time": "5:00 pm"} for day in ("monday", "tuesday", "wednesday", "thursday")
    }
    days["friday"] = {"start_time": "08:00:00 am", "end_time": "11:59:59 pm"}
    if is_default:
        days["saturday"] = {"start_time": "10:00 pm", "end_time": "2:00 am"}
    own = {"id": number, "name": f"Hours {number}", "description": "", "is_default": is_default, "time_zone": zone}
    return {**own, "business_hours": days, "created_at": at(-100), "updated_at": at(-90)}
