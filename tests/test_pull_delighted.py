"""Delighted: what its documentation shows of responses. Its scenarios stand in tests/test_pulling.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Desk
from tests.fake_surveys import FakeDelighted, delighted_response
from tests.pulling import SETTINGS

SOURCE = """
[sources.desk]
kind = "delighted"
address = "{address}"
first_wait = 0.01
requests_a_minute = 100000
columns.ticket_id = "ticket"
columns.topic = "came_by"
columns.team = "solved"
"""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDelighted]:
    monkeypatch.setenv("SUPPORT_DESK_KEY", "a key")
    monkeypatch.setattr("pipelines.sources.delighted.PAGE", 3)
    with FakeDelighted() as service:
        yield service


@pytest.fixture
def desk(tmp_path: Path, service: FakeDelighted) -> Desk:
    return Desk(tmp_path, [SETTINGS, SOURCE.format(address=service.address)])


def test_responses_that_never_changed_are_pulled_once(desk: Desk, service: FakeDelighted) -> None:
    assert desk.run().problems == []
    assert desk.ask("select count(*), min(answered_at)::varchar from survey_responses") == [(11, "2026-03-02 01:00:00")]
    service.forget()
    assert desk.run().arrived == 0
    assert len(service.requests) == 1


def test_a_change_replaces_what_was_said(desk: Desk, service: FakeDelighted) -> None:
    desk.run()
    service.responses[0] = delighted_response(1, after=11, score=9, comment="Better now")
    desk.run()
    assert desk.ask("select score, comment from survey_responses where response_id = '1'") == [(9.0, "Better now")]


def test_properties_and_additional_questions_can_be_mapped(desk: Desk) -> None:
    desk.run()
    assert desk.ask("select ticket_id, topic, team from survey_responses where response_id = '2'") == [
        ("T2", "mail; phone", "Yes")
    ]


def test_a_person_may_come_whole_or_not_at_all(desk: Desk, service: FakeDelighted) -> None:
    service.responses = [
        delighted_response(1, person={"id": "p1", "email": "a@example.com"}),
        delighted_response(2, person=None, person_properties=None, additional_answers=[]),
    ]
    assert desk.run().problems == []
    assert desk.ask("select response_id, customer, ticket_id from survey_responses order by all") == [
        ("1", "p1", "T1"),
        ("2", None, None),
    ]


def test_a_property_that_no_response_has_is_said(desk: Desk) -> None:
    desk.sections[1] += 'columns.channel = "chanel"\n'
    (problem,) = desk.run().problems
    assert problem == (
        "[sources.desk] columns.channel: no response has 'chanel' (they have: came_by, country, solved, ticket)"
    )


def test_more_changed_in_one_second_than_a_page_holds(desk: Desk, service: FakeDelighted) -> None:
    at = service.responses[-1]["created_at"]
    service.responses = [delighted_response(number, updated_at=at) for number in range(1, 9)]
    desk.run()
    assert desk.ask("select count(*) from survey_responses") == [(8,)]


def test_the_newest_response_changed_once_more_is_not_taken_for_the_same(desk: Desk, service: FakeDelighted) -> None:
    desk.run()
    service.responses[-1] = delighted_response(11, after=0, score=2, comment="Sorry, I meant two")
    desk.run()
    assert desk.ask("select score, comment from survey_responses where response_id = '11'") == [
        (2.0, "Sorry, I meant two")
    ]
