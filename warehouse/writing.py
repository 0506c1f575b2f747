"""What people write in the dashboard: one small file a row, which the pipelines load in their next run like any other export.

Pages open the published warehouse read-only and may be many processes; a file of its own for every row needs no lock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from warehouse.durable import write_whole
from warehouse.errors import RowNotWritten
from warehouse.rows import NOTE_KINDS, ROW_KINDS, WRITTEN, WRITTEN_FEEDS, Field, RowKind

LONGEST = {"label": 80, "name": 80, "body": 4000, "query": 4000}
LONGEST_OTHER = 200
# Instants outside these years are refused when loaded, too: nobody speaks of them.
FIRST_YEAR, LAST_YEAR = 1900, 2199


def write(folder: Path, kind: str, row: Mapping[str, Any]) -> str:
    """Writes an `annotation`, `note` or `view` into the data folder and returns its id; a row with the id of another replaces it.

    Instants are datetimes (without a zone: UTC) or ISO 8601 text. A missing id is made up; missing required instants and
    `updated_at` are now. Raises RowNotWritten where a field is unknown, missing, of the wrong type or too long, or the
    folder cannot be written.
    """
    row_kind = _written_kind(kind)
    values = _checked(row_kind, _completed(row_kind, row))
    _put(written_folder(folder, kind), json.dumps(values, ensure_ascii=False))
    return str(values[_identity(row_kind)])


def remove(folder: Path, kind: str, identity: str, row: Mapping[str, Any]) -> str:
    """Takes back what was written under the id `identity`; `row` is what it says, as after `write`. Raises RowNotWritten."""
    mark = {_identity(_written_kind(kind)): identity, "is_removed": True, "updated_at": datetime.now(UTC)}
    return write(folder, kind, {**row, **mark})


def written_folder(folder: Path, kind: str) -> Path:
    """Where rows of a kind are written, in the data folder `folder`."""
    return folder / WRITTEN / kind


def _written_kind(kind: str) -> RowKind:
    if kind not in WRITTEN_FEEDS:
        raise RowNotWritten(f"{kind!r} is not written in the dashboard; allowed are {', '.join(WRITTEN_FEEDS)}")
    return ROW_KINDS[kind]


def _identity(kind: RowKind) -> str:
    """The field that holds the id."""
    (name,) = kind.key
    return name


def _completed(kind: RowKind, row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that say something, with an id and the instants that every row has."""
    now = datetime.now(UTC)
    instants = [field.name for field in kind.fields if field.type == "instant" and field.required]
    given = {name: value for name, value in row.items() if not _is_missing(value)}
    return {_identity(kind): uuid4().hex, **dict.fromkeys([*instants, "updated_at"], now), **given}


def _is_missing(value: object) -> bool:
    """None, an empty text, or the not-a-number and not-a-time of a data frame, which alone are not equal to themselves."""
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def _checked(kind: RowKind, row: dict[str, Any]) -> dict[str, str | bool]:
    """The row as JSON can hold it."""
    unknown = next((name for name in row if name not in kind.field_names()), None)
    if unknown is not None:
        raise RowNotWritten(
            f"{unknown} is not a field of a {kind.name} row; allowed are {', '.join(kind.field_names())}"
        )
    missing = next((field.name for field in kind.fields if field.required and field.name not in row), None)
    if missing is not None:
        raise RowNotWritten(f"{missing} is empty; a {kind.name} needs it")
    values = {field.name: _value(field, row[field.name]) for field in kind.fields if field.name in row}
    _refuse_contradictions(kind, values)
    return values


def _value(field: Field, value: object) -> str | bool:
    if field.type == "instant":
        return _instant(field.name, value)
    if field.type == "boolean":
        if not isinstance(value, bool):
            raise RowNotWritten(f"{field.name} is {value!r}; it must be True or False")
        return value
    return _text(field.name, value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise RowNotWritten(f"{name} is {value!r}; it must be text")
    text, longest = value.strip(), LONGEST.get(name, LONGEST_OTHER)
    if len(text) > longest:
        raise RowNotWritten(f"{name} has {len(text):,} characters; at most {longest:,} are allowed")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise RowNotWritten(f"{name} holds a character that is no text (a null or half of a surrogate pair)")
    return text


def _instant(name: str, value: object) -> str:
    """ISO 8601 in UTC."""
    instant = _utc(value)
    if instant is None or not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise RowNotWritten(f"{name} is {value!r}; it must be an instant such as 2026-01-31T10:30:00Z")
    return instant.isoformat(timespec="microseconds")


def _utc(value: object) -> datetime | None:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(instant, datetime):
            return None
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _refuse_contradictions(kind: RowKind, values: Mapping[str, str | bool]) -> None:
    """What staging would reject, said to who writes it."""
    began, ended = values.get("happened_at"), values.get("ended_at")
    if isinstance(began, str) and isinstance(ended, str) and ended < began:
        raise RowNotWritten(f"ended_at {ended} is before happened_at {began}")
    if kind.name == "note" and str(values["kind"]).lower() not in NOTE_KINDS:
        raise RowNotWritten(f"kind is {values['kind']!r}; it must be {' or '.join(NOTE_KINDS)}")


def _put(folder: Path, line: str) -> None:
    """One whole file under a name of its own, on the disk before anybody sees it."""
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{uuid4().hex}.jsonl"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, line + "\n")
    except OSError as error:
        raise RowNotWritten(f"{folder} cannot be written: {error.strerror or error}") from error
