"""Numbers as people read them: 45s, 4m 30s, 2h 14m, 3d 4h; 86%; +2 pt; 12,345. What is not known is an em dash."""

from __future__ import annotations

import math
from datetime import datetime

EM_DASH = "—"
MINUTE, HOUR, DAY = 60, 3600, 86400


def is_missing(value: object) -> bool:
    """Whether a value from a frame is null."""
    return value is None or (isinstance(value, float) and math.isnan(value)) or value != value


def number(value: float | int | None) -> float | None:
    """A number from a frame, None where it is null."""
    return None if value is None or is_missing(value) else float(value)


def count(value: float | int | None) -> str:
    """`12,345`."""
    return EM_DASH if value is None or is_missing(value) else f"{round(value):,}"


def duration(seconds: float | None) -> str:
    """`45s`, `4m 30s`, `2h 14m`, `3d 4h`: the two largest units, the second one left out where it is nothing."""
    if seconds is None or is_missing(seconds):
        return EM_DASH
    whole = round(abs(seconds))
    sign = "-" if seconds < 0 and whole else ""
    for unit, name, part, part_name in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "m"), (MINUTE, "m", 1, "s")):
        # Rounded to the smaller unit first, so that 59m 59.6s is an hour.
        parts = round(whole / part)
        if parts * part >= unit:
            large, small = divmod(parts, unit // part)
            return f"{sign}{large}{name}" + (f" {small}{part_name}" if small else "")
    return f"{sign}{whole}s"


def rough_duration(seconds: float | None) -> str:
    """`12m`: the largest unit alone, for how long ago something was."""
    return duration(seconds).split(" ")[0]


def share(value: float | None) -> str:
    """`86%`; a share that is not all or nothing never shows as 100% or 0%."""
    if value is None or is_missing(value):
        return EM_DASH
    percent = round(value * 100)
    if percent == 100 and value < 1:
        return ">99%"
    return "<1%" if percent == 0 and value > 0 else f"{percent}%"


def interval(low: float | None, high: float | None, population: float | int | None) -> str:
    """`84-88%, n = 1,204`: where a share lies, and how many it is of."""
    if low is None or high is None or is_missing(low) or is_missing(high):
        return "n = 0"
    return f"{round(low * 100)}–{round(high * 100)}%, n = {count(population)}"


def change_of_count(now: float | None, before: float | None) -> str | None:
    """`+3%` of the count before; None where there is nothing to compare with."""
    if now is None or before is None or is_missing(now) or is_missing(before) or before == 0:
        return None
    return f"{round((now - before) / before * 100):+d}%"


def change_of_level(change: float | None) -> str | None:
    """`+120`, for a level such as the backlog."""
    return None if change is None or is_missing(change) else f"{round(change):+,d}"


def change_of_duration(now: float | None, before: float | None) -> str | None:
    """`+2m`: the largest unit alone."""
    if now is None or before is None or is_missing(now) or is_missing(before):
        return None
    text = rough_duration(now - before)
    return text if text.startswith("-") or text == "0s" else f"+{text}"


def change_of_share(now: float | None, before: float | None) -> str | None:
    """`+2 pt`."""
    if now is None or before is None or is_missing(now) or is_missing(before):
        return None
    return f"{round((now - before) * 100):+d} pt"


def moment(local: datetime, today: datetime | None = None) -> str:
    """`12:04`, with the date where it is not today: `28 Feb 1999, 23:59`."""
    clock = f"{local:%H:%M}"
    return clock if today is not None and local.date() == today.date() else f"{local.day} {local:%b %Y}, {clock}"


def day(local: datetime) -> str:
    """`Sat 21 Nov`."""
    return f"{local:%a} {local.day} {local:%b}"


def counted(amount: int, noun: str, plural: str | None = None) -> str:
    """`1 ticket`, `2 tickets`."""
    return f"{amount:,} {noun if amount == 1 else plural or noun + 's'}"
