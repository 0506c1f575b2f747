"""Intercom: conversations in the order of their last change, each with all its parts (https://developers.intercom.com, version 2.15).

Search results have no parts, so every conversation that changed is asked for by itself. A page of the search and its conversations are one
file: the cursor moves when they are all on the disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from pipelines.sources.fields import deleted, field, found, keep_names
from pipelines.sources.http import Answer, Remaining
from pipelines.sources.pull import Pull
from pipelines.sources.service import Service
from warehouse.sources import RemoteSource

VERSION = "2.15"
PAGE = 150
# Conversations are asked for so many at a time: one after another a backfill would take days.
AT_ONCE = 8
# The search learns of a change later than the conversation has it: what changed in this time before the newest is listed again, in seconds.
OVERLAP = 600
# So often what is open is compared with what the search lists as open: nothing else tells of a conversation that was deleted.
COMPARED_EVERY = 3600
# An app may ask 10,000 times a minute, told in tenths of it; a quarter is left to whatever else uses the same app.
REQUESTS_A_MINUTE = 7500
LIMITS = Remaining(
    "x-ratelimit-remaining", "x-ratelimit-reset", "epoch", reserve=0.05, total="x-ratelimit-limit", window=10
)


def _connect(source: RemoteSource, secrets: Mapping[str, str]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {secrets['token']}", "Intercom-Version": VERSION}
    return {"headers": headers, "requests_a_minute": REQUESTS_A_MINUTE, "remaining": LIMITS}


def _admins(pull: Pull) -> None:
    answer = pull.http.get("/admins")
    keep_names(pull, "admins", answer, field(answer, answer.json(), "admins"))


def _teams(pull: Pull) -> None:
    answer = pull.http.get("/teams")
    keep_names(pull, "teams", answer, field(answer, answer.json(), "teams"))


def _conversations(pull: Pull) -> None:
    """Pages by the search's own cursor within a pull; the next pull begins where every conversation before was kept."""
    known = Known(pull.cursor("conversations"), int(pull.since.timestamp()))
    query, after = _changed_since(known.updated - OVERLAP), None
    while True:
        listed = pull.http.post("/conversations/search", _page(query, after))
        rows = field(listed, listed.json(), "conversations")
        versions = {field(listed, row, "id"): field(listed, row, "updated_at") for row in rows}
        answers = _details(pull, known, [one for one, version in versions.items() if known.lacks(one, version)])
        after = _next(listed)
        known.move(versions, is_last=after is None)
        if answers:
            pull.keep("conversations", answers, known.cursor(), datetime.fromtimestamp(known.updated, UTC))
        if after is None:
            break
    _compare_open(pull, known)


class Known:
    """What was kept of the conversations: `updated`, up to which change; `seen`, the versions of those that are listed again; `open`, the
    ids of those that are not closed; `compared`, when those were last compared (seconds of the epoch)."""

    def __init__(self, cursor: Mapping[str, Any], since: int) -> None:
        self.updated: int = cursor.get("updated", since)
        self.seen: dict[str, int] = cursor.get("seen", {})
        self.open: set[str] = set(cursor.get("open", []))
        self.compared: float = cursor.get("compared", 0)

    def cursor(self) -> dict[str, Any]:
        return {"updated": self.updated, "seen": self.seen, "open": sorted(self.open), "compared": self.compared}

    def lacks(self, one: str, version: int) -> bool:
        return self.seen.get(one, -1) < version

    def note(self, one: str, version: int, is_open: bool) -> None:
        self.seen[one] = version
        (self.open.add if is_open else self.open.discard)(one)

    def move(self, versions: Mapping[str, int], is_last: bool) -> None:
        """Behind a page of the search. One that changes while it is listed says a later change than its place in the list."""
        if versions:
            self.updated = max(self.updated, max(versions.values()) if is_last else min(versions.values()))
        self.seen = {one: version for one, version in self.seen.items() if version >= self.updated - OVERLAP}


def _details(pull: Pull, known: Known, ids: list[str]) -> list[Answer]:
    """Conversations with their parts, and what to keep of those that are gone."""
    answers = []
    for one, answer in zip(ids, _asked(pull, ids), strict=True):
        if answer:
            body = answer.json()
            known.note(one, field(answer, body, "updated_at"), field(answer, body, "state") != "closed")
            answers.append(answer)
        elif one in known.open:
            known.open.remove(one)
            answers.append(deleted(_address(one), one, pull.started_at))
    return answers


def _asked(pull: Pull, ids: list[str]) -> Iterator[Answer | None]:
    """A few at once; where one of them fails, no further ones are asked for."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        for start in range(0, len(ids), AT_ONCE):
            yield from pool.map(lambda one: _detail(pull, one), ids[start : start + AT_ONCE])


def _detail(pull: Pull, one: str) -> Answer | None:
    """A conversation; None where it is there no longer."""
    return found(pull.http, _address(one), {"display_as": "plaintext"})


def _address(one: str) -> str:
    return f"/conversations/{one}"


def _compare_open(pull: Pull, known: Known) -> None:
    """Asks for those that are open as far as is known and that the search does not list as open: deleted, or changed unheard."""
    if pull.started_at.timestamp() - known.compared < COMPARED_EVERY:
        return
    listed = _listed_as_open(pull) if known.open else set()
    answers = _details(pull, known, sorted(known.open - listed))
    known.compared = pull.started_at.timestamp()
    pull.keep("conversations", answers, known.cursor(), pull.started_at)


def _listed_as_open(pull: Pull) -> set[str]:
    query, after, ids = _single("state", "IN", ["open", "snoozed"]), None, set()
    while True:
        listed = pull.http.post("/conversations/search", _page(query, after))
        ids |= {field(listed, row, "id") for row in field(listed, listed.json(), "conversations")}
        after = _next(listed)
        if after is None:
            return ids


def _changed_since(instant: int) -> dict[str, Any]:
    """`>` is as good as >= on some dates and not on others: one second earlier is both."""
    return _single("updated_at", ">", max(instant - 1, 0))


def _single(name: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": name, "operator": operator, "value": value}


def _page(query: Mapping[str, Any], after: str | None) -> dict[str, Any]:
    pagination = {"per_page": PAGE} | ({"starting_after": after} if after else {})
    return {"query": query, "sort": {"field": "updated_at", "order": "ascending"}, "pagination": pagination}


def _next(listed: Answer) -> str | None:
    """Where the search goes on; None behind its last page."""
    following = (field(listed, listed.json(), "pages") or {}).get("next") or {}
    after: str | None = following.get("starting_after")
    return after


INTERCOM = Service(
    "intercom",
    {"admins": _admins, "teams": _teams, "conversations": _conversations},
    _connect,
    secrets=("token",),
)
