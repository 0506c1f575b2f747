"""Qualtrics as its documentation says: exports that are started, asked for and downloaded; what changed within [startDate, endDate)."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from tests.serving import Asked, FakeService, Reply

TOKEN = "qualtrics token"
CREATED = datetime(2026, 3, 1, 8, tzinfo=UTC)
LABELS = {1: "Very dissatisfied", 2: "Dissatisfied", 3: "Neither", 4: "Satisfied", 5: "Very satisfied"}
DATE = "%Y-%m-%dT%H:%M:%SZ"


class FakeQualtrics(FakeService):
    """`surveys` are responses by survey. An export is in progress at the first look and complete at the second; `polls` changes that."""

    def __init__(self) -> None:
        super().__init__()
        self.now = CREATED + timedelta(days=12)
        self.surveys = {
            "SV_support": [response(number) for number in range(1, 9)],
            "SV_billing": [response(number) for number in range(9, 13)],
        }
        self.polls = 2
        self.failing = 0  # so many exports fail
        self.expiring = 0  # so many files are gone when they are asked for
        self.exports: dict[str, dict[str, Any]] = {}
        self.route("GET", r"/API/v3/surveys/(\w+)", self._about)
        self.route("POST", r"/API/v3/surveys/(\w+)/export-responses", self._start)
        self.route("GET", r"/API/v3/surveys/(\w+)/export-responses/(ES_\d+)", self._progress)
        self.route("GET", r"/API/v3/surveys/(\w+)/export-responses/([\w-]+)/file", self._file)

    def refuse(self, asked: Asked) -> Reply | None:
        return None if asked.headers.get("x-api-token") == TOKEN else Reply(401, _meta("401 - Unauthorized"))

    def change(self, survey: str, **changed: Any) -> None:
        """Somebody edits the oldest response now."""
        self.surveys[survey][0]["values"] |= changed | {
            "_lastModifiedDate": f"{self.now - timedelta(minutes=1):{DATE}}"
        }

    def _about(self, asked: Asked, survey: str) -> Any:
        if survey not in self.surveys:
            return Reply(404, _meta("404 - Not Found"))
        return Reply(200, about(survey), {"date": format_datetime(self.now, usegmt=True)})

    def _start(self, asked: Asked, survey: str) -> Any:
        wanted = asked.json()
        assert (wanted["format"], wanted["sortByLastModifiedDate"]) == ("json", True)
        key = f"ES_{len(self.exports) + 1}"
        self.exports[key] = {
            "polls": 0,
            "fails": len(self.exports) < self.failing,
            "content": [
                one for one in self.surveys[survey] if wanted["startDate"] <= modified(one) < wanted["endDate"]
            ],
        }
        return _meta("200 - OK") | {"result": {"progressId": key, "percentComplete": 0.0, "status": "inProgress"}}

    def _progress(self, asked: Asked, survey: str, key: str) -> Any:
        export = self.exports[key]
        export["polls"] += 1
        result: dict[str, Any] = {"percentComplete": 50.0, "status": "inProgress"}
        if export["polls"] >= self.polls:
            is_failed = export["fails"]
            result = {"percentComplete": 100.0, "status": "failed" if is_failed else "complete"}
            result["fileId"] = None if is_failed else f"{key}-def"
        return _meta("200 - OK") | {"result": result}

    def _file(self, asked: Asked, survey: str, file: str) -> Any:
        if self.expiring:
            self.expiring -= 1
            return Reply(404, _meta("404 - Not Found"))
        return Reply(200, zipped({"responses": self.exports[file.removesuffix("-def")]["content"]}))


def _meta(status: str) -> dict[str, Any]:
    return {"meta": {"requestId": "268958d5-93e2-4570-9348-e94270fe7a81", "httpStatus": status}}


def zipped(document: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Support CSAT.json", json.dumps(document, indent=1))
    return out.getvalue()


def unzipped(content: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return json.loads(archive.read(archive.namelist()[0]))


def modified(one: dict[str, Any]) -> str:
    values = one["values"]
    return str(values.get("_lastModifiedDate", values["recordedDate"]))


def about(survey: str) -> dict[str, Any]:
    """GET /API/v3/surveys/{id}, with the keys and types of the published bodies."""
    choices = {
        str(code): {
            "recode": str(code),
            "description": label,
            "choiceText": label,
            "imageDescription": None,
            "variableName": None,
            "analyze": True,
        }
        for code, label in LABELS.items()
    }
    return _meta("200 - OK") | {
        "result": {
            "id": survey,
            "name": f"Survey {survey.removeprefix('SV_')}",
            "ownerId": "UR_1",
            "organizationId": "brand",
            "isActive": True,
            "creationDate": f"{CREATED:{DATE}}",
            "lastModifiedDate": f"{CREATED:{DATE}}",
            "expiration": {"startDate": None, "endDate": None},
            "questions": {
                "QID1": _question("MC", "SAVR", "How satisfied are you?", "Q1") | {"choices": choices},
                "QID2": _question("TE", "SL", "Why?\nTell us <b>more</b>.", "Q2"),
            },
            "exportColumnMap": {"Q1": {"question": "QID1"}, "Q2": {"question": "QID2"}},
            "blocks": {"BL_1": {"description": "All", "elements": [{"type": "Question", "questionId": "QID1"}]}},
            "flow": [{"id": "BL_1", "type": "Block"}],
            "embeddedData": [{"name": "ticket", "defaultValue": ""}],
            "comments": {},
            "loopAndMerge": {},
            "responseCounts": {"auditable": 12, "generated": 0, "deleted": 0},
        }
    }


def _question(kind: str, selector: str, text: str, name: str) -> dict[str, Any]:
    return {
        "questionType": {"type": kind, "selector": selector, "subSelector": None},
        "questionText": text,
        "questionLabel": None,
        "validation": {"doesForceResponse": False},
        "questionName": name,
    }


def response(number: int, status: int = 0, **answers: Any) -> dict[str, Any]:
    """Response `number`, a day after the one before it; every fourth stopped before the first question."""
    began = CREATED + timedelta(days=number % 11, hours=number)
    ended = began + timedelta(minutes=2)
    is_finished = number % 4 != 0
    values: dict[str, Any] = {
        "startDate": f"{began:{DATE}}",
        "endDate": f"{ended:{DATE}}",
        "status": status,
        "ipAddress": "192.0.2.1",
        "progress": 100 if is_finished else 20,
        "duration": 120,
        "finished": int(is_finished),
        "recordedDate": f"{ended + timedelta(seconds=1):{DATE}}",
        "_recordId": f"R_{number}",
        "externalDataReference": f"customer {number % 3}",
        "distributionChannel": "email",
        "userLanguage": "EN",
        "ticket": f"T{number}",
    }
    labels = {"status": "IP Address", "finished": str(is_finished)}
    if is_finished:
        values |= {"QID1": 1 + number % 5, "QID2_TEXT": f"Because\nof {number}"}
        labels["QID1"] = LABELS[1 + number % 5]
    return {
        "responseId": f"R_{number}",
        "values": values | answers,
        "labels": labels,
        "displayedFields": ["QID1", "QID2_TEXT"],
        "displayedValues": {"QID1": [1, 2, 3, 4, 5]},
    }
