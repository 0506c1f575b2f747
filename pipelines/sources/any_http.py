"""Any service that answers with JSON, as support.toml describes it: who asks, where the rows are, how pages follow, what marks progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx2

from pipelines.sources import marks, paging
from pipelines.sources.http import Answer
from pipelines.sources.marks import Mark
from pipelines.sources.paging import Position, Turn
from pipelines.sources.pull import Pull
from pipelines.sources.service import Service, basic
from warehouse.errors import AnswerRefused
from warehouse.services import ROWS_ENDPOINT
from warehouse.sources import RemoteSource

Row = dict[str, Any]
# What a service answers that no longer knows the place where the last pull was interrupted.
FORGOTTEN = {400, 404, 409, 410, 416, 422}


def _lacks(source: RemoteSource, secrets: Mapping[str, str]) -> tuple[str, ...]:
    return () if source.auth == "none" or "token" in secrets else ("token",)


def _connect(source: RemoteSource, secrets: Mapping[str, str]) -> dict[str, Any]:
    if source.auth == "bearer":
        return {"headers": {"Authorization": f"Bearer {secrets['token']}"}}
    if source.auth == "basic":
        return {"headers": basic(source.user or "", secrets["token"])}
    named = {source.auth_name or "": secrets.get("token", "")}
    return {"header": {"headers": named}, "query": {"parameters": named}}.get(source.auth, {})


def _pull_rows(pull: Pull) -> None:
    """Pages to the end, from where an interrupted pull stopped."""
    is_resumed = "next" in pull.cursor(ROWS_ENDPOINT)
    reading = Reading(pull)
    try:
        reading.page()
    except AnswerRefused as error:
        if not is_resumed or error.status not in FORGOTTEN:
            raise
        pull.say(
            f"{pull.name}: the service no longer knows where the last pull stopped: it is asked from there on by what marks progress"
        )
        reading = Reading(pull, is_resumed=False)
    while not reading.is_over:
        reading.page()


class Reading:
    """One way through the pages. `since` is the mark that they are asked from, `newest` the newest one seen."""

    def __init__(self, pull: Pull, is_resumed: bool = True) -> None:
        self.pull, self.source, self.paging = pull, pull.source, pull.source.paging
        state = pull.cursor(ROWS_ENDPOINT)
        self.since: Mark | None = state.get("since")
        self.newest: Mark | None = state.get("newest", self.since)
        self.position: Position | None = state.get("next") if is_resumed else None
        if not is_resumed and self.source.progress and self.source.progress.sorted:
            self.since = self.newest
        self.is_over = False
        self._seen = {self.position}
        self._before: list[Row] = []
        self._short = 0

    def page(self) -> None:
        """Asks for a page, keeps it, and turns to the next one."""
        url, parameters = self._question()
        try:
            answer = self.pull.http.get(url, parameters)
        except AnswerRefused as error:
            if not self._is_past_the_end(error):
                raise
            self._move(Turn(None, True), [], None)
            return
        rows = rows_of(answer, self.source)
        turn = self._turn(answer, rows)
        if self.source.progress:
            self.newest = marks.newest(self.source.progress, rows, self.newest, _place(answer, self.source))
        self._move(turn, rows, answer)

    def _is_past_the_end(self, error: AnswerRefused) -> bool:
        """Many services know no page after the last one."""
        return error.status == 404 and self.paging.by in paging.FIRST and self.position is not None

    def _move(self, turn: Turn, rows: list[Row], answer: Answer | None) -> None:
        self._advance(turn, rows)
        self.pull.keep(ROWS_ENDPOINT, [answer] if answer and rows else [], self._state(), self._through())

    def _question(self) -> tuple[str, dict[str, Any]]:
        """The URL, and what is asked of it."""
        if self.paging.by == "link" and self.position is not None:
            return str(self.position), {}
        return _url(self.source), {
            **self.source.parameters,
            **self._marked(),
            **paging.parameters(self.paging, self._at()),
        }

    def _at(self) -> Position | None:
        return paging.first(self.paging) if self.position is None else self.position

    def _marked(self) -> dict[str, str]:
        """What is asked for since when."""
        progress = self.source.progress
        if progress is None:
            return {}
        if self.since is not None:
            return {progress.parameter: marks.asked(progress, self.since)}
        if self.source.since is None:
            return {}
        return {progress.parameter: marks.asked(progress, marks.first(progress, self.source.since))}

    def _turn(self, answer: Answer, rows: list[Row]) -> Turn:
        """What comes after a page. Raises AnswerRefused where pages would follow each other for ever."""
        asked = str(httpx2.URL(self.source.address).join(answer.address))
        turn = paging.turn(self.paging, answer, asked, self._at(), rows)
        turn = self._proved(replace(turn, next=_without_secret(turn.next, self.source)), rows)
        if turn.is_last or turn.next not in self._seen:
            return turn
        if not rows:
            return replace(turn, is_last=True)
        raise AnswerRefused(
            f"{_place(answer, self.source)} names as the next page one that was read already ({str(turn.next)[:80]}): check `paging` in"
            " support.toml."
        )

    def _proved(self, turn: Turn, rows: list[Row]) -> Turn:
        """In a first pull, the page after a short one is asked for, too: a service that gives fewer rows than asked for has more."""
        if self.paging.by not in paging.FIRST or self.paging.more or self.since is not None:
            return turn
        if rows and self._short:
            raise AnswerRefused(
                f"{self.pull.name}: after a page of {self._short} rows, fewer than paging.size, there came more: set size to the number of"
                " rows that the service gives."
            )
        self._short = len(rows) if turn.is_last else 0
        return replace(turn, is_last=not rows)

    def _advance(self, turn: Turn, rows: list[Row]) -> None:
        """To the next page, or to the end: only there, or where the service sorts by it, does what was seen count as pulled."""
        if turn.is_last:
            self.is_over, self.since = True, self.newest
            self.position = (turn.next or self.position) if self.paging.continues else None
        elif self._moves_the_mark():
            self.since, self.position, self._seen, self._before = self.newest, None, set(), []
        else:
            self._refuse_the_same(rows)
            self.position, self._before = turn.next, rows
        self._seen.add(self.position)

    def _moves_the_mark(self) -> bool:
        """Whether numbered pages are asked for anew from the newest mark: a row that changes meanwhile moves no other past us."""
        progress = self.source.progress
        if progress is None or not progress.sorted or self.paging.by not in paging.FIRST or self.newest is None:
            return False
        return self._marked() != {progress.parameter: marks.asked(progress, self.newest)}

    def _refuse_the_same(self, rows: list[Row]) -> None:
        """Raises AnswerRefused where a service gives the same page whatever number is asked for."""
        if rows == self._before and self.paging.by in paging.FIRST:
            raise AnswerRefused(
                f"{self.pull.name}: the same rows come whatever {self.paging.parameter} is asked for: check `paging` in support.toml."
            )

    def _through(self) -> datetime | None:
        """The instant up to which everything is pulled."""
        progress = self.source.progress
        if progress is None:
            return None
        return marks.instant(progress, self.newest if progress.sorted else self.since)

    def _state(self) -> dict[str, Any]:
        """What the next page, or the next pull, needs to know."""
        state = {"since": self.since, "newest": self.newest, "next": self.position}
        return {name: value for name, value in state.items() if value is not None}


def rows_of(answer: Answer, source: RemoteSource) -> list[Row]:
    """The rows of an answer. Raises AnswerRefused where they are not where support.toml says."""
    body: Any = answer.json()
    inside, place = body, _place(answer, source)
    for part in filter(None, (source.records or "").split(".")):
        if not isinstance(inside, dict) or part not in inside:
            raise AnswerRefused(
                f"{place}: the answer has no {source.records!r} ({_shape(inside)}). Set records in support.toml."
            )
        inside = inside[part]
    if inside is None and source.records:
        return []
    if not isinstance(inside, list):
        raise AnswerRefused(
            f"{place}: {f'{source.records} is' if source.records else 'the answer is'} no list of rows ({_shape(inside)}). Set records in"
            " support.toml."
        )
    if not all(isinstance(row, dict) for row in inside):
        raise AnswerRefused(f"{place}: the rows are no objects. Set records in support.toml.")
    return inside


def _shape(found: Any) -> str:
    """What a person needs to find the rows."""
    if isinstance(found, dict):
        return f"it has: {', '.join(found)}" if found else "it is empty"
    return f"it is a {'list' if isinstance(found, list) else 'single value'}"


def _url(source: RemoteSource) -> str:
    return f"{source.address.rstrip('/')}/{source.request.lstrip('/')}" if source.request else source.address


def _place(answer: Answer, source: RemoteSource) -> str:
    """Host and path of an answer: what messages name."""
    return f"{httpx2.URL(source.address).netloc.decode()}{answer.address.partition('?')[0]}"


def _without_secret(position: Position | None, source: RemoteSource) -> Position | None:
    """A link without the secret that services repeat in the links they give."""
    if source.paging.by != "link" or source.auth != "query" or position is None:
        return position
    return str(httpx2.URL(str(position)).copy_remove_param(source.auth_name or ""))


ANY_HTTP = Service("http", {ROWS_ENDPOINT: _pull_rows}, _connect, optional_secrets=("token",), lacks=_lacks)
