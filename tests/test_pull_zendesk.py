"""Zendesk, pulled from a fake of it: the scenarios of every service, and what only Zendesk has."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pipelines.__main__ import main
from pipelines.sources import zendesk
from tests.conftest import Desk
from tests.fake_zendesk import TOKEN, USER, FakeZendesk, epoch, iso
from tests.faults import Changed
from tests.pulling import PullCase, PullScenarios, Tables
from tests.serving import FakeService

START = epoch("2026-03-02T09:00:00Z")
HOUR = 3600
ADA, BEN, CLEO, EVA = 10, 11, 12, 90
BILLING, RETURNS = 20, 21
NAMES = {ADA: "Ada", BEN: "Ben", CLEO: "Cleo", BILLING: "Billing", RETURNS: "Returns"}
CHANNELS = {"voice": "phone", "native_messaging": "chat", "twitter": "social"}
SETTINGS = f"""
[sources.desk]
kind = "zendesk"
address = "ADDRESS"
user = "{USER}"
since = 2026-03-01
first_wait = 0.01
requests_a_minute = 100000
"""


def account() -> FakeZendesk:
    """A dozen tickets in every status, three agents, two teams, an unassigned one, a rating, a promise, a schedule."""
    service = FakeZendesk(now=epoch("2026-03-20T00:00:00Z"), events_page=5)
    for number, name in NAMES.items():
        if number < BILLING:
            service.person(number, name, "admin" if number == CLEO else "agent")
        else:
            service.group(number, name)
    service.person(EVA, "Eva")
    service.schedule(7, "Week", "Berlin", [(1980, 2460), (3420, 3900)])
    service.holidays[7] = [{"id": 1, "name": "A day off", "start_date": "2026-03-04", "end_date": "2026-03-04"}]
    service.policies = [{"id": 77, "title": "Gold", "description": None, "position": 1}]
    ways = ["email", "voice", "native_messaging", "twitter", "web"]
    statuses = ["new", "open", "pending", "hold", "solved", "closed"]
    for number in range(1, 13):
        at = START + number * HOUR
        service.open(
            number, at, EVA + number % 3, f"Help {number}", via=ways[number % 5], priority="high", group=BILLING
        )
        if number % 6:
            service.update(number, at + 600, ADA, f"Answer {number}", assignee=ADA, status=statuses[number % 6])
    service.update(3, START + 20 * HOUR, ADA, "A note", public=False, assignee=BEN, group=RETURNS)
    service.promise(1, START + HOUR, "reply_time", 5)
    service.promise(2, START + 2 * HOUR, "requester_wait_time", 120)
    service.measure(5, START + 6 * HOUR, "requester_wait_time", "fulfill")
    service.rate(4, START + 20 * HOUR, "offered")
    service.rate(5, START + 21 * HOUR, "offered")
    service.rate(5, START + 22 * HOUR, "good", "Quick")
    service.rate(10, START + 23 * HOUR, "bad")
    return service


class ZendeskCase(PullCase):
    kind = "zendesk"
    secrets: ClassVar = {"SUPPORT_DESK_TOKEN": TOKEN}
    renamed = ("survey_responses", "score")
    # Lists: users, groups, ratings, schedules, those and their holidays, policies. Exports: tickets, changes, metric events twice.
    requests_when_quiet = 12
    constants: ClassVar = {"pipelines.sources.zendesk.EXPORTED": 4, "pipelines.sources.zendesk.LISTED": 2}

    def start(self) -> FakeService:
        return account().start()

    def settings(self, address: str) -> str:
        return SETTINGS.replace("ADDRESS", address)

    def grow(self, service: FakeZendesk) -> None:
        later = START + 100 * HOUR
        for number in range(13, 19):
            service.open(number, later + number, EVA, f"Help {number}", group=RETURNS, assignee=BEN)
        service.update(1, later + 60, CLEO, "Now", status="solved", assignee=CLEO)
        service.update(5, later + 61, EVA, "Again", status="open")
        service.measure(2, later + 62, "requester_wait_time", "fulfill")
        service.promise(5, later + 61, "reply_time", 30, instance=2)
        service.rate(1, later + 63, "good")
        service.users[0] |= {"name": "Ada L.", "updated_at": iso(later)}

    def be_late(self, service: FakeZendesk) -> None:
        newest = max(audit["timestamp"] for audit in service.audits)
        late = service.update(2, newest - 30, EVA, "Still waiting")
        late["generated_timestamp"] = newest + 4  # when it was written, which is what tickets are exported by
        service.update(1, newest + 5, ADA, "Sorry", status="pending")

    def delete(self, service: FakeZendesk) -> None:
        later = START + 200 * HOUR
        service.update(2, later, ADA, status="deleted")
        service.update(4, later + 1, ADA, "Merged into 3", status="closed", tags=["closed_by_merge"])

    def rename_field(self, body: Any) -> Any:
        if "satisfaction_ratings" not in body:
            return body
        renamed = [
            {("verdict" if name == "score" else name): value for name, value in one.items()}
            for one in body["satisfaction_ratings"]
        ]
        return body | {"satisfaction_ratings": renamed}

    def expected(self, service: FakeZendesk) -> Tables:
        names = NAMES | {user["id"]: user["name"] for user in service.users if user["role"] != "end-user"}
        told = [(audit, child) for audit in service.audits for child in audit["child_events"]]
        return {
            "select ticket_id, status, channel, team, agent, customer, priority from tickets where source = 'desk'": [
                _ticket(ticket, names) for ticket in service.tickets.values()
            ],
            "select message_id, ticket_id, author, author_kind, is_public, body, sent_at::varchar from messages where source = 'desk'": [
                _message(audit, child, names) for audit, child in told if child["event_type"] == "Comment"
            ],
            "select ticket_id, field, old_value, new_value from ticket_events where source = 'desk' and not is_inferred": [
                found for audit, child in told for found in _changes(audit, child, names)
            ],
            "select ticket_id, score, comment, team, agent from survey_responses where source = 'desk'": [
                _rating(service, number, names) for number in {one["ticket_id"] for one in service.ratings}
            ],
        }


def _ticket(ticket: dict[str, Any], names: dict[int, str]) -> tuple[Any, ...]:
    status = "merged" if "closed_by_merge" in ticket["tags"] else ticket["status"]
    via, team, agent = ticket["via"]["channel"], names.get(ticket["group_id"]), names.get(ticket["assignee_id"])
    return (
        str(ticket["id"]),
        status,
        CHANNELS.get(via, via),
        team,
        agent,
        str(ticket["requester_id"]),
        ticket["priority"],
    )


def _message(audit: dict[str, Any], child: dict[str, Any], names: dict[int, str]) -> tuple[Any, ...]:
    author, kind = names.get(child["author_id"]), "agent" if child["author_id"] in names else "customer"
    who = author or str(child["author_id"])
    said = (child["public"], child["body"], child["created_at"].replace("T", " ").removesuffix("Z"))
    return (str(child["id"]), str(audit["ticket_id"]), who, kind, *said)


def _changes(audit: dict[str, Any], child: dict[str, Any], names: dict[int, str]) -> Iterator[tuple[Any, ...]]:
    fields = {"status": "status", "priority": "priority", "group_id": "team", "assignee_id": "agent"}
    for key in fields.keys() & child.keys():
        before, after = child.get("previous_value"), child[key]
        if before is not None or after is not None:
            is_named = key in ("group_id", "assignee_id")
            yield (
                str(audit["ticket_id"]),
                fields[key],
                names.get(before, before) if is_named else before,
                names.get(after, after) if is_named else after,
            )


def _rating(service: FakeZendesk, ticket: int, names: dict[int, str]) -> tuple[Any, ...]:
    last = [one for one in service.ratings if one["ticket_id"] == ticket][-1]
    score = {"good": 1.0, "bad": 0.0}.get(last["score"])
    return (str(ticket), score, last["comment"], names.get(last["group_id"]), names.get(last["assignee_id"]))


class TestZendesk(PullScenarios):
    case = ZendeskCase()


@pytest.fixture
def service() -> Iterator[FakeZendesk]:
    with account() as service:
        yield service


@pytest.fixture
def pulled(desk: Desk, service: FakeZendesk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk that pulls from the account."""
    monkeypatch.setenv("SUPPORT_PRIVACY_KEY", "one key for all data folders of this test")
    monkeypatch.setenv("SUPPORT_DESK_TOKEN", TOKEN)
    desk.setting('[clock]\nas_of = "2026-03-31T00:00:00Z"\n' + SETTINGS.replace("ADDRESS", service.address))
    return desk


def test_customers_are_not_asked_for_and_their_addresses_never_kept(pulled: Desk, service: FakeZendesk) -> None:
    pulled.run()
    (asked, *_) = service.asked_for("users")
    assert [value for name, value in asked.pairs if name == "role[]"] == ["agent", "admin"]
    landed = (pulled.folder / "data" / "landing" / "desk_names").iterdir()
    assert f"u{EVA}@example.com" not in "".join(gzip.decompress(path.read_bytes()).decode() for path in landed)


def test_an_oauth_token_is_enough(pulled: Desk, service: FakeZendesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORT_DESK_OAUTH", "oauth token")
    service.authorization = "Bearer oauth token"
    assert pulled.run().problems == []
    assert pulled.ask("select count(*) from tickets") == [(12,)]


def test_without_any_secret_it_says_which_are_missing(
    pulled: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SUPPORT_DESK_TOKEN")
    assert main(["check", "--settings", str(pulled.settings_file())]) != 0
    assert (
        "the secret desk_token is missing: put it into the environment as SUPPORT_DESK_TOKEN" in capsys.readouterr().out
    )


def test_exports_are_asked_for_ten_times_a_minute_however_many_pulls_there_are(
    desk: Desk, service: FakeZendesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPPORT_DESK_TOKEN", TOKEN)
    monkeypatch.setattr(zendesk, "EXPORTED", 2)
    paced = SETTINGS.replace("requests_a_minute = 100000", "longest_pull = 5").replace("ADDRESS", service.address)
    desk.setting(paced)
    desk.run()
    desk.run()
    assert len(service.asked_for("incremental")) == 10


def test_no_export_begins_within_the_last_minute(
    desk: Desk, service: FakeZendesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPPORT_DESK_TOKEN", TOKEN)
    desk.setting(SETTINGS.replace("ADDRESS", service.address).replace("2026-03-01", "2999-01-01"))
    desk.run()
    newest = zendesk.datetime.now(zendesk.UTC).timestamp() - zendesk.OVERLAP
    starts = [int(asked.query["start_time"]) for asked in service.asked_for("incremental")]
    assert len(starts) == 3
    assert all(newest - 60 < start <= newest for start in starts)


def test_a_whole_second_of_events_is_pulled_however_small_the_pages(pulled: Desk, service: FakeZendesk) -> None:
    at = START + 50 * HOUR
    for number in range(30):
        service.update(1, at, EVA, f"At once {number}")
    pulled.run()
    assert pulled.ask(
        "select count(*) from messages where sent_at = $1::timestamp", **{"1": iso(at).removesuffix("Z")}
    ) == [(30,)]


def test_the_only_schedule_counts_for_every_ticket(pulled: Desk, service: FakeZendesk) -> None:
    service.open(40, at=epoch("2026-03-03T15:30:00Z"), by=EVA, comment="Late", group=BILLING)
    service.update(40, epoch("2026-03-06T08:30:00Z"), ADA, "Sorry", status="solved")  # Friday
    pulled.run()
    # Open in Berlin on Mondays and Tuesdays from 9 to 17, but for a Wednesday off: half an hour on Tuesday.
    assert pulled.ask("select schedule_id, first_response_business_seconds from tickets where ticket_id = '40'") == [
        ("7", 1800.0)
    ]


def test_a_ticket_that_a_rule_put_under_a_schedule_is_under_the_default_until_then(
    pulled: Desk, service: FakeZendesk
) -> None:
    service.schedule(8, "Round the clock", "UTC", [(0, 10080)], at=1_000)
    opened = epoch("2026-03-03T08:00:00Z")
    for number, later in ((41, 3), (42, 1800)):
        service.open(number, opened, EVA, "Help", group=BILLING)
        told = {"previous_schedule_id": None, "new_schedule_id": 8, "event_type": "ScheduleAssignment"}
        service.audits.append(service.audit(number, opened + later, -1, [{"id": service.next_id()} | told]))
        service.update(number, opened + 3600, ADA, "Sorry", status="solved")
    pulled.run()
    found = pulled.ask(
        "select ticket_id, first_response_business_seconds from tickets where ticket_id in ('41', '42') order by 1"
    )
    assert found == [("41", 3597.0), ("42", 3600.0)]


def test_csat_is_good_of_good_and_bad_and_offers_are_unanswered(pulled: Desk, service: FakeZendesk) -> None:
    service.rate(6, START + 30 * HOUR, "unoffered")
    pulled.run()
    asked = "select csat(score, scale_min, scale_max, kind), count(*), count(score) from survey_responses"
    assert pulled.ask(asked) == [(0.5, 3, 2)]


def test_promises_run_as_the_policies_say(pulled: Desk) -> None:
    pulled.run()
    asked = "select ticket_id, metric, policy, target_seconds, state from sla_outcomes order by ticket_id"
    assert pulled.ask(asked) == [
        ("1", "first_response", "Gold", 300.0, "breached"),
        (
            "2",
            "requester_wait",
            "Gold",
            7200.0,
            "running",
        ),  # ten minutes of it are used up; now it is the customer's turn
    ]


def test_another_host_than_zendesk_is_said_to_be_one(pulled: Desk, service: FakeZendesk) -> None:
    service.faults.always(Changed(lambda body: {"hello": "world"}), path="cursor")
    (problem,) = pulled.run().problems
    assert "answers without 'tickets' (it has: hello)" in problem


def test_a_forgotten_customer_is_out_of_the_pages_too(pulled: Desk, service: FakeZendesk) -> None:
    service.open(50, START + 60 * HOUR, by=777, comment="I am Zoe, zoe@example.com", subject="Zoe asks")
    service.rate(50, START + 61 * HOUR, "good", "Zoe says thanks")
    pulled.run()
    assert main(["forget", "777", "--settings", str(pulled.settings_file())]) == 0
    pulled.run()
    landed = [gzip.decompress(path.read_bytes()).decode() for path in _landed(pulled.folder)]
    assert not [page for page in landed if "Zoe" in page or "zoe@" in page]
    assert pulled.ask(
        "select status, customer is null or customer not like '%777%' from tickets where ticket_id = '50'"
    ) == [("new", True)]


def _landed(folder: Path) -> list[Path]:
    return [path for path in (folder / "data" / "landing").glob("*/*.gz") if not path.name.startswith(".")]
