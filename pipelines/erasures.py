"""Customers taken out of the landing folder: those that somebody asked for, and those erased before whom a new export names again.

A request is a small file in the data folder that holds pseudonyms alone. The next run takes it up, whichever process runs it, and puts
an answer beside it once everything is done; a run that is killed leaves the request, and the next one finishes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from warehouse import erasing_stored, journal
from warehouse.building import reload_feeds
from warehouse.durable import write_whole
from warehouse.erasing import Erasing, owning_feeds
from warehouse.erasures import Register
from warehouse.loading import Feed
from warehouse.packing import delivered_bytes
from warehouse.reading import LandedFile

REQUESTS = "forget"
_ASKED, _ANSWERED = ".request.json", ".answer.json"


@dataclass
class Answer:
    """What became of a request. `rows` are rows by kind of each pseudonym that was found, `before` says who was erased before, and when."""

    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    files: int = 0
    unreadable: list[str] = field(default_factory=list)
    version: int | None = None


def request(folder: Path, pseudonyms: list[str]) -> str:
    """Asks the next run to erase people; returns the request's name."""
    name = uuid4().hex
    _write(folder / REQUESTS / f"{name}{_ASKED}", pseudonyms)
    return name


def answer(folder: Path, name: str) -> Answer | None:
    """The answer to a request, once it is there; it is taken away."""
    path = folder / REQUESTS / f"{name}{_ANSWERED}"
    if not path.is_file():
        return None
    found = Answer(**json.loads(path.read_text(encoding="utf-8")))
    path.unlink()
    return found


def requests(folder: Path) -> dict[str, list[str]]:
    """Pseudonyms by request, the oldest first."""
    paths = sorted((folder / REQUESTS).glob(f"*{_ASKED}"), key=lambda path: path.stat().st_mtime_ns)
    return {path.name.removesuffix(_ASKED): json.loads(path.read_text(encoding="utf-8")) for path in paths}


def settle(folder: Path, names: list[str], answered: Answer) -> None:
    """Answers requests and takes them away."""
    for name in names:
        _write(folder / REQUESTS / f"{name}{_ANSWERED}", asdict(answered))
        (folder / REQUESTS / f"{name}{_ASKED}").unlink()


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    write_whole(path, json.dumps(content))


@dataclass
class Landing:
    """The landed files of the feeds that speak of customers. Another folder of delivered files, an archive, is another one of these."""

    connection: duckdb.DuckDBPyConnection
    folder: Path
    scratch: Path
    feeds: list[Feed]
    known: set[str]

    def files(self, feed: Feed, only_waiting: bool) -> list[LandedFile]:
        rows = journal.landed_files(self.connection, feed.name, only_waiting)
        return [LandedFile(number, self.folder / landed, name) for number, landed, name in rows]

    def erase(self, register: Register, asked: set[str], progress: Callable[[str], None]) -> Answer:
        """Takes people out of these files; files that were loaded wait to be loaded again.

        What is to be done is on the disk before it begins, so that a killed run is finished by the next.
        """
        erasing = Erasing(self.connection, self.scratch, register.people | asked, dict.fromkeys(register.tickets))
        before = {erasure.pseudonym: erasure.erased_at for erasure in register.erasures if erasure.pseudonym in asked}
        progress("looking for customers to erase")
        for feed in owning_feeds(self.feeds):
            erasing.find_tickets(feed, self.files(feed, only_waiting=not asked))
        are_gone = bool(asked) and erasing_stored.are_gone(self.connection)
        if are_gone:
            erasing.tickets = {**erasing_stored.tickets_of(self.connection, erasing.people), **erasing.tickets}
        fresh = {source for source, _ in erasing.tickets.keys() - register.tickets}
        scopes = {
            feed.name: self.files(feed, only_waiting=not asked and feed.source_name not in fresh) for feed in self.feeds
        }
        concerned = [feed for feed in self.feeds if [*erasing.look_through(feed, scopes[feed.name])]]
        if are_gone:
            for person, counts in erasing_stored.erase(self.connection, erasing.people, erasing.tickets).items():
                erasing.rows[person] += counts
        rows = {person: dict(counts) for person, counts in erasing.rows.items() if person in asked}
        if rows or fresh:
            register.add(rows, erasing.tickets)
        register.show(self.connection)
        if (concerned or are_gone) and (asked or fresh):
            reload_feeds(self.connection, [feed.name for feed in concerned])
        answered = Answer(rows, before, unreadable=[*erasing.unreadable, *self._of_no_source()])
        for feed in concerned:
            progress(f"{feed.name}: customers are erased")
            for file, take_out in erasing.look_through(feed, scopes[feed.name]):
                take_out()
                journal.note_size(self.connection, file.file_no, delivered_bytes(file.path))
                answered.files += 1
        return answered

    def _of_no_source(self) -> list[str]:
        """Folders of landed files that no source of support.toml reads now: nothing says which of their columns hold what."""
        names = {path.name for path in self.folder.iterdir() if path.is_dir() and any(path.iterdir())}
        return [f"{self.folder / name} (of no source)" for name in sorted(names - self.known)]
