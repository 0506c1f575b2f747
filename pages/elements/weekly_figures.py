"""What the weekly summary asks of a week: figures with what is usual for them, words, and which parts made a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from pages.elements import data, format
from pages.elements.data import View
from pages.elements.weeks import WEEK, Week, channel_name
from warehouse import weekly, weekly_words
from warehouse.ask import Filters
from warehouse.consistency import Gap, gaps
from warehouse.series import Split, series_named
from warehouse.signals import BEYOND, compared, last_change, with_limits
from warehouse.weekly import Contribution, Decomposition, Reading
from warehouse.weekly_words import METRICS, Said, Words

EVEN_METRICS = ("promise_kept_rate", "csat", "first_contact_resolution", "first_response_time", "full_resolution_time")
WORDS = Words(format.value, format.change, format.points_of_share)


@dataclass(frozen=True)
class Summary:
    """What a week comes to. Nobody may change the frames: visitors share them."""

    readings: tuple[Reading, ...]
    trends: Mapping[str, pd.DataFrame]
    said: Said
    gaps: tuple[Gap, ...]
    scores: Mapping[str, pd.Series]
    pulls: tuple[Contribution, ...]
    comments: pd.DataFrame
    due: pd.DataFrame
    targets: pd.DataFrame
    promised: tuple[float, ...]
    noted: pd.DataFrame

    def reading(self, metric: str) -> Reading:
        return next(one for one in self.readings if one.series.name == metric)


@data.drawing
def summary(week: Week) -> Summary:
    """Everything the page says of a week, but for what moved."""
    view, history = week.view, week.history
    promised = tuple(float(share) for share in view.ask("target_shares", kind=None)["target_share"])
    frames = {name: view.series(name, "week", filters=history) for name in _metrics(view, history)}
    readings = tuple(_reading(week, name, frame, promised) for name, frame in frames.items())
    trends = {reading.series.name: _trend(reading, frames[reading.series.name]) for reading in readings}
    by_channel = {name: view.series(name, split="channel") for name in EVEN_METRICS}
    least_even = tuple(gaps(by_channel))
    at = week.promised_from
    due = view.ask("weekly_due", at=at, until=at + WEEK, zone=view.zone)
    coming = replace(view.filters, start=view.filters.start, end=max(at, view.filters.end or at) + WEEK)
    return Summary(
        readings,
        trends,
        _said(week, readings, trends, by_channel["promise_kept_rate"], least_even, due),
        least_even,
        {name: view.series(name).iloc[0] for name in (*weekly.SCORES, "response_rate")},
        tuple(weekly.pulls(view.series("csat", split="topic"))),
        view.ask("weekly_comments"),
        due,
        view.ask("weekly_targets"),
        promised,
        data.answer(view.settings, view.version, "annotations", coming),
    )


@data.drawing
def moved(week: Week, metric: str, split: Split | None) -> Decomposition | None:
    """The change from the week before by the parts of a split, or of the one whose parts tell most; None without a week before."""
    return weekly.most_telling(_decomposed(week, metric, one) for one in ((split,) if split else weekly.SPLITS))


def seconds_before(week: Week) -> float | None:
    """The median first response time of the week before: what a wait of this week is longer than."""
    return _before(week, "first_response_time")


def most_unusual(readings: tuple[Reading, ...]) -> str:
    """The metric that lies farthest from what is usual for it."""
    comparable = [
        one for one in readings if one.before is not None and one.value is not None and one.series.unit != "points"
    ]
    return max(comparable, key=lambda one: one.severity, default=readings[0]).series.name


def _decomposed(week: Week, metric: str, split: Split) -> Decomposition | None:
    view, before = week.view, week.view.filters_before
    if before is None:
        return None
    if series_named(metric).unit == "points":
        return None
    if metric == "first_response_time":
        # A median has no parts that add up; the share that waited longer than the median before has.
        seconds = seconds_before(week)
        if seconds is None:
            return None
        asked = partial(view.ask, "weekly_longer"), partial(view.ask_before, "weekly_longer")
        now, earlier = (ask(split=split, seconds=seconds) for ask in asked)
        return weekly.of_shares(split, now, earlier)
    now, earlier = _parts(week, metric, split, before)
    return (weekly.of_counts if series_named(metric).unit == "count" else weekly.of_shares)(split, now, earlier)


def _parts(week: Week, metric: str, split: Split, before: Filters) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The metric by part in the week and in the one before, of one question where both are whole weeks."""
    view = week.view
    if not week.is_over:
        return view.series(metric, split=split), view.series(metric, split=split, filters=before)
    frame = view.series(metric, "week", split, replace(view.filters, start=before.start))
    return frame[frame["bin"] == frame["bin"].max()], frame[frame["bin"] == frame["bin"].min()]


def _before(week: Week, metric: str) -> float | None:
    """The metric in the week before, or in the same part of it; None where there is none. The history holds whole weeks."""
    before = week.view.filters_before
    if before is None:
        return None
    if week.is_over:
        return format.number(week.view.series(metric, "week", filters=week.history)["value"].iloc[-2])
    return format.number(week.view.series(metric, filters=before)["value"].iloc[0])


def _reading(week: Week, name: str, frame: pd.DataFrame, promised: tuple[float, ...]) -> Reading:
    """The week's figure, judged by the weeks before once it is over."""
    series = series_named(name)
    now = frame.iloc[-1]
    return Reading(
        series=series,
        value=format.number(now["value"]),
        before=_before(week, name),
        n=int(now["n"]),
        low=format.number(now["low"]),
        high=format.number(now["high"]),
        is_known=bool(now["is_known"]),
        comparison=compared(now, frame, series.unit) if week.is_over else None,
        target=min(promised, default=None) if name == "promise_kept_rate" else None,
    )


def _metrics(view: View, history: Filters) -> list[str]:
    """What the week is told by: of the scores the one that customers were asked for."""
    asked = (name for name in weekly.SCORES if view.series(name, "week", filters=history)["n"].any())
    score = next(asked, weekly.SCORES[0])
    return [score if name in weekly.SCORES else name for name in weekly.METRICS]


def _trend(reading: Reading, frame: pd.DataFrame) -> pd.DataFrame:
    """The weeks with the limits of those before this one, which is judged by them and has no part in them."""
    unit, usual, last = reading.series.unit, reading.comparison, frame.index[-1]
    if usual is None or not usual.is_known:
        return with_limits(frame, unit)
    drawn = pd.concat([with_limits(frame.iloc[:-1], unit), with_limits(frame.iloc[-1:], unit)])
    drawn.loc[last, ["centre", "low_limit", "high_limit"]] = [usual.centre, usual.low_limit, usual.high_limit]
    patterns = with_limits(frame, unit).loc[last]
    if usual.is_change or (patterns["signal"] is not None and patterns["signal"] != BEYOND):
        drawn.loc[last, "signal"] = BEYOND if usual.is_change else patterns["signal"]
        drawn.loc[last, "since"] = frame.loc[last, "bin"] if usual.is_change else patterns["since"]
    return drawn


def _said(
    week: Week,
    readings: tuple[Reading, ...],
    trends: Mapping[str, pd.DataFrame],
    kept: pd.DataFrame,
    least_even: tuple[Gap, ...],
    due: pd.DataFrame,
) -> Said:
    """The words. Parts are looked for only where something changed."""
    view = week.view
    drivers = {
        reading.series.name: _driver(week, reading.series.name) for reading in readings if reading.state == "changed"
    }
    drifts = (
        {name: last_change(frame, series_named(name).direction) for name, frame in trends.items()}
        if week.is_over
        else {}
    )
    past_due = int(due[due["day"].isna()]["promises"].sum())
    certain = next((gap for gap in least_even if gap.is_certain), None)
    uneven = ""
    if certain:
        best, worst = (
            f"{channel_name(view, part, 'channel')} {format.value(value, certain.unit)}"
            for part, value in ((certain.best, certain.best_value), (certain.worst, certain.worst_value))
        )
        name = METRICS[certain.metric].name if certain.metric in METRICS else certain.title.lower()
        uneven = f"{name} is least even between channels, {best} against {worst}"
    rated = kept.dropna(subset=["part", "value"]).sort_values(["value", "part"])
    lowest = ""
    if len(rated) > 1:
        row = rated.iloc[0]
        lowest = f"lowest is {channel_name(view, row['part'], 'channel')} at {format.share(row['value'])}"
    watch = weekly_words.to_watch(
        readings, {name: one for name, one in drifts.items() if one}, past_due, lowest, uneven, WORDS
    )
    return weekly_words.said(readings, drivers, watch, WORDS, week.is_over)


def _driver(week: Week, metric: str) -> str:
    found = moved(week, metric, None)
    leading = found.leading if found else None
    if found is None or leading is None:
        return ""
    words = weekly_words.driver(found, channel_name(week.view, leading.part, found.split), WORDS)
    # The parts are of those who waited longer than the median before: their points would be read as minutes' or promises'.
    return words.split(" (")[0] if metric == "first_response_time" else words
