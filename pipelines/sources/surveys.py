"""What survey services share: a cursor a survey, and knowing again what is asked for twice because a service may write late."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines.sources.http import Answer
from pipelines.sources.pull import Pull
from warehouse.errors import AccessRefused, SourceError

RESPONSES = "responses"
# Bounds are inclusive with one service and exclusive with the next, and some know no fractions of a second.
SECOND = timedelta(seconds=1)

Row = Mapping[str, Any]
Seen = dict[str, list[str]]  # id -> instant of its last change, digest


def each_survey(pull_survey: Callable[[Pull, str], None]) -> Callable[[Pull], None]:
    """Pulls each of `surveys` in support.toml; one that cannot be pulled leaves the others, and is said after them."""

    def responses(pull: Pull) -> None:
        problems = []
        for survey in pull.source.surveys:
            try:
                pull_survey(pull, survey)
            except AccessRefused:
                raise
            except SourceError as error:
                problems.append(error)
        if problems:
            raise type(problems[0])("; ".join(str(problem) for problem in problems))

    return responses


def cursor(pull: Pull, survey: str) -> dict[str, Any]:
    """How far one survey is pulled; empty before its first page."""
    known: dict[str, Any] = pull.cursor(RESPONSES).get(survey, {})
    return known


def keep(pull: Pull, survey: str, answers: Sequence[Answer], through: datetime, seen: Seen) -> None:
    """Keeps answers of one survey, and with them that it is pulled through an instant; the endpoint is as far as its last survey."""
    cursors = pull.cursor(RESPONSES) | {survey: {"through": through.isoformat(), "seen": seen}}
    names = set(pull.source.surveys) | {survey}
    pulled = [datetime.fromisoformat(cursors[name]["through"]) for name in names & cursors.keys()]
    everything = len(pulled) == len(names)
    pull.keep(RESPONSES, answers, cursors, min(pulled) if everything else None)


def through(pull: Pull, survey: str) -> datetime | None:
    """The instant through which a survey is pulled; None before its first page."""
    known = cursor(pull, survey).get("through")
    return datetime.fromisoformat(known) if known else None


def seen(pull: Pull, survey: str) -> Seen:
    """The responses that the last pages held and that may come again."""
    known: Seen = cursor(pull, survey).get("seen", {})
    return known


def is_news(rows: Iterable[tuple[str, datetime, Row]], known: Seen) -> bool:
    """Whether any of the rows (id, instant of its change, response) was not seen just so."""
    return any(key not in known or known[key][1] != digest(row) for key, _, row in rows)


def seen_since(begins: datetime, rows: Iterable[tuple[str, datetime, Row]], known: Seen) -> Seen:
    """What is known, and the rows, as far as they changed since `begins`: what is asked for again."""
    all_rows = known | {key: [at.isoformat(), digest(row)] for key, at, row in rows}
    return {key: entry for key, entry in all_rows.items() if datetime.fromisoformat(entry[0]) >= begins}


def digest(row: Row) -> str:
    """A short name of exactly this content."""
    return hashlib.blake2b(json.dumps(row, sort_keys=True).encode(), digest_size=8).hexdigest()


def instant(text: str) -> datetime:
    """An ISO 8601 date of a service; without an offset it is UTC. Raises ValueError where it is none."""
    at = datetime.fromisoformat(text)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Listing:
    """How a service lists responses, the oldest change first.

    `ask` gets a page of what changed since an instant, `rows` are what it holds, as (id, instant of the change, response), of which a
    full page has `size()`. `describe` asks what the survey is and what its questions mean, which is kept with every page; `questions`
    are the names of answers in that, and the questions' texts. What changed within `overlap` of the newest is asked for again by the
    next pull.
    """

    ask: Callable[[Pull, str, datetime, int], Answer]
    rows: Callable[[Answer], list[tuple[str, datetime, Row]]]
    size: Callable[[], int]
    overlap: timedelta
    describe: Callable[[Pull, str], Answer] | None = None
    questions: Callable[[Answer], dict[str, str]] = lambda about: {}

    def pull(self, pull: Pull, survey: str) -> None:
        """Pages by the instant of the last change rather than by number: a response that changes meanwhile moves no other past us."""
        newest, known = through(pull, survey) or pull.since, seen(pull, survey)
        since, page, about = newest - self.overlap, 1, None
        if self.describe and pull.is_enough(survey, lambda: self.questions(self._description(pull, survey))):
            self.ask(pull, survey, since, page)
            return
        while True:
            answer = self.ask(pull, survey, since, page)
            rows = self.rows(answer)
            changed = [at for _, at, _ in rows]
            newest = max([newest, *changed])
            answers = [answer] if is_news(rows, known) else []
            if answers and self.describe:
                about = about or self._description(pull, survey)
                answers = [about, answer]
            known = seen_since(newest - self.overlap, rows, known)
            keep(pull, survey, answers, newest, known)
            if len(rows) < self.size():
                return
            # A page may be full of what changed within one second: only then is the next one asked for by its number.
            onward = max(changed) - SECOND
            since, page = (onward, 1) if onward > since else (since, page + 1)

    def _description(self, pull: Pull, survey: str) -> Answer:
        assert self.describe
        return self.describe(pull, survey)
