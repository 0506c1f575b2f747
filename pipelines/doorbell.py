"""Rings where exports are delivered, so that they are taken in when they come. Not every file system tells: looks on schedule go on beside it."""

from __future__ import annotations

import logging
import sys
from collections import deque
from collections.abc import Callable, Iterator
from glob import has_magic
from pathlib import Path

from watchdog.events import FileClosedEvent, FileModifiedEvent, FileMovedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from pipelines.sources.files import base_folder
from warehouse.rows import WRITTEN_FEEDS
from warehouse.settings import Settings
from warehouse.sources import RemoteSource
from warehouse.writing import written_folder

# So many files that were moved in are known to be whole; more at once are looked at twice, like those that were written in place.
KEPT = 1_000
EVENTS: list[type[FileSystemEvent]] = [FileClosedEvent, FileModifiedEvent, FileMovedEvent]
log = logging.getLogger("pipelines")


class Doorbell(FileSystemEventHandler):
    """Calls `ring`, in a thread of its own, where a file is moved into a folder of the sources or closed there after writing."""

    def __init__(self, settings: Settings, ring: Callable[[], None]) -> None:
        self._settings = settings
        self._ring = ring
        self._moved_in: deque[str] = deque(maxlen=KEPT)
        self._observer: BaseObserver | None = None

    def __contains__(self, path: object) -> bool:
        """Whether a file was moved in and not written to since: it was whole when it came."""
        return str(path) in self._moved_in

    def start(self) -> None:
        """Watches every folder that is there and that the system lets it watch."""
        try:
            self._observer = _observer()
        except OSError as error:
            log.info(f"exports are looked for on schedule only: {error.strerror}")
            return
        self._observer.start()
        for folder, is_recursive in _folders(self._settings):
            self._watch(self._observer, folder, is_recursive)

    def stop(self) -> None:
        if self._observer:
            self._observer.stop()
            self._observer.join()

    def _watch(self, observer: BaseObserver, folder: Path, is_recursive: bool) -> None:
        try:
            observer.schedule(self, str(folder), recursive=is_recursive, event_filter=EVENTS)
        except OSError as error:
            log.info(f"exports in {folder} are looked for on schedule only: {error.strerror}")

    def on_moved(self, event: FileSystemEvent) -> None:
        if event.dest_path:
            self._moved_in.append(str(event.dest_path))
            self._ring()

    def on_modified(self, event: FileSystemEvent) -> None:
        if event.src_path in self._moved_in:
            self._moved_in.remove(str(event.src_path))

    def on_closed(self, event: FileSystemEvent) -> None:
        del event  # whoever it is, the look finds it
        self._ring()


def _observer() -> BaseObserver:
    """One that tells what was moved in from elsewhere from what is only begun."""
    if sys.platform == "linux":
        from watchdog.observers.inotify import InotifyObserver

        return InotifyObserver(generate_full_events=True)
    return Observer()


def _folders(settings: Settings) -> Iterator[tuple[Path, bool]]:
    """Where files are delivered, and whether also in folders within."""
    for source in settings.sources.values():
        if not isinstance(source, RemoteSource):
            folder = base_folder(source.path)
            yield folder, any(has_magic(part) for part in source.path.relative_to(folder).parts[:-1])
    for kind in WRITTEN_FEEDS:
        folder = written_folder(settings.data.folder, kind)
        folder.mkdir(parents=True, exist_ok=True)
        yield folder, False
