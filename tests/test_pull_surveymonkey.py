"""SurveyMonkey: pages of responses with what their choices mean become survey responses, whatever happens in between."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pipelines.sources import check, pulling
from tests.conftest import Desk
from tests.fake_surveys import PAGE, TOKEN, FakeSurveyMonkey, monkey_details, monkey_response
from tests.pulling import SETTINGS, PullCase, PullScenarios, Tables
from tests.serving import FakeService
from warehouse.settings import load

ANSWERS = "select response_id, score, comment from survey_responses order by all"


class SurveyMonkeyCase(PullCase):
    kind = "surveymonkey"
    secrets: ClassVar = {"SUPPORT_DESK_TOKEN": TOKEN}
    renamed = ("survey_responses", "date_created")
    requests_when_quiet = 2
    constants: ClassVar = {
        "pipelines.sources.surveymonkey.PAGE": PAGE,
        "pipelines.sources.surveymonkey.REMAINING.window": 0.25,
    }

    def start(self) -> FakeService:
        return FakeSurveyMonkey().start()

    def settings(self, address: str) -> str:
        return f"""
[sources.desk]
kind = "surveymonkey"
address = "{address}"
surveys = ["318754279", "318736637"]
since = 2026-03-01
first_wait = 0.01
requests_a_minute = 100000
constants.kind = "csat"
columns.score = "1.weight"
columns.comment = "2"
columns.ticket_id = "ticket"
columns.topic = "3"
"""

    def grow(self, service: FakeSurveyMonkey) -> None:
        service.surveys["318754279"] += [monkey_response("318754279", number) for number in range(21, 25)]
        _change(service, 0, "2026-03-03T02:00:00+00:00", "Worse than I thought")

    def be_late(self, service: FakeSurveyMonkey) -> None:
        """Shown up to ten minutes late, and an update to the oldest."""
        service.surveys["318736637"].append(monkey_response("318736637", 13, date_modified="2026-03-02T11:55:00+00:00"))
        _change(service, 0, "2026-03-02T08:00:01+00:00", "On second thoughts")

    def delete(self, service: FakeSurveyMonkey) -> None:
        """Nothing tells of it: what was given stays counted."""

    def rename_field(self, body: Any) -> Any:
        for one in body.get("data", []):
            one["created"] = one.pop("date_created")
        return body

    def expected(self, service: FakeSurveyMonkey) -> Tables:
        query = (
            "select response_id, survey, kind, score, comment, ticket_id, customer, topic, sent_at::varchar, answered_at::varchar"
            " from survey_responses where source = 'desk'"
        )
        return {query: [_row(survey, one) for survey, responses in service.surveys.items() for one in responses]}


def _change(service: FakeSurveyMonkey, place: int, at: str, comment: str) -> None:
    one = service.surveys["318754279"][place]
    one["date_modified"] = at
    one["pages"][0]["questions"][1]["answers"][0]["text"] = comment


def _row(survey: str, one: dict[str, Any]) -> tuple[Any, ...]:
    questions = one["pages"][0]["questions"]
    return (
        one["id"],
        f"Survey {survey}",
        "csat",
        float(questions[0]["answers"][0]["choice_metadata"]["weight"]) if questions else None,
        questions[1]["answers"][0]["text"] if questions else None,
        one["custom_variables"]["ticket"],
        one["custom_value"],
        "mail; phone" if questions else None,
        _text(one["date_created"]),
        _text(one["date_modified"]) if questions else None,
    )


def _text(date: str) -> str:
    return date.replace("T", " ").removesuffix("+00:00")


class TestSurveyMonkey(PullScenarios):
    case = SurveyMonkeyCase()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSurveyMonkey]:
    monkeypatch.setenv("SUPPORT_DESK_TOKEN", TOKEN)
    with FakeSurveyMonkey() as service:
        yield service


@pytest.fixture
def desk(tmp_path: Path, service: FakeSurveyMonkey) -> Desk:
    return Desk(tmp_path, [SETTINGS, SurveyMonkeyCase().settings(service.address)])


def _mapped(desk: Desk, question: str) -> dict[str, str | None]:
    """Of each response, what a question gives as the comment."""
    desk.sections[1] = desk.sections[1].replace('columns.comment = "2"', f'columns.comment = "{question}"')
    assert desk.run().problems == []
    return dict(desk.ask("select response_id, comment from survey_responses"))


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("1", "2"),  # a star has no text: its weight
        ("1.choice", "101"),
        ("1.11", "2"),
        ("3.other", "fax"),
        ("3.choice", "301; 302"),
        ("4.41", "good"),
        ("4.42", "bad"),
    ],
)
def test_a_part_of_an_answer_has_a_name(desk: Desk, question: str, answer: str) -> None:
    found = _mapped(desk, question)
    assert (found["100"], found["400"]) == (answer, None)


def test_a_grid_of_several_rows_is_no_single_answer(desk: Desk) -> None:
    desk.sections[1] = desk.sections[1].replace('columns.comment = "2"', 'columns.comment = "4"')
    desk.run()
    assert desk.ask("select count(comment) from survey_responses") == [(0,)]


def test_previews_are_no_answers(desk: Desk, service: FakeSurveyMonkey) -> None:
    service.surveys["318736637"][0]["collection_mode"] = "preview"
    desk.run()
    assert desk.ask("select reason from rejected_rows") == [("is a preview of the survey, not an answer",)]
    assert desk.ask("select count(*) from survey_responses") == [(11,)]


def test_the_last_request_of_the_day_is_the_last(
    desk: Desk, service: FakeSurveyMonkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.sources.surveymonkey.PAGE", 3)
    service.left_today = 2
    desk.run()
    assert len(service.asked_for("/bulk")) == 2
    desk.run()
    assert len(service.asked_for("/bulk")) == 2, "the next pull knows it, too"
    service.left_today = None
    monkeypatch.setattr(pulling, "_limits", {})  # the day is over
    desk.run()
    assert desk.ask("select count(*) from survey_responses") == [(12,)]


def test_a_survey_that_is_gone_leaves_the_others(desk: Desk, service: FakeSurveyMonkey) -> None:
    del service.surveys["318754279"]
    (problem,) = desk.run().problems
    assert "/v3/surveys/318754279/responses/bulk answers 404" in problem
    assert desk.ask("select count(*) from survey_responses") == [(4,)]


def test_more_changed_in_one_second_than_a_page_holds(
    desk: Desk, service: FakeSurveyMonkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.sources.surveymonkey.PAGE", 3)
    for one in service.surveys["318754279"]:
        one["date_modified"] = "2026-03-05T10:00:00+00:00"
    assert desk.run().problems == []
    assert desk.ask("select count(*) from survey_responses") == [(12,)]


def test_check_names_the_questions_and_what_is_none(desk: Desk) -> None:
    assert check.check(load(desk.settings_file())).is_good
    desk.sections[1] = desk.sections[1].replace('columns.comment = "2"', 'columns.comment = "22"')
    report = check.check(load(desk.settings_file()))
    lines = list(report.lines())
    assert not report.is_good
    assert "  columns.comment: no survey asks '22'" in lines
    assert (
        "  318736637 asks: 1 (How satisfied are you?), 2 (Why?), 3 (How did you come?), 4 (How was it?), ticket"
        in lines
    )


@pytest.fixture(scope="session")
def published(shared: Path) -> dict[str, Any]:
    folder = shared / "data/api/surveymonkey"
    pages = folder / "api.surveymonkey.net/v3/surveys/318754279/responses/bulk-eda25e.json"
    details = folder / "api.surveymonkey.com/v3/surveys/318754279/details.json"
    return {
        name: json.loads(path.read_text(encoding="utf-8")) for name, path in (("bulk", pages), ("details", details))
    }


def test_the_fake_says_what_surveymonkey_says(published: dict[str, Any]) -> None:
    for theirs in published["bulk"]["data"]:
        ours = monkey_response("1", 1)
        assert {key: type(value) for key, value in theirs.items()} == {key: type(value) for key, value in ours.items()}
    theirs, ours = published["details"], monkey_details("1")
    assert {key: type(value) for key, value in theirs.items()} == {key: type(value) for key, value in ours.items()}
    for question in theirs["pages"][0]["questions"]:
        assert question.keys() - {"answers"} == ours["pages"][0]["questions"][1].keys()


def test_the_published_answers_load(
    desk: Desk, service: FakeSurveyMonkey, published: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    service.surveys = {"318754279": published["bulk"]["data"], "318736637": []}
    monkeypatch.setattr("tests.fake_surveys.monkey_details", lambda survey: published["details"])
    lines = SurveyMonkeyCase().settings(service.address).splitlines()
    mapped = ['columns.score = "769893650"', 'columns.comment = "769893903"']
    desk.sections[1] = "\n".join([*(line for line in lines if not line.startswith(("columns", "since"))), *mapped])
    assert desk.run().problems == []
    choices = {
        choice["id"]: choice["text"]
        for question in published["details"]["pages"][0]["questions"]
        for choice in question.get("answers", {}).get("choices", [])
    }
    expected = Counter()
    for one in published["bulk"]["data"]:
        pets, names = (question["answers"][0] for question in one["pages"][0]["questions"])
        expected[(one["id"], float(choices[pets["choice_id"]]), names["text"])] += 1
    assert Counter(desk.ask(ANSWERS)) == expected
