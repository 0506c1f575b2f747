"""Survey tools that list responses by the time of their last change: SurveyMonkey, Typeform and Delighted, as their documentation says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.serving import Asked, FakeService, Quota, Reply

START = datetime(2026, 3, 2, tzinfo=UTC)
TOKEN = "survey token"
PAGE = 3


class FakeSurveyMonkey(FakeService):
    """https://api.surveymonkey.com/v3/docs: pages by number of what was modified since a second; `surveys` are responses by survey."""

    def __init__(self) -> None:
        super().__init__()
        self.surveys = {
            "318754279": [monkey_response("318754279", number) for number in range(1, 9)],
            "318736637": [monkey_response("318736637", number) for number in range(9, 13)],
        }
        self.left_today: int | None = None
        self.route("GET", r"/v3/surveys/(\d+)/responses/bulk", self._bulk)
        self.route("GET", r"/v3/surveys/(\d+)/details", lambda asked, survey: monkey_details(survey))

    def refuse(self, asked: Asked) -> Reply | None:
        return (
            None if asked.headers.get("authorization") == f"Bearer {TOKEN}" else Reply(401, {"error": {"id": "1010"}})
        )

    def quota_headers(self, quota: Quota) -> dict[str, str]:
        return {
            "x-ratelimit-app-global-minute-limit": str(quota.limit.requests),
            "x-ratelimit-app-global-minute-remaining": str(quota.remaining),
            "x-ratelimit-app-global-minute-reset": f"{quota.resets_in:.3f}",
        }

    def _bulk(self, asked: Asked, survey: str) -> Any:
        assert (asked.query["sort_by"], asked.query["sort_order"]) == ("date_modified", "ASC")
        if survey not in self.surveys:
            return Reply(404, {"error": {"id": "1020", "message": "The requested resource does not exist."}})
        since = asked.query["start_modified_at"] + "+00:00"
        size, page = int(asked.query["per_page"]), int(asked.query["page"])
        found = sorted(
            (one for one in self.surveys[survey] if one["date_modified"] >= since), key=lambda one: one["date_modified"]
        )
        body = {
            "data": found[(page - 1) * size : page * size],
            "per_page": size,
            "page": page,
            "total": len(found),
            "links": {
                "self": f"https://api.surveymonkey.com/v3/surveys/{survey}/responses/bulk?page={page}&per_page={size}"
            },
        }
        headers = {}
        if self.left_today is not None:
            self.left_today -= 1
            headers = {
                "x-ratelimit-app-global-day-remaining": str(self.left_today),
                "x-ratelimit-app-global-day-reset": "3600",
            }
        return Reply(200, body, headers)


def monkey_response(survey: str, number: int, **more: Any) -> dict[str, Any]:
    """Response `number`, an hour after the one before it; every fourth stopped before the first question."""
    at = START + timedelta(hours=number)
    is_answered = number % 4 != 0
    questions = [
        {
            "id": "1",
            "answers": [
                {"choice_id": f"10{number % 5}", "row_id": "11", "choice_metadata": {"weight": str(1 + number % 5)}}
            ],
        },
        {"id": "2", "answers": [{"tag_data": [], "text": f"Because of {number}"}]},
        {"id": "3", "answers": [{"choice_id": "301"}, {"choice_id": "302"}, {"other_id": "309", "text": "fax"}]},
        {"id": "4", "answers": [{"choice_id": "401", "row_id": "41"}, {"choice_id": "402", "row_id": "42"}]},
    ]
    response = {
        "id": f"{number}00",
        "recipient_id": "",
        "collection_mode": "default",
        "response_status": "completed" if is_answered else "partial",
        "custom_value": f"customer {number % 3}",
        "first_name": "",
        "last_name": "",
        "email_address": "",
        "ip_address": "192.0.2.1",
        "logic_path": {},
        "metadata": {"contact": {}},
        "page_path": [],
        "collector_id": "415838011",
        "survey_id": survey,
        "custom_variables": {"ticket": f"T{number}"},
        "edit_url": "https://www.surveymonkey.com/r/",
        "analyze_url": "https://www.surveymonkey.com/analyze/",
        "total_time": 10,
        "date_modified": f"{at:%Y-%m-%dT%H:%M:%S}+00:00",
        "date_created": f"{at - timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}+00:00",
        "href": f"https://api.surveymonkey.net/v3/surveys/{survey}/responses/{number}00",
        "pages": [{"id": "7", "questions": questions if is_answered else []}],
    }
    return response | more


def monkey_details(survey: str) -> dict[str, Any]:
    def question(key: str, family: str, heading: str, answers: Any = None) -> dict[str, Any]:
        asked = {
            "id": key,
            "position": int(key),
            "visible": True,
            "family": family,
            "subtype": "single",
            "layout": None,
            "sorting": None,
            "required": None,
            "validation": None,
            "forced_ranking": False,
            "headings": [{"heading": heading}],
            "href": f"https://api.surveymonkey.com/v3/surveys/{survey}/pages/7/questions/{key}",
        }
        return asked | ({"answers": answers} if answers else {})

    def choice(key: str, text: str) -> dict[str, Any]:
        return {"position": 1, "visible": True, "text": text, "quiz_options": {"score": 0}, "id": key}

    stars = [choice(f"10{star}", "") | {"weight": 1 + star} for star in range(5)]
    return {
        "title": f"Survey {survey}",
        "nickname": "",
        "language": "en",
        "folder_id": "0",
        "category": "",
        "question_count": 4,
        "page_count": 1,
        "response_count": 12,
        "date_created": "2026-03-01T17:45:00",
        "date_modified": "2026-03-01T18:06:00",
        "id": survey,
        "buttons_text": {"next_button": "Next", "prev_button": "Prev", "done_button": "Done", "exit_button": ""},
        "is_owner": True,
        "footer": True,
        "custom_variables": {"ticket": "ticket"},
        "href": f"https://api.surveymonkey.com/v3/surveys/{survey}",
        "analyze_url": "https://www.surveymonkey.com/analyze/",
        "edit_url": "https://www.surveymonkey.com/create/",
        "collect_url": "https://www.surveymonkey.com/collect/list",
        "summary_url": "https://www.surveymonkey.com/summary/",
        "preview": "https://www.surveymonkey.com/r/Preview/",
        "pages": [
            {
                "title": "",
                "description": "",
                "position": 1,
                "question_count": 4,
                "id": "7",
                "href": f"https://api.surveymonkey.com/v3/surveys/{survey}/pages/7",
                "questions": [
                    question(
                        "1", "matrix", "How satisfied are you?", {"choices": stars, "rows": [{"id": "11", "text": ""}]}
                    ),
                    question("2", "open_ended", "Why?"),
                    question(
                        "3",
                        "multiple_choice",
                        "How did you come?",
                        {"choices": [choice("301", "mail"), choice("302", "phone")]},
                    ),
                    question("4", "matrix", "How was it?", {"choices": [choice("401", "good"), choice("402", "bad")]}),
                ],
            }
        ],
    }


class FakeTypeform(FakeService):
    """https://www.typeform.com/developers/responses: what was submitted since a second (inclusive), the oldest first."""

    def __init__(self) -> None:
        super().__init__()
        self.forms = {
            "lT4Z3j": [form_response(number) for number in range(1, 9)],
            "uRSli9": [form_response(number) for number in range(9, 13)],
        }
        self.route("GET", r"/forms/(\w+)/responses", self._responses)
        self.route("GET", r"/forms/(\w+)", lambda asked, form: form_of(form))

    def refuse(self, asked: Asked) -> Reply | None:
        is_known = asked.headers.get("authorization") == f"Bearer {TOKEN}"
        return (
            None
            if is_known
            else Reply(401, {"code": "AUTHENTICATION_FAILED", "description": "Authentication credentials not found"})
        )

    def _responses(self, asked: Asked, form: str) -> Any:
        assert asked.query["sort"] == "submitted_at,asc"
        since, size = asked.query["since"] + "Z", int(asked.query["page_size"])
        found = sorted(
            (one for one in self.forms[form] if one["submitted_at"] >= since), key=lambda one: one["submitted_at"]
        )
        return {"total_items": len(found), "page_count": -(-len(found) // size), "items": found[:size]}


def form_response(number: int, **more: Any) -> dict[str, Any]:
    at = START + timedelta(hours=number)

    def answer(key: str, ref: str, kind: str, type_: str, value: Any) -> dict[str, Any]:
        return {"field": {"id": key, "type": kind, "ref": ref}, "type": type_, type_: value}

    given = [
        answer("hVONkQcnSNRj", "satisfaction", "opinion_scale", "number", 1 + number % 5),
        answer("RUqkXSeXBXSd", "why", "long_text", "text", f"Because of {number}"),
        answer(
            "M5tXK5kG7IeA",
            "came_by",
            "multiple_choice",
            "choices",
            {"ids": ["a", "b"], "labels": ["mail", "phone"], "refs": ["a", "b"]},
        ),
        answer("pQ1", "solved", "yes_no", "boolean", number % 2 == 0),
        answer("pQ2", "reason", "dropdown", "choice", {"id": "c", "label": "speed", "ref": "c"}),
    ]
    response = {
        "landing_id": f"landing{number}",
        "token": f"token{number}",
        "response_id": f"token{number}",
        "landed_at": f"{at - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}",
        "submitted_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "metadata": {
            "user_agent": "Mozilla",
            "platform": "other",
            "referer": "https://x.typeform.com/to/1",
            "network_id": "2cf2e805cb",
            "browser": "default",
        },
        "hidden": {"ticket": f"T{number}"},
        "calculated": {"score": 0},
        "variables": [{"key": "score", "type": "number", "number": number}],
        "answers": given if number % 4 else [],
    }
    return response | more


def form_of(form: str) -> dict[str, Any]:
    def field(key: str, ref: str, kind: str, title: str) -> dict[str, Any]:
        return {
            "id": key,
            "ref": ref,
            "title": title,
            "type": kind,
            "properties": {},
            "validations": {"required": False},
        }

    inner = [field("pQ1", "solved", "yes_no", "Is it solved?"), field("pQ2", "reason", "dropdown", "What mattered?")]
    return {
        "id": form,
        "type": "quiz",
        "title": f"Form {form}",
        "hidden": ["ticket"],
        "variables": {"score": 0},
        "fields": [
            field("hVONkQcnSNRj", "satisfaction", "opinion_scale", "How satisfied are you?"),
            field("RUqkXSeXBXSd", "why", "long_text", "Why?"),
            field("M5tXK5kG7IeA", "came_by", "multiple_choice", "How did you come?"),
            field("gR1", "more", "group", "More") | {"properties": {"fields": inner}},
        ],
    }


class FakeDelighted(FakeService):
    """https://app.delighted.com/docs/api/listing-survey-responses: pages by number of what was updated since a second."""

    def __init__(self) -> None:
        super().__init__()
        self.responses = [delighted_response(number) for number in range(1, 12)]
        self.route("GET", "/v1/survey_responses.json", self._page)

    def refuse(self, asked: Asked) -> Reply | None:
        return None if asked.headers.get("authorization") == "Basic YSBrZXk6" else Reply(401)

    def _page(self, asked: Asked) -> Any:
        assert asked.query["order"] == "asc:updated_at"
        since, size, page = (int(asked.query[name]) for name in ("updated_since", "per_page", "page"))
        found = sorted(
            (one for one in self.responses if _updated(one) >= since), key=lambda one: (_updated(one), one["id"])
        )
        return found[(page - 1) * size : page * size]


def _updated(one: dict[str, Any]) -> int:
    return one["created_at"] if one["updated_at"] is None else one["updated_at"]


def delighted_response(number: int, after: float | None = None, **more: Any) -> dict[str, Any]:
    """Response `number`, an hour after the one before it, changed so many hours `after` it was given; None: never."""
    at = int((START + timedelta(hours=number)).timestamp())
    response = {
        "id": str(number),
        "person": f"p{number % 4}",
        "survey_type": "nps",
        "score": number % 11,
        "comment": None,
        "permalink": "https://app.delighted.com/r/2jo3B7Gak9q37XkuHrGLGAbCdevemcx8",
        "created_at": at,
        "updated_at": None if after is None else at + int(after * 3600),
        "person_properties": {"ticket": f"T{number}", "country": "USA"},
        "notes": [],
        "tags": [],
        "additional_answers": [
            {
                "id": "4",
                "value": {
                    "free_response": None,
                    "scale": None,
                    "select_one": {"id": "a", "text": "Yes"},
                    "select_many": None,
                },
                "question": {"id": "solved", "type": "select_one", "text": "Is it solved?"},
            },
            {
                "id": "5",
                "value": {
                    "free_response": None,
                    "scale": None,
                    "select_one": None,
                    "select_many": [{"id": "a", "text": "mail"}, {"id": "b", "text": "phone"}],
                },
                "question": {"id": "came_by", "type": "select_many", "text": "How did you come?"},
            },
        ],
    }
    return response | more
