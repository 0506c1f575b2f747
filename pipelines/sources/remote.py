"""The sources of support.toml that are pulled: all at once, one on schedule, and what of them lies ready to be landed."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipelines.sources import progress
from pipelines.sources.pull import Say
from pipelines.sources.pulling import Outcome, pull_source
from pipelines.sources.service import Service
from pipelines.sources.services import SERVICES
from warehouse.errors import FolderError
from warehouse.journal import Look, Pulled
from warehouse.loading import Feed
from warehouse.services import received_folder
from warehouse.settings import Settings
from warehouse.sources import RemoteSource


def pull_one(settings: Settings, name: str, stop: threading.Event, say: Say = lambda message: None) -> Outcome:
    """Pulls one source as far as its time allows; what goes wrong is said in the outcome and in its progress, and kept to itself."""
    source = settings.remote_sources[name]
    return pull_source(service_of(source), name, source, settings.data.folder, stop, say)


def pull_all(settings: Settings, stop: threading.Event, say: Say = lambda message: None) -> list[Outcome]:
    """Pulls every source, each in a thread of its own, so that a slow one delays no other."""
    names = list(settings.remote_sources)
    if not names:
        return []
    with ThreadPoolExecutor(max_workers=len(names)) as pool:
        try:
            return list(pool.map(lambda name: pull_one(settings, name, stop, say), names))
        except BaseException:
            stop.set()  # Ctrl-C: threads end at their next step
            raise


def service_of(source: RemoteSource) -> Service:
    return SERVICES[source.kind]


def pulled(settings: Settings, feeds: Mapping[str, Sequence[Feed]]) -> list[Pulled]:
    """How far each source is pulled, by endpoint; `feeds` are each source's."""
    found = []
    for name, source in settings.remote_sources.items():
        known = _progress(received_folder(settings.data.folder, name))
        for endpoint, state in known.endpoints.items() or {"": progress.Endpoint()}.items():
            found.append(
                Pulled(
                    name,
                    source.part_of or name,
                    [feed.name for feed in feeds[name]],
                    endpoint,
                    state.pages,
                    progress.instant(state.through),
                    progress.instant(known.attempted_at),
                    progress.instant(known.complete_at),
                    known.message,
                )
            )
    return found


def _progress(folder: Path) -> progress.Progress:
    """A source's progress; where it cannot be read, what it says is why."""
    try:
        return progress.read(folder)
    except FolderError as error:
        return progress.Progress(message=str(error))


def received(folder: Path) -> list[tuple[str, Look]]:
    """The whole files of a source's received folder with their endpoints, in order of their names: as they were received."""
    paths = sorted(path for path in folder.glob("*/*") if not path.name.startswith("."))
    return [(path.parent.name, _look(path)) for path in paths]


def _look(path: Path) -> Look:
    stat = path.stat()
    return Look(path, stat.st_size, stat.st_mtime_ns)
