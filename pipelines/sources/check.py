"""python -m pipelines check: of each source whether it can be reached, what it would pull since when, and what is missing."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pipelines.sources import files, progress
from pipelines.sources.http import TimeUp
from pipelines.sources.progress import Progress
from pipelines.sources.pull import Enough, Probe, Pull
from pipelines.sources.pulling import opened, wanted
from pipelines.sources.remote import service_of
from pipelines.sources.service import missing_settings
from warehouse.answers import is_asked, mapped_questions, missing_score
from warehouse.errors import FolderError, SupportError
from warehouse.services import received_folder
from warehouse.settings import Settings
from warehouse.sources import RemoteSource, Source
from warehouse.texts import one_line

# A service that has not answered by then is not one that can be pulled from on a schedule.
LONGEST_CHECK = 60.0
# As much of a question tells which one it is.
LONGEST_QUESTION = 80


@dataclass(frozen=True)
class Checked:
    """What was found of one source, as lines for a person."""

    name: str
    is_good: bool
    said: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What was found of every source."""

    sources: tuple[Checked, ...]

    @property
    def is_good(self) -> bool:
        return all(source.is_good for source in self.sources)

    def lines(self) -> Iterator[str]:
        for source in self.sources:
            yield f"{source.name}: {'good' if source.is_good else 'not good'}"
            yield from (f"  {line}" for line in source.said)


def check(settings: Settings) -> Report:
    """Asks every source for its first page, all at once, and keeps nothing. Never raises for what a source lacks: it says it."""
    if not settings.sources:
        return Report(())
    with ThreadPoolExecutor(max_workers=len(settings.sources)) as pool:
        return Report(tuple(pool.map(lambda item: _checked(settings, *item), settings.sources.items())))


def _checked(settings: Settings, name: str, source: Source) -> Checked:
    return _remote(settings, name, source) if isinstance(source, RemoteSource) else _folder(name, source)


def _folder(name: str, source: Source) -> Checked:
    try:
        count = len(files.look_over(source.path))
    except (FolderError, OSError) as error:
        return Checked(name, False, (str(error),))
    return Checked(name, True, (f"{count:,} {'file' if count == 1 else 'files'} at {source.path}",))


def _remote(settings: Settings, name: str, source: RemoteSource) -> Checked:
    service = service_of(source)
    missing = missing_settings(service, name, source)
    if missing:
        return Checked(name, False, tuple(missing))
    folder = received_folder(settings.data.folder, name)
    limited = source.model_copy(update={"longest_pull": LONGEST_CHECK})
    try:
        known = progress.read(folder)
        with opened(Probe, service, name, limited, folder, known, threading.Event(), lambda message: None) as probe:
            asked = [
                _endpoint(probe, endpoint, function) for endpoint, function in wanted(service, source, name).items()
            ]
    except SupportError as error:
        return Checked(name, False, (str(error),))
    asked += [*_questions(probe.questions), *_unknown_questions(source, probe.questions)]
    return Checked(name, all(good for good, _ in asked), (*_state(known), *(line for _, line in asked)))


def _questions(surveys: dict[str, dict[str, str]]) -> Iterator[tuple[bool, str]]:
    """What each survey asks: the names that support.toml maps, and what they stand for."""
    for survey, questions in surveys.items():
        shown = [f"{name} ({_plain(text)})" if text else name for name, text in questions.items()]
        yield True, f"{survey} asks: {', '.join(shown) or 'nothing'}"


def _unknown_questions(source: RemoteSource, surveys: dict[str, dict[str, str]]) -> Iterator[tuple[bool, str]]:
    """What support.toml does not map and has to, or maps and no survey asks."""
    asked, query = {name for questions in surveys.values() for name in questions}, f"{source.kind}/survey"
    if asked:
        if missing := missing_score(source, query):
            yield False, missing
        for field, names in mapped_questions(source, query).items():
            yield from (
                (False, f"columns.{field}: no survey asks {name!r}") for name in names if not is_asked(name, asked)
            )


def _plain(text: str) -> str:
    """A question's text without markup, on one line."""
    return one_line(re.sub(r"<[^>]*>", " ", text))[:LONGEST_QUESTION]


def _endpoint(probe: Probe, endpoint: str, function: Callable[[Pull], None]) -> tuple[bool, str]:
    """Whether an endpoint answers, and since when it would be pulled."""
    state = probe.progress.endpoints.get(endpoint)
    since = (state and state.through) or (probe.source.since and probe.source.since.isoformat())
    begins = f"goes on after {since}" if state else f"begins at {since}" if since else "begins at the beginning"
    try:
        probe.asked = 0
        function(probe)
    except Enough:
        pass
    except TimeUp:
        return False, f"{endpoint}: no answer within {LONGEST_CHECK:.0f} s"
    except SupportError as error:
        return False, f"{endpoint}: {error}"
    return True, f"{endpoint}: reached; {begins}"


def _state(known: Progress) -> Iterator[str]:
    if known.complete_at:
        yield f"last pulled to its end as of {known.complete_at}"
    elif known.attempted_at:
        yield f"not pulled to its end yet; last tried at {known.attempted_at}"
    else:
        yield "never pulled"
    if known.message:
        yield f"last pull: {known.message}"
