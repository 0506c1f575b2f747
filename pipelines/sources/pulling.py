"""Pulling one source: its client, endpoint after endpoint, and how it ended, in its progress and in words."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pipelines.sources import progress
from pipelines.sources.http import Backoff, Http, Limits, Pause, TimeUp
from pipelines.sources.progress import Progress
from pipelines.sources.pull import Pull, Say, clear_partials
from pipelines.sources.service import Service, missing_settings
from warehouse.errors import AccessRefused, FolderError, SettingsError, SourceError, SupportError, line_of
from warehouse.section import size_bytes
from warehouse.services import received_folder
from warehouse.sources import RemoteSource
from warehouse.texts import one_line

# By address: what a service allows holds from one pull to the next.
_limits: dict[str, Limits] = {}
# What reading an answer raises where fields are missing or are something else.
OTHER_SHAPE = (LookupError, TypeError, AttributeError, ValueError)


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
    try:
        folder.mkdir(parents=True, exist_ok=True)
        clear_partials(folder)
        known = _for_this_source(progress.read(folder), source)
    except FolderError as error:
        return Outcome(name, False, 0, (str(error),))
    except OSError as error:
        return Outcome(name, False, 0, (f"{folder} cannot be used: {error.strerror}",))
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
        problems.append(line_of(error))
    known.message = "; ".join(problems) or None
    if is_complete:
        known.complete_at = started_at.isoformat()
    try:
        progress.write(folder, known)
    except OSError as error:
        problems.append(f"how far it is pulled cannot be kept in {folder}: {error.strerror}")
        is_complete = False
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
