"""What sources deliver, and what people write in the dashboard, into the landing folder and the journal."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from pipelines.sources import files, remote, zendesk_tables
from warehouse import journal
from warehouse.errors import FolderError, line_of
from warehouse.journal import Arrival, Look
from warehouse.loading import Feed
from warehouse.rows import WRITTEN
from warehouse.services import endpoints_of, received_folder
from warehouse.settings import Settings
from warehouse.sources import RemoteSource, Source
from warehouse.writing import written_folder
from warehouse.zendesk_tables import version


class Intake:
    """Takes in what is new. `connection`, given with each look, is that of the journal."""

    def __init__(
        self, settings: Settings, feeds: list[Feed], landing: Path, scratch: Path, progress: Callable[[str], None]
    ) -> None:
        self.settings = settings
        self.folder = settings.data.folder
        self.feeds = feeds
        self.landing = landing
        self.scratch = scratch
        self.progress = progress
        # Files that are known to be whole as they were moved in, where somebody watches (see doorbell).
        self.moved_in: Container[Path] = ()
        # The highest number that a landed file has.
        self.highest_number = 0
        self.feeds_of_remote = {
            name: [feed for feed in feeds if feed.source.path == received_folder(self.folder, name)]
            for name in settings.remote_sources
        }
        self._problems: list[str] = []
        self._taken: list[Path] = []
        self._landed_elsewhere: dict[str, Path] = {}

    def adopt(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Landed files that the loading file does not know (it was lost, or a run was killed) are taken up again."""
        known = journal.landed_names(connection)
        landed = [path for path in sorted(self.landing.glob("*/*")) if files.is_landed(path)]
        # Also of sources that are not in the settings now: their files keep their numbers for when they are again.
        # Nor is a number given again whose file cannot be seen now.
        self.highest_number = max([journal.highest_number(connection), *(int(path.name[:8]) for path in landed)])
        for feed in self.feeds:
            of_feed = [path for path in landed if path.parent.name == feed.name]
            journal.adopt(connection, feed, [path for path in of_feed if f"{feed.name}/{path.name}" not in known])

    def take_in(self, connection: duckdb.DuckDBPyConnection) -> tuple[list[Arrival], list[str]]:
        """New files of every feed into the landing folder; a feed that cannot be reached is a problem, not an end."""
        arrivals: list[Arrival] = []
        problems = []
        for name, pulled in self._deliveries(connection):
            try:
                arrivals += list(pulled)
            except (FolderError, OSError) as error:
                problems.append(f"[sources.{name}] {line_of(error)}")
        problems += self._problems
        self._problems.clear()
        self._landed_elsewhere.clear()
        if any(arrival.landed_name for arrival in arrivals):
            os.sync()  # what is called landed must be on the disk before it is counted on
        while self._taken:
            self._taken.pop().unlink()
        return arrivals, problems

    def _deliveries(self, connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, Iterator[Arrival]]]:
        """What each source of support.toml brings, then what people wrote in the dashboard; pulled as it is iterated over."""
        feeds_by_name = {feed.name: feed for feed in self.feeds}
        for name, source in self.settings.sources.items():
            if isinstance(source, RemoteSource):
                yield name, self._take_received(connection, name)
            elif source.kind == "zendesk_tables":
                yield name, self._pull_tables(connection, name, source)
            else:
                yield name, self._pull_feed(connection, feeds_by_name[name])
        for feed in self.feeds:
            if feed.source_name == WRITTEN:
                yield feed.name, self._pull_written(connection, feed)

    def _pull_written(self, connection: duckdb.DuckDBPyConnection, feed: Feed) -> Iterator[Arrival]:
        written_folder(self.folder, feed.kind.name).mkdir(parents=True, exist_ok=True)
        yield from self._pull_feed(connection, feed)

    def _take_received(self, connection: duckdb.DuckDBPyConnection, name: str) -> Iterator[Arrival]:
        """What was pulled, into the landing folder of every feed that reads it."""
        folder = received_folder(self.folder, name)
        received = remote.received(folder)
        missed: set[Path] = set()
        for feed in self.feeds_of_remote[name] if received else []:
            endpoints = endpoints_of(feed.source)
            looks = [look for endpoint, look in received if endpoints is None or endpoint in endpoints]
            contents = journal.contents(connection, feed.name)
            landed = list(self._land(connection, feed, looks, folder, contents, are_looked_at_again=False))
            missed |= {look.path for look in looks} - {arrival.look.path for arrival in landed}
            yield from landed
        self._taken += [look.path for _, look in received if look.path not in missed]

    def _pull_feed(self, connection: duckdb.DuckDBPyConnection, feed: Feed) -> Iterator[Arrival]:
        seen = journal.looked(connection, feed.name)
        new = [look for look in files.look_over(feed.source.path) if look.key() not in seen]
        contents = journal.contents(connection, feed.name) if new else set()
        yield from self._land(connection, feed, files.settled(new, self.moved_in), feed.source.path, contents)

    def _pull_tables(self, connection: duckdb.DuckDBPyConnection, name: str, source: Source) -> Iterator[Arrival]:
        """Raw tables of which one changed, turned into export files of each kind of row."""
        looked_as = f"{name} {version()}"
        seen = journal.looked(connection, looked_as)
        looks = zendesk_tables.look_over(source.path)
        if all(look.key() in seen for look in looks):
            return
        with TemporaryDirectory(dir=self.scratch) as folder:
            for kind, export in zendesk_tables.export(source.path, looks, Path(folder)):
                feed = next(feed for feed in self.feeds if feed.name == f"{name}_{kind}s")
                contents = journal.contents(connection, feed.name)
                yield from self._land(connection, feed, [export], Path(folder), contents)
        journal.note_looks(connection, looked_as, looks)

    def _land(
        self,
        connection: duckdb.DuckDBPyConnection,
        feed: Feed,
        looks: list[Look],
        origin: Path,
        contents: set[str],
        are_looked_at_again: bool = True,
    ) -> Iterator[Arrival]:
        """Files into the landing folder, and into the journal."""
        batch: list[Arrival] = []
        for look in looks:
            try:
                arrival = files.land(
                    look, origin, self.landing / feed.name, self.highest_number + 1, contents, self._landed_elsewhere
                )
            except FolderError as error:
                self._problems.append(f"[sources.{feed.name}] {line_of(error)}")
                continue
            self.highest_number += arrival.landed_name is not None
            contents.add(arrival.content_id)
            batch.append(arrival)
            if len(batch) % 500 == 0:
                self.progress(f"{feed.name}: {len(batch):,} of {len(looks):,} files pulled")
        journal.note_arrivals(connection, feed, batch, are_looked_at_again)
        yield from batch
