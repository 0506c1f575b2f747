"""Freshdesk: tickets by their last change, their conversations, agents, groups, ratings and hours (https://developers.freshdesk.com/api)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from pipelines.sources.fields import keep_if_other
from pipelines.sources.http import Answer, Remaining
from pipelines.sources.pull import Pull
from pipelines.sources.service import Service, basic
from warehouse.errors import AnswerRefused
from warehouse.sources import RemoteSource

PAGE = 100
# Tickets whose conversations, a request each, go into one file: what an interrupted pull asks for again at most.
BATCH = 25
SECOND = timedelta(seconds=1)
# A change may be listed this much later than the instant it bears: what changed last is asked for again.
LATE = timedelta(seconds=60)
# The comment of a rating is written after the rating, and nothing tells of it.
COMMENTED_WITHIN = timedelta(days=1)
# Plans allow 50 to 700 a minute, and every answer says what is left of them; a tenth is left to others.
REQUESTS_A_MINUTE = 400
REMAINING = Remaining("x-ratelimit-remaining", reserve=0.1, total="x-ratelimit-total")

# What every ticket tells. Where one of these is gone, conversations are not asked for either: they would pass for tickets by themselves.
TOLD = (
    "id",
    "created_at",
    "updated_at",
    "status",
    "source",
    "priority",
    "type",
    "requester_id",
    "responder_id",
    "group_id",
)

TICKETS, GROUPS = "/api/v2/tickets", "/api/v2/groups"


def _connect(source: RemoteSource, secrets: Mapping[str, str]) -> dict[str, Any]:
    headers = basic(secrets["key"], "X")
    return {"headers": headers, "requests_a_minute": REQUESTS_A_MINUTE, "remaining": REMAINING}


def _agents(pull: Pull) -> None:
    _keep_if_other(pull, "agents", list(_all(pull, "/api/v2/agents")), _name_of_agent)


def _name_of_agent(agent: dict[str, Any]) -> Any:
    """What is read of an agent: when they were last there changes all the time."""
    return [agent.get("id"), (agent.get("contact") or {}).get("name")]


def _groups(pull: Pull) -> None:
    _keep_if_other(pull, "groups", list(_all(pull, GROUPS)))


def _business_hours(pull: Pull) -> None:
    """With the groups, in one file: they say whose hours they are."""
    _keep_if_other(pull, "business_hours", [*_all(pull, "/api/v2/business_hours"), *_all(pull, GROUPS)])


def _tickets(pull: Pull) -> None:
    _keep_changes(pull, "tickets", {"include": "stats"})


def _deleted_tickets(pull: Pull) -> None:
    _keep_changes(pull, "deleted_tickets", {"filter": "deleted", "include": "stats"})


def _spam_tickets(pull: Pull) -> None:
    _keep_changes(pull, "spam_tickets", {"filter": "spam", "include": "stats"})


def _keep_changes(pull: Pull, endpoint: str, asked: Mapping[str, Any]) -> None:
    for step in _changes(pull, endpoint, asked, PAGE):
        pull.keep(endpoint, [answer for answer in step.answers if answer.json()], step.cursor, step.through)


def _conversations(pull: Pull) -> None:
    """Descriptions and conversations of a batch of tickets, in one file, before the cursor moves past them.

    A ticket with its description alone would pass for one that nobody answered, so both come together.
    """
    known: set[tuple[int, str]] = set()
    for step in _changes(pull, "conversations", {"include": "description"}, BATCH):
        changed = {(row["id"], row["updated_at"]) for answer in step.answers for row in answer.json()} - known
        known |= changed
        listed = [answer for answer in step.answers if answer.json()]
        told = [answer for ticket, _ in sorted(changed) for answer in _conversations_of(pull, ticket)]
        pull.keep("conversations", listed + told, step.cursor, step.through)


def _conversations_of(pull: Pull, ticket: int) -> Iterator[Answer]:
    """The pages of a ticket's conversations; none where it was deleted since it was listed."""
    try:
        yield from _all(pull, f"{TICKETS}/{ticket}/conversations")
    except AnswerRefused as refused:
        if refused.status != 404:
            raise


def _satisfaction_ratings(pull: Pull) -> None:
    """In which order they are listed is not documented: the beginning moves once every page is there."""
    cursor = pull.cursor("satisfaction_ratings")
    since, page = _parsed(cursor.get("since") or _text(pull.since)), cursor.get("page", 1)
    newest = _parsed(cursor.get("newest") or _text(since))
    while True:
        asked = {"created_since": _text(since), "per_page": PAGE, "page": page}
        answer = pull.http.get("/api/v2/surveys/satisfaction_ratings", asked)
        rows = _rows(answer)
        newest = max([newest, *(_instant(row, "created_at", answer) for row in rows)])
        is_last = len(rows) < PAGE
        since, page = (max(since, newest - COMMENTED_WITHIN), 1) if is_last else (since, page + 1)
        cursor = {"since": _text(since), "page": page, "newest": _text(newest)}
        pull.keep("satisfaction_ratings", [answer] if rows else [], cursor, pull.started_at if is_last else None)
        if is_last:
            return


@dataclass(frozen=True)
class Step:
    """A page of tickets (two where pages are numbered), where to go on once it is kept, and up to which instant it is pulled then."""

    answers: list[Answer]
    cursor: dict[str, Any]
    through: datetime


def _changes(pull: Pull, endpoint: str, asked: Mapping[str, Any], size: int) -> Iterator[Step]:
    """Tickets, least recently changed first, from the endpoint's cursor to the end; `asked` are further parameters.

    Each page begins at the last instant of the one before: a ticket that changes meanwhile moves no other past us. Only where more than
    a page changed within one second are pages numbered; the page before is then read again, as that is where others move.
    """
    cursor = pull.cursor(endpoint)
    since, page = _parsed(cursor.get("since") or _text(pull.since)), cursor.get("page", 1)
    newest = None
    while True:
        answers = [_listed(pull, asked, since, number, size) for number in ([page, page - 1] if page > 1 else [1])]
        changed = [_instant(row, "updated_at", answers[0]) for row in _rows(answers[0])]
        newest = max([*changed, newest or since])
        if len(changed) < size:
            again = newest - LATE if changed else since
            yield Step(answers, {"since": _text(again), "page": 1}, pull.started_at)
            return
        since, page = (newest - SECOND, 1) if newest - SECOND > since else (since, page + 1)
        yield Step(answers, {"since": _text(since), "page": page}, newest)


def _listed(pull: Pull, asked: Mapping[str, Any], since: datetime, page: int, size: int) -> Answer:
    order = {"updated_since": _text(since), "order_by": "updated_at", "order_type": "asc"}
    answer = pull.http.get(TICKETS, {**asked, **order, "per_page": size, "page": page})
    for row in _rows(answer):
        missing = next((name for name in TOLD if name not in row), None)
        if missing:
            raise AnswerRefused(f"{_path(answer)} has a ticket without '{missing}' (it has: {', '.join(row)}).")
    return answer


def _all(pull: Pull, path: str) -> Iterator[Answer]:
    """The pages of a list, without empty ones."""
    for page in count(1):
        answer = pull.http.get(path, {"per_page": PAGE, "page": page})
        rows = _rows(answer)
        if rows:
            yield answer
        if len(rows) < PAGE:
            return


def _keep_if_other(
    pull: Pull, endpoint: str, answers: Sequence[Answer], told: Callable[[dict[str, Any]], Any] = lambda row: row
) -> None:
    """A list that is asked for whole every time; `told` is what is read of a row of it."""
    keep_if_other(pull, endpoint, answers, [told(row) for answer in answers for row in _rows(answer)])


def _rows(answer: Answer) -> list[dict[str, Any]]:
    """The objects of a list. Raises AnswerRefused where an answer is none."""
    rows = answer.json()
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise AnswerRefused(f"{_path(answer)} answers with something that is no list of objects.")
    return rows


def _instant(row: Mapping[str, Any], name: str, answer: Answer) -> datetime:
    try:
        return datetime.fromisoformat(row[name]).astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        raise AnswerRefused(
            f"{_path(answer)} has a row without an instant '{name}' (it has: {', '.join(row)})."
        ) from None


def _path(answer: Answer) -> str:
    return answer.address.partition("?")[0]


def _text(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def _parsed(text: str) -> datetime:
    return datetime.fromisoformat(text)


FRESHDESK = Service(
    "freshdesk",
    # Conversations take longest by far: what is asked for before them does not wait for them.
    endpoints={
        "agents": _agents,
        "groups": _groups,
        "tickets": _tickets,
        "deleted_tickets": _deleted_tickets,
        "spam_tickets": _spam_tickets,
        "satisfaction_ratings": _satisfaction_ratings,
        "business_hours": _business_hours,
        "conversations": _conversations,
    },
    connect=_connect,
    secrets=("key",),
    settings=("address",),
)
