"""What marks how far a service was pulled: the newest value of a field of its rows, and how the next pull asks for what came since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from warehouse.errors import AnswerRefused
from warehouse.sources import Progress

Mark = str | int | float
PER_SECOND = {"epoch": 1, "epoch_ms": 1000}


def newest(progress: Progress, rows: Sequence[dict[str, Any]], known: Mark | None, place: str) -> Mark | None:
    """The newest of what rows say and what is known; rows that leave the field empty say nothing.

    Raises AnswerRefused where no row has the field at all, or a value is not in its format.
    """
    if rows and not any(_has(row, progress.field) for row in rows):
        has = ", ".join(sorted({name for row in rows for name in row}))
        raise AnswerRefused(
            f"{place}: no row has a field {progress.field!r} (they have: {has}). Name the one that marks progress in support.toml."
        )
    values = [value for row in rows if (value := found(row, progress.field)) not in (None, "")]
    try:
        return max(
            [*([] if known is None else [known]), *values], key=lambda value: _order(progress, value), default=None
        )
    except (ValueError, TypeError, OverflowError) as error:
        raise AnswerRefused(
            f"{place}: {progress.field} is not in the format {progress.format!r} everywhere ({error}). Set progress.format in support.toml."
        ) from None


def asked(progress: Progress, mark: Mark) -> str:
    """What the next pull asks for: the mark less the overlap, written as the service writes it."""
    if progress.format == "text":
        return str(mark)
    if progress.format in PER_SECOND:
        return str(int(float(mark) - progress.overlap * PER_SECOND[progress.format]))
    text = str(mark)
    earlier = (_iso(text) - timedelta(seconds=progress.overlap)).replace(microsecond=0)
    if len(text) == len("2026-01-31"):
        return earlier.date().isoformat()
    written = earlier.isoformat(sep=" " if text[10] == " " else "T")
    return written.removesuffix("+00:00") + "Z" if text.endswith(("Z", "z")) else written


def first(progress: Progress, since: datetime) -> Mark:
    """The mark of a source that begins at an instant."""
    if progress.format in PER_SECOND:
        return int(since.timestamp() * PER_SECOND[progress.format])
    return f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def instant(progress: Progress, mark: Mark | None) -> datetime | None:
    """When a mark is; None where it is no time."""
    if mark is None or progress.format == "text":
        return None
    if progress.format in PER_SECOND:
        return datetime.fromtimestamp(float(mark) / PER_SECOND[progress.format], UTC)
    return _aware(_iso(str(mark)))


def found(body: Any, path: str) -> Any:
    """What stands at a path such as `meta.next`; None where there is nothing."""
    for part in path.split("."):
        body = body.get(part) if isinstance(body, dict) else None
    return body


def _has(row: dict[str, Any], path: str) -> bool:
    parent, _, name = path.rpartition(".")
    inside = found(row, parent) if parent else row
    return inside is None if not isinstance(inside, dict) else name in inside


def _order(progress: Progress, value: Any) -> Any:
    """What makes one mark newer than another. Whole numbers written as texts are numbers."""
    if progress.format in PER_SECOND:
        return float(value)
    if progress.format == "iso":
        return _aware(_iso(value))
    text = str(value)
    return (text.isdecimal(), int(text) if text.isdecimal() else 0, text)


def _iso(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _aware(instant: datetime) -> datetime:
    """Instants that name no time zone are compared as if they were UTC: they all lack it."""
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
