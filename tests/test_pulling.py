"""The scenarios of tests/pulling.py on the simplest of the services: killed before every step, interrupted at every request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from tests.pulling import PullCase, PullScenarios, Tables
from tests.serving import Asked, FakeService, Reply

PAGE = 3
START = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
HOUR = 3600


class FakeDelighted(FakeService):
    """Survey responses by the second of their last change, as https://app.delighted.com/docs/api/listing-survey-responses says."""

    def __init__(self) -> None:
        super().__init__()
        self.responses = [_response(number) for number in range(1, 12)]
        self.route("GET", "/v1/survey_responses.json", self._page)

    def refuse(self, asked: Asked) -> Reply | None:
        return None if asked.headers.get("authorization") == "Basic YSBrZXk6" else Reply(401)

    def _page(self, asked: Asked) -> Any:
        assert asked.query["order"] == "asc:updated_at"
        since, size, page = (int(asked.query[name]) for name in ("updated_since", "per_page", "page"))
        found = sorted(
            (one for one in self.responses if one["updated_at"] > since), key=lambda one: (one["updated_at"], one["id"])
        )
        return found[(page - 1) * size : page * size]


def _response(number: int, after: int = 0, **more: Any) -> dict[str, Any]:
    """Response `number`, an hour after the one before it, changed so many hours `after` it was given."""
    at = START + number * HOUR
    response = {"id": str(number), "person": f"p{number % 4}", "survey_type": "nps", "score": number % 11}
    return (
        response | {"comment": None, "created_at": at, "updated_at": at + after * HOUR, "person_properties": {}} | more
    )


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
        service.responses.append(_response(12, created_at=START, updated_at=service.responses[-1]["updated_at"]))
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
