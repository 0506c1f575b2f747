"""One pull of one source: endpoint after endpoint to its end, each page on the disk as it was received before the cursor moves past it."""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.sources import progress
from pipelines.sources.http import Answer, Http, Pause
from pipelines.sources.progress import Endpoint, Progress
from warehouse.durable import sync_folder
from warehouse.sources import RemoteSource

Say = Callable[[str], None]
# Pages are packed while a service waits: quickly rather than tightly.
PACKING = 4
# What was pulled in this time is enough to say how long the rest takes.
PACE_SECONDS = 10.0
# Where a page takes many requests, so many good answers are enough for `check`.
PROBED = 5
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


class Enough(Exception):
    """A first page came: `check` needs no more."""


@dataclass
class Pull:
    """A pull under way. `since` is where a source without progress begins, `started_at` when this pull began (both UTC)."""

    name: str
    source: RemoteSource
    client: Http | None
    pause: Pause
    folder: Path
    progress: Progress
    secrets: Mapping[str, str]
    started_at: datetime
    say: Say = lambda message: None
    pages: int = 0
    paces: dict[str, tuple[float, datetime]] = field(default_factory=dict)

    @property
    def http(self) -> Http:
        assert self.client, f"{self.source.kind} is not pulled over HTTP"
        return self.client

    @property
    def since(self) -> datetime:
        return self.source.since or BEGINNING

    def cursor(self, endpoint: str) -> dict[str, Any]:
        """Where the endpoint goes on, as `keep` was last told; empty before its first page."""
        return deepcopy(self.progress.endpoints.get(endpoint, Endpoint()).cursor)

    def keep(
        self, endpoint: str, answers: Sequence[Answer], cursor: Mapping[str, Any], through: datetime | None = None
    ) -> None:
        """Writes answers as they were received, one line each, then moves the endpoint's cursor: a crash in between repeats them.

        `through` is the instant up to which the endpoint is pulled now. Raises TimeUp where the time of the pull is up.
        """
        if answers:
            self._write(endpoint, f"{self._stamp()}.jsonl.gz", _packed(answers))
        self._move(endpoint, cursor, through, len(answers))

    def keep_file(
        self,
        endpoint: str,
        name: str,
        modified_at: datetime,
        content: Iterable[bytes],
        cursor: Mapping[str, Any] | None,
    ) -> None:
        """Writes a delivered file, as old as it was there, then moves the cursor; None: it is moved with a later one.

        `name` must be another one for every version of a file: an older one may not be landed yet.
        """
        self._write(endpoint, name, content, modified_at)
        if cursor is not None:
            self._move(endpoint, cursor, None, 1)
            return
        self.pages += 1
        self.pause.check()

    def is_enough(self, survey: str, questions: Callable[[], Mapping[str, str]]) -> bool:
        """Whether it is enough to know what a survey asks (names of answers, and the questions' texts): not for a pull, but for `check`."""
        return False

    def _move(self, endpoint: str, cursor: Mapping[str, Any], through: datetime | None, pages: int) -> None:
        before = self.progress.endpoints.get(endpoint, Endpoint())
        self.progress.endpoints[endpoint] = progress.moved(before, cursor, through, pages)
        progress.write(self.folder, self.progress)
        self.pages += pages
        self.say(self.how_far(endpoint, through))
        self.pause.check()

    def _write(self, endpoint: str, name: str, content: Iterable[bytes], modified_at: datetime | None = None) -> None:
        folder = self.folder / endpoint
        folder.mkdir(exist_ok=True)
        partial = folder / f".{name}.partial"
        with partial.open("wb") as file:
            for block in content:
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if modified_at:
            os.utime(partial, (modified_at.timestamp(), modified_at.timestamp()))
        partial.rename(folder / name)
        sync_folder(folder)

    def _stamp(self) -> str:
        """Names of page files are in the order in which they were received."""
        return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"

    def how_far(self, endpoint: str, through: datetime | None) -> str:
        """How far a backfill is, and at its pace so far, how long the rest takes."""
        said = f"{self.name}: {endpoint}, {self.pages:,} pages"
        if through is None or through >= self.started_at:
            return said
        began, first = self.paces.setdefault(endpoint, (time.monotonic(), through))
        share = (through - self.since) / (self.started_at - self.since)
        said += f", through {through:%Y-%m-%d %H:%M}" + (f" ({share:.0%} of the time)" if self.source.since else "")
        seconds, pulled = time.monotonic() - began, (through - first).total_seconds()
        if seconds < PACE_SECONDS or pulled <= 0:
            return said
        return (
            f"{said}, about {_rough((self.started_at - through).total_seconds() / pulled * seconds)} left at this pace"
        )


@dataclass
class Probe(Pull):
    """A pull that keeps nothing and ends at its first page, or after a few good answers: what `check` does of one endpoint.

    `questions` are what each survey asks.
    """

    questions: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: int = 0

    @property
    def http(self) -> Http:
        self.asked += 1
        if self.asked > PROBED:
            raise Enough
        return super().http

    def is_enough(self, survey: str, questions: Callable[[], Mapping[str, str]]) -> bool:
        self.questions[survey] = dict(questions())
        return True

    def _move(self, endpoint: str, cursor: Mapping[str, Any], through: datetime | None, pages: int) -> None:
        raise Enough

    def _write(self, endpoint: str, name: str, content: Iterable[bytes], modified_at: datetime | None = None) -> None:
        raise Enough


def _packed(answers: Sequence[Answer]) -> Iterator[bytes]:
    """Answers as gzipped lines: the address asked, and the body as received, on one line (JSON allows no line break inside a text)."""
    lines = []
    for answer in answers:
        body = answer.content.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b" ").replace(b"\n", b" ")
        lines.append(b'{"address": %s, "body": %s}\n' % (json.dumps(answer.address).encode(), body))
    yield gzip.compress(b"".join(lines), compresslevel=PACKING, mtime=0)


def clear_partials(folder: Path) -> None:
    """Removes what a killed pull left half written."""
    for path in [*folder.glob(".*.partial"), *folder.glob("*/.*.partial")]:
        path.unlink(missing_ok=True)


def _rough(seconds: float) -> str:
    """A duration that claims no more than is known: one or two digits of one unit."""
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 1):.0f} seconds"
