"""Documents of landed files: records that can be changed, and what all formats share in reading and writing them."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warehouse import packing
from warehouse.unpacking import is_gzip

_PIECES = re.compile(r"[\s,;|\"'{}\[\]]*[,;\t|\"{}\[\]:\n][\s,;|\"'{}\[\]]*")


@dataclass(frozen=True)
class Record:
    """A record of a file. `get` gives the text of a column, or of a path into a JSON object; without it the record cannot be read,
    and `pieces` are the texts that may stand in it."""

    number: int
    get: Callable[[str], str | None] | None
    pieces: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """What is left of a record: the columns that are kept, and those whose text is replaced. Everything else is emptied."""

    kept: frozenset[str]
    replaced: dict[str, str] = field(default_factory=dict)


class Document:
    """One landed file, read whole. `columns` are empty where records say themselves what they hold."""

    columns: tuple[str, ...] = ()

    def records(self) -> Iterator[Record]:
        raise NotImplementedError

    def changed(self, changes: dict[int, Change]) -> bytes:
        """The content of the file with these records changed, unpacked."""
        raise NotImplementedError

    def alters(self, record: Record, change: Change) -> bool:
        """Whether the change leaves anything out that is still there."""
        get = record.get
        if get is None:
            return any(re.search(r"[^\Wx]", piece) for piece in record.pieces)
        return any((get(name) or "") != left_of(name, get(name) or "", change) for name in self.columns)


def replace(path: Path, content: bytes) -> None:
    """Puts content into a landed file, packed as it was: whole or not at all, its time kept."""
    packing.rewrite(path, io.BytesIO(content), len(content))


def content_of(path: Path) -> bytes:
    """The bytes of a landed file, unpacked."""
    content = path.read_bytes()
    return gzip.decompress(content) if is_gzip(path) else content


def pieces(text: str) -> tuple[str, ...]:
    """The texts between the marks of a line that cannot be read."""
    return tuple(piece.strip(" \t\r\n\"'") for piece in _PIECES.split(text) if piece.strip())


def left_of(name: str, value: str, change: Change) -> str:
    return value if name in change.kept else change.replaced.get(name, "")


def dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def getter(row: dict[str, Any]) -> Callable[[str], str | None]:
    """The text of a key of an object, or of a path into it; a number in the path is a place in a list."""

    def get(name: str) -> str | None:
        found: Any = row
        if name in row:
            return _text(row[name])
        for part in name.split("."):
            found = found.get(part) if isinstance(found, dict) else _member(found, part)
        return _text(found)

    return get


def _member(found: Any, place: str) -> Any:
    is_there = isinstance(found, list) and place.isdigit() and int(place) < len(found)
    return found[int(place)] if is_there else None


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return dumped(value)


def emptied(row: dict[str, Any], change: Change, before: str = "") -> dict[str, Any]:
    """The object with the values of kept keys and paths; of the others only the keys are left."""
    left: dict[str, Any] = {}
    for name, value in row.items():
        path = before + name
        if path in change.kept:
            left[name] = value
        elif isinstance(value, dict):
            left[name] = emptied(value, change, f"{path}.")
        else:
            left[name] = change.replaced.get(path)
    return left
