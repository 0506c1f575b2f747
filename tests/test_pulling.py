"""The scenarios of tests/pulling.py on the simplest of the services: killed before every step, interrupted at every request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from tests import fake_surveys
from tests.fake_surveys import START, delighted_response
from tests.pulling import PullCase, PullScenarios, Tables
from tests.serving import FakeService

PAGE = 3


class FakeDelighted(fake_surveys.FakeDelighted):
    """Responses all of which have changed since they were given, or at that moment."""

    def __init__(self) -> None:
        super().__init__()
        self.responses = [_response(number) for number in range(1, 12)]


def _response(number: int, after: int = 0, **more: Any) -> dict[str, Any]:
    return delighted_response(number, after, **{"person_properties": {}, "tags": []} | more)


class DelightedCase(PullCase):
    kind = "delighted"
    secrets: ClassVar = {"SUPPORT_DESK_KEY": "a key"}
    renamed = ("survey_responses", "score")
    requests_when_quiet = 1
    constants: ClassVar = {"pipelines.sources.delighted.PAGE": PAGE}

    def start(self) -> FakeService:
        return FakeDelighted().start()

    def settings(self, address: str) -> str:
        return f"""
[sources.desk]
kind = "delighted"
address = "{address}"
since = 2026-03-01
first_wait = 0.01
requests_a_minute = 100000
"""

    def grow(self, service: FakeDelighted) -> None:
        service.responses[4] = _response(5, after=100, score=0, comment="Worse than I thought")
        service.responses += [_response(number) for number in range(13, 18)]

    def be_late(self, service: FakeDelighted) -> None:
        service.responses.append(
            _response(12, created_at=int(START.timestamp()), updated_at=service.responses[-1]["updated_at"])
        )
        service.responses[0] = _response(1, after=11, score=9)

    def delete(self, service: FakeDelighted) -> None:
        """Nothing tells of it: what was given stays counted."""

    def rename_field(self, body: Any) -> Any:
        return [{("points" if name == "score" else name): value for name, value in one.items()} for one in body]

    def expected(self, service: FakeDelighted) -> Tables:
        return {
            "select response_id, kind, score, comment, answered_at::varchar from survey_responses where source = 'desk'": [
                (one["id"], "nps", float(one["score"]), one["comment"], _text(one["created_at"]))
                for one in service.responses
            ]
        }


def _text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


class TestDelighted(PullScenarios):
    case = DelightedCase()
    every_step = True
