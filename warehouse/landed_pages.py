"""Landed pages of services as records that can be changed: the objects of a page that may be a customer's, and what is left of one.

Of an erased object every key stays, and what counts, dates and tells kinds apart; every text goes, and so does every number that may be a
customer's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from warehouse.documents import Change, Document, Record, content_of, emptied, getter
from warehouse.reading import Readable
from warehouse.services import PagesSource, Records

# Keys whose values count, date or tell kinds apart, on every service. A text under one of them stays only where it is a short word.
_HARMLESS_KEY = re.compile(
    r"(^|_)(id|ids|at|on|date|time|minutes?|seconds?|hours?|score|rating|value|weight|count|position|instance_id)$"
    r"|^(status|state|priority|type|kind|source|channel|private|incoming|public|open|read|deleted|spam|metric|target|business_hours"
    r"|event_type|event_name|author_type|message_type|content_type|sender_type|part_type|delivered_as|survey_type|delivery_method|via"
    r"|previous_value|action|role|ratings|rel|tags|created|updated|time_zone|inbox|finished|progress|response_status"
    r"|responseId|token|ref|number|collection_mode)$"
)
# Fields that may name a customer.
PEOPLE = ("customer", "author", "actor", "old_value", "new_value")
_WORD = re.compile(r"[\w.:/+-]{0,40}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d([T ][\d:.]+(Z|[+-]\d\d:?\d\d)?)?")


class Pages(Document):
    """A file of pages, one a line. Records are the objects at the places that the service's part names, or that support.toml does."""

    def __init__(self, member: Readable, source: PagesSource) -> None:
        self.lines = [json.loads(line) for line in content_of(member.file.path).splitlines() if line.strip()]
        self.is_mapped = source.query is None
        place = (
            Records(f"{source.records}[]" if source.records else "[]")
            if self.is_mapped
            else source.place(member.file.name)
        )
        self.place = place or Records("")
        self.fields = self.place.fields
        self.held = [held for line in self.lines if place for held in objects(line["body"], place.path)]

    def records(self) -> Iterator[Record]:
        for number, held in enumerate(self.held):
            yield Record(number, getter(held.object) if self.is_mapped else self._get(held))

    def alters(self, record: Record, change: Change) -> bool:
        held = self.held[record.number]
        return self._left(held, change) != held.object

    def changed(self, changes: dict[int, Change]) -> bytes:
        for number, change in changes.items():
            held = self.held[number]
            left = self._left(held, change)
            held.object.clear()
            held.object.update(left)
        return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in self.lines)

    def _left(self, held: Held, change: Change) -> dict[str, Any]:
        if self.is_mapped:
            return emptied(held.object, change)
        named = [name for name in PEOPLE if name in self.fields and name not in change.kept]
        people = {text for name in named for text in self._texts(held, name)}
        left: dict[str, Any] = _blanked(held.object, "", change.kept, set() if self.place.people else people)
        for path in self.place.people:
            parent, _, key = path.rpartition(".")
            for inside in objects(left, parent):
                if str(inside.object.get(key)) in people:
                    inside.object[key] = None
        return left

    def _get(self, held: Held) -> Callable[[str], str | None]:
        """Fields by the names of our own rows, at their paths, and answers by the names that they have in their survey."""
        return lambda name: next(iter(self._texts(held, name)), None)

    def _texts(self, held: Held, name: str) -> list[str]:
        """What stands at the paths of a field, as far as there is something; a path that begins with `^` is of the object around."""
        paths = self.fields[name].split() if name in self.fields else [name, f"{self.place.answers}.{name}"]
        found = [getter(held.around)(path[1:]) if path.startswith("^") else getter(held.object)(path) for path in paths]
        return [text for text in found if text]


@dataclass(frozen=True)
class Held:
    """An object of a page, and the object that it is part of."""

    object: dict[str, Any]
    around: dict[str, Any]


def objects(body: Any, path: str) -> Iterator[Held]:
    """The objects at a path such as `tickets[]`, `events[].children[]`, `[]` (the body is a list) or an empty one (the body itself)."""
    yield from _within(body, [part for part in re.split(r"\.|(?=\[\])", path) if part], {})


def _within(found: Any, steps: list[str], around: dict[str, Any]) -> Iterator[Held]:
    if not steps:
        if isinstance(found, dict):
            yield Held(found, around)
    elif steps[0] == "[]":
        for one in found if isinstance(found, list) else []:
            yield from _within(one, steps[1:], around)
    elif isinstance(found, dict):
        is_listed = "[]" in steps[1:]
        yield from _within(found.get(steps[0]), steps[1:], found if is_listed else around)


def _blanked(value: Any, key: str, kept: frozenset[str], people: set[str]) -> Any:
    """A value of an erased object: without people, and without words that may be theirs. Of a text stays that there was one."""
    if isinstance(value, dict):
        return {name: _blanked(inside, name, kept, people) for name, inside in value.items()}
    if isinstance(value, list):
        return [_blanked(inside, key, kept, people) for inside in value]
    if value is None or isinstance(value, bool):
        return value
    if str(value) in people:
        return None
    if key in kept or (_HARMLESS_KEY.search(key) and (not isinstance(value, str) or _WORD.fullmatch(value))):
        return value
    if isinstance(value, str):
        return value if _INSTANT.fullmatch(value) else ""
    return None
