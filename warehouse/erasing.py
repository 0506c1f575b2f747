"""Customers taken out of landed files: which records are theirs, and what is left of each.

A record stays a record, so that volumes, waits and scores of the past stay what was reported: what holds nothing of a customer is kept,
the rest is emptied. What tells rows apart is replaced by a keyed hash that leads back to nobody.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import duckdb

from warehouse.documents import Change, Document, Record, replace
from warehouse.errors import FileRefused
from warehouse.landed import opened
from warehouse.loading import Feed
from warehouse.mapping import columns_of, harmless_columns, personal_columns
from warehouse.privacy import ERASED, HARMLESS_CHANGES, erased_texts, pseudonyms
from warehouse.reading import LandedFile, mapped, readable
from warehouse.sources import Column, Source, When

Ticket = tuple[str, str]  # source, ticket_id
Get = Callable[[str], str | None]
_ERASED = re.compile(ERASED)
# Kinds of rows whose customer is the one the ticket belongs to.
_OWNING = ("ticket", "event", "call")


def owning_feeds(feeds: Sequence[Feed]) -> list[Feed]:
    """The feeds that say whose a ticket is; where a source delivers messages alone, who wrote them."""
    told = {feed.source_name for feed in feeds if feed.kind.name in _OWNING}
    return [
        feed
        for feed in feeds
        if feed.kind.name in _OWNING or (feed.kind.name == "message" and feed.source_name not in told)
    ]


@dataclass
class Erasing:
    """People (pseudonyms) and tickets to erase, and what was found of them."""

    connection: duckdb.DuckDBPyConnection
    scratch: Path
    people: set[str]
    tickets: dict[Ticket, str | None]
    rows: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    unreadable: list[str] = field(default_factory=list)
    _known: dict[str, str] = field(default_factory=dict)

    def find_tickets(self, feed: Feed, files: Sequence[LandedFile]) -> None:
        """Adds the tickets that these files say are theirs."""
        for _, source, document in self._documents(feed, files):
            for record in self._with_names(source, document):
                get = record.get
                person = self._person(feed, source, get) if get else None
                ticket = get and (text_of(source, "ticket_id", get) or text_of(source, "call_id", get))
                if person and ticket:
                    self.tickets.setdefault((feed.source_name, ticket), person)

    def look_through(self, feed: Feed, files: Sequence[LandedFile]) -> Iterator[tuple[LandedFile, Callable[[], None]]]:
        """The files that hold something of theirs, each with what takes it out; counts the rows by person and kind."""
        for file, source, document in self._documents(feed, files):
            changes = {}
            for record in self._with_names(source, document):
                change, person = self._change(feed, source, record)
                if change and document.alters(record, change):
                    changes[record.number] = change
                    self.rows[person or ""][feed.kind.name] += 1
            if changes:
                yield file, partial(_replace, file, document, changes)

    def _documents(self, feed: Feed, files: Sequence[LandedFile]) -> Iterator[tuple[LandedFile, Source, Document]]:
        for file in files:
            try:
                member = readable(file, feed.source, self.scratch, feed.largest_file)
                source = mapped(feed.name, feed.source, member)
                yield file, source, opened(member, feed.source)
            except (FileRefused, ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile):
                if file.name not in self.unreadable:
                    self.unreadable.append(file.name)
            for leftover in self.scratch.iterdir():
                leftover.unlink()

    def _with_names(self, source: Source, document: Document) -> Iterator[Record]:
        """The records, once the pseudonyms of the names in them are known: all in one statement."""
        records = list(document.records())
        names = {name for record in records for name in _names(source, record)} - self._known.keys()
        self._known |= pseudonyms(self.connection, sorted(names))
        yield from records

    def _is_theirs(self, name: str | None) -> str | None:
        found = self._known.get(name) if name else None
        return found if found in self.people else None

    def _person(self, feed: Feed, source: Source, get: Get) -> str | None:
        """Whose row it is by the name in it."""
        if feed.kind.name == "message":
            by_agent = text_of(source, "author_kind", get) in ("agent", "bot")
            return None if by_agent else self._is_theirs(text_of(source, "author", get))
        return self._is_theirs(text_of(source, "customer", get))

    def _change(self, feed: Feed, source: Source, record: Record) -> tuple[Change | None, str | None]:
        """What is left of a record, and whose it is; None where it is none of theirs."""
        get = record.get
        if get is None:
            found = next((self._is_theirs(piece) for piece in record.pieces if self._is_theirs(piece)), None)
            owned = any((feed.source_name, piece) in self.tickets for piece in record.pieces)
            return (Change(frozenset()) if found or owned else None), found
        ticket = (feed.source_name, text_of(source, "ticket_id", get) or text_of(source, "call_id", get) or "")
        person = self._person(feed, source, get) or self.tickets.get(ticket)
        if person or ticket in self.tickets:
            return self._emptied(feed, source, get), person
        return self._only_named(feed, source, get)

    def _emptied(self, feed: Feed, source: Source, get: Get) -> Change:
        """Everything but what holds nothing of a customer; what tells rows apart becomes a hash."""
        kept = harmless_columns(source) | _conditions(source) | (set(source.key or []) - personal_columns(source))
        if feed.kind.name == "message" and self._is_by_somebody_else(source, get):
            kept |= columns_of(source, "author")
        if feed.kind.name == "event":
            kept |= self._kept_of_change(source, get)
        telling = {name for part in feed.kind.key for name in columns_of(source, part)} | set(source.key or [])
        hashed = {name for name in telling if name not in kept or "@" in (get(name) or "")}
        return Change(frozenset(kept - hashed), self._hashed(hashed, get))

    def _is_by_somebody_else(self, source: Source, get: Get) -> bool:
        """Whether a message is an agent's; where its row does not tell, whether it is anybody's but theirs: else an agent's answer
        would turn into words of a customer."""
        kind, author = text_of(source, "author_kind", get), text_of(source, "author", get)
        return kind in ("agent", "bot") or (kind in ("by_author", None) and not self._is_theirs(author))

    def _kept_of_change(self, source: Source, get: Get) -> set[str]:
        """Of an event: who changed it unless it was them, and values of fields that name nobody."""
        actor = text_of(source, "actor", get)
        kept = set() if self._is_theirs(actor) else columns_of(source, "actor")
        named = (text_of(source, "field", get) or "").lower()
        values = columns_of(source, "old_value") | columns_of(source, "new_value")
        return kept | (values if named in HARMLESS_CHANGES.split() else set())

    def _only_named(self, feed: Feed, source: Source, get: Get) -> tuple[Change | None, str | None]:
        """Somebody else's event that names them: only those cells."""
        if feed.kind.name != "event":
            return None, None
        fields = [name for name in ("actor", "old_value", "new_value") if self._is_theirs(text_of(source, name, get))]
        if not fields:
            return None, None
        columns = {column for name in fields for column in columns_of(source, name)}
        return Change(_AllBut(columns), self._hashed(columns, get)), self._is_theirs(text_of(source, fields[0], get))

    def _hashed(self, columns: set[str], get: Get) -> dict[str, str]:
        texts = {name: get(name) or "" for name in columns}
        fresh = sorted({text for text in texts.values() if text and not _ERASED.fullmatch(text)})
        hashes = erased_texts(self.connection, fresh) if fresh else {}
        return {name: hashes.get(text, text) for name, text in texts.items()}


def _replace(file: LandedFile, document: Document, changes: dict[int, Change]) -> None:
    replace(file.path, document.changed(changes))


class _AllBut(frozenset[str]):
    """Every column but these."""

    def __contains__(self, name: object) -> bool:
        return not super().__contains__(name)


def text_of(source: Source, name: str, get: Get) -> str | None:
    """The text of a field as staging reads it: constants, the first origin that is not empty, nulls, mapped words."""
    if name in source.constants:
        value = source.constants[name]
        return (str(value).lower() if isinstance(value, bool) else str(value)) or None
    text = next(
        (text for spec in source.columns.get(name, []) if (text := _origin(source, spec, get)) is not None), None
    )
    mapping = {theirs.strip().lower(): ours for theirs, ours in source.values.get(name, {}).items()}
    return (mapping.get(text.lower(), text) or None) if text is not None else None


def _origin(source: Source, spec: Column, get: Get) -> str | None:
    nulls = {"", *source.nulls, *spec.nulls}
    parts = [(get(name) or "").strip(" ") for name in spec.join or [spec.column or ""]]
    if any(part in nulls for part in parts):
        return None
    if (spec.when and not _holds(spec.when, get)) or (spec.unless and _holds(spec.unless, get)):
        return None
    return spec.prefix + spec.separator.join(parts)


def _holds(rule: When, get: Get) -> bool:
    return (get(rule.column) or "").strip(" ") in rule.values


def _names(source: Source, record: Record) -> set[str]:
    """Every text of a record that may be a name."""
    get = record.get
    if get is None:
        return set(record.pieces)
    texts = (text_of(source, name, get) for name in ("customer", "author", "actor", "old_value", "new_value"))
    return {text for text in texts if text}


def _conditions(source: Source) -> set[str]:
    """Columns that decide how others are read, or that a row is none."""
    rules = [rule for specs in source.columns.values() for spec in specs for rule in (spec.when, spec.unless) if rule]
    return {rule.column for rule in [*rules, *source.reject]}
