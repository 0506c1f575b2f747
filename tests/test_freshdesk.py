"""What is Freshdesk's own: its paging, its limits, whose hours hold, who is forgotten, and its published bodies through the whole pipeline."""

from __future__ import annotations

import gzip
import json
import threading
import tomllib
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from pipelines.__main__ import main
from pipelines.sources.freshdesk import FRESHDESK
from pipelines.sources.pulling import Outcome, pull_source
from tests import killing
from tests.conftest import Desk
from tests.fake_freshdesk import AGENTS, KEY, Body, FakeFreshdesk, at, rating, ticket
from tests.faults import Changed
from tests.pull_case import SETTINGS
from tests.serving import Asked, FakeService, Limit
from tests.test_pull_freshdesk import FreshdeskCase
from warehouse.sources import RemoteSource


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


def test_who_is_forgotten_is_gone_from_tickets_descriptions_and_conversations(
    service: FakeFreshdesk, tmp_path: Path
) -> None:
    """Customer 901 asked tickets 1, 5 and 9; 902 asked 2, 6 and 10."""
    service.ratings[0]["feedback"] = "Said by 901"
    desk = _desk(tmp_path, service)
    desk.run()
    count_of = "select count(*) from tickets"
    before = desk.ask(count_of)
    assert main(["forget", "901", "--settings", str(desk.settings_file())]) == 0
    landed = [gzip.decompress(file.read_bytes()).decode() for file in tmp_path.glob("data/landing/*/*.jsonl.gz")]
    assert len(landed) > 10
    for words in (
        "Question 5",
        "Help, 5",
        "Help, 1<",
        "Words 503",
        "Said by 901",
        '"requester_id":901',
        '"requester_id": 901',
        '"user_id":901',
        '"user_id": 901',
    ):
        assert [text for text in landed if words in text] == [], words
    assert [text for text in landed if "Help, 6" in text]
    assert desk.ask(count_of) == before


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
            told["created_at"].replace("T", " ").removesuffix("Z"),
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
