"""Qualtrics: exports of the responses that changed in a window of time (https://api.qualtrics.com, Survey Response Export).

An export is started, asked for until it is complete, and downloaded; one that fails or is gone is started anew.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from pipelines.sources import surveys
from pipelines.sources.http import Answer
from pipelines.sources.pull import Pull
from pipelines.sources.service import Service
from warehouse.errors import AnswerRefused, SourceUnreachable
from warehouse.section import size_bytes
from warehouse.sources import RemoteSource

# A brand has 3,000 requests a minute for everybody, but starts and downloads no more than 100 exports.
REQUESTS_A_MINUTE = 60
# A window is one file of at most 1.8 GB, there, and of `largest_answer` here.
WINDOW_DAYS = 90
# What the service may write late, and how far its clock and ours may be apart.
OVERLAP = timedelta(minutes=10)
FIRST_POLL, LONGEST_POLL, LONGEST_EXPORT = 1.0, 30.0, 300.0
ATTEMPTS = 3


def _connect(source: RemoteSource, secrets: Mapping[str, str]) -> dict[str, Any]:
    return {"headers": {"X-API-TOKEN": secrets["token"]}, "requests_a_minute": REQUESTS_A_MINUTE}


def _survey(pull: Pull, survey: str) -> None:
    about = pull.http.get(_path(survey))
    if pull.is_enough(survey, lambda: _questions(about)):
        return
    begins = surveys.through(pull, survey) or max(pull.since, _created(about))
    now = _service_time(about, pull)
    known = surveys.seen(pull, survey)
    while begins < now:
        ends = min(begins + timedelta(days=WINDOW_DAYS), now)
        answer = _export(pull, survey, begins - OVERLAP, ends)
        rows = _rows(answer)
        is_news = surveys.is_news(rows, known)
        known = surveys.seen_since(ends - OVERLAP, rows, known)
        surveys.keep(pull, survey, [about, answer] if is_news else [], ends, known)
        begins = ends


def _path(survey: str) -> str:
    return f"/API/v3/surveys/{survey}"


def _created(about: Answer) -> datetime:
    try:
        return surveys.instant(about.json()["result"]["creationDate"])
    except (LookupError, TypeError, ValueError) as error:
        raise AnswerRefused(
            f"{about.address} does not say when the survey was created (result.creationDate)"
        ) from error


def _questions(about: Answer) -> dict[str, str]:
    """What its answers are named after, with the text of the question; embedded data have none."""
    result = _result(about)
    asked = {key: str(question.get("questionText")) for key, question in result.get("questions", {}).items()}
    return asked | {field["name"]: "" for field in result.get("embeddedData", [])}


def _service_time(answer: Answer, pull: Pull) -> datetime:
    """The service's clock: responses are dated by it."""
    try:
        return parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return pull.started_at


def _export(pull: Pull, survey: str, begins: datetime, ends: datetime) -> Answer:
    """The responses that changed from `begins` until before `ends`, as JSON."""
    for _ in range(ATTEMPTS):
        wanted = {"format": "json", "compress": True, "sortByLastModifiedDate": True}
        window = {"startDate": _text(begins), "endDate": _text(ends)}
        started = _result(pull.http.post(f"{_path(survey)}/export-responses", wanted | window))
        if file := _completed(pull, survey, started):
            answer = _downloaded(pull, survey, file)
            if answer:
                return answer
    raise SourceUnreachable(
        f"{survey}: {ATTEMPTS} exports of {begins:%Y-%m-%d} to {ends:%Y-%m-%d} failed. The next pull tries again; if it goes on,"
        " ask Qualtrics support."
    )


def _completed(pull: Pull, survey: str, started: Mapping[str, Any]) -> str | None:
    """The file of an export once it is complete; None where it failed or is not known any more."""
    wait, waited = FIRST_POLL, 0.0
    while waited < LONGEST_EXPORT:
        pull.pause.sleep(wait)
        waited, wait = waited + wait, min(2 * wait, LONGEST_POLL)
        try:
            state = _result(pull.http.get(f"{_path(survey)}/export-responses/{started['progressId']}"))
        except AnswerRefused as error:
            if error.status == 404:
                return None
            raise
        if state.get("status") == "failed":
            return None
        if state.get("status") == "complete":
            return str(state["fileId"])
    raise SourceUnreachable(
        f"{survey}: an export is {state.get('percentComplete')} % complete after {waited:.0f} s of waiting. The next pull starts it anew."
    )


def _downloaded(pull: Pull, survey: str, file: str) -> Answer | None:
    """A file's JSON, out of its archive; None where the file expired or is not whole."""
    try:
        answer = pull.http.get(f"{_path(survey)}/export-responses/{file}/file", expects="bytes")
    except AnswerRefused as error:
        if error.status == 404:
            return None
        raise
    try:
        content = _unpacked(answer.content, size_bytes(pull.source.largest_answer), survey)
        parsed = json.loads(content)
    except (zipfile.BadZipFile, ValueError):
        return None
    return replace(answer, content=content, _parsed=parsed)


def _unpacked(content: bytes, limit: int, survey: str) -> bytes:
    """The one file of an archive, or what is none as it is."""
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(archive.infolist()[0]) as file:
        unpacked = file.read(limit + 1)
    if len(unpacked) > limit:
        raise AnswerRefused(
            f"{survey}: an export is larger than {limit:,} bytes. If that is right, raise largest_answer of this source in support.toml."
        )
    return unpacked


def _rows(answer: Answer) -> list[tuple[str, datetime, surveys.Row]]:
    """Id, instant of the last change where it is told, else of recording, and response."""
    try:
        return [(row["responseId"], _changed(row["values"]), row) for row in answer.json()["responses"]]
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise AnswerRefused(f"{answer.address}: an export holds a response without {error}, or none at all") from error


def _changed(values: Mapping[str, Any]) -> datetime:
    return surveys.instant(values.get("_lastModifiedDate") or values.get("lastModifiedDate") or values["recordedDate"])


def _result(answer: Answer) -> dict[str, Any]:
    result = answer.json().get("result")
    if not isinstance(result, dict):
        raise AnswerRefused(f"{answer.address} answers without a result")
    return result


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


QUALTRICS = Service(
    "qualtrics",
    {surveys.RESPONSES: surveys.each_survey(_survey)},
    _connect,
    secrets=("token",),
    settings=("surveys",),
)
