"""Periods counted back from the data's own as-of instant, each with the period it is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Grain = Literal["hour", "day", "week", "month"]


@dataclass(frozen=True)
class Choice:
    """One entry of the period list: how to find its start from the local as-of time, and how far back its comparison lies."""

    start: Callable[[datetime], datetime] | None
    back: timedelta | None
    versus: str
    grains: tuple[Grain, ...]


@dataclass(frozen=True)
class Period:
    """A span of UTC instants (end excluded) with the equally long one it is compared with, None where there is none."""

    name: str
    start: datetime
    end: datetime
    previous_start: datetime | None
    previous_end: datetime | None
    versus: str
    grain: Grain
    grains: tuple[Grain, ...]
    days: tuple[str, ...] = ()


def _midnight(local: datetime, days_back: int = 0) -> datetime:
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0) - timedelta(days=days_back)


def _monday(local: datetime, weeks_back: int) -> datetime:
    return _midnight(local, local.weekday() + 7 * weeks_back)


# Each starts with a whole bin of its grain and ends now; the comparison is as long and has the same weekdays.
CHOICES: dict[str, Choice] = {
    "today": Choice(_midnight, timedelta(days=7), "vs the same day a week earlier", ("hour",)),
    "24 hours": Choice(
        lambda local: local.replace(minute=0, second=0, microsecond=0) - timedelta(hours=23),
        timedelta(days=7),
        "vs the same 24 h a week earlier",
        ("hour",),
    ),
    "7 days": Choice(lambda local: _midnight(local, 6), timedelta(days=7), "vs the 7 days before", ("day", "hour")),
    "28 days": Choice(lambda local: _midnight(local, 27), timedelta(days=28), "vs the 28 days before", ("day",)),
    "12 weeks": Choice(lambda local: _monday(local, 11), timedelta(days=84), "vs the 12 weeks before", ("week", "day")),
    "52 weeks": Choice(
        lambda local: _monday(local, 51), timedelta(days=364), "vs the 52 weeks before", ("week", "month", "day")
    ),
    "all": Choice(None, None, "", ("week", "month", "day")),
}
DEFAULT = "28 days"
# First and last day as the visitor chooses them.
CHOSEN = "chosen days"
NAMES = (*CHOICES, CHOSEN)


def of_days(
    first: date, last: date, as_of: datetime, first_at: datetime | None, zone: str, grain: Grain | None = None
) -> Period:
    """Whole days in the account's zone, both included, as far as the data goes; compared with the same weekdays before."""
    start = datetime(first.year, first.month, first.day)
    end = datetime(last.year, last.month, last.day) + timedelta(days=1)
    length = end - start
    back = timedelta(days=-(-length.days // 7) * 7)
    grains = grains_of(length)
    begins = utc(start - back, zone)
    is_comparable = first_at is not None and begins >= start_of_today(first_at, zone)
    return Period(
        name=CHOSEN,
        start=utc(start, zone),
        end=min(utc(end, zone), max(as_of.replace(microsecond=0) + timedelta(seconds=1), utc(start, zone))),
        previous_start=begins if is_comparable else None,
        previous_end=utc(end - back, zone) if is_comparable else None,
        versus=f"vs {back.days} days earlier" if is_comparable else "",
        grain=grain if grain in grains else grains[0],
        grains=grains,
        days=(str(first), str(last)),
    )


def grains_of(length: timedelta) -> tuple[Grain, ...]:
    """What a span can be cut into: at least a few bins, at most some hundred."""
    if length.days <= 2:
        return ("hour",)
    if length.days <= 14:
        return ("day", "hour")
    if length.days <= 60:
        return ("day", "week")
    return ("week", "day", "month") if length.days <= 490 else ("week", "month")


def period(name: str, as_of: datetime, first_at: datetime | None, zone: str, grain: Grain | None = None) -> Period:
    """The period `name` that ends at `as_of` (its last instant included), in the account's time zone.

    `as_of` and `first_at` are UTC without a zone, as all instants of the warehouse.
    """
    choice = CHOICES[name]
    local = local_wall(as_of, zone)
    end = as_of.replace(microsecond=0) + timedelta(seconds=1)
    if choice.start is None:
        start, grains = _monday(local_wall(first_at or as_of, zone), 0), choice.grains
        days = (local - start).days
        grains = grains_of(timedelta(days=max(days, 15)))
    else:
        start, grains = choice.start(local), choice.grains
    back = choice.back
    begins = utc(start - back, zone) if back else None
    # A comparison with a time before the data begins would be one with silence.
    is_comparable = begins is not None and first_at is not None and begins >= start_of_today(first_at, zone)
    return Period(
        name=name,
        start=utc(start, zone),
        end=end,
        previous_start=begins if is_comparable else None,
        previous_end=utc(local_wall(end, zone) - back, zone) if back and is_comparable else None,
        versus=choice.versus if is_comparable else "",
        grain=grain if grain in grains else grains[0],
        grains=grains,
    )


def start_of_today(as_of: datetime, zone: str) -> datetime:
    """The UTC instant at which the account's day of `as_of` began."""
    return utc(_midnight(local_wall(as_of, zone)), zone)


def local_wall(instant: datetime, zone: str) -> datetime:
    """A UTC instant as wall clock time of `zone`, without a zone so that days are added as people do."""
    return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def utc(local: datetime, zone: str) -> datetime:
    """The UTC instant (without a zone) of a wall clock time of `zone`."""
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)


def local_time(instant: datetime, zone: str) -> datetime:
    """A UTC instant of the warehouse as the time on the account's wall, with its zone's name."""
    return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))


def bin_end(start: datetime, grain: str) -> datetime:
    """Where a bin that starts at `start` ends, both wall clock time."""
    if grain == "month":
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return start + {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}[grain]


def bin_span(start: datetime, grain: str, zone: str) -> tuple[datetime, datetime]:
    """First instant and end of a bin, UTC, from its wall clock time in `zone`."""
    return utc(start, zone), utc(bin_end(start, grain), zone)
