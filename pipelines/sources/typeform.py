"""Typeform: submitted responses, oldest first, each page with its form (https://www.typeform.com/developers/responses).

Responses that were begun and not submitted are not pulled: the service has no way to ask for what is new among them. The token needs
the scopes forms:read and responses:read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pipelines.sources import surveys
from pipelines.sources.http import Answer
from pipelines.sources.pull import Pull
from pipelines.sources.service import Service
from warehouse.errors import AnswerRefused
from warehouse.sources import RemoteSource

PAGE = 1000
# Two requests a second.
REQUESTS_A_MINUTE = 120
# The newest responses may be missing from what the service lists, for up to half an hour.
OVERLAP = timedelta(minutes=45)


def _connect(source: RemoteSource, secrets: Mapping[str, str]) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {secrets['token']}"}, "requests_a_minute": REQUESTS_A_MINUTE}


def _ask(pull: Pull, form: str, since: datetime, page: int) -> Answer:
    if page > 1:
        raise AnswerRefused(
            f"{form}: more than {PAGE:,} responses within one second ({since:%Y-%m-%d %H:%M:%S} UTC): the service cannot list them in parts."
        )
    asked = {"since": f"{since:%Y-%m-%dT%H:%M:%S}", "sort": "submitted_at,asc", "page_size": PAGE}
    return pull.http.get(f"/forms/{form}/responses", asked)


def _describe(pull: Pull, form: str) -> Answer:
    return pull.http.get(f"/forms/{form}")


def _rows(answer: Answer) -> list[tuple[str, datetime, surveys.Row]]:
    try:
        return [(row["token"], surveys.instant(row["submitted_at"]), row) for row in answer.json()["items"]]
    except (LookupError, TypeError, ValueError) as error:
        raise AnswerRefused(f"{answer.address}: a page holds a response without {error}, or none at all") from error


def _questions(about: Answer) -> dict[str, str]:
    """What its answers are named after, with the text of the question: hidden fields and variables have none."""
    body = about.json()
    asked = {field["ref"]: field.get("title", "") for field in _fields(body.get("fields", []))}
    return asked | dict.fromkeys([*body.get("hidden", []), *body.get("variables", {})], "")


def _fields(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The fields, and those within groups."""
    inner = [part for field in fields for part in _fields(field.get("properties", {}).get("fields", []))]
    return [*fields, *inner]


LISTING = surveys.Listing(_ask, _rows, lambda: PAGE, OVERLAP, _describe, _questions)

TYPEFORM = Service(
    "typeform",
    {surveys.RESPONSES: surveys.each_survey(LISTING.pull)},
    _connect,
    secrets=("token",),
    settings=("surveys",),
)
