"""Chatwoot: conversations from the newest activity downwards, and of each what was written since (https://developers.chatwoot.com).

Its lists have page numbers and no cursor. Ordered by activity, newest first, whatever becomes active meanwhile moves to the front and pushes
the rest down: pages repeat rows, and skip none. Each pull goes down to what the one before knew, then goes on with the backfill below.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pipelines.sources.fields import deleted, field, found, keep_names
from pipelines.sources.http import Answer
from pipelines.sources.pull import Pull
from pipelines.sources.service import Service
from warehouse.errors import SettingsError
from warehouse.sources import RemoteSource

# What is written within a second is listed under it, and an answer may come from a database that is a little behind: asked for again.
OVERLAP = 600
# Chatwoot's own page of messages; its pages of ratings.
MESSAGES, RATINGS = 20, 25
# What changed without a message is asked for at once, without pages: not after a longer break than this.
LONGEST_LOOK = 86_400
# So often what is open is compared with what is listed as open: nothing else tells of a conversation that was deleted.
COMPARED_EVERY = 6 * 3600
# Chatwoot allows 3,000 a minute from one address; most run on one small machine that has other work.
REQUESTS_A_MINUTE = 300
NEWEST_FIRST = {"status": "all", "sort_by": "last_activity_at_desc"}
ACCOUNT = re.compile(r"(https?://.+?)/(?:app|api/v1)/accounts/(\d+)(?:/.*)?")


def _connect(source: RemoteSource, secrets: Mapping[str, str]) -> dict[str, Any]:
    account = ACCOUNT.fullmatch(source.address)
    if not account:
        raise SettingsError(
            f"address = {source.address!r} names no account of Chatwoot: give it as the browser shows it, such as"
            " https://app.chatwoot.com/app/accounts/1"
        )
    # Chatwoot calls it api_access_token and reads this name as well; nginx drops names with underscores.
    headers = {"api-access-token": secrets["token"]}
    address = f"{account[1]}/api/v1/accounts/{account[2]}"
    return {"address": address, "headers": headers, "requests_a_minute": REQUESTS_A_MINUTE}


def _agents(pull: Pull) -> None:
    answer = pull.http.get("/agents")
    keep_names(pull, "agents", answer, answer.json())


def _teams(pull: Pull) -> None:
    answer = pull.http.get("/teams")
    keep_names(pull, "teams", answer, answer.json())


class Known:
    """What was kept of the conversations, in seconds of the epoch.

    newest     everything that was active up to then is kept, but for what the backfill still has to bring; None: nothing yet
    reached    the backfill has come down to this activity, on page `page`; page 0: it has not begun, None: it is over
    seen       the versions of what is listed again: id -> version, and when it was last active or changed
    open       the status of those that are not resolved; compared: when they were last compared
    looked     when what changed without a message was last asked for
    """

    def __init__(self, cursor: Mapping[str, Any]) -> None:
        self.newest: int | None = cursor.get("newest")
        self.reached: int | None = cursor.get("reached")
        self.page: int | None = cursor.get("page", 0)
        self.seen: dict[str, tuple[str, float]] = cursor.get("seen", {})
        self.open: dict[str, str] = cursor.get("open", {})
        self.compared: float = cursor.get("compared", 0)
        self.looked: float = cursor.get("looked", 0)

    def cursor(self) -> dict[str, Any]:
        """All of it, without what is so old that no list begins there again."""
        return vars(self) | {"seen": {one: state for one, state in self.seen.items() if state[1] >= self.floor}}

    @property
    def floor(self) -> int:
        return (self.newest or 0) - OVERLAP

    def lacks(self, row: Row) -> bool:
        return self.seen.get(str(row.id), ("", 0))[0] != row.version

    def note(self, row: Row) -> None:
        self.seen[str(row.id)] = (row.version, row.changed)
        self.open.pop(str(row.id), None)
        if row.status != "resolved":
            self.open[str(row.id)] = row.status


class Row:
    """A conversation of a list, as far as the pull reads it."""

    def __init__(self, answer: Answer, row: Any) -> None:
        self.id: int = field(answer, row, "id")
        self.activity: int = field(answer, row, "last_activity_at")
        self.status: str = field(answer, row, "status")
        # Older Chatwoots do not tell it.
        self.updated: float = row.get("updated_at") or 0

    @property
    def version(self) -> str:
        return f"{self.activity} {self.updated} {self.status}"

    @property
    def changed(self) -> float:
        return max(self.activity, self.updated)


def _conversations(pull: Pull) -> None:
    known = Known(pull.cursor("conversations"))
    _recent(pull, known)
    _without_message(pull, known)
    _backfill(pull, known)
    _compare_open(pull, known)


def _recent(pull: Pull, known: Known) -> None:
    """From the newest down to what the pull before knew."""
    if known.newest is None:
        return
    floor, newest = known.floor, known.newest
    for listed, rows in _pages(pull, NEWEST_FIRST):
        newest = max([newest, *(row.activity for row in rows)])
        _take(pull, known, listed, [row for row in rows if row.activity >= floor], floor)
        if rows[-1].activity < floor:
            break
    if newest > known.newest:
        known.newest = newest
        pull.keep("conversations", [], known.cursor(), _instant(newest))


def _without_message(pull: Pull, known: Known) -> None:
    """What changed though nobody wrote, such as a snooze that ends: only `updated_within` tells of it, in Chatwoots that know it."""
    now = pull.started_at.timestamp()
    since, known.looked = known.looked - OVERLAP, now
    if known.newest is None or now - since > LONGEST_LOOK:
        return
    listed = pull.http.get("/conversations", {"status": "all", "updated_within": int(now - since) + 1})
    rows = [row for row in _rows(listed) if row.updated >= since]
    _take(pull, known, listed, rows, None)


def _backfill(pull: Pull, known: Known) -> None:
    """The rest, further down from where the last pull got to."""
    if known.page is None:
        return
    page, listed, rows = _where_it_was(pull, known)
    while _move_down(pull, known, page, listed, rows):
        page += 1
        listed, rows = _page(pull, NEWEST_FIRST, page)


def _where_it_was(pull: Pull, known: Known) -> tuple[int, Answer, list[Row]]:
    """The page to go on with. What was on it can only have moved down, unless some above it were deleted."""
    page = max(known.page or 0, 1)
    listed, rows = _page(pull, NEWEST_FIRST, page)
    while page > 1 and (not rows or rows[0].activity < (known.reached or 0)):
        page -= 1
        listed, rows = _page(pull, NEWEST_FIRST, page)
    return page, listed, rows


def _move_down(pull: Pull, known: Known, page: int, listed: Answer, rows: list[Row]) -> bool:
    """Takes a page of the backfill, and moves below it; False: it was the last one."""
    since = int(pull.since.timestamp())
    new = [row for row in rows if (known.reached is None or row.activity <= known.reached) and row.activity >= since]
    if known.newest is None:
        known.newest = max((row.activity for row in rows), default=int(pull.started_at.timestamp()))
    is_last = not rows or rows[-1].activity < since
    known.reached, known.page = (None, None) if is_last else (rows[-1].activity, page)
    _take(pull, known, listed, new, since)
    pull.keep("conversations", [], known.cursor(), _instant(known.newest) if is_last else None)
    return not is_last


def _take(pull: Pull, known: Known, listed: Answer, rows: list[Row], floor: int | None) -> None:
    """Keeps what is new in a list: first what was written since `floor` (None: nothing was), then the list."""
    new = [row for row in rows if known.lacks(row)]
    written = [] if floor is None else [page for row in new for page in _messages(pull, row.id, floor)]
    if written:
        pull.keep("messages", written, {})
    for row in new:
        known.note(row)
    if new:
        pull.keep("conversations", [listed], known.cursor())


def _messages(pull: Pull, one: int, floor: int) -> Iterator[Answer]:
    """Pages of a conversation's messages, newest first, down to those that are known; none where it is there no longer."""
    before = None
    while answer := found(pull.http, f"/conversations/{one}/messages", {"before": before}):
        rows = field(answer, answer.json(), "payload")
        if rows:
            yield answer
        if len(rows) < MESSAGES or min(field(answer, row, "created_at") for row in rows) < floor:
            return
        before = min(field(answer, row, "id") for row in rows)


def _compare_open(pull: Pull, known: Known) -> None:
    """Asks for those that are open as far as is known, and that are not listed with that status: deleted, or changed unheard."""
    now = pull.started_at.timestamp()
    if now - known.compared >= COMPARED_EVERY and known.open:
        listed = _listed_as_open(pull)
        answers = [_single(pull, known, one) for one, status in list(known.open.items()) if listed.get(one) != status]
        known.compared = now
        if answers:
            pull.keep("single_conversations", answers, {})
    pull.keep("conversations", [], known.cursor(), pull.started_at)


def _single(pull: Pull, known: Known, one: str) -> Answer:
    """A conversation by itself, or that it is deleted."""
    address = f"/conversations/{one}"
    answer = found(pull.http, address)
    if answer is None:
        del known.open[one]
        return deleted(address, one, pull.started_at)
    known.note(Row(answer, answer.json()))
    return answer


def _listed_as_open(pull: Pull) -> dict[str, str]:
    """The status of what is listed as open. What changes meanwhile may be skipped: it is then asked for by itself."""
    return {
        str(row.id): row.status
        for status in ("open", "pending", "snoozed")
        for _, rows in _pages(pull, {"status": status, "sort_by": "created_at_asc"})
        for row in rows
    }


def _pages(pull: Pull, asked: Mapping[str, Any]) -> Iterator[tuple[Answer, list[Row]]]:
    """The pages of a list that are not empty. How long a page is, each installation decides."""
    page = 1
    while True:
        listed, rows = _page(pull, asked, page)
        if not rows:
            return
        yield listed, rows
        page += 1


def _page(pull: Pull, asked: Mapping[str, Any], page: int) -> tuple[Answer, list[Row]]:
    listed = pull.http.get("/conversations", {**asked, "page": page})
    return listed, _rows(listed)


def _rows(listed: Answer) -> list[Row]:
    data = field(listed, listed.json(), "data")
    return [Row(listed, row) for row in field(listed, data, "payload")]


def _csat_responses(pull: Pull) -> None:
    """Ratings in the order in which they were given; a comment comes a little after its rating, and changes nothing else."""
    cursor = pull.cursor("csat_responses")
    newest, seen = cursor.get("newest", int(pull.since.timestamp())), cursor.get("seen", {})
    asked = {"sort": "created_at", "since": newest - OVERLAP, "until": int(pull.started_at.timestamp()) + 86_400}
    page = 1
    while True:
        answer = pull.http.get("/csat_survey_responses", {**asked, "page": page})
        rows = answer.json()
        given = {str(field(answer, row, "id")): _rating(answer, row) for row in rows}
        if any(seen.get(one) != rating for one, rating in given.items()):
            newest = max([newest, *(at for at, *_ in given.values())])
            seen = {one: rating for one, rating in (seen | given).items() if rating[0] >= newest - OVERLAP}
            pull.keep("csat_responses", [answer], {"newest": newest, "seen": seen}, _instant(newest))
        if len(rows) < RATINGS:
            return
        page += 1


def _rating(answer: Answer, row: Any) -> list[Any]:
    """What tells one version of a rating from another; of what the customer wrote only a hash is kept here."""
    comment = hashlib.sha256(str(field(answer, row, "feedback_message")).encode()).hexdigest()[:16]
    return [field(answer, row, "created_at"), field(answer, row, "rating"), comment]


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


CHATWOOT = Service(
    "chatwoot",
    {"agents": _agents, "teams": _teams, "conversations": _conversations, "csat_responses": _csat_responses},
    _connect,
    secrets=("token",),
)
