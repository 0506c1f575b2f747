"""Numbers and times as people read them: 45s, 4m 30s, 2h 14m, 3d 4h; 86%; +2 pt; 12,345. What is not known is an em dash.

Marks of numbers, the order of day and month, and hours of 12 or 24 follow the visitor's habits: `use` says whose.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import date as date_
from datetime import datetime

from pages.elements.habits import OURS, Habits
from warehouse.privacy import PSEUDONYM

EM_DASH = "—"
_PSEUDONYM = re.compile(PSEUDONYM)
MINUTE, HOUR, DAY = 60, 3600, 86400
_habits: ContextVar[Habits] = ContextVar("habits", default=OURS)


def use(habits: Habits) -> None:
    """Writes as this visitor does, in this run of a page."""
    _habits.set(habits)


def habits() -> Habits:
    """Whose habits hold in this run of a page."""
    return _habits.get()


def decimal(value: float, digits: int = 0) -> str:
    """`1,234.5` with the visitor's marks."""
    marks = habits()
    return f"{value:,.{digits}f}".translate({ord(","): marks.group, ord("."): marks.decimal})


def is_missing(value: object) -> bool:
    """Whether a value from a frame is null."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    try:
        return bool(value != value)
    except TypeError:  # pandas' NA is neither like nor unlike anything
        return True


def number(value: float | int | None) -> float | None:
    """A number from a frame, None where it is null."""
    return None if value is None or is_missing(value) else float(value)


def count(value: float | int | None) -> str:
    """`12,345`."""
    return EM_DASH if value is None or is_missing(value) else decimal(round(value))


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
    return (
        None if change is None or is_missing(change) else ("+" if round(change) >= 0 else "") + decimal(round(change))
    )


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


def points(value: float | None, digits: int = 0) -> str:
    """`39.8`, a score in points."""
    return EM_DASH if value is None or is_missing(value) else decimal(value, digits)


def change_of_points(change: float | None, digits: int = 0) -> str | None:
    """`+3` or `-3`, of a score in points."""
    if change is None or is_missing(change):
        return None
    return ("+" if round(change, digits) >= 0 else "") + decimal(round(change, digits), digits)


def clock(local: datetime) -> str:
    """`23:59`, or `11:59 pm`."""
    if not habits().twelve_hours:
        return f"{local:%H:%M}"
    return f"{local.hour % 12 or 12}:{local:%M} {'am' if local.hour < 12 else 'pm'}"


def hour(hour_of_day: int) -> str:
    """`14:00`, or `2 pm`."""
    if not habits().twelve_hours:
        return f"{hour_of_day}:00"
    return f"{hour_of_day % 12 or 12} {'am' if hour_of_day < 12 else 'pm'}"


def date(local: datetime) -> str:
    """`28 Feb 1999`, or `Feb 28, 1999`."""
    return f"{local:%b} {local.day}, {local.year}" if habits().month_first else f"{local.day} {local:%b} {local.year}"


def moment(local: datetime, today: datetime | None = None) -> str:
    """`12:04`, with the date where it is not today: `28 Feb 1999, 23:59`."""
    return clock(local) if today is not None and local.date() == today.date() else f"{date(local)}, {clock(local)}"


def day(local: datetime) -> str:
    """`Sat 21 Nov`, or `Sat, Nov 21`."""
    return f"{local:%a}, {local:%b} {local.day}" if habits().month_first else f"{local:%a} {local.day} {local:%b}"


def bin(local: datetime, grain: str) -> str:
    """When a bin begins, as much of it as its grain needs: `Sat 21 Nov 2026, 14:00`, `Sat 21 Nov 2026`, `Nov 2026`."""
    if grain == "month":
        return f"{local:%b %Y}"
    text = f"{day(local)}{',' if habits().month_first else ''} {local.year}"
    return f"{text}, {clock(local)}" if grain == "hour" else text


def tick_day() -> str:
    """A day under an axis, in d3's words."""
    return "%b %-d" if habits().month_first else "%-d %b"


def tick_hour() -> str:
    """An hour under an axis, in d3's words."""
    return "%-I %p" if habits().twelve_hours else "%H:%M"


def hover_bin(grain: str) -> str:
    """A bin in full, in d3's words."""
    weekday = "%a, %b %-d" if habits().month_first else "%a %-d %b"
    return {
        "hour": f"{weekday} {tick_hour()}",
        "day": f"{weekday} %Y",
        "week": f"week of {weekday} %Y",
        "month": "%B %Y",
    }[grain]


def cut(text: str, longest: int) -> str:
    """The text, or as much of it as there is room for: `Cancel subscri…`."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def customer(name: str) -> str:
    """A customer as the warehouse names them; the hash that stands for one by its beginning, which tells those of a page apart."""
    return f"{name[:8]}…" if _PSEUDONYM.fullmatch(name) else name


def part_name(part: object, split: str, labels: Mapping[str, str]) -> str:
    """A part of a split as people know it: `Email`, or `no team` where none is given."""
    return f"no {split}" if is_missing(part) else labels.get(str(part), str(part))


def counted(amount: int, noun: str, plural: str | None = None) -> str:
    """`1 ticket`, `2 tickets`."""
    return f"{count(amount)} {noun if amount == 1 else plural or noun + 's'}"


def value(amount: float | None, unit: str) -> str:
    """A metric's value in the unit of its series: seconds, share, points or count."""
    return {"seconds": duration, "share": share, "points": points, "count": count}[unit](amount)


def change(now: float | None, before: float | None, unit: str) -> str | None:
    """What a metric gained or lost, in the unit of its series; None where it cannot be said."""
    if unit == "points":
        return (
            None
            if is_missing(now) or is_missing(before) or now is None or before is None
            else change_of_points(now - before)
        )
    return {"seconds": change_of_duration, "share": change_of_share, "count": change_of_count}[unit](now, before)


def days(first: date_, last: date_) -> str:
    """Two days and all between: `16–22 November 2026`, `26 October – 1 November 2026`, or `November 16–22, 2026`."""
    if habits().month_first:
        year = "" if first.year == last.year else f", {first.year}"
        end = f"{last.day}" if (first.month, first.year) == (last.month, last.year) else f"{last:%B} {last.day}"
        return f"{first:%B} {first.day}{year}{'–' if end.isdecimal() else ' – '}{end}, {last.year}"
    if (first.month, first.year) == (last.month, last.year):
        return f"{first.day}–{last.day} {last:%B} {last.year}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day} {first:%B}{year} – {last.day} {last:%B} {last.year}"


def points_of_share(change: float) -> str:
    """`+0.8 pt`: what a share gained or lost, with a decimal, for parts of a change."""
    return f"{change_of_points(change * 100, 1)} pt"
