"""The weekly summary's sentence: what changed, by how much and which part made it, apart from what is noise; and the one thing to watch.

Only what lies outside the limits of the weeks before is said to have changed. The same readings give the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from warehouse.signals import Change
from warehouse.weekly import Decomposition, Reading

NOTHING_MOVED = "Nothing moved more than it does from week to week."


@dataclass(frozen=True)
class Words:
    """How figures are written: a value and a change in the unit of a series, and points of a share with a decimal."""

    value: Callable[[float | None, str], str]
    change: Callable[[float | None, float | None, str], str | None]
    points: Callable[[float], str]


@dataclass(frozen=True)
class Said:
    """The sentence that a reader takes away, what goes with it, and what to watch."""

    head: str
    rest: str
    watch: str

    @property
    def text(self) -> str:
        return " ".join(filter(None, (self.head, self.rest, self.watch)))


@dataclass(frozen=True)
class Metric:
    """How a metric of the week is spoken of: its name in a list, what it did when up and when down."""

    name: str
    up: str
    down: str
    figure: str = "{value}"


METRICS = {
    "arrived": Metric("arrivals", "More tickets arrived", "Fewer tickets arrived"),
    "first_response_time": Metric(
        "first response time",
        "Customers waited longer for a first answer",
        "Customers were answered sooner",
        "a median of {value}",
    ),
    "promise_kept_rate": Metric(
        "promises kept", "More answers came within their target", "Fewer answers came within their target"
    ),
    "csat": Metric("CSAT", "Customers were happier", "Customers were less happy", "CSAT {value}"),
    "nps": Metric("NPS", "Customers recommend more", "Customers recommend less", "NPS {value}"),
    "ces": Metric("ease", "Customers found it easier", "Customers found it harder", "{value} found it easy"),
    "first_contact_resolution": Metric(
        "first contact resolution",
        "More tickets were settled at first contact",
        "Fewer tickets were settled at first contact",
    ),
    "backlog": Metric("the backlog", "The backlog grew", "The backlog shrank", "{value} open at the end"),
}


def said(readings: Sequence[Reading], drivers: Mapping[str, str], watch: str, words: Words, is_over: bool) -> Said:
    """The words of a week. `drivers` says for a metric which part made its change (see `driver`), `watch` what to watch."""
    there = [reading for reading in readings if reading.value is not None]
    if not any(reading.n for reading in there):
        return Said("There is nothing in this week.", "No tickets arrived, nobody waited and nobody was asked.", "")
    if not is_over:
        return Said(
            f"The week is not over: so far {_plainly(there, words)}.", "What changed is said once it is.", watch
        )
    changed = sorted((one for one in there if one.state == "changed"), key=lambda one: -one.severity)
    if changed:
        return Said(_changed(changed[0], drivers, words), _others(there, changed, words), watch)
    if [one for one in there if one.state == "usual"]:
        return Said(NOTHING_MOVED, _largest(there, words), watch)
    first = "This is the first week of the data, with nothing to compare it with"
    few = "There are too few weeks before to tell a change from chance"
    is_first = all(one.before is None for one in there)
    return Said(f"{first if is_first else few}: {_plainly(there, words)}.", "", watch)


def driver(found: Decomposition | None, label: str, words: Words) -> str:
    """`topic Refund made most of it (+410 of +620)`: which part made most of a change; empty where none stands out or is all there is."""
    leading = found.leading if found else None
    if found is None or leading is None or len(found.parts) < 2:
        return ""
    what = label if found.split == "channel" else f"{found.split} {label}"
    part, whole = (
        words.points(amount)
        if found.unit == "share"
        else f"{'+' if amount > 0 else '-'}{words.value(abs(amount), 'count')}"
        for amount in (leading.change, found.change)
    )
    if abs(leading.change) > abs(found.change) * 1.000001:
        return f"{what} alone made it ({part}, others brought it to {whole})"
    if abs(leading.change) > abs(found.change) * 0.999999:
        return f"{what} made all of it"
    most = "most" if abs(leading.change) > abs(found.change) / 2 else "the largest part"
    return f"{what} made {most} of it ({part} of {whole})"


def to_watch(
    readings: Sequence[Reading], drifts: Mapping[str, Change], past_due: int, lowest: str, uneven: str, words: Words
) -> str:
    """The one thing to watch: a missed target, else a metric that drifts the wrong way, else promises past due, else the widest gap.

    `lowest` says where a missed target is missed most, `uneven` the widest gap that is certain; both may be empty.
    """
    for reading in readings:
        if reading.misses_target:
            name, target = METRICS[reading.series.name].name, words.value(reading.target, reading.series.unit)
            value = words.value(reading.value, reading.series.unit)
            return f"To watch: {name} at {value}, below the {target} promised{f'; {lowest}' if lowest else ''}."
    for reading in readings:
        drift = drifts.get(reading.series.name)
        if drift and drift.is_better is False and reading.state != "changed":
            now, average = (words.value(amount, reading.series.unit) for amount in (drift.value, drift.centre))
            return f"To watch: {METRICS[reading.series.name].name}, {now} by an average of {average} ({drift.rule})."
    if past_due:
        return f"To watch: {words.value(past_due, 'count')} {'promise' if past_due == 1 else 'promises'} past due."
    return f"To watch: {uneven}." if uneven else ""


def usual_range(reading: Reading, words: Words) -> str:
    """`19m to 24m`: where the weeks before say that it lies; empty where that is not known."""
    usual = reading.comparison
    if usual is None or usual.low_limit is None or usual.high_limit is None:
        return ""
    low, high = (words.value(limit, reading.series.unit) for limit in (usual.low_limit, usual.high_limit))
    return low if low == high else f"{low} to {high}"


def _figure(reading: Reading, words: Words) -> str:
    value = words.value(reading.value, reading.series.unit)
    return METRICS[reading.series.name].figure.format(value=value if reading.is_known else f"over {value}")


def _is_up(reading: Reading) -> bool:
    """Which side of usual it lies on."""
    centre = reading.comparison.centre if reading.comparison else None
    return reading.value is not None and centre is not None and reading.value > centre


def _follows(reading: Reading) -> bool:
    """Whether the change from the week before goes the way of the change from usual, so that its parts explain it."""
    if reading.value is None or reading.before is None:
        return False
    return (reading.value > reading.before) == _is_up(reading) and reading.value != reading.before


def _changed(reading: Reading, drivers: Mapping[str, str], words: Words) -> str:
    """`Customers waited longer for a first answer: a median of 34m, where 19m to 24m is usual (22m the week before); Chat ...`"""
    metric = METRICS[reading.series.name]
    sentence = f"{metric.up if _is_up(reading) else metric.down}: {_figure(reading, words)}, where {usual_range(reading, words)} is usual"
    if reading.before is not None:
        sentence += f" ({words.value(reading.before, reading.series.unit)} the week before)"
    why = drivers.get(reading.series.name, "") if _follows(reading) else ""
    return f"{sentence}{f'; {why}' if why else ''}."


def _others(there: Sequence[Reading], changed: Sequence[Reading], words: Words) -> str:
    """What else lies outside its usual range, and that the rest does not."""
    further = [
        f"{METRICS[one.series.name].name} ({words.value(one.value, one.series.unit)}, usually {usual_range(one, words)})"
        for one in changed[1:]
    ]
    quiet = [one for one in there if one.state == "usual"]
    also = f"Outside the usual too: {_listed(further)}." if further else ""
    rest = "Everything else moved no more than it does from week to week." if quiet else ""
    return " ".join(filter(None, (also, rest)))


def _largest(there: Sequence[Reading], words: Words) -> str:
    """What came nearest to a change, and that it is none."""
    largest = max((one for one in there if one.state == "usual"), key=lambda one: one.severity)
    name = METRICS[largest.series.name].name
    change = words.change(largest.value, largest.before, largest.series.unit)
    of = f", {change} on the week before," if change else ""
    return (
        f"Nearest to a change came {name}: {words.value(largest.value, largest.series.unit)}{of} where {usual_range(largest, words)} "
        f"is usual."
    )


def _plainly(there: Sequence[Reading], words: Words) -> str:
    """The figures with their change, without a word on whether they changed."""
    said = []
    for one in [one for one in there if one.n][:3]:
        change = words.change(one.value, one.before, one.series.unit)
        said.append(
            f"{METRICS[one.series.name].name} {words.value(one.value, one.series.unit)}{f' ({change})' if change else ''}"
        )
    return _listed(said)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
