"""Recorded and published bodies of Zendesk, pulled from a server that plays them back: what was counted in them is in the warehouse."""

from __future__ import annotations

import base64
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import Desk
from tests.fake_zendesk import TOKEN, USER, FakeZendesk
from tests.serving import Asked, FakeService

SETTINGS = f"""
[privacy]
keep = ["message_text", "rejected_rows"]
[sources.desk]
kind = "zendesk"
address = "ADDRESS"
user = "{USER}"
first_wait = 0.01
requests_a_minute = 100000
"""
LISTS = {
    "users": "/api/v2/users.json",
    "groups": "/api/v2/groups.json",
    "satisfaction_ratings": "/api/v2/satisfaction_ratings.json",
    "schedules": "/api/v2/business_hours/schedules.json",
    "sla_policies": "/api/v2/slas/policies.json",
}
EXPORTS = ("ticket_events", "ticket_metric_events")
Body = dict[str, Any]


class Played(FakeService):
    """Answers with given rows, each list whole; tickets with recorded pages of the export, found by their cursor."""

    def __init__(self, rows: dict[str, list[Body]], pages: dict[str, Body]) -> None:
        super().__init__()
        self.rows, self.pages = rows, pages
        self.route("GET", r"/api/v2/incremental/tickets/cursor\.json", self._tickets)
        self.route("GET", r"/api/v2/incremental/(\w+)\.json", self._export)
        for name, path in LISTS.items():
            self.route("GET", path, lambda asked, name=name: self._listed(name))

    def _tickets(self, asked: Asked) -> Any:
        cursor = asked.query.get("cursor", "")
        return self.pages.get(cursor, {"tickets": [], "after_cursor": cursor, "end_of_stream": True})

    def _export(self, asked: Asked, name: str) -> Any:
        return {name: self.rows.get(name, []), "end_time": 1_800_000_000, "end_of_stream": True}

    def _listed(self, name: str) -> Any:
        return {name: self.rows.get(name, []), "meta": {"has_more": False}}


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORT_DESK_TOKEN", TOKEN)


def _pull(desk: Desk, service: FakeService) -> None:
    with service:
        desk.setting(SETTINGS.replace("ADDRESS", service.address))
        report = desk.run()
    assert (report.state, report.problems) == ("done", [])


def _recorded(shared: Path, name: str, path: str) -> list[tuple[dict[str, list[str]], Body]]:
    """Query and body of each recorded answer of a path."""
    recorded = json.loads((shared / "data/api/zendesk_recorded" / f"{name}.json").read_text(encoding="utf-8"))
    found = []
    for one in recorded["http_interactions"]:
        url = urlsplit(one["request"]["uri"])
        if url.path == path:
            found.append((parse_qs(url.query), json.loads(_content(one["response"]["body"]))))
    return found


def _content(body: dict[str, str]) -> bytes:
    return (
        gzip.decompress(base64.b64decode(body["base64_string"])) if "base64_string" in body else body["string"].encode()
    )


def _shape(shared: Path, name: str) -> Any:
    return json.loads((shared / "data/api/zendesk_shapes" / f"{name}.json").read_text(encoding="utf-8"))


def test_recorded_pages_of_the_ticket_export_load_whole(desk: Desk, shared: Path) -> None:
    answers = _recorded(shared, "TicketsIncrementalTest.test_pagination", "/api/v2/incremental/tickets/cursor.json")
    pages = {asked.get("cursor", [""])[0]: body for asked, body in answers if asked.get("per_page") == ["1"]}
    tickets = {ticket["id"]: ticket for body in pages.values() for ticket in body["tickets"]}
    _pull(desk, Played({}, pages))
    statuses = Counter(ticket["status"] for ticket in tickets.values())
    assert len(pages) > 50
    assert desk.ask("select status, count(*) from tickets group by status order by status") == sorted(statuses.items())
    assert desk.ask("select ticket_id, subject, created_at::varchar from tickets order by ticket_id") == sorted(
        (str(number), one["subject"], one["created_at"].replace("T", " ").removesuffix("Z"))
        for number, one in tickets.items()
    )
    assert desk.ask("from rejected_rows") == []


def test_a_recorded_page_of_a_thousand_tickets_loads_whole(desk: Desk, shared: Path) -> None:
    ((_, body),) = [
        (asked, body)
        for asked, body in _recorded(
            shared, "TicketsIncrementalTest.test_pagination", "/api/v2/incremental/tickets/cursor.json"
        )
        if "per_page" not in asked and "cursor" not in asked
    ]
    _pull(desk, Played({}, {"": body}))
    assert len(body["tickets"]) == 1000
    channels = Counter(ticket["via"]["channel"] for ticket in body["tickets"])
    assert dict(desk.ask("select channel, count(*) from tickets group by channel")) == channels


def test_recorded_users_name_those_who_answer_and_nobody_else(desk: Desk, shared: Path) -> None:
    answers = _recorded(shared, "TestUsersPagination.test_values", "/api/v2/users.json")
    users = {one["id"]: one for _, body in answers for one in body.get("users", [])}.values()
    answering = sorted((str(one["id"]), one["name"]) for one in users if one["role"] in ("agent", "admin"))
    _pull(desk, Played({"users": list(users)}, {}))
    assert 0 < len(answering) < len(users)
    assert desk.ask("select id, name from store.name_rows order by id") == answering


def test_published_bodies_load_and_what_they_lack_is_said(desk: Desk, shared: Path) -> None:
    rows = {
        name: _shape(shared, name)[name] for name in ("satisfaction_ratings", "ticket_metric_events", "sla_policies")
    }
    rows["ticket_events"] = [
        *_shape(shared, "incremental_ticket_events_comments")["ticket_events"],
        *_shape(shared, "ticket_events")["ticket_events"],
    ]
    _pull(desk, Played(rows, {"": _shape(shared, "tickets_incremental_cursor")}))
    assert desk.ask("select ticket_id, status, channel, priority from tickets where ticket_id = '35436'") == [
        ("35436", "open", "web", "high")
    ]
    assert desk.ask("select score, comment, ticket_id from survey_responses") == [(1.0, "Great support!", "35436")]
    # Who holds a ticket is an agent, listed or not.
    assert desk.ask("select author, author_kind, body from messages") == [("235323", "agent", "Test comment")]
    # A published comment without its author is none that can be counted.
    assert desk.ask("select feed, reason from rejected_rows") == [
        ("desk_messages", "has no field 'author_id' (it has: id, event_type, body)")
    ]


@pytest.mark.parametrize("kind", ["tickets", "users", "satisfaction_ratings", "sla_policies"])
def test_the_fake_sends_every_key_that_zendesk_sends(kind: str, shared: Path) -> None:
    service = FakeZendesk()
    service.person(1, "Ada", "agent")
    service.open(2, at=1_700_000_000, by=3)
    service.rate(2, 1_700_000_100, "good")
    service.policies = [
        {"id": 4, "title": "Gold", "description": None, "position": 1, "filter": {}, "policy_metrics": []}
    ]
    service.policies[0] |= {"created_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-01T00:00:00Z"}
    faked = {
        "tickets": service.tickets[2],
        "users": service.users[0],
        "satisfaction_ratings": service.ratings[-1],
        "sla_policies": service.policies[0],
    }
    for sent in _sent(shared, kind):
        assert {name for name, value in sent.items() if value is not None} <= faked[kind].keys()
        assert not [name for name in sent.keys() & faked[kind].keys() if not _alike(sent[name], faked[kind][name])]


def _sent(shared: Path, kind: str) -> list[Body]:
    if kind in ("satisfaction_ratings", "sla_policies"):
        return [{name: value for name, value in one.items() if name != "reason"} for one in _shape(shared, kind)[kind]]
    file = {"tickets": "TicketsIncrementalTest.test_get_values", "users": "UsersIncrementalTest.test_get_values"}[kind]
    answers = _recorded(shared, file, f"/api/v2/incremental/{kind}/cursor.json")
    return [one for _, body in answers for one in body[kind]]


def _alike(sent: Any, faked: Any) -> bool:
    return sent is None or faked is None or type(sent) is type(faked)
