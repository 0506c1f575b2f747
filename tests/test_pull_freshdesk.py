"""Freshdesk: the scenarios that every service survives, what its own words become, and its published bodies through the whole pipeline."""

from __future__ import annotations

import gzip
import json
import threading
import tomllib
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pipelines.sources.freshdesk import FRESHDESK
from pipelines.sources.pull import Outcome, pull_source
from tests import killing
from tests.conftest import Desk
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
from tests.faults import Changed
from tests.pull_case import SETTINGS
from tests.pulling import PullCase, PullScenarios, Tables
from tests.serving import Asked, FakeService, Limit
from warehouse.sources import RemoteSource

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


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeFreshdesk]:
    monkeypatch.setenv("SUPPORT_DESK_KEY", KEY)
    with killing.other_constants(FreshdeskCase.constants), FakeFreshdesk() as service:
        yield service


def _pull(service: FakeService, folder: Path) -> Outcome:
    """One pull into a data folder, without loading."""
    source = RemoteSource.model_validate(tomllib.loads(FreshdeskCase().settings(service.address))["sources"]["desk"])
    return pull_source(FRESHDESK, "desk", source, folder, threading.Event())


def _kept(folder: Path, endpoint: str) -> list[Body]:
    """The objects of every page of an endpoint, in the order in which they were received."""
    files = sorted((folder / "received" / "desk" / endpoint).glob("*.jsonl.gz"))
    pages = [json.loads(line) for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]
    return [row for page in pages for row in page["body"]]


def _ids(rows: list[Body]) -> set[int]:
    return {row["id"] for row in rows}


def test_a_ticket_that_changes_meanwhile_moves_no_other_past_the_pull(service: FakeFreshdesk, tmp_path: Path) -> None:
    service.before = _once(2, lambda: service.number(1).update(updated_at=at(15)))
    assert _pull(service, tmp_path).problems == ()
    assert _ids(_kept(tmp_path, "tickets")) == {1, 2, 3, 4, 5, 6, 7, 8, 11, 12}
    assert {row["updated_at"] for row in _kept(tmp_path, "tickets") if row["id"] == 1} == {at(6), at(15)}


def test_more_tickets_than_a_page_changed_in_one_second_are_all_kept(service: FakeFreshdesk, tmp_path: Path) -> None:
    """A page of three: when the first of ten leaves the second, the fourth moves onto the page that was read already."""
    service.tickets += [ticket(number, 50, 60) for number in range(30, 40)]
    service.before = _once(7, lambda: service.number(30).update(updated_at=at(61)))
    assert _pull(service, tmp_path).problems == ()
    assert _ids(_kept(tmp_path, "tickets")) >= set(range(30, 40))
    pages = [asked.query["page"] for asked in service.asked_for("tickets$") if "filter" not in asked.query]
    assert set(pages) >= {"1", "2", "3"}


def _once(at_request: int, change: Callable[[], None]) -> Callable[[Asked], None]:
    """Changes the world before the so-many-th list of tickets is answered."""
    seen = count(1)

    def before(asked: Asked) -> None:
        if asked.path == "/api/v2/tickets" and next(seen) == at_request:
            change()

    return before


def test_a_ticket_that_is_gone_before_its_conversations_are_asked_for_is_passed_over(
    service: FakeFreshdesk, tmp_path: Path
) -> None:
    def delete(asked: Asked) -> None:
        if asked.path.endswith("/tickets/1/conversations"):
            service.number(1).update(deleted=True, updated_at=at(15))

    service.before = delete
    assert _pull(service, tmp_path).problems == ()
    assert {row.get("ticket_id") for row in _kept(tmp_path, "conversations")} == {None, 2, 3, 8, 11, 12}


def test_a_ticket_that_changed_costs_one_request_for_its_conversations(service: FakeFreshdesk, tmp_path: Path) -> None:
    _pull(service, tmp_path)
    service.number(4).update(updated_at=at(30))
    service.forget()
    _pull(service, tmp_path)
    asked = [asked.path for asked in service.asked_for("conversations")]
    assert sorted(asked) == ["/api/v2/tickets/12/conversations", "/api/v2/tickets/4/conversations"]


def test_an_agent_who_was_only_there_lands_nothing(service: FakeFreshdesk, tmp_path: Path) -> None:
    _pull(service, tmp_path)
    service.agents[0]["contact"].update(last_login_at=at(20))
    _pull(service, tmp_path)
    assert len(_kept(tmp_path, "agents")) == len(AGENTS)
    service.agents[0]["contact"].update(name="Ada Lovelace", updated_at=at(21))
    _pull(service, tmp_path)
    assert len(_kept(tmp_path, "agents")) == 2 * len(AGENTS)


def test_nobody_is_asked_for_by_name(service: FakeFreshdesk, tmp_path: Path) -> None:
    """Each include costs two requests more, and `requester` brings addresses of customers."""
    _pull(service, tmp_path)
    included = {asked.query.get("include") for asked in service.asked_for("tickets$")}
    assert included == {"stats", "description"}


def test_what_is_left_of_the_limit_is_heeded_before_the_service_says_no(service: FakeFreshdesk, tmp_path: Path) -> None:
    service.limit = Limit(12, seconds=0.25)
    assert _pull(service, tmp_path).problems == ()
    assert service.over_limit == 0


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"errors": []}, "no list of objects"),
        ([{"id": 1}], "a ticket without 'created_at'"),
        ([ticket(1, 1, updated_at=None)], "without an instant 'updated_at'"),
    ],
    ids=["an object", "a ticket without its fields", "no instant"],
)
def test_a_list_of_another_shape_is_refused_and_the_cursor_stays(
    service: FakeFreshdesk, tmp_path: Path, body: Any, said: str
) -> None:
    service.faults.always(Changed(lambda _: body), path="/tickets$")
    outcome = _pull(service, tmp_path)
    assert [said in problem for problem in outcome.problems] == [True] * 4
    progress = json.loads((tmp_path / "received" / "desk" / "progress.json").read_text())
    assert "tickets" not in progress["endpoints"]


def _desk(folder: Path, service: FakeService) -> Desk:
    return Desk(folder, [SETTINGS, FreshdeskCase().settings(service.address)])


def test_a_group_has_its_hours_and_a_ticket_those_of_its_group(service: FakeFreshdesk, tmp_path: Path) -> None:
    service.hours[1]["business_hours"]["monday"]["start_time"] = "noon"
    service.ratings.append(rating(6, 2, 25, 3))
    desk = _desk(tmp_path, service)
    desk.run()
    hours = (
        "select list((opens_minute, closes_minute) order by opens_minute) from schedule_hours where schedule_id = $id"
    )
    friday, saturday = (5 * 1440 + 8 * 60, 6 * 1440), (6 * 1440 + 22 * 60, 7 * 1440 + 2 * 60)
    assert desk.ask(hours, id="default")[0][0][-2:] == [friday, saturday]
    assert desk.ask(hours, id="group 12")[0][0][0] == (2 * 1440 + 8 * 60, 2 * 1440 + 17 * 60)
    assert desk.ask("select time_zone from schedules where schedule_id = 'group 12'") == [("America/New_York",)]
    assert desk.ask(
        "select first_response_business_seconds from tickets where ticket_id in ('1', '2') order by ticket_id"
    ) == [
        (10_800.0,),
        (0.0,),
    ]
    assert desk.ask("select reason from rejected_rows order by reason") == [
        ('has hours that are not such as 8:00 am to 5:00 pm: {"start_time":"noon","end_time":"5:00 pm"}',),
        ("its rating 3 is none of 103, 102, 101, 100, -101, -102 and -103",),
    ]


def test_without_its_hours_those_of_the_settings_hold(service: FakeFreshdesk, tmp_path: Path) -> None:
    desk = _desk(tmp_path, service)
    desk.sections[-1] += 'leave_out = ["business_hours", "conversations"]\n'
    desk.setting('[[schedules]]\nname = "Ours"\ntime_zone = "UTC"\nhours = { mon = ["08:00-10:00"] }\n')
    assert desk.run().problems == []
    assert desk.ask("select first_response_business_seconds from tickets where ticket_id = '1'") == [(3600.0,)]
    assert desk.ask("select count(*) from messages") == [(0,)]


class Published(FakeService):
    """Answers with the published bodies; the list of tickets holds the one that is published."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.bodies = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")}
        self.listed = [self.bodies["ticket_1"]]
        self.route("GET", "/api/v2/tickets", lambda asked: [] if "filter" in asked.query else self.listed)
        self.route("GET", "/api/v2/tickets/1/conversations", lambda asked: self.bodies["conversations"])
        self.route("GET", "/api/v2/agents", lambda asked: self.bodies["agents"])
        self.route("GET", "/api/v2/groups", lambda asked: self.bodies["groups"])
        self.route("GET", "/api/v2/(business_hours|surveys/satisfaction_ratings)", lambda asked, path: [])


@pytest.fixture
def published(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Published]:
    monkeypatch.setenv("SUPPORT_DESK_KEY", KEY)
    with Published(shared / "data" / "api" / "freshdesk") as service:
        yield service


def test_published_bodies_go_through_the_whole_pipeline(published: Published, tmp_path: Path) -> None:
    desk = Desk(tmp_path, [SETTINGS, FreshdeskCase().settings(published.address).replace("2026", "2010")])
    assert desk.run().problems == []
    told, notes = published.bodies["ticket_1"], published.bodies["conversations"]
    assert desk.ask(
        "select ticket_id, status, channel, priority, topic, subject, created_at::varchar, customer from tickets"
    ) == [
        (
            "1",
            "open",
            "web",
            "low",
            told["type"],
            told["subject"],
            _plain(told["created_at"]),
            str(told["requester_id"]),
        )
    ]
    names = {agent["id"]: agent["contact"]["name"] for agent in published.bodies["agents"]}
    assert desk.ask("select author, is_public, body from messages where author_kind = 'agent' order by sent_at") == [
        (names[note["user_id"]], not note["private"], note["body_text"]) for note in notes
    ]
    assert desk.ask("select body from messages where author_kind = 'customer'") == [(told["description_text"],)]
    assert desk.ask("select count(*) from rejected_rows") == [(0,)]


def test_a_list_as_version_1_of_the_api_had_it_is_refused(published: Published, tmp_path: Path) -> None:
    published.listed = published.bodies["all_tickets"]
    assert (
        "tickets: /api/v2/tickets has a ticket without 'type' (it has: cc_email,"
        in _pull(published, tmp_path).problems[0]
    )


def test_the_fake_bodies_are_shaped_as_the_published_ones(shared: Path) -> None:
    bodies = Published(shared / "data" / "api" / "freshdesk").bodies
    fake = FakeFreshdesk()
    for ours, published in (
        (fake.tickets[0], bodies["ticket_1"]),
        (fake.conversations[1], bodies["conversations"][1]),
        (fake.agents[0], bodies["agents"][0]),
        (fake.groups[0], bodies["groups"][0]),
    ):
        assert _shape_faults(ours, published, "") == []


def _shape_faults(ours: Any, published: Any, path: str) -> list[str]:
    """Keys of ours that are not published, and values of another type; null may be anything."""
    if ours is None or published is None:
        return []
    if type(ours) is not type(published):
        return [f"{path} is {type(ours).__name__}, published is {type(published).__name__}"]
    if not isinstance(ours, dict) or path == ".custom_fields":
        return []
    unknown = [f"{path}.{name} is not published" for name in ours.keys() - published.keys()]
    return unknown + [
        fault
        for name in ours.keys() & published.keys()
        for fault in _shape_faults(ours[name], published[name], f"{path}.{name}")
    ]
