"""Chatwoot pulled from a server that answers as its controllers do: conversations by activity, messages, ratings, and what deletion leaves."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pipelines.__main__ import main
from tests import killing
from tests.conftest import Desk
from tests.fake_chatwoot import (
    ACTIVITY,
    ADA,
    AGENT,
    BEN,
    CUSTOMER,
    MESSAGES,
    NAMES,
    RATINGS,
    TOKEN,
    FakeChatwoot,
    Record,
    activity,
    at,
    message,
    reply,
)
from tests.faults import Status
from tests.pulling import SETTINGS, PullCase, PullScenarios, Tables
from tests.serving import Limit

CHANNELS = {
    "WebWidget": "chat",
    "Email": "email",
    "Whatsapp": "social",
    "FacebookPage": "social",
    "Sms": "phone",
    "Telegram": "social",
}
STATUSES = {"open": "open", "pending": "pending", "snoozed": "hold", "resolved": "solved"}


class ChatwootCase(PullCase):
    kind = "chatwoot"
    secrets: ClassVar[dict[str, str]] = {"SUPPORT_DESK_TOKEN": TOKEN}
    renamed = ("messages", "private")
    # Agents, teams, the newest, what changed silently, ratings, and seven pages of what is open.
    requests_when_quiet = 12
    constants: ClassVar[Mapping[str, float]] = {
        "pipelines.sources.chatwoot.MESSAGES": MESSAGES,
        "pipelines.sources.chatwoot.RATINGS": RATINGS,
        "pipelines.sources.chatwoot.COMPARED_EVERY": 0,
    }
    limit = Limit(12, seconds=0.25)
    fresh_pull_tells_of_deleted = False

    def start(self) -> FakeChatwoot:
        return FakeChatwoot().start()

    def settings(self, address: str) -> str:
        return f"""
[sources.desk]
kind = "chatwoot"
address = "{address}/app/accounts/1"
since = 2026-03-01
first_wait = 0.01
requests_a_minute = 100000
"""

    def grow(self, service: FakeChatwoot) -> None:
        service.say(
            1,
            reply(at(100), "It is here.", BEN),
            activity(at(100) + 5, "Conversation was marked resolved by Ben Okri"),
            status="resolved",
            agent=BEN,
        )
        service.say(
            3,
            message(CUSTOMER, at(101), "Not quite."),
            activity(at(101), "Conversation was reopened by Ada Lovelace"),
            status="open",
        )
        service.rate(11, 2, at(102))
        for number in range(103, 110):
            service.add(number)

    def be_late(self, service: FakeChatwoot) -> None:
        newest = service.newest()
        service.add(13, began=newest - 300)
        service.say(1, message(CUSTOMER, newest - 200, "Anybody?"))

    def delete(self, service: FakeChatwoot) -> None:
        service.delete(5)

    def rename_field(self, body: Any) -> Any:
        if isinstance(body, dict) and "payload" in body:
            said = [
                {("secret" if name == "private" else name): value for name, value in one.items()}
                for one in body["payload"]
            ]
            return body | {"payload": said}
        return body

    def expected(self, service: FakeChatwoot) -> Tables:
        every = {**service.conversations, **service.deleted}.values()
        return {
            "select ticket_id, created_at::varchar, status, channel, team, agent, priority, topic, subject from tickets where source = 'desk'": [
                (
                    str(one["number"]),
                    text(one["began"]),
                    "deleted" if one["number"] in service.deleted else STATUSES[one["status"]],
                    CHANNELS[one["channel"]],
                    service.teams.get(one["team"]),
                    service.names.get(one["agent"]),
                    "normal" if one["priority"] == "medium" else one["priority"],
                    one["labels"][0] if one["labels"] else None,
                    one["subject"],
                )
                for one in every
            ],
            "select ticket_id, sent_at::varchar, author_kind, is_public, body from messages where source = 'desk'": [
                (
                    str(said["conversation_id"]),
                    text(said["created_at"]),
                    kind_of(said),
                    not said["private"],
                    said["content"],
                )
                for one in every
                for said in one["said"]
                if said["message_type"] != ACTIVITY
            ],
            "select response_id, score, comment, sent_at::varchar, ticket_id from survey_responses where source = 'desk'": [
                survey_row(service, said)
                for one in every
                for said in one["said"]
                if said["content_type"] == "input_csat"
            ],
        }


def kind_of(said: Record) -> str:
    if said["message_type"] == CUSTOMER:
        return "customer"
    return "agent" if said["message_type"] == AGENT and said["sender"]["id"] in NAMES else "bot"


def survey_row(service: FakeChatwoot, asked: Record) -> tuple[Any, ...]:
    given = next((one for one in service.responses if one["message_id"] == asked["id"]), None)
    sent = text((given or asked)["created_at"])
    score, comment = (float(given["rating"]), given["feedback_message"]) if given else (None, None)
    return (str(asked["id"]), score, comment, sent, str(asked["conversation_id"]))


def text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


class TestChatwoot(PullScenarios):
    case = ChatwootCase()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeChatwoot]:
    monkeypatch.setenv("SUPPORT_PRIVACY_KEY", "one key for this test alone")
    monkeypatch.setenv("SUPPORT_DESK_TOKEN", TOKEN)
    with killing.other_constants(ChatwootCase.constants), FakeChatwoot() as chatwoot:
        yield chatwoot


@pytest.fixture
def desk(service: FakeChatwoot, tmp_path: Path) -> Desk:
    """A desk that has pulled the first world."""
    desk = Desk(tmp_path, [SETTINGS, ChatwootCase().settings(service.address)])
    desk.run()
    return desk


def statuses(desk: Desk, ticket: int) -> list[tuple[Any, ...]]:
    asked = "select new_value, epoch(happened_at)::bigint from ticket_events where ticket_id = $ticket and field = 'status' order by position"
    return desk.ask(asked, ticket=str(ticket))


def test_what_chatwoot_writes_down_tells_when_a_conversation_was_resolved_and_opened_again(desk: Desk) -> None:
    assert statuses(desk, 7) == [("open", at(7)), ("solved", at(7.6)), ("open", at(9.5))]


def test_newer_chatwoots_tell_the_status_in_every_language(desk: Desk) -> None:
    assert statuses(desk, 11)[-1] == ("solved", at(12))


def test_a_customer_and_an_agent_of_one_number_are_two_people(desk: Desk) -> None:
    authors = "select distinct author_kind, author from messages where ticket_id = '1' or author = 'Ada Lovelace' order by all"
    assert desk.ask(authors) == [("agent", "Ada Lovelace"), ("customer", "1")]


def test_an_agent_with_another_name_is_shown_by_it_everywhere(desk: Desk, service: FakeChatwoot) -> None:
    service.names[ADA] = "Ada King"
    desk.run()
    assert desk.ask("select distinct agent from tickets where agent like 'Ada%'") == [("Ada King",)]


def test_of_a_long_conversation_only_what_is_new_is_asked_for(desk: Desk, service: FakeChatwoot) -> None:
    service.say(7, reply(at(100), "Did it come?", BEN))
    service.forget()
    desk.run()
    assert [asked.path.split("/")[-2] for asked in service.asked_for("messages")] == ["7"]
    assert desk.ask("select count(*) from messages where ticket_id = '7'") == [(6,)]


def test_a_snooze_that_ends_without_a_word_is_noticed(desk: Desk, service: FakeChatwoot) -> None:
    desk.run()
    service.conversations[4] |= {"status": "open", "changed": int(time.time())}
    with killing.other_constants({"pipelines.sources.chatwoot.COMPARED_EVERY": 3600}):
        desk.run()
    assert desk.ask("select status from tickets where ticket_id = '4'") == [("open",)]


def test_a_conversation_that_changed_unheard_is_found_when_what_is_open_is_compared(
    desk: Desk, service: FakeChatwoot
) -> None:
    service.conversations[10]["status"] = "resolved"
    desk.run()
    assert desk.ask("select is_open from tickets where ticket_id = '10'") == [(False,)]


def test_a_snooze_that_ended_unheard_is_found_when_what_is_open_is_compared(desk: Desk, service: FakeChatwoot) -> None:
    service.conversations[4]["status"] = "open"
    desk.run()
    assert desk.ask("select status from tickets where ticket_id = '4'") == [("open",)]


def test_a_deleted_conversation_keeps_what_was_known_and_nobody_waits_on_it(desk: Desk, service: FakeChatwoot) -> None:
    service.delete(8)
    desk.run()
    assert desk.ask("select status, is_open, channel, team from tickets where ticket_id = '8'") == [
        ("deleted", False, "phone", "orders")
    ]


def test_a_conversation_deleted_while_it_is_pulled_disturbs_nothing(desk: Desk, service: FakeChatwoot) -> None:
    service.add(20)
    service.faults.once(Status(404), path="/conversations/20/messages")
    assert desk.run().problems == []
    assert desk.ask("select count(*) from tickets") == [(13,)]


def test_a_backfill_goes_on_below_where_it_was_though_conversations_became_active_meanwhile(
    service: FakeChatwoot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, [SETTINGS, ChatwootCase().settings(service.address)])
    with pytest.MonkeyPatch.context() as patched:
        TestChatwoot().end_time_after(10, service, patched)
        desk.run()
    for number in range(30, 37):
        service.add(number)
    service.say(1, message(CUSTOMER, at(40), "Anybody?"))
    desk.run()
    for query, rows in ChatwootCase().expected(service).items():
        assert sorted(desk.ask(query), key=str) == sorted(rows, key=str)


def test_a_comment_that_comes_after_its_rating_is_there(desk: Desk, service: FakeChatwoot) -> None:
    service.responses[0]["feedback_message"] = "Quick, and kind"
    desk.run()
    assert desk.ask("select comment from survey_responses where score is not null") == [("Quick, and kind",)]


def test_an_address_that_names_no_account_is_said(service: FakeChatwoot, tmp_path: Path) -> None:
    settings = ChatwootCase().settings(service.address).replace("/app/accounts/1", "")
    assert "names no account of Chatwoot" in Desk(tmp_path, [SETTINGS, settings]).run().problems[0]


def test_a_forgotten_customer_is_in_no_landed_page(desk: Desk) -> None:
    figures = "select count(*), sum(reply_count), sum(first_response_seconds) from tickets"
    before = desk.ask(figures)
    assert main(["forget", "--settings", str(desk.settings_file()), "7"]) == 0
    landed = [gzip.decompress(path.read_bytes()).decode() for path in (desk.folder / "data" / "landing").rglob("*.gz")]
    assert not [
        text for text in landed if "It came broken." in text or "Customer 7" in text or "c7@example.com" in text
    ]
    assert desk.ask(figures) == before
