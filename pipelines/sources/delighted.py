"""Delighted: survey responses, oldest change first (https://app.delighted.com/docs/api/listing-survey-responses).

Who was asked and did not answer is not pulled: the service tells of each person when a survey was last sent, not of each survey.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines.sources import surveys
from pipelines.sources.http import Answer
from pipelines.sources.pull import Pull
from pipelines.sources.service import Service, basic
from warehouse.errors import AnswerRefused
from warehouse.sources import RemoteSource

PAGE = 100
# The service says 429 and how long to wait, and no number; this is slow enough for everybody.
REQUESTS_A_MINUTE = 60
# What the service may show late. A response is listed under the second in which it changed.
OVERLAP = timedelta(minutes=10)
# A key belongs to one project: all that is listed is one survey.
PROJECT = "project"


def _connect(source: RemoteSource, secrets: Mapping[str, str]) -> dict[str, Any]:
    return {"headers": basic(secrets["key"], ""), "requests_a_minute": REQUESTS_A_MINUTE}


def _ask(pull: Pull, survey: str, since: datetime, page: int) -> Answer:
    asked = {"per_page": PAGE, "page": page, "order": "asc:updated_at", "updated_since": int(since.timestamp())}
    return pull.http.get("/v1/survey_responses.json", asked)


def _rows(answer: Answer) -> list[tuple[str, datetime, surveys.Row]]:
    try:
        return [(row["id"], _changed(row), row) for row in answer.json()]
    except (LookupError, TypeError, ValueError) as error:
        raise AnswerRefused(f"{answer.address}: a page holds a response without {error}, or none at all") from error


def _changed(row: surveys.Row) -> datetime:
    """The last change; of a response that never changed, when it was given."""
    at = row["updated_at"]
    return datetime.fromtimestamp(row["created_at"] if at is None else at, UTC)


LISTING = surveys.Listing(_ask, _rows, lambda: PAGE, OVERLAP)

DELIGHTED = Service(
    "delighted",
    {surveys.RESPONSES: lambda pull: LISTING.pull(pull, PROJECT)},
    _connect,
    secrets=("key",),
)
