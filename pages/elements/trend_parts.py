"""The parts of a metric over time: their readings with limits, in the order they have everywhere, and where their marks lead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from pages.elements import data, format, frame, leads, periods, trend_words
from pages.elements.data import View
from pages.elements.trend_charts import laid_under
from warehouse import signals
from warehouse.ask import Filters
from warehouse.series import CATALOGUE, Series, Split

# As many small multiples as one can look at.
MOST = 12
PRIORITIES = ("urgent", "high", "normal", "low")
# Figures that come from answers: sources that do not say when customers were answered have none.
OF_ANSWERS = ("waits", "first_waits", "next_waits", "decided", "answered")


@dataclass(frozen=True)
class Part:
    """One part's readings, and those of the time laid under it."""

    part: str | None
    label: str
    whole: dict[Any, Any]
    frame: pd.DataFrame
    before: pd.DataFrame | None


def parts(view: View, metric: str, split: Split | None, under: Filters | None) -> tuple[tuple[Part, ...], int]:
    """The parts with most rows, channels and priorities in their own order, and how many are left out; without a split, the whole."""
    grain, unit = view.period.grain, CATALOGUE[metric].unit
    readings = _by_part(view.series(metric, grain, split))
    known = [name for name, rows in readings.items() if split is None or rows["value"].notna().any()]
    shown = sorted(known, key=lambda name: -int(readings[name]["n"].sum()))[:MOST]
    earlier = {} if under is None else _by_part(view.series(metric, grain, split, under))
    wholes = _by_part(view.series(metric, None, split))
    found = [
        Part(
            name,
            _label(view, split, name),
            wholes[name].iloc[0].to_dict(),
            signals.with_limits(readings[name], unit),
            earlier.get(name),
        )
        for name in sorted(shown, key=_place(view, split))
    ]
    return tuple(found), len(known) - len(shown)


def _place(view: View, split: Split | None) -> Callable[[str | None], int]:
    """The place of a part among those that have an order of their own; the others stay as they are."""
    order = {"channel": list(frame.channel_labels(view)), "priority": list(PRIORITIES)}.get(split or "", [])
    places = {name: place for place, name in enumerate(order)}
    return lambda name: places.get((name or "").lower(), len(places))


def _by_part(readings: pd.DataFrame) -> dict[str | None, pd.DataFrame]:
    return {
        None if format.is_missing(name) else str(name): rows.reset_index(drop=True)
        for name, rows in readings.groupby("part", dropna=False, sort=False)
    }


def _label(view: View, split: Split | None, name: str | None) -> str:
    if split is None:
        return ""
    if name is None:
        return f"no {split}"
    return frame.channel_label(view, name) if split == "channel" else name


def lead(view: View, series: Series, split: Split | None, part: str | None) -> Callable[[datetime], str]:
    """Where the bins of a part lead: to the tickets of its figure within them."""
    filters = leads.part(split, part) if split else {}

    def lead_of(bin: datetime) -> str:
        start, end = span(view, bin)
        return leads.tickets(series.behind, start, end, **filters)

    return lead_of


def leads_of(view: View, rows: pd.DataFrame, series: Series, split: Split | None) -> tuple[str, ...]:
    """Where each row leads."""
    each = trend_words.rows_of(rows)
    return tuple(lead(view, series, split, row["part"])(row["bin"]) for row in each)


def span(view: View, bin: datetime) -> tuple[datetime, datetime]:
    """First instant and end of a bin, UTC, as far as the period goes."""
    start, end = periods.bin_span(bin, view.period.grain, view.zone)
    return max(start, view.period.start), min(end, view.period.end)


def ends(found: tuple[Part, ...]) -> tuple[Part, Part]:
    """The parts with the highest and the lowest figure of the whole period."""
    known = [part for part in found if not format.is_missing(part.whole["value"])] or list(found)
    ordered = sorted(known, key=lambda part: part.whole["value"])
    return ordered[-1], ordered[0]


def rows(view: View, found: tuple[Part, ...]) -> pd.DataFrame:
    """One row per bin and part, newest first, with its span in UTC and what was before: what is downloaded."""
    tables = []
    for part in found:
        spans = [span(view, bin) for bin in part.frame["bin"]]
        earlier = laid_under(list(part.frame["bin"]), part.before, view.period.grain).set_index("bin")["value"]
        tables.append(
            part.frame.assign(
                label=part.label,
                begins_at=[start for start, _ in spans],
                ends_at=[end for _, end in spans],
                before=part.frame["bin"].map(earlier),
            )
        )
    every = pd.concat(tables)
    if len(found) > 1:
        every = every[every["value"].notna()]
    return every.sort_values("bin", ascending=False, kind="stable", ignore_index=True)


def texts(rows: pd.DataFrame, series: Series, grain: str, split: str | None) -> pd.DataFrame:
    """The rows as people read them."""
    each = trend_words.rows_of(rows)
    columns: dict[str, Any] = {
        "When": [format.bin(row["bin"], grain) + ("" if row["is_complete"] else ", so far") for row in each]
    }
    if split:
        columns[split.capitalize()] = rows["label"]
    columns |= {
        "Value": [trend_words.reading(row, series) for row in each],
        "n": rows["n"].map(format.count),
        "95 % between": [_span_of(row, "low", "high", series) for row in each],
        "Chance allows": [_span_of(row, "low_limit", "high_limit", series) for row in each],
        "Signal": rows["signal"],
        "Before": [trend_words.amount(row["before"], series) for row in each],
    }
    gone = [name for name in ("n", "95 % between") if series.unit == "count"]
    gone += ["Before"] if rows["before"].isna().all() else []
    return pd.DataFrame(columns).drop(columns=gone)


def _span_of(row: Mapping[Any, Any], low: str, high: str, series: Series) -> str | None:
    if format.is_missing(row[low]) or format.is_missing(row[high]):
        return None
    return f"{trend_words.amount(row[low], series)} to {trend_words.amount(row[high], series)}"


def has_readings(view: View, metric: str) -> bool:
    """Whether there is a figure for the period at all."""
    rows = view.series(metric)
    return bool(len(rows) and rows["n"].sum() and rows["value"].notna().any())


def say_why_nothing(view: View, metric: str) -> None:
    """Instead of charts, where a metric has no figure in this period."""
    series = CATALOGUE[metric]
    if series.behind in OF_ANSWERS and not view.knows_waits:
        frame.no_waits(view)
        return
    here, ever = (int(rows["n"].sum()) for rows in (view.series(metric), view.series(metric, filters=Filters())))
    counts = _counts(view, series)
    if here:
        st.info(
            f"**{series.title} cannot be said** of {format.counted(here, 'row')}, which do not fit together: "
            "answers on different scales are not averaged. Choose one source, or the mean place on the scale."
        )
    elif ever:
        st.info(
            f"**Nothing to measure in this period** with these filters. Over all the data there are {format.count(ever)}: "
            f"choose a longer period or fewer filters. {series.title} counts {counts}."
        )
    else:
        st.info(f"**{series.title} is not known.** It counts {counts}, and no source delivers any.")


def _counts(view: View, series: Series) -> str:
    """What a metric counts, in the glossary's words."""
    known: Any = data.glossary(view.settings, view.version).set_index("name")["population"]
    return str(known[series.macro]).rstrip(".")
