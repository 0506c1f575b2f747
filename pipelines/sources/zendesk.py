"""Zendesk: its incremental exports, and the lists that it has no export for.

https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines.sources.fields import field, keep_if_other
from pipelines.sources.http import Answer, Limits, Remaining
from pipelines.sources.pull import Pull
from pipelines.sources.service import Service, basic
from warehouse.errors import SettingsError
from warehouse.sources import RemoteSource

EXPORTED, LISTED = 1000, 100
# What the smallest plan allows, and what every plan allows of exports (30 with the high-volume add-on).
REQUESTS_A_MINUTE, EXPORTS_A_MINUTE = 200, 10
# Exports may be asked for what is a minute old, and leave out what is newer. Times are asked for again from that much earlier.
OVERLAP = 60
# A tenth of the account's requests is left to others.
REMAINING = Remaining("ratelimit-remaining", "ratelimit-reset", reserve=0.1, total="ratelimit-limit")
# By address: exports of an account are paced together, from one pull to the next.
_paces: dict[str, Limits] = {}


def _connect(source: RemoteSource, secrets: Mapping[str, str]) -> dict[str, Any]:
    limits: dict[str, Any] = {"requests_a_minute": REQUESTS_A_MINUTE, "remaining": REMAINING}
    if "oauth" in secrets:
        return limits | {"headers": {"Authorization": f"Bearer {secrets['oauth']}"}}
    if not source.user:
        raise SettingsError(
            f"{source.address} needs `user`, the mail address of whose API token the secret is, or an OAuth token"
        )
    return limits | {"headers": basic(f"{source.user}/token", secrets["token"])}


def _lacks(source: RemoteSource, secrets: Mapping[str, str]) -> tuple[str, ...]:
    return () if secrets else ("token",)


# Exports


def _tickets(pull: Pull) -> None:
    """By the export's own cursor: a ticket that changes meanwhile comes again, none is left out."""
    path, parameters = "/api/v2/incremental/tickets/cursor.json", {"per_page": EXPORTED, "include": "metric_sets"}
    while True:
        known = pull.cursor("tickets")
        answer = _exported(pull, path, parameters | (known or {"start_time": _beginning(pull)}))
        rows, is_end = _part(answer, "tickets"), _part(answer, "end_of_stream")
        after = _part(answer, "after_cursor")
        through = _latest(pull) if is_end else _newest(rows, "generated_timestamp")
        pull.keep("tickets", [answer] if rows else [], {"cursor": after} if after else known, through)
        if is_end or not after:
            return


def _ticket_events(pull: Pull) -> None:
    _by_time(pull, "ticket_events", {"include": "comment_events"})


def _ticket_metric_events(pull: Pull) -> None:
    _by_time(pull, "ticket_metric_events", {})


def _by_time(pull: Pull, endpoint: str, parameters: Mapping[str, Any]) -> None:
    """Pages by the time of their last event, each of whole seconds: what is asked for next begins there."""
    known = pull.cursor(endpoint).get("start")
    start = _beginning(pull) if known is None else known - OVERLAP
    while True:
        answer = _exported(pull, f"/api/v2/incremental/{endpoint}.json", {**parameters, "start_time": start})
        rows, end = _part(answer, endpoint), _part(answer, "end_time") or start
        is_end = not rows or end <= start or answer.json().get("end_of_stream") is True
        known = max(end, known or end)
        pull.keep(endpoint, [answer] if rows else [], {"start": known}, _latest(pull) if is_end else _at(end))
        if is_end:
            return
        start = end


def _exported(pull: Pull, path: str, parameters: Mapping[str, Any]) -> Answer:
    pace = _paces.setdefault(pull.source.address, Limits(pull.source.requests_a_minute or EXPORTS_A_MINUTE))
    pace.take(pull.pause)
    return pull.http.get(path, parameters)


# Lists


def _satisfaction_ratings(pull: Pull) -> None:
    """Ratings made since a time, by cursor: a rating that is changed is made anew."""
    known = pull.cursor("satisfaction_ratings")
    start, after, newest = known.get("start", _beginning(pull)), known.get("after"), known.get("newest", 0)
    while True:
        asked = {"start_time": start, "page[size]": LISTED, "page[after]": after}
        answer = pull.http.get("/api/v2/satisfaction_ratings.json", asked)
        rows, after = _part(answer, "satisfaction_ratings"), _after(answer)
        newest = max([newest, *(_seconds(row.get("created_at")) for row in rows)])
        cursor = (
            {"start": start, "after": after, "newest": newest} if after else {"start": max(start, newest - OVERLAP)}
        )
        pull.keep("satisfaction_ratings", [answer] if rows else [], cursor, None if after else pull.started_at)
        if not after:
            return


def _users(pull: Pull) -> None:
    """Those who answer: the export of users would bring every customer with mail address and telephone number, which nothing needs."""
    _keep_changed(pull, "users", _pages(pull, "/api/v2/users.json", {"role[]": ["agent", "admin"]}))


def _groups(pull: Pull) -> None:
    _keep_changed(pull, "groups", _pages(pull, "/api/v2/groups.json"))


def _sla_policies(pull: Pull) -> None:
    _keep_changed(pull, "sla_policies", [pull.http.get("/api/v2/slas/policies.json")])


def _schedules(pull: Pull) -> None:
    _keep_changed(pull, "schedules", [pull.http.get("/api/v2/business_hours/schedules.json")])


def _holidays(pull: Pull) -> None:
    schedules = _part(pull.http.get("/api/v2/business_hours/schedules.json"), "schedules")
    paths = [f"/api/v2/business_hours/schedules/{schedule.get('id')}/holidays.json" for schedule in schedules]
    _keep_changed(pull, "holidays", [pull.http.get(path) for path in paths])


def _pages(pull: Pull, path: str, parameters: Mapping[str, Any] | None = None) -> list[Answer]:
    """A list to its end."""
    answers: list[Answer] = []
    after = None
    while not answers or after:
        answers.append(pull.http.get(path, {**(parameters or {}), "page[size]": LISTED, "page[after]": after}))
        after = _after(answers[-1])
    return answers


def _keep_changed(pull: Pull, endpoint: str, answers: list[Answer]) -> None:
    """Keeps a list that has no export where it says anything else than the last time."""
    keep_if_other(pull, endpoint, answers, [answer.json() for answer in answers])


# What answers say


def _part(answer: Answer, name: str) -> Any:
    return field(answer, answer.json(), name)


def _after(answer: Answer) -> str | None:
    """The cursor of the next page; None after the last one."""
    meta = _part(answer, "meta")
    return meta.get("after_cursor") if meta.get("has_more") else None


def _latest(pull: Pull) -> datetime:
    """How far exports go."""
    return pull.started_at - timedelta(seconds=OVERLAP)


def _beginning(pull: Pull) -> int:
    return int(min(pull.since, _latest(pull)).timestamp())


def _newest(rows: Iterable[Mapping[str, Any]], name: str) -> datetime | None:
    return max((_at(row[name]) for row in rows if isinstance(row.get(name), int)), default=None)


def _seconds(text: str | None) -> int:
    return int(datetime.fromisoformat(text).timestamp()) if text else 0


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


ZENDESK = Service(
    "zendesk",
    {
        "users": _users,
        "groups": _groups,
        "tickets": _tickets,
        "ticket_events": _ticket_events,
        "ticket_metric_events": _ticket_metric_events,
        "satisfaction_ratings": _satisfaction_ratings,
        "schedules": _schedules,
        "holidays": _holidays,
        "sla_policies": _sla_policies,
    },
    _connect,
    optional_secrets=("token", "oauth"),
    lacks=_lacks,
)
