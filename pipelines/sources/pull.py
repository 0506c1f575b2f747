"""One pull of one source: endpoint after endpoint to its end, each page on the disk as it was received before the cursor moves past it."""

from __future__ import annotations

import base64
import gzip
import json
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pipelines.sources import progress
from pipelines.sources.http import Answer, Backoff, Http, Limits, Pause, TimeUp
from pipelines.sources.progress import Endpoint, Progress
from warehouse.errors import AccessRefused, FolderError, SettingsError, SourceError, SupportError
from warehouse.secrets import SECRETS_FILE, SECTION, environment_name, secret
from warehouse.section import size_bytes
from warehouse.services import received_folder
from warehouse.sources import RemoteSource
from warehouse.texts import one_line

Say = Callable[[str], None]
# Pages are packed while a service waits: quickly rather than tightly.
PACKING = 4
# What was pulled in this time is enough to say how long the rest takes.
PACE_SECONDS = 10.0
# By address: what a service allows holds from one pull to the next.
_limits: dict[str, Limits] = {}
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
# What reading an answer raises where fields are missing or are something else.
OTHER_SHAPE = (LookupError, TypeError, AttributeError, ValueError)


class Enough(Exception):
    """A first page came: `check` needs no more."""


@dataclass(frozen=True)
class Service:
    """How one kind of source is pulled: `endpoints` in their order; `connect` gives the arguments of its HTTP client, where it needs one.

    `secrets` are needed, `optional_secrets` are not, unless `lacks` says of a source that it needs some that were not found; `settings` are
    keys of its section that must be given.
    """

    kind: str
    endpoints: Mapping[str, Callable[[Pull], None]]
    connect: Callable[[RemoteSource, Mapping[str, str]], dict[str, Any]] | None = None
    secrets: tuple[str, ...] = ()
    optional_secrets: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    lacks: Callable[[RemoteSource, Mapping[str, str]], tuple[str, ...]] = lambda source, secrets: ()

    def secrets_of(self, name: str) -> dict[str, str]:
        """The secrets of a source that are there."""
        return {part: found for part in (*self.secrets, *self.optional_secrets) if (found := _secret(name, part))}


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
        return dict(self.progress.endpoints.get(endpoint, Endpoint()).cursor)

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
        progress.sync_folder(folder)

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
    """A pull that keeps nothing and ends at its first page: what `check` does. `questions` are what each survey asks."""

    questions: dict[str, dict[str, str]] = field(default_factory=dict)

    def is_enough(self, survey: str, questions: Callable[[], Mapping[str, str]]) -> bool:
        self.questions[survey] = dict(questions())
        return True

    def _move(self, endpoint: str, cursor: Mapping[str, Any], through: datetime | None, pages: int) -> None:
        raise Enough

    def _write(self, endpoint: str, name: str, content: Iterable[bytes], modified_at: datetime | None = None) -> None:
        raise Enough


AnyPull = TypeVar("AnyPull", bound=Pull)


@dataclass(frozen=True)
class Outcome:
    """How a pull ended: `complete` where every endpoint was pulled to its end; what went wrong, for a person."""

    name: str
    is_complete: bool
    pages: int
    problems: tuple[str, ...] = ()


def pull_source(
    service: Service,
    name: str,
    source: RemoteSource,
    data: Path,
    stop: threading.Event,
    say: Say = lambda message: None,
) -> Outcome:
    """Pulls one source to its end, or until its time is up or `stop` is set: the next pull goes on from there."""
    folder = received_folder(data, name)
    folder.mkdir(parents=True, exist_ok=True)
    clear_partials(folder)
    try:
        known = _for_this_source(progress.read(folder), source)
    except FolderError as error:
        return Outcome(name, False, 0, (str(error),))
    started_at = datetime.now(UTC)
    known.attempted_at = started_at.isoformat()
    problems: list[str] = []
    is_complete, pages = False, 0
    try:
        with opened(Pull, service, name, source, folder, known, stop, say) as pull:
            try:
                problems = _pull_endpoints(service, pull)
                is_complete = not problems
            except TimeUp as time_up:
                say(f"{name}: the time of this pull is up, the next one goes on")
                problems += [time_up.because] if time_up.because else []
            finally:
                pages = pull.pages
    except (SupportError, OSError) as error:
        problems.append(" ".join(str(error).split()))
    known.message = "; ".join(problems) or None
    if is_complete:
        known.complete_at = started_at.isoformat()
    progress.write(folder, known)
    return Outcome(name, is_complete, pages, tuple(problems))


def _pull_endpoints(service: Service, pull: Pull) -> list[str]:
    """What went wrong with single endpoints; refused credentials end the pull of this source."""
    problems = []
    for endpoint, function in wanted(service, pull.source, pull.name).items():
        try:
            pull.pause.check()
            function(pull)
        except AccessRefused:
            raise
        except SourceError as error:
            problems.append(f"{endpoint}: {error}")
        except OTHER_SHAPE as error:
            problems.append(f"{endpoint}: {_of_another_shape(error)}")
    return problems


def _of_another_shape(error: Exception) -> str:
    """What a service's file found in an answer, and where: it stays the problem of this endpoint."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    found = f"{type(error).__name__} {one_line(str(error))[:100]}, {Path(place.filename).name} line {place.lineno}"
    return (
        f"it answers in another shape than this version reads ({found}). Check the address of this source; if the service has changed its"
        " answers, a newer version is needed. What was not pulled is pulled then"
    )


def wanted(service: Service, source: RemoteSource, name: str) -> dict[str, Callable[[Pull], None]]:
    """The endpoints to pull, without those that support.toml leaves out. Raises SettingsError where it names one that is not there."""
    unknown = [endpoint for endpoint in source.leave_out if endpoint not in service.endpoints]
    if unknown:
        raise SettingsError(
            f"sources.{name}.leave_out: {service.kind} has no {unknown[0]!r}; allowed are {', '.join(service.endpoints)}"
        )
    return {endpoint: pull for endpoint, pull in service.endpoints.items() if endpoint not in source.leave_out}


def _for_this_source(known: Progress, source: RemoteSource) -> Progress:
    """The progress, or a new one where the source is another one now, or is to begin elsewhere."""
    origin = source.origin()
    return known if known.pulled_from == origin else Progress(pulled_from=origin)


@contextmanager
def opened(
    kind: type[AnyPull],
    service: Service,
    name: str,
    source: RemoteSource,
    folder: Path,
    known: Progress,
    stop: threading.Event,
    say: Say,
) -> Iterator[AnyPull]:
    """A pull with its client, which is closed afterwards. Raises SettingsError where a setting or secret is missing."""
    missing = missing_settings(service, name, source)
    if missing:
        raise SettingsError(missing[0])
    secrets = service.secrets_of(name)
    pause = Pause(stop, source.longest_pull)
    client = _client(service, source, secrets, pause)
    try:
        yield kind(name, source, client, pause, folder, known, secrets, datetime.now(UTC), say)
    finally:
        if client:
            client.close()


def _client(service: Service, source: RemoteSource, secrets: Mapping[str, str], pause: Pause) -> Http | None:
    if service.connect is None:
        return None
    arguments = {"address": source.address} | service.connect(source, secrets)
    paced, remaining = arguments.pop("requests_a_minute", None), arguments.pop("remaining", None)
    return Http(
        pause=pause,
        limits=_limits.setdefault(source.address, Limits(source.requests_a_minute or paced, remaining)),
        largest_bytes=size_bytes(source.largest_answer),
        certificates=source.certificates,
        backoff=Backoff(first=source.first_wait),
        **arguments,
    )


def basic(user: str, password: str) -> dict[str, str]:
    """The header of HTTP Basic authentication (RFC 7617)."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def missing_settings(service: Service, name: str, source: RemoteSource) -> list[str]:
    """What support.toml or the secrets lack for this source, each in a line that says where to put it."""
    lines = [
        f"sources.{name}.{setting} is missing: {service.kind} needs it"
        for setting in service.settings
        if not getattr(source, setting)
    ]
    found = service.secrets_of(name)
    for part in (*(part for part in service.secrets if part not in found), *service.lacks(source, found)):
        known_as = _secret_name(name, part)
        lines.append(
            f"the secret {known_as} is missing: put it into the environment as {environment_name(known_as)}, or under [{SECTION}]"
            f" of {SECRETS_FILE}"
        )
    return lines


def _secret(name: str, part: str) -> str | None:
    return secret(_secret_name(name, part))


def _secret_name(name: str, part: str) -> str:
    return f"{name.lower().replace('-', '_')}_{part}"


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
