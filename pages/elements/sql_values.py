"""What people write into the field of a parameter, as the value that a query gets. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

HOW = (
    "Empty is null. `12.5` is a number, `true` and `false` are truth values, `2026-11-25` or `2026-11-25 09:00` an instant (UTC), "
    "`[a, b]` a list; anything else is text, and so is whatever stands in 'single quotes'."
)
_WORDS = {"true": True, "false": False, "null": None}


def read(written: str) -> object:
    """The value of a text: None, a bool, a number, a naive UTC datetime, a list of these, or the text itself."""
    text = written.strip()
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1]
    if text.startswith("[") and text.endswith("]"):
        return [read(part) for part in text[1:-1].split(",")] if text[1:-1].strip() else []
    if not text or text.lower() in _WORDS:
        return _WORDS.get(text.lower())
    readings: Sequence[Callable[[str], object]] = (int, _decimal, _instant)
    for reading in readings:
        try:
            return reading(text)
        except (ValueError, OverflowError):
            continue
    return text


def _decimal(text: str) -> float:
    """A number as people write it; `nan` and `inf` are words."""
    if text.lstrip("+-")[:1] not in "0123456789.":
        raise ValueError(text)
    return float(text)


def _instant(text: str) -> datetime:
    """An instant that begins with its year: `20261125` is a number before it is a day."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
