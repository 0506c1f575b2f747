"""Weeks of the data: which ones there are, and each as a view of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from pages.elements import data, format, periods
from pages.elements.data import View
from pages.elements.periods import Period
from warehouse import weekly
from warehouse.ask import Filters

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Week:
    """A week as its view sees it: period and filters are its own, compared with the week before where the data has it."""

    name: str
    view: View
    is_over: bool

    @property
    def version(self) -> int:
        return self.view.version

    @property
    def monday(self) -> date:
        monday = weekly.monday_of(self.name)
        assert monday is not None, f"{self.name} was taken from the list of weeks"
        return monday

    @property
    def number(self) -> int:
        return self.monday.isocalendar().week

    @property
    def title(self) -> str:
        return f"Week {self.number} · {format.days(self.monday, self.monday + WEEK - timedelta(days=1))}"

    @property
    def before(self) -> str:
        """What it is compared with: `week 46`, or the same part of it."""
        return f"week {self.number_before}" if self.is_over else f"the same part of week {self.number_before}"

    @property
    def number_before(self) -> int:
        return (self.monday - WEEK).isocalendar().week

    @property
    def history(self) -> Filters:
        """The filters over the week and the whole weeks of data before it, as far as the limits look back."""
        view = self.view
        begun = first_day(view)
        whole = begun + timedelta(days=-begun.weekday() % 7)
        start = max(self.monday - weekly.WEEKS_OF_HISTORY * WEEK, min(whole, self.monday))
        return replace(view.filters, start=periods.utc(_midnight(start), view.zone))

    @property
    def is_new(self) -> bool:
        """Whether some of its tickets were solved so lately that it is not decided whether that was for good."""
        return self.view.as_of < periods.utc(_midnight(self.monday + 2 * WEEK), self.view.zone)

    @property
    def promised_from(self) -> datetime:
        """What is promised next is told as of now for the newest weeks, as of their end for those before."""
        start, end = self.view.filters.start, self.view.filters.end
        assert start is not None
        assert end is not None
        now = self.view.as_of.replace(microsecond=0) + timedelta(seconds=1)
        return now if now < start + 2 * WEEK else end


def first_day(view: View) -> date:
    """The local day on which the data begins."""
    return periods.local_wall(data.first_at(view.sources) or view.as_of, view.zone).date()


def names(view: View) -> list[str]:
    """The ISO weeks that the data reaches into, the newest first."""
    return weekly.weeks(first_day(view), periods.local_wall(view.as_of, view.zone).date())


def newest_over(view: View) -> str:
    """The last week that is over; the running one where there is none else."""
    there = names(view)
    return next((name for name in there if of(view, name).is_over), there[0])


def of(view: View, name: str) -> Week:
    """A week of the list, as a view of its own."""
    monday = weekly.monday_of(name)
    assert monday is not None, f"{name} was taken from the list of weeks"
    start, end = (periods.utc(_midnight(day), view.zone) for day in (monday, monday + WEEK))
    now = view.as_of.replace(microsecond=0) + timedelta(seconds=1)
    until = max(min(end, now), start)
    before = periods.utc(_midnight(monday - WEEK), view.zone)
    is_comparable = monday - WEEK >= first_day(view)
    period = Period(
        name=periods.CHOSEN,
        start=start,
        end=until,
        previous_start=before if is_comparable else None,
        previous_end=periods.utc(periods.local_wall(until, view.zone) - WEEK, view.zone) if is_comparable else None,
        versus="vs the week before" if is_comparable else "",
        grain="day",
        grains=("day",),
        days=(str(monday), str(monday + WEEK - timedelta(days=1))),
    )
    return Week(name, replace(view, filters=replace(view.filters, start=start, end=until), period=period), end <= now)


def channel_name(view: View, part: str | None, split: str) -> str:
    """A part as people call it."""
    if part is None:
        return f"no {split}"
    return data.choices(view.settings, True).get("channel", {}).get(part, part) if split == "channel" else part


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
