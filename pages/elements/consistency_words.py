"""Sentences of the consistency page: where service is least even, since when, and what the channel explains. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from pages.elements import format
from pages.elements.consistency_charts import hour_of_week, kept, of_hundred
from warehouse.consistency import AGAINST_TARGET, FEWEST_OF_HOUR, Explained, Gap, Hours, Standing
from warehouse.signals import CURRENT_BINS, Change

Labels = Mapping[str, str]
CHANCE = 0.05
NEXT_TO_NOTHING = 0.01
# What a channel explains a part of, as it is said in a sentence.
EXPLAINED = {
    "first_response": "how long people wait for a first answer",
    AGAINST_TARGET: "the wait against its target",
    "promise_kept_rate": "which promises are kept",
    "csat": "who is satisfied",
    "full_resolution_time": "how soon tickets are solved",
}


def least_even(gaps: Sequence[Gap], labels: Labels, channels: Sequence[str]) -> str:
    """The page's answer: where service is least even, if anywhere."""
    if not gaps:
        only = labels.get(channels[0], channels[0]) if len(channels) == 1 else None
        return (
            f"Only {only} has figures here: there is nothing to compare it with."
            if only
            else "No channel has figures here: there is nothing to compare."
        )
    gap = gaps[0]
    if not gap.is_certain:
        return "No channel differs from another by more than chance explains."
    worst, best = (labels.get(name, name) for name in (gap.worst, gap.best))
    title = gap.title[0].lower() + gap.title[1:]
    return (
        f"Service is least even in {title}: {format.value(gap.worst_value, gap.unit)} on {worst}, "
        f"{format.value(gap.best_value, gap.unit)} on {best}."
    )


def since_when(gap: Gap, behind: Standing | None, labels: Labels) -> str:
    """Since when the worst channel has been behind the best: `Social has been behind Chat since the week of 17 Aug 2026 at least.`"""
    if behind is None:
        return ""
    worst, best = (labels.get(name, name) for name in (gap.worst, gap.best))
    at_least = " at least" if behind.is_whole else ""
    return f"{worst} has been behind {best} since the week of {format.date(behind.since)}{at_least}."


def lately(gap: Gap, change: Change | None, labels: Labels, grain: str) -> str:
    """Whether the worst channel has changed of late."""
    if change is None:
        return f"Its last {CURRENT_BINS} {grain}s show no change."
    way = {True: "has got better", False: "has got worse", None: "has changed"}[change.is_better]
    return f"{labels.get(gap.worst, gap.worst)} {way} since {format.day(change.since)}: {change.rule}."


def apart(gap: Gap | None, labels: Labels) -> str:
    """How far apart best and worst are: `51 pt between Social and Chat, more than chance explains`."""
    if gap is None:
        return "Fewer than two channels have figures."
    worst, best = (labels.get(name, name) for name in (gap.worst, gap.best))
    sure = "" if gap.is_certain else "; chance may explain it"
    return f"{distance(gap)} from {worst} to {best}{sure}"


def distance(gap: Gap) -> str:
    """A gap in its unit: `51 pt`, `9h 53m`, `7.0 times`."""
    if gap.metric == AGAINST_TARGET and gap.best_value:
        return f"{format.decimal(gap.worst_value / gap.best_value, 1)} times"
    if gap.unit == "seconds":
        return format.duration(gap.gap)
    return f"{format.points(gap.gap * 100 if gap.unit == 'share' else gap.gap)} pt"


def share_explained(found: Explained | None) -> str:
    """`12%` of the variation, with a word where chance would do as much."""
    if found is None:
        return format.EM_DASH
    return format.share(found.share) + ("" if _is_sure(found) else ", may be chance")


def explained(by_metric: Mapping[str, Explained | None]) -> str:
    """`The channel explains 72% of how long people wait for a first answer, 16% of ...`, what it surely explains first."""
    known = [(found, EXPLAINED[name]) for name, found in by_metric.items() if found and name in EXPLAINED]
    sure = [f"**{format.share(found.share)}** of {what}" for found, what in known if _is_sure(found)]
    unsure = [what for found, what in known if not _is_sure(found)]
    said = [f"The channel explains {listed(sure)}."] if sure else []
    subject = "It" if sure else "The channel"
    said += [f"{subject} explains no more than chance would of {listed(unsure)}."] if unsure else []
    return " ".join(said)


def _is_sure(found: Explained) -> bool:
    """Whether it is more than chance makes, or next to nothing anyway."""
    return found.p_value < CHANCE or found.share < NEXT_TO_NOTHING


def sample(rows: pd.DataFrame, waits: str) -> str:
    """What sentences about durations rest on: rows of one kind of questions/consistency_durations.sql."""
    taken, found = len(rows), int(rows["found"].iloc[0])
    if taken == found:
        return f"From all {format.count(found)} {waits}."
    return f"From {format.count(taken)} of {format.count(found)} {waits}, taken by chance and the same ones each time."


def longest_odds(chances: pd.DataFrame, measured: str, labels: Labels) -> str:
    """The pair of channels whose waits differ most, in words."""
    row = chances.loc[chances["value"].idxmax()]
    one, other = (labels.get(name, name) for name in (row["channel"], row["than"]))
    return f"{measured} a customer on {one} waits longer than one on {other} in **{of_hundred(row['low'], row['high'])} of 100 cases**."


def hours(found: Hours) -> str:
    """Whether the hours of the week differ more than chance explains, and which is worst."""
    enough = int(found.rows["is_enough"].sum())
    stroke = f" A stroke: fewer than {FEWEST_OF_HOUR} waits." if enough < len(found.rows) else ""
    common = f"from the {format.share(found.centre)} of all by more than chance explains."
    if not found.outside:
        return f"None of {format.counted(enough, 'hour')} differs {common}{stroke}"
    verb = "differs" if found.outside == 1 else "differ"
    worst = f"Worst: {hour_of_week(found.worst)}, {kept(found.worst)}."
    return f"{format.count(found.outside)} of {format.counted(enough, 'hour')} {verb} {common} {worst}{stroke}"


def signal(frame: pd.DataFrame, grain: str) -> str:
    """What the newest signal of one channel's readings with limits says."""
    if frame["centre"].isna().all():
        return f"Too few whole {grain}s to say what chance allows."
    seen = frame[frame["signal"].notna()]
    if seen.empty:
        return "No signal: it varies as chance does."
    newest = seen.iloc[-1]
    more = f", {len(seen)} signals in all" if len(seen) > 1 else ""
    return f"{str(newest['signal']).capitalize()}: {format.day(newest['bin'])}, {format.share(newest['value'])}{more}."


def listed(items: Sequence[str]) -> str:
    """`a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
