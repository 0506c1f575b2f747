"""Intercom pulled from a server that speaks version 2.15 of its API: conversations, their parts and ratings, and what deletion leaves."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import httpx2
import pytest
import yaml
from jsonschema import Draft202012Validator

from pipelines.__main__ import main
from pipelines.sources.pull import PROBED
from tests import killing
from tests.conftest import Desk
from tests.fake_intercom import (
    ADA,
    BEN,
    TOKEN,
    FakeIntercom,
    Record,
    admin,
    at,
    conversation,
    customer,
    grown,
    part,
    rating,
    user,
)
from tests.faults import Status
from tests.pulling import SETTINGS, PullCase, PullScenarios, Tables
from tests.serving import Limit

CHANNELS = {
    "conversation": "chat",
    "email": "email",
    "whatsapp": "social",
    "facebook": "social",
    "sms": "phone",
    "phone_call": "phone",
}
STATUSES = {"open": "open", "snoozed": "hold", "closed": "solved"}
KINDS = {"user": "customer", "admin": "agent", "bot": "bot"}


class IntercomCase(PullCase):
    kind = "intercom"
    secrets: ClassVar[dict[str, str]] = {"SUPPORT_DESK_TOKEN": TOKEN}
    renamed = ("tickets", "team_assignee_id")
    requests_when_quiet = 5  # teammates, teams, what changed, and two pages of what is open
    constants: ClassVar[Mapping[str, float]] = {
        "pipelines.sources.intercom.PAGE": 5,
        "pipelines.sources.intercom.AT_ONCE": 1,
        "pipelines.sources.intercom.COMPARED_EVERY": 0,
    }
    limit = Limit(12, seconds=0.25)
    fresh_pull_tells_of_deleted = False

    def start(self) -> FakeIntercom:
        return FakeIntercom().start()

    def settings(self, address: str) -> str:
        return f"""
[sources.desk]
kind = "intercom"
address = "{address}"
since = 2026-03-01
first_wait = 0.01
requests_a_minute = 100000
"""

    def grow(self, service: FakeIntercom) -> None:
        known = service.conversations
        service.add(
            grown(known["501"], part("comment", at(100), admin(BEN), "It is here."), admin_assignee_id=int(BEN)),
            grown(known["503"], part("open", at(101), user(3), "Not quite."), state="open", open=True),
            grown(
                known["511"],
                part("conversation_rating_changed", at(102), user(11)),
                conversation_rating=rating(11, 2, at(12)),
            ),
            *[conversation(number) for number in range(103, 110)],
        )

    def be_late(self, service: FakeIntercom) -> None:
        newest = service.newest()
        late = conversation(12) | {"id": "599", "created_at": newest - 300, "updated_at": newest - 300}
        service.add(late, grown(service.conversations["501"], part("comment", newest - 200, user(1), "Anybody?")))

    def delete(self, service: FakeIntercom) -> None:
        service.delete("505")

    def rename_field(self, body: Any) -> Any:
        return {("team_id" if name == "team_assignee_id" else name): value for name, value in body.items()}

    def expected(self, service: FakeIntercom) -> Tables:
        every = {**service.conversations, **service.deleted}.values()
        return {
            "select ticket_id, created_at::varchar, status, channel, team, agent, priority, subject from tickets where source = 'desk'": [
                (
                    one["id"],
                    text(one["created_at"]),
                    "deleted" if one["id"] in service.deleted else STATUSES[one["state"]],
                    CHANNELS[one["source"]["type"]],
                    service.teams.get(one["team_assignee_id"]),
                    shown(service, one["admin_assignee_id"]),
                    "high" if one["priority"] == "priority" else "normal",
                    one["source"]["subject"] or None,
                )
                for one in every
            ],
            "select ticket_id, sent_at::varchar, author_kind, is_public, body from messages where source = 'desk'": [
                said for one in every for said in messages(one)
            ],
            "select response_id, score, comment, sent_at::varchar, ticket_id from survey_responses where source = 'desk'": [
                (one["id"], score and float(score), given["remark"] or None, text(given["created_at"]), one["id"])
                for one in every
                if (given := one["conversation_rating"])
                for score in [given["rating"]]
            ],
        }


def messages(one: Record) -> list[tuple[Any, ...]]:
    begun = one["source"]
    first = (one["id"], text(one["created_at"]), KINDS[begun["author"]["type"]], True, begun["body"])
    return [first] * bool(begun["body"]) + [
        (one["id"], text(said["created_at"]), KINDS[said["author"]["type"]], said["part_type"] != "note", said["body"])
        for said in one["conversation_parts"]["conversation_parts"]
        if said["body"]
    ]


def shown(service: FakeIntercom, one: int | None) -> str | None:
    """A teammate by name; who is in no list stays an id."""
    return service.names.get(str(one), str(one)) if one else None


def text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


class TestIntercom(PullScenarios):
    case = IntercomCase()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeIntercom]:
    monkeypatch.setenv("SUPPORT_PRIVACY_KEY", "one key for this test alone")
    monkeypatch.setenv("SUPPORT_DESK_TOKEN", TOKEN)
    with killing.other_constants(IntercomCase.constants), FakeIntercom() as intercom:
        yield intercom


@pytest.fixture
def desk(service: FakeIntercom, tmp_path: Path) -> Desk:
    """A desk that has pulled the first world."""
    desk = Desk(tmp_path, [SETTINGS, IntercomCase().settings(service.address)])
    desk.run()
    return desk


def changes(desk: Desk, ticket: str, field: str) -> list[tuple[Any, ...]]:
    asked = "select old_value, new_value, epoch(happened_at)::bigint from ticket_events where ticket_id = $ticket and field = $field order by position"
    return desk.ask(asked, ticket=ticket, field=field)


def test_parts_tell_when_a_conversation_was_closed_and_that_its_customer_opened_it_again(desk: Desk) -> None:
    assert changes(desk, "507", "status") == [
        (None, "open", at(7)),
        ("open", "solved", at(7.5)),
        ("solved", "open", at(9.5)),
    ]


def test_a_snoozed_conversation_is_on_hold_since_it_was_snoozed(desk: Desk) -> None:
    assert changes(desk, "504", "status")[-1] == ("open", "hold", at(4.3))


def test_assignments_name_team_and_teammate(desk: Desk) -> None:
    assert changes(desk, "503", "team") == [(None, "Billing", at(3.1))]
    assert changes(desk, "503", "agent") == [(None, "Ada Lovelace", at(3.2))]


def test_what_somebody_writes_with_a_close_is_the_answer_that_ends_the_wait(desk: Desk) -> None:
    wait = "select outcome, wait_seconds from waits where ticket_id = '507' and turn = 1"
    assert desk.ask(wait) == [("answered", 1800.0)]


def test_nobody_waits_for_an_answer_to_what_a_campaign_wrote(desk: Desk) -> None:
    assert desk.ask("select count(*) from waits where ticket_id = '509'") == [(0,)]


def test_a_teammate_with_another_name_is_shown_by_it_everywhere(desk: Desk, service: FakeIntercom) -> None:
    service.names[ADA] = "Ada King"
    desk.run()
    assert desk.ask("select distinct agent from tickets where agent like 'Ada%'") == [("Ada King",)]
    assert changes(desk, "503", "agent") == [(None, "Ada King", at(3.2))]


def test_a_change_costs_one_request_however_many_conversations_there_are(desk: Desk, service: FakeIntercom) -> None:
    service.add(grown(service.conversations["501"], part("comment", at(100), admin(BEN), "It is here.")))
    service.forget()
    desk.run()
    assert [asked.path for asked in service.asked_for(r"/conversations/\d+")] == ["/conversations/501"]


def test_what_the_search_learns_late_is_found_within_its_overlap(desk: Desk, service: FakeIntercom) -> None:
    service.add(conversation(20), conversation(21) | {"updated_at": at(20) + 60})
    service.unlisted = {"520"}
    desk.run()
    assert desk.ask("select count(*) from tickets where ticket_id = '520'") == [(0,)]
    service.unlisted = set()
    desk.run()
    assert desk.ask("select status from tickets where ticket_id = '520'") == [("open",)]


def test_a_conversation_that_changed_unheard_is_found_when_what_is_open_is_compared(
    desk: Desk, service: FakeIntercom
) -> None:
    service.conversations["501"] |= {"state": "closed", "open": False}
    desk.run()
    assert desk.ask("select status from tickets where ticket_id = '501'") == [("solved",)]


def test_a_deleted_conversation_keeps_what_was_known_and_nobody_waits_on_it(desk: Desk, service: FakeIntercom) -> None:
    service.delete("508")
    desk.run()
    assert desk.ask("select status, is_open, channel, team from tickets where ticket_id = '508'") == [
        ("deleted", False, "phone", "Orders")
    ]


def test_what_is_gone_before_it_was_pulled_leaves_nothing(desk: Desk, service: FakeIntercom) -> None:
    service.add(conversation(20))
    service.faults.once(Status(404), path="/conversations/520")
    assert desk.run().problems == []
    assert desk.ask("select count(*) from tickets where ticket_id = '520'") == [(0,)]


def test_several_conversations_asked_for_at_once_give_the_same(service: FakeIntercom, tmp_path: Path) -> None:
    desk = Desk(tmp_path, [SETTINGS, IntercomCase().settings(service.address)])
    with killing.other_constants({"pipelines.sources.intercom.AT_ONCE": 4, "pipelines.sources.intercom.PAGE": 150}):
        desk.run()
    for query, rows in IntercomCase().expected(service).items():
        assert sorted(desk.ask(query), key=str) == sorted(rows, key=str)


def test_a_forgotten_customer_is_in_no_landed_page(desk: Desk) -> None:
    figures = "select count(*), sum(reply_count), sum(first_response_seconds) from tickets"
    before = desk.ask(figures)
    assert main(["forget", "--settings", str(desk.settings_file()), customer(7)]) == 0
    landed = [gzip.decompress(path.read_bytes()).decode() for path in (desk.folder / "data" / "landing").rglob("*.gz")]
    assert not [text for text in landed if customer(7) in text or "It came broken." in text or "Customer 7" in text]
    assert desk.ask(figures) == before


PUBLISHED = "data/api/intercom/api.intercom.io_2.15.yaml"


@pytest.fixture(scope="module")
def published(shared: Path) -> dict[str, Any]:
    """The OpenAPI file that Intercom publishes, with `nullable` as JSON Schema says it."""
    with (shared / PUBLISHED).open(encoding="utf-8") as file:
        document: dict[str, Any] = as_json_schema(yaml.load(file, Loader=yaml.CSafeLoader))
    return document


def as_json_schema(found: Any) -> Any:
    """A part of an OpenAPI 3.0 document, where an enum that may be null does not list it."""
    if isinstance(found, list):
        return [as_json_schema(one) for one in found]
    if not isinstance(found, dict):
        return found
    schema = {name: as_json_schema(one) for name, one in found.items()}
    return {"anyOf": [{"type": "null"}, schema]} if schema.pop("nullable", False) is True else schema


def faults(published: dict[str, Any], name: str, body: Any) -> list[str]:
    schema = {"$ref": f"#/components/schemas/{name}", "components": published["components"]}
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(body)]


def example(published: dict[str, Any], path: str, method: str = "get") -> Any:
    """The first published answer of an endpoint."""
    examples = published["paths"][path][method]["responses"]["200"]["content"]["application/json"]["examples"]
    return next(iter(examples.values()))["value"]


@pytest.mark.parametrize(
    ("schema", "path", "method", "published_path"),
    [
        ("admin_list", "/admins", "GET", "/admins"),
        ("team_list", "/teams", "GET", "/teams"),
        ("conversation_list", "/conversations/search", "POST", "/conversations/search"),
        ("conversation", "/conversations/503", "GET", "/conversations/{conversation_id}"),
    ],
)
def test_the_bodies_of_the_fake_service_are_as_published(
    published: dict[str, Any], service: FakeIntercom, schema: str, path: str, method: str, published_path: str
) -> None:
    del service.conversations["511"]  # a rating that was asked for and not given is null, which the schema does not say
    headers = {"Authorization": f"Bearer {TOKEN}", "Intercom-Version": "2.15"}
    everything = {"query": {"field": "updated_at", "operator": ">", "value": 0}, "pagination": {"per_page": 150}}
    sent = everything | {"sort": {"field": "updated_at", "order": "ascending"}} if method == "POST" else None
    asked = {"display_as": "plaintext"} if "503" in path else {}
    body = httpx2.request(method, service.address + path, headers=headers, json=sent, params=asked).json()
    assert faults(published, schema, body) == []
    assert body.keys() >= example(published, published_path, method.lower()).keys()


def test_the_published_conversation_is_read(published: dict[str, Any], service: FakeIntercom, tmp_path: Path) -> None:
    known = example(published, "/conversations/{conversation_id}")
    service.conversations = {known["id"]: known}
    desk = Desk(tmp_path, [SETTINGS, IntercomCase().settings(service.address).replace("2026-03-01", "2024-01-01")])
    assert desk.run().problems == []
    assert desk.ask("select reason from rejected_rows") == []
    assert desk.ask("select ticket_id, status, agent, team from tickets") == [("503", "solved", "991267715", "Billing")]
    said = [one for one in known["conversation_parts"]["conversation_parts"] if one["body"]]
    assert desk.ask("select count(*) from messages") == [(1 + len(said),)]


def test_check_asks_a_few_times_however_many_conversations_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPPORT_DESK_TOKEN", IntercomCase.secrets["SUPPORT_DESK_TOKEN"])
    with IntercomCase().start() as service:
        settings = tmp_path / "support.toml"
        settings.write_text(IntercomCase().settings(service.address), encoding="utf-8")
        assert main(["check", "--settings", str(settings)]) == 0
        assert len(service.requests) <= 2 + PROBED
