"""Delighted: survey responses, oldest change first (https://app.delighted.com/docs/api/listing-survey-responses)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pipelines.sources.pull import Pull, Service, basic
from warehouse.sources import RemoteSource

PAGE = 100
# A response is listed under the second in which it changed; what changed in the newest one is asked for again.
OVERLAP = 1


def _connect(source: RemoteSource, secrets: Mapping[str, str]) -> dict[str, Any]:
    return {"headers": basic(secrets["key"], "")}


def _responses(pull: Pull) -> None:
    """Pages by the time of the last change rather than by number: a response that changes meanwhile moves no other past us."""
    updated = pull.cursor("responses").get("updated", int(pull.since.timestamp()))
    page = 1
    while True:
        asked = {"per_page": PAGE, "page": page, "order": "asc:updated_at", "updated_since": updated - OVERLAP}
        answer = pull.http.get("/v1/survey_responses.json", asked)
        rows = answer.json()
        newest = max((row["updated_at"] for row in rows), default=updated)
        pull.keep("responses", [answer] if rows else [], {"updated": newest}, _at(newest))
        if len(rows) < PAGE:
            return
        page = page + 1 if newest - OVERLAP <= asked["updated_since"] else 1
        updated = max(newest, updated)


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


DELIGHTED = Service("delighted", {"responses": _responses}, _connect, secrets=("key",))
