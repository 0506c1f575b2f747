"""Qualtrics: exports that are started, waited for and downloaded become survey responses, whatever happens in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from pipelines.sources import check
from tests.conftest import Desk
from tests.fake_qualtrics import DATE, TOKEN, FakeQualtrics, about, response, unzipped, zipped
from tests.pulling import SETTINGS, PullCase, PullScenarios, Tables
from tests.serving import FakeService
from warehouse.settings import load

POLL = "pipelines.sources.qualtrics.FIRST_POLL"


class QualtricsCase(PullCase):
    kind = "qualtrics"
    secrets: ClassVar = {"SUPPORT_DESK_TOKEN": TOKEN}
    renamed = ("survey_responses", "recordedDate")
    requests_when_quiet = 10
    constants: ClassVar = {POLL: 0.001, "pipelines.sources.qualtrics.WINDOW_DAYS": 5}

    def start(self) -> FakeService:
        return FakeQualtrics().start()

    def settings(self, address: str) -> str:
        return f"""
[sources.desk]
kind = "qualtrics"
address = "{address}"
surveys = ["SV_support", "SV_billing"]
since = 2026-03-01
first_wait = 0.01
requests_a_minute = 100000
constants.kind = "csat"
columns.score = "QID1"
columns.comment = "QID2_TEXT"
columns.ticket_id = "ticket"
"""

    def grow(self, service: FakeQualtrics) -> None:
        service.now += timedelta(days=1)
        service.surveys["SV_support"] += [_at(service, number, hours=number) for number in range(21, 24)]
        service.change("SV_support", QID1=5)

    def be_late(self, service: FakeQualtrics) -> None:
        """Written up to ten minutes late, and an answer that somebody corrects."""
        service.surveys["SV_billing"].append(_at(service, 31, minutes=4))
        service.now += timedelta(minutes=5)
        service.change("SV_support", QID1=1)

    def delete(self, service: FakeQualtrics) -> None:
        """Nothing tells of it: what was given stays counted."""

    def rename_field(self, body: Any) -> Any:
        if not isinstance(body, bytes):
            return body
        document = unzipped(body)
        for one in document["responses"]:
            one["values"]["dateRecorded"] = one["values"].pop("recordedDate")
        return zipped(document)

    def expected(self, service: FakeQualtrics) -> Tables:
        query = (
            "select response_id, survey, kind, score, comment, ticket_id, customer, sent_at::varchar, answered_at::varchar"
            " from survey_responses where source = 'desk'"
        )
        return {
            query: [_row(survey, one) for survey, responses in service.surveys.items() for one in responses],
        }


def _at(service: FakeQualtrics, number: int, **ago: float) -> dict[str, Any]:
    """Response `number`, recorded so long before the service's present."""
    at = service.now - timedelta(**ago)
    return response(
        number, startDate=f"{at - timedelta(minutes=3):{DATE}}", endDate=f"{at:{DATE}}", recordedDate=f"{at:{DATE}}"
    )


def _row(survey: str, one: dict[str, Any]) -> tuple[Any, ...]:
    values = one["values"]
    score = values.get("QID1")
    return (
        one["responseId"],
        f"Survey {survey.removeprefix('SV_')}",
        "csat",
        score and float(score),
        values.get("QID2_TEXT"),
        values["ticket"],
        values["externalDataReference"],
        _text(values["startDate"]),
        _text(values["endDate"]) if score else None,
    )


def _text(date: str) -> str:
    return date.replace("T", " ").removesuffix("Z")


class TestQualtrics(PullScenarios):
    case = QualtricsCase()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeQualtrics]:
    monkeypatch.setenv("SUPPORT_DESK_TOKEN", TOKEN)
    monkeypatch.setattr(POLL.rpartition(".")[0] + ".FIRST_POLL", 0.001)
    with FakeQualtrics() as service:
        yield service


@pytest.fixture
def desk(tmp_path: Path, service: FakeQualtrics) -> Desk:
    return Desk(tmp_path, [SETTINGS, QualtricsCase().settings(service.address)])


def _answered(desk: Desk) -> int:
    return desk.ask("select count(*) from survey_responses")[0][0]


def test_an_export_that_fails_is_started_anew(desk: Desk, service: FakeQualtrics) -> None:
    service.failing = 2
    assert desk.run().problems == []
    assert _answered(desk) == 12


def test_a_file_that_expired_is_exported_anew(desk: Desk, service: FakeQualtrics) -> None:
    service.expiring = 1
    assert desk.run().problems == []
    assert (_answered(desk), len(service.asked_for("/export-responses$"))) == (12, 3)


def test_exports_that_go_on_failing_are_said_and_the_next_pull_tries_again(desk: Desk, service: FakeQualtrics) -> None:
    service.failing = 3
    (problem,) = desk.run().problems
    assert "SV_support: 3 exports of 2026-03-01 to 2026-03-13 failed" in problem
    assert _answered(desk) == 4, "the other survey is pulled"
    assert desk.run().problems == []
    assert _answered(desk) == 12


def test_an_export_that_never_completes_is_given_up(
    desk: Desk, service: FakeQualtrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.sources.qualtrics.LONGEST_EXPORT", 0.05)
    service.polls = 1_000_000
    (problem,) = desk.run().problems
    assert "SV_support: an export is 50.0 % complete" in problem
    assert len(service.requests) < 25


def test_previews_tests_and_spam_are_no_answers(desk: Desk, service: FakeQualtrics) -> None:
    service.surveys["SV_billing"] = [
        response(number, status) for number, status in enumerate((0, 1, 2, 4, 8, 9, 16, 17), 41)
    ]
    desk.run()
    assert desk.ask("select response_id from survey_responses where survey = 'Survey billing' order by all") == [
        ("R_41",),
        ("R_44",),
        ("R_47",),
    ]
    assert desk.ask("select reason, count(*) from rejected_rows group by all order by all") == [
        ("is a preview of the survey, not an answer", 3),
        ("is a test of the survey, not an answer", 1),
        ("is marked as spam", 1),
    ]


def test_an_export_larger_than_allowed_is_refused_packed_or_not(desk: Desk, service: FakeQualtrics) -> None:
    desk.sections[1] += 'largest_answer = "0.01MB"\n'
    service.surveys["SV_support"][0]["values"]["QID2_TEXT"] = "x" * 20_000
    (problem,) = desk.run().problems
    assert "SV_support: an export is larger than 10,000 bytes" in problem
    assert "raise largest_answer" in problem


def test_check_names_the_questions_and_starts_no_export(desk: Desk, service: FakeQualtrics) -> None:
    report = check.check(load(desk.settings_file()))
    assert report.is_good
    assert any("QID1 (How satisfied are you?)" in line for line in report.lines())
    assert len(service.asked_for("export-responses")) == 0


def test_a_mistyped_question_is_said_not_loaded_as_nothing(desk: Desk, service: FakeQualtrics) -> None:
    desk.sections[1] = desk.sections[1].replace('"QID1"', '"QID9"')
    assert "  columns.score: no survey asks 'QID9'" in check.check(load(desk.settings_file())).lines()
    (problem,) = desk.run().problems
    assert problem.startswith(
        "[sources.desk] columns.score: no response has 'QID9' (they have: QID1, QID1.label, QID2,"
    )
    desk.sections[1] = desk.sections[1].replace('"QID9"', '"QID1"')
    assert desk.run().problems == []
    assert desk.ask("select count(score) from survey_responses") == [(9,)]


def test_a_question_that_nobody_answered_yet_is_no_mistake(desk: Desk, service: FakeQualtrics) -> None:
    for responses in service.surveys.values():
        for one in responses:
            one["values"].pop("QID2_TEXT", None)
    assert desk.run().problems == []


@pytest.fixture(scope="session")
def published(shared: Path) -> list[dict[str, Any]]:
    """The recorded answers of GET /API/v3/surveys/{id}."""
    found = []
    for name in ("column_map", "metadata"):
        recorded = yaml.safe_load((shared / "data/api/qualtrics" / f"{name}.yml").read_text(encoding="utf-8"))
        found += [json.loads(one["response"]["body"]["string"]) for one in recorded["http_interactions"]]
    return found


def _shape(body: Any) -> Any:
    """Keys and types; of an object whose keys are names, those of its first value."""
    if isinstance(body, dict):
        return {key: _shape(value) for key, value in body.items()}
    if isinstance(body, list):
        return [_shape(body[0])] if body else []
    return type(body).__name__


def test_the_fake_says_what_qualtrics_says(published: list[dict[str, Any]]) -> None:
    ours = about("SV_1")["result"]
    for body in published:
        theirs = body["result"]
        assert theirs.keys() == ours.keys()
        for key in ours.keys() - {"questions", "exportColumnMap", "blocks", "flow", "comments", "loopAndMerge"}:
            assert _shape(theirs[key]) == _shape(ours[key]), key
        question = next(one for one in theirs["questions"].values() if "choices" in one)
        assert {key: type(value) for key, value in question.items()}.items() <= {
            key: type(value) for key, value in ours["questions"]["QID1"].items()
        }.items()


def test_published_surveys_name_their_questions(
    desk: Desk, service: FakeQualtrics, published: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = published[-1]
    monkeypatch.setattr("tests.fake_qualtrics.about", lambda survey: body)
    lines = list(check.check(load(desk.settings_file())).lines())
    assert any("QID16 (Overall, how satisfied are you with your beskar armor?)" in line for line in lines)
    assert any("SolutionRevision" in line for line in lines)
