"""Who was erased: kept in two small files of the data folder, so that it outlasts the loading file, and shown as table `erasures`.

Pseudonyms stand in one, their tickets in the other, in an order that does not tell whose a ticket was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse.durable import write_whole
from warehouse.errors import FolderError

PEOPLE_FILE, TICKETS_FILE = "erasures.jsonl", "erased_tickets.jsonl"
Ticket = tuple[str, str]  # source, ticket_id


@dataclass(frozen=True)
class Erasure:
    """That somebody was erased: pseudonym, when (UTC), rows by kind, and a fingerprint of the key that the pseudonym was made with."""

    pseudonym: str
    erased_at: str
    rows: dict[str, int]
    key: str


class Register:
    """The erasures of a data folder."""

    def __init__(self, folder: Path, key: str) -> None:
        """Raises FolderError where people were erased under another key: nobody would know them again."""
        self._people_path, self._tickets_path, self._key = folder / PEOPLE_FILE, folder / TICKETS_FILE, key
        self.erasures = [Erasure(**row) for row in _rows(self._people_path)]
        self.tickets: set[Ticket] = {(source, ticket) for source, ticket in _rows(self._tickets_path)}
        if any(erasure.key != key for erasure in self.erasures):
            raise FolderError(
                f"{self._people_path} names {len(self.erasures)} erased customers under another privacy key: later exports that name them would"
                " bring them back. Set the old key again, or remove the file to accept that"
            )

    @property
    def people(self) -> set[str]:
        return {erasure.pseudonym for erasure in self.erasures}

    def add(self, rows: dict[str, dict[str, int]], tickets: Iterable[Ticket]) -> None:
        """Notes people with their rows by kind, and tickets of theirs: on the disk before anything is erased."""
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
        self.erasures += [Erasure(pseudonym, now, counts, self._key) for pseudonym, counts in rows.items()]
        self.tickets |= set(tickets)
        _write(self._people_path, [asdict(erasure) for erasure in self.erasures])
        _write(self._tickets_path, sorted(self.tickets))

    def show(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Makes table `erasures` say what the files say."""
        rows = [
            (erasure.pseudonym, erasure.erased_at, kind, count)
            for erasure in self.erasures
            for kind, count in sorted(erasure.rows.items())
        ]
        shown = connection.execute("select pseudonym, erased_at, kind, rows from erasures").fetchall()
        if len(shown) == len(rows):
            return
        connection.execute("begin")
        connection.execute("delete from erasures")
        connection.executemany("insert into erasures values (?, ?::timestamp, ?, ?)", rows)
        connection.execute("commit")


def merge(folders: Sequence[Path], into: Path) -> list[str]:
    """Writes what data folders know of erasures, together, into one; returns the pseudonyms."""
    people = {row["pseudonym"]: row for folder in folders for row in _rows(folder / PEOPLE_FILE)}
    tickets = {(source, ticket) for folder in folders for source, ticket in _rows(folder / TICKETS_FILE)}
    if people:
        _write(into / PEOPLE_FILE, people.values())
        _write(into / TICKETS_FILE, sorted(tickets))
    return sorted(people)


def _rows(path: Path) -> list[Any]:
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise FolderError(
            f"{path} cannot be read: {error}. Bring back a copy: it says who must not come back"
        ) from error


def _write(path: Path, rows: Iterable[object]) -> None:
    write_whole(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
