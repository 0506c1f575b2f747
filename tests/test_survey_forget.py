"""A customer is taken out of what survey services delivered: their words go, the figures of the past stay."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.__main__ import main
from tests.conftest import Desk
from tests.fake_qualtrics import TOKEN, FakeQualtrics
from tests.fake_surveys import TOKEN as SURVEY_TOKEN
from tests.fake_surveys import FakeDelighted, FakeSurveyMonkey, FakeTypeform
from tests.pulling import SETTINGS
from tests.serving import FakeService
from tests.test_pull_delighted import SOURCE
from tests.test_pull_qualtrics import QualtricsCase
from tests.test_pull_surveymonkey import SurveyMonkeyCase
from tests.test_pull_typeform import TypeformCase

FIGURES = "select response_id, score, ticket_id, survey, sent_at from survey_responses order by all"


@dataclass(frozen=True)
class Desired:
    """A service, its settings, a customer of it, and what of them must be gone."""

    service: Callable[[], FakeService]
    settings: Callable[[str], str]
    token: tuple[str, str]
    customer: str
    words: tuple[str, ...]


SERVICES = {
    "qualtrics": Desired(
        FakeQualtrics,
        QualtricsCase().settings,
        ("SUPPORT_DESK_TOKEN", TOKEN),
        "customer 1",
        ("customer 1", 'of 1"', 'of 7"'),
    ),
    "surveymonkey": Desired(
        FakeSurveyMonkey,
        SurveyMonkeyCase().settings,
        ("SUPPORT_DESK_TOKEN", SURVEY_TOKEN),
        "customer 1",
        ("customer 1", 'Because of 1"', 'Because of 7"'),
    ),
    "typeform": Desired(
        FakeTypeform,
        lambda address: TypeformCase().settings(address) + 'columns.customer = "ticket"\n',
        ("SUPPORT_DESK_TOKEN", SURVEY_TOKEN),
        "T1",
        ('Because of 1"', '"T1"'),
    ),
    "delighted": Desired(
        FakeDelighted, lambda address: SOURCE.format(address=address), ("SUPPORT_DESK_KEY", "a key"), "p1", ('"p1"',)
    ),
}


@pytest.fixture(params=SERVICES)
def pulled(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Desk, Desired]]:
    wanted = SERVICES[request.param]
    monkeypatch.setenv(*wanted.token)
    monkeypatch.setenv("SUPPORT_PRIVACY_KEY", "one key for all of this test")
    monkeypatch.setattr("pipelines.sources.qualtrics.FIRST_POLL", 0.001)
    with wanted.service() as service:
        desk = Desk(tmp_path, [SETTINGS, wanted.settings(service.address)])
        assert desk.run().problems == []
        yield desk, wanted


def _landed(desk: Desk) -> str:
    files = (desk.folder / "data" / "landing" / "desk").iterdir()
    return "".join(gzip.decompress(path.read_bytes()).decode() for path in files)


def test_their_words_go_and_the_figures_stay(pulled: tuple[Desk, Desired]) -> None:
    desk, wanted = pulled
    before, landed = desk.ask(FIGURES), _landed(desk)
    assert all(word in landed for word in wanted.words)
    assert main(["forget", wanted.customer, "--settings", str(desk.settings_file())]) == 0
    landed = _landed(desk)
    assert [word for word in wanted.words if word in landed] == []
    after = desk.ask(FIGURES)
    if 'customer = "ticket"' in desk.sections[1].replace("columns.", ""):  # the ticket is what names them here
        before, after = ([(row[0], row[1], row[3], row[4]) for row in rows] for rows in (before, after))
    assert after == before
    assert desk.ask("select count(*) from rejected_rows") == [(0,)]
