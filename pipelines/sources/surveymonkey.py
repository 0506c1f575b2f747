"""SurveyMonkey: responses, oldest change first, each page with what its choices mean (https://api.surveymonkey.com/v3/docs).

The token needs the scopes to view surveys and response details.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pipelines.sources import surveys
from pipelines.sources.http import Answer, Remaining
from pipelines.sources.pull import Pull
from pipelines.sources.service import Service
from warehouse.errors import AnswerRefused
from warehouse.sources import RemoteSource

PAGE = 100
# Draft and private apps have 120 requests a minute, and 500 a day: `every` should be an hour there.
REQUESTS_A_MINUTE = 120
REMAINING = Remaining("x-ratelimit-app-global-minute-remaining", "x-ratelimit-app-global-minute-reset")
# What the service may show late.
OVERLAP = timedelta(minutes=10)


def _connect(source: RemoteSource, secrets: Mapping[str, str]) -> dict[str, Any]:
    return {
        "headers": {"Authorization": f"Bearer {secrets['token']}"},
        "requests_a_minute": REQUESTS_A_MINUTE,
        "remaining": REMAINING,
    }


def _ask(pull: Pull, survey: str, since: datetime, page: int) -> Answer:
    asked = {"start_modified_at": f"{since:%Y-%m-%dT%H:%M:%S}", "sort_by": "date_modified", "sort_order": "ASC"}
    return _within_the_day(
        pull, pull.http.get(f"{_path(survey)}/responses/bulk", asked | {"per_page": PAGE, "page": page})
    )


def _describe(pull: Pull, survey: str) -> Answer:
    return _within_the_day(pull, pull.http.get(f"{_path(survey)}/details"))


def _path(survey: str) -> str:
    return f"/v3/surveys/{survey}"


def _within_the_day(pull: Pull, answer: Answer) -> Answer:
    """Asks no more until there are new requests, where this one was the last of the day."""
    left, resets = (answer.headers.get(f"x-ratelimit-app-global-day-{name}", "") for name in ("remaining", "reset"))
    if left == "0" and resets.isdecimal():
        pull.http.limits.hold(float(resets))
    return answer


def _rows(answer: Answer) -> list[tuple[str, datetime, surveys.Row]]:
    try:
        return [(row["id"], surveys.instant(row["date_modified"]), row) for row in answer.json()["data"]]
    except (LookupError, TypeError, ValueError) as error:
        raise AnswerRefused(f"{answer.address}: a page holds a response without {error}, or none at all") from error


def _questions(about: Answer) -> dict[str, str]:
    """What its answers are named after, with the text of the question; custom variables have none."""
    body = about.json()
    asked = {
        question["id"]: " ".join(heading.get("heading", "") for heading in question.get("headings", []))
        for page in body.get("pages", [])
        for question in page.get("questions", [])
    }
    return asked | dict.fromkeys(body.get("custom_variables") or {}, "")


LISTING = surveys.Listing(_ask, _rows, lambda: PAGE, OVERLAP, _describe, _questions)

SURVEYMONKEY = Service(
    "surveymonkey",
    {surveys.RESPONSES: surveys.each_survey(LISTING.pull)},
    _connect,
    secrets=("token",),
    settings=("surveys",),
)
