"""Freshdesk: the scenarios that every service survives, and what its own words become."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.fake_freshdesk import (
    ADA,
    AGENTS,
    BILLING,
    GROUPS,
    KEY,
    OPEN,
    OUTBOUND,
    RATING,
    RESOLVED,
    Body,
    FakeFreshdesk,
    at,
    conversation,
    rating,
    ticket,
)
from tests.pulling import PullCase, PullScenarios, Tables
from tests.serving import FakeService

STATUSES = {2: "open", 3: "pending", 4: "solved", 5: "closed", 6: "pending", 7: "hold", 8: "status 8"}
CHANNELS = {1: "email", 2: "web", 3: "phone", 5: "social", 7: "chat", 9: "web", 10: "email"}
PRIORITIES = {1: "low", 2: "normal", 3: "high", 4: "urgent"}
SCORES = {103: 5.0, 102: 4.5, 101: 4.0, 100: 3.0, -101: 2.0, -102: 1.5, -103: 1.0}


class FreshdeskCase(PullCase):
    kind = "freshdesk"
    secrets: ClassVar = {"SUPPORT_DESK_KEY": KEY}
    renamed = ("tickets", "status")
    requests_when_quiet = 14
    constants: ClassVar = {
        "pipelines.sources.freshdesk.PAGE": 3,
        "pipelines.sources.freshdesk.BATCH": 2,
        "pipelines.sources.freshdesk.REMAINING.window": 0.25,
    }
    # The list of deleted tickets tells nothing of their messages.
    fresh_pull_tells_of_deleted = False

    def start(self) -> FakeService:
        return FakeFreshdesk().start()

    def settings(self, address: str) -> str:
        return f"""
[sources.desk]
kind = "freshdesk"
address = "{address}"
since = 2026-03-01
first_wait = 0.01
requests_a_minute = 100000
"""

    def grow(self, service: FakeFreshdesk) -> None:
        service.tickets += [ticket(number, number + 90, group_id=BILLING) for number in range(13, 18)]
        service.number(12).update(status=RESOLVED, updated_at=at(110))
        service.number(12)["stats"].update(resolved_at=at(110), first_responded_at=at(109))
        service.conversations += [conversation(520, 12, 109, ADA), conversation(521, 14, 111, 902, incoming=True)]
        service.number(14).update(updated_at=at(111))
        service.ratings.append(rating(5, 12, 112, -101, feedback="Slow"))

    def be_late(self, service: FakeFreshdesk) -> None:
        service.tickets.append(ticket(18, 13.9, 13.99))
        service.number(1).update(status=OPEN, updated_at=at(14.5))
        service.number(1)["stats"].update(resolved_at=None, closed_at=None, reopened_at=at(14.5))
        service.conversations.append(conversation(522, 1, 14.5, 901, incoming=True))
        service.ratings[0]["feedback"] = "Written after the rating"
        service.ratings[0]["updated_at"] = at(24)

    def delete(self, service: FakeFreshdesk) -> None:
        service.number(3).update(deleted=True, updated_at=at(40))
        service.number(5).update(spam=True, updated_at=at(41))

    def rename_field(self, body: Any) -> Any:
        rows = body if isinstance(body, list) else []
        return [
            {("state" if name == "status" else name): value for name, value in row.items()}
            if "requester_id" in row
            else row
            for row in rows
        ]

    def expected(self, service: FakeFreshdesk) -> Tables:
        return {
            "select ticket_id, status, channel, team, agent, customer, priority, topic, subject, created_at::varchar, solved_at::varchar"
            " from tickets where source = 'desk'": [_ticket_row(one) for one in service.tickets],
            "select ticket_id, author, author_kind, is_public, body, sent_at::varchar from messages": [
                *(_description_row(one) for one in service.tickets if _is_known_listed(one)),
                *(_message_row(one) for one in service.conversations),
            ],
            "select response_id, kind, scale_min, scale_max, score, comment, ticket_id, answered_at::varchar from survey_responses": [
                _response_row(one) for one in service.ratings
            ],
        }


def _ticket_row(one: Body) -> tuple[Any, ...]:
    is_gone = one["spam"] or one.get("deleted", False)
    return (
        str(one["id"]),
        "deleted" if is_gone else STATUSES[one["status"]],
        CHANNELS[one["source"]],
        _team(one["group_id"]),
        AGENTS.get(one["responder_id"]),
        str(one["requester_id"]),
        PRIORITIES[one["priority"]],
        one["type"],
        one["subject"],
        _plain(one["created_at"]),
        _plain(one["stats"]["resolved_at"]),
    )


def _response_row(one: Body) -> tuple[Any, ...]:
    given = ("csat", 1.0, 5.0, SCORES[one["ratings"]["default_question"]], one["feedback"])
    return (str(one["id"]), *given, str(one["ticket_id"]), _plain(one["created_at"]))


def _team(number: int | None) -> str | None:
    """Two teams of one name are told apart by their ids."""
    name = GROUPS.get(number) if number else None
    return f"{name} ({number})" if name == "Spare" else name


def _is_known_listed(one: Body) -> bool:
    """Tickets 9 and 10 were deleted before they were ever listed."""
    return one["id"] not in (9, 10)


def _description_row(one: Body) -> tuple[Any, ...]:
    is_begun_by_agent = one["source"] == OUTBOUND
    author = (None, "agent") if is_begun_by_agent else (str(one["requester_id"]), "customer")
    return (str(one["id"]), *author, True, one["description_text"], _plain(one["created_at"]))


def _message_row(one: Body) -> tuple[Any, ...]:
    kind = "customer" if one["incoming"] else "bot" if one.get("auto_response") else "agent"
    author = (AGENTS.get(one["user_id"], str(one["user_id"])), "unknown" if one["source"] == RATING else kind)
    return (str(one["ticket_id"]), *author, not one["private"], one["body_text"], _plain(one["created_at"]))


def _plain(instant: str | None) -> str | None:
    return instant and instant.replace("T", " ").removesuffix("Z")


class TestFreshdesk(PullScenarios):
    case = FreshdeskCase()
