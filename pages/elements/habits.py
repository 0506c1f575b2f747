"""How a visitor writes numbers, days and times: from the browser's locale, or the account's where support.toml names one. Words stay English."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from babel import Locale, UnknownLocaleError


@dataclass(frozen=True)
class Habits:
    """Conventions of writing: marks of numbers, the order of day and month, hours of twelve or of twenty-four."""

    group: str = ","
    decimal: str = "."
    month_first: bool = False
    twelve_hours: bool = False


OURS = Habits()


@cache
def of(locale: str | None) -> Habits:
    """The habits of a locale such as `en-US` or `de`; ours (1,234.5, 21 Nov, 24 hours) where it is unknown."""
    try:
        known = Locale.parse(locale.split("-u-")[0], sep="-") if locale else None
    except (UnknownLocaleError, ValueError):
        known = None
    if known is None:
        return OURS
    marks = known.number_symbols.get("latn", {})
    order = str(known.date_formats["medium"].pattern)
    return Habits(
        group=str(marks.get("group", ",")),
        decimal=str(marks.get("decimal", ".")),
        month_first=order.find("M") < order.find("d") and not order.startswith("y"),
        twelve_hours="a" in str(known.time_formats["short"].pattern),
    )
