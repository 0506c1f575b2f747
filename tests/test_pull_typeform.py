"""Typeform: submitted responses become survey responses, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pipelines.sources import check
from tests.conftest import Desk
from tests.fake_surveys import PAGE, TOKEN, FakeTypeform, form_response
from tests.pulling import SETTINGS, PullCase, PullScenarios, Tables
from tests.serving import FakeService
from warehouse.errors import SettingsError
from warehouse.settings import load


class TypeformCase(PullCase):
    kind = "typeform"
    secrets: ClassVar = {"SUPPORT_DESK_TOKEN": TOKEN}
    renamed = ("survey_responses", "landed_at")
    requests_when_quiet = 2
    constants: ClassVar = {"pipelines.sources.typeform.PAGE": PAGE}

    def start(self) -> FakeService:
        return FakeTypeform().start()

    def settings(self, address: str) -> str:
        return f"""
[sources.desk]
kind = "typeform"
address = "{address}"
surveys = ["lT4Z3j", "uRSli9"]
since = 2026-03-01
first_wait = 0.01
requests_a_minute = 100000
constants.kind = "csat"
columns.score = "satisfaction"
columns.comment = "why"
columns.ticket_id = "ticket"
columns.topic = "came_by"
"""

    def grow(self, service: FakeTypeform) -> None:
        service.forms["lT4Z3j"] += [form_response(number) for number in range(21, 25)]

    def be_late(self, service: FakeTypeform) -> None:
        """Listed up to half an hour late; a response never changes."""
        service.forms["uRSli9"].append(form_response(13, submitted_at="2026-03-02T11:31:00Z"))

    def delete(self, service: FakeTypeform) -> None:
        """Nothing tells of it: what was given stays counted."""

    def rename_field(self, body: Any) -> Any:
        for one in body.get("items", []):
            one["landed"] = one.pop("landed_at")
        return body

    def expected(self, service: FakeTypeform) -> Tables:
        query = (
            "select response_id, survey, kind, score, comment, ticket_id, topic, sent_at::varchar, answered_at::varchar"
            " from survey_responses where source = 'desk'"
        )
        return {query: [_row(form, one) for form, responses in service.forms.items() for one in responses]}


def _row(form: str, one: dict[str, Any]) -> tuple[Any, ...]:
    answers = {answer["field"]["ref"]: answer[answer["type"]] for answer in one["answers"]}
    score = answers.get("satisfaction")
    return (
        one["token"],
        f"Form {form}",
        "csat",
        score and float(score),
        answers.get("why"),
        one["hidden"]["ticket"],
        "mail; phone" if answers else None,
        _text(one["landed_at"]),
        _text(one["submitted_at"]) if answers else None,
    )


def _text(date: str) -> str:
    return date.replace("T", " ").removesuffix("Z")


class TestTypeform(PullScenarios):
    case = TypeformCase()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTypeform]:
    monkeypatch.setenv("SUPPORT_DESK_TOKEN", TOKEN)
    with FakeTypeform() as service:
        yield service


@pytest.fixture
def desk(tmp_path: Path, service: FakeTypeform) -> Desk:
    return Desk(tmp_path, [SETTINGS, TypeformCase().settings(service.address)])


@pytest.mark.parametrize(
    ("name", "answer"),
    [("solved", "false"), ("reason", "speed"), ("hVONkQcnSNRj", "2"), ("score", "1"), ("ticket", "T1")],
)
def test_answers_are_found_by_ref_id_hidden_field_and_variable(desk: Desk, name: str, answer: str) -> None:
    desk.sections[1] = desk.sections[1].replace('columns.comment = "why"', f'columns.comment = "{name}"')
    assert desk.run().problems == []
    assert desk.ask("select comment from survey_responses where response_id = 'token1'") == [(answer,)]


def test_check_names_the_questions_and_what_is_none(desk: Desk) -> None:
    assert check.check(load(desk.settings_file())).is_good
    desk.sections[1] = desk.sections[1].replace('"why"', '"whi"')
    lines = list(check.check(load(desk.settings_file())).lines())
    assert "  columns.comment: no survey asks 'whi'" in lines
    assert any("satisfaction (How satisfied are you?)" in line and "solved (Is it solved?)" in line for line in lines)


def test_more_in_one_second_than_can_be_listed_is_said(
    desk: Desk, service: FakeTypeform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.sources.typeform.PAGE", 3)
    service.forms["lT4Z3j"] = [form_response(number, submitted_at="2026-03-02T10:00:00Z") for number in range(1, 5)]
    (problem,) = desk.run().problems
    assert "lT4Z3j: more than 3 responses within one second" in problem
    assert desk.ask("select count(*) from survey_responses where survey = 'Form uRSli9'") == [(4,)]


def test_the_kind_of_a_survey_has_to_be_said(desk: Desk) -> None:
    desk.sections[1] = desk.sections[1].replace('constants.kind = "csat"', "")
    with pytest.raises(SettingsError, match=r"sources.desk.*: needs `constants.kind`"):
        load(desk.settings_file())


def test_without_a_score_check_names_the_questions_and_every_run_says_so(desk: Desk) -> None:
    desk.sections[1] = desk.sections[1].replace('columns.score = "satisfaction"', "")
    lines = list(check.check(load(desk.settings_file())).lines())
    assert "  columns.score is missing: the question whose answer is the score" in lines
    assert any("satisfaction (How satisfied are you?)" in line for line in lines)
    (problem,) = desk.run().problems
    assert problem.startswith("[sources.desk] columns.score is missing")
