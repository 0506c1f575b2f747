"""A metric over time in words: what a mark says, what a chart shows, and what changed. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from pages.elements import format
from pages.elements.charts import unfinished_note
from pages.elements.figure import escaped
from warehouse import signals
from warehouse.catalogue import Series
from warehouse.difference import difference
from warehouse.signals import Change

Row = Mapping[Any, Any]

MOST_NAMED = 3
# Where more of the readings than this are signals, they do not vary around one average.
UNSTEADY = 1 / 3
# Shares below are shown with a decimal: between 1 and 2 % lies a doubling.
FINE = 0.1
PLURALS = {"priority": "priorities"}
WORSE_OR_BETTER = {True: "Better", False: "Worse", None: "Different"}


def rows_of(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    """The rows of a frame, one mapping each."""
    records: list[dict[Any, Any]] = frame.to_dict("records")
    return records


def amount(value: Any, series: Series) -> str:
    """A value in the unit of its metric; small shares with a decimal."""
    if series.unit == "share" and not format.is_missing(value) and 0 < value < FINE:
        return f"{format.decimal(100 * value, 1)}%"
    return format.value(value, series.unit)


def moved(now: float, before: float, series: Series) -> str:
    """What a value gained or lost; small shares with a decimal."""
    change = now - before
    if series.unit == "share" and abs(change) < FINE / 10 and min(now, before) < FINE:
        points = round(100 * change, 1)
        return f"{'+' if points > 0 else ''}{format.decimal(points, 1)} pt" if points else "+0 pt"
    return format.change(now, before, series.unit) or format.EM_DASH


def reading(row: Row, series: Series) -> str:
    """A reading; of a percentile that is not known yet, what it is at least."""
    return ("" if row.get("is_known", True) else "over ") + amount(row["value"], series)


def sureness(row: Row, series: Series) -> str:
    """`n = 120, 95 % between 35m and 48m`; nothing for counts, which are all there is."""
    if series.unit == "count":
        return ""
    said = f"n = {format.count(row['n'])}"
    if format.is_missing(row["low"]) or format.is_missing(row["high"]):
        return said
    return f"{said}, 95 % between {amount(row['low'], series)} and {amount(row['high'], series)}"


def allowed(row: Row, series: Series) -> str:
    """`24m to 35m`: where chance lets readings lie."""
    return f"{amount(row['low_limit'], series)} to {amount(row['high_limit'], series)}"


def hover(row: Row, series: Series, name: str, before: str) -> str:
    """What the mark of a reading says, line by line."""
    limits = ""
    if not format.is_missing(row.get("centre")):
        limits = f"average {amount(row['centre'], series)}, chance allows {allowed(row, series)}"
    signal = "" if format.is_missing(row.get("signal")) else f"signal: {row['signal']}"
    first = ", ".join(filter(None, (f"{escaped(name)} {reading(row, series)}".strip(), sureness(row, series))))
    return "<br>".join(filter(None, (first, limits, signal, before)))


def alt(frame: pd.DataFrame, series: Series, grain: str, name: str) -> str:
    """What the chart of one part shows, with its signals."""
    said = f"{series.title} by {grain}, {summary(frame, series, name)}"
    return said + _signals_of(frame, grain) + unfinished_note(frame["is_complete"].tolist(), grain)


def summary(frame: pd.DataFrame, series: Series, name: str) -> str:
    """`Email: 30m at first, 41m at the end, 28m on average, chance allows 24m to 35m`."""
    known = rows_of(frame[frame["value"].notna()])
    first, last = known[0], known[-1]
    said = f"{name}: " if name else ""
    said += f"{reading(first, series)} at first, {reading(last, series)} at the end"
    if format.is_missing(last.get("centre")):
        return said
    return f"{said}, {amount(last['centre'], series)} on average, chance allows {allowed(last, series)}"


def _signals_of(frame: pd.DataFrame, grain: str) -> str:
    if "signal" not in frame:
        return ""
    if frame["centre"].isna().all():
        return f"; too few whole {grain}s to say what chance allows"
    seen = frame[frame["signal"].notna()]
    if seen.empty:
        return "; no signal of a change"
    newest = seen.iloc[-1]
    return f"; {format.counted(len(seen), 'signal')} of a change, the newest {newest['signal']} ({when(newest['bin'], grain)})"


def when(bin: datetime, grain: str) -> str:
    """`Tue 3 Nov 2026`, `the week of Mon 2 Nov 2026`, `Nov 2026`."""
    return f"the week of {format.bin(bin, grain)}" if grain == "week" else format.bin(bin, grain)


def a(grain: str) -> str:
    """`a day`, `an hour`."""
    return f"an {grain}" if grain == "hour" else f"a {grain}"


def counted(amount: int, split: str) -> str:
    """`1 priority`, `5 priorities`."""
    return format.counted(amount, split, PLURALS.get(split))


def headline(frame: pd.DataFrame, series: Series, grain: str) -> str:
    """What one part's newest readings say, in one sentence: `**Worse than usual:** above its limits since ...`."""
    if frame["centre"].isna().all():
        return _too_few(frame, grain)
    seen, whole_bins = int(frame["signal"].notna().sum()), int((frame["is_complete"] & frame["value"].notna()).sum())
    if seen > UNSTEADY * whole_bins:
        return (
            f"**It does not vary around one average:** {format.count(seen)} of {format.counted(whole_bins, f'whole {grain}')} "
            "are signals. It shifted, or follows a pattern of its own: compare with the time before, or choose other bins."
        )
    change = signals.last_change(frame, series.direction)
    if change is not None:
        return f"**{WORSE_OR_BETTER[change.is_better]} than usual:** {changed(change, series, grain)}."
    whole = frame[frame["is_complete"]]
    last = whole[whole["value"].notna()].iloc[-1].to_dict()
    place = (
        f"in the last whole {grain}" if last["bin"] == whole["bin"].iloc[-1] else f"at last, {when(last['bin'], grain)}"
    )
    return (
        f"**Nothing beyond chance lately:** {reading(last, series)} {place}, "
        f"{amount(last['centre'], series)} on average, chance allows {allowed(last, series)}."
    )


def _too_few(frame: pd.DataFrame, grain: str) -> str:
    whole = int((frame["is_complete"] & frame["value"].notna()).sum())
    return (
        f"**Too few {grain}s to say what is chance:** at least {signals.FEWEST_READINGS} whole ones are needed, "
        f"there {'is' if whole == 1 else 'are'} {whole}. Choose a longer period or shorter bins."
    )


def changed(change: Change, series: Series, grain: str) -> str:
    """`above its limits since Tue 3 Nov: 41m against 28m on average`."""
    side = "above" if change.value > change.centre else "below"
    words = {
        signals.BEYOND: f"{side} its limits",
        signals.ONE_SIDE: f"{side} its average",
        signals.FAR: f"far {side} its average",
        signals.RISING: "rising",
        signals.FALLING: "falling",
    }
    values = f"{amount(change.value, series)} against {amount(change.centre, series)} on average"
    return f"{words[change.rule]} since {when(change.since, grain)}: {values}"


def headline_of_parts(parts: Sequence[tuple[str, pd.DataFrame]], series: Series, grain: str, split: str) -> str:
    """Which parts changed lately: `**2 of 5 channels changed.** Email is above its limits since ...`."""
    judged = [(name, frame) for name, frame in parts if frame["centre"].notna().any()]
    if not judged:
        return (
            f"**Too few whole {grain}s to say what is chance** of any {split}: choose a longer period or shorter bins."
        )
    found = [(name, signals.last_change(frame, series.direction)) for name, frame in judged]
    moved = [f"{name} is {changed(change, series, grain)}" for name, change in found if change is not None]
    unsaid = len(parts) - len(judged)
    few = f" Of {counted(unsaid, split)} there is too little to say." if unsaid else ""
    if not moved:
        return f"**Nothing beyond chance lately** in any of {counted(len(judged), split)}.{few}"
    more = f"; and {len(moved) - MOST_NAMED} more" if len(moved) > MOST_NAMED else ""
    return f"**{len(moved)} of {counted(len(judged), split)} changed.** {'; '.join(moved[:MOST_NAMED])}{more}.{few}"


def change(now: Row, before: Row | None, series: Series) -> tuple[str, str]:
    """What a figure of the whole period gained or lost, and how sure that is: `+4m`, `27m before; 95 %: +1m to +7m, more than chance`."""
    apart = None if before is None else difference(now, before)
    if before is None or apart is None:
        return format.EM_DASH, "" if before is None else "one of the two is not known"
    shown, said = moved(now["value"], before["value"], series), f"{reading(before, series)} before"
    if apart.low is None or apart.high is None:
        return shown, said
    low, high = (moved(before["value"] + edge, before["value"], series) for edge in (apart.low, apart.high))
    return shown, f"{said}; 95 %: {low} to {high}, {'more than chance' if apart.is_certain else 'can be chance'}"


def usual(frame: pd.DataFrame, series: Series, grain: str) -> tuple[str, str]:
    """What readings are on average, and between what chance lets them lie."""
    if frame["centre"].isna().all():
        return format.EM_DASH, f"too few whole {grain}s to say"
    whole = rows_of(frame[frame["is_complete"] & frame["value"].notna()])
    counted = format.counted(len(whole), f"whole {grain}")
    return amount(whole[-1]["centre"], series), f"of {counted}; chance allows {allowed(whole[-1], series)}"


def signals_seen(frame: pd.DataFrame, grain: str) -> tuple[str, str]:
    """How many signals there are, and the newest one."""
    if frame["centre"].isna().all():
        return format.EM_DASH, f"too few whole {grain}s to say"
    seen = frame[frame["signal"].notna()]
    if seen.empty:
        return format.count(0), "every reading is within what chance allows"
    newest = seen.iloc[-1]
    return format.count(len(seen)), f"newest: {newest['signal']}, {when(newest['bin'], grain)}"


def sentence(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]
