"""Scales and axes of charts over time in the unit of their metric, the labels right of them, and where what was before is laid. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import log10

import pandas as pd

from pages.elements import format
from pages.elements.figure import Json, Label, end_labels, log_duration_axis
from pages.elements.palette import Palette
from warehouse.catalogue import Series

# From and to; above zero at its low end, a scale of durations is logarithmic.
Scale = tuple[float, float]

LETTER, NARROW_LETTER = 7, 6.4
LEAST_OF = {"seconds": 60.0, "count": 4.0}
# So much of shares and points is shown at least: nothing shall look dramatic that is not.
LEAST_SPAN = {"share": 0.1, "points": 10.0}
BOUNDS = {"share": (0.0, 1.02), "points": (float("-inf"), float("inf"))}
# Parts whose durations lie so many times apart need a logarithmic scale.
FAR_APART = 20
SECONDS_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800)
HOURS_STEPS = (1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 672, 1344, 2688, 8760, 43800, 87600)
DURATION_STEPS = (*SECONDS_STEPS, *(3600 * hours for hours in HOURS_STEPS))
NONE_BEFORE = pd.DataFrame({"bin": pd.Series(dtype="datetime64[us]"), "value": pd.Series(dtype=float)})
DRAWN = ("value", "low_limit", "high_limit")


def laid_under(bins: Sequence[datetime], previous: pd.DataFrame | None, grain: str) -> pd.DataFrame:
    """The readings before, at the bins they are compared with: as far from the first bin as they were from theirs."""
    if previous is None or previous.empty:
        return NONE_BEFORE
    rows = previous[["bin", "value"]].reset_index(drop=True)
    if grain == "month":
        return rows.head(len(bins)).assign(bin=bins[: len(rows)])
    moved = rows.assign(bin=rows["bin"] + (bins[0] - rows["bin"].iloc[0]))
    return moved[moved["bin"] <= bins[-1]]


def scale_of(frames: Sequence[pd.DataFrame], series: Series, target: float | None = None) -> Scale:
    """What holds everything drawn: from zero for durations and counts, around what there is for shares and points."""
    columns = [frame[column].dropna() for frame in frames for column in DRAWN if column in frame]
    given = [float(value) for column in columns for value in column] + ([] if target is None else [target])
    least, most = min(given, default=0.0), max(given, default=0.0)
    if series.unit not in LEAST_SPAN:
        return 0.0, max(most, LEAST_OF[series.unit] if most <= 0 or series.unit == "count" else 0.0) * 1.1
    lowest, highest = BOUNDS[series.unit]
    span = max((most - least) * 1.2, LEAST_SPAN[series.unit])
    low = max((most + least - span) / 2, lowest)
    high = min(low + span, highest)
    return max(min(low, high - span), lowest), high


def shared_scale(parts: Sequence[pd.DataFrame], series: Series, target: float | None = None) -> Scale:
    """One scale for small multiples; logarithmic where durations of parts lie far apart."""
    low, high = scale_of(parts, series, target)
    known = [part["value"].dropna() for part in parts if part["value"].gt(0).any()]
    usual = [float(values.median()) for values in known]
    if series.unit != "seconds" or not usual or max(usual) < FAR_APART * max(min(usual), 1.0):
        return low, high
    return max(min(float(values[values > 0].min()) for values in known), 1.0) / 1.5, high * 1.3


def is_logarithmic(scale: Scale, series: Series) -> bool:
    return series.unit == "seconds" and scale[0] > 0


def axis(series: Series, scale: Scale, height: int) -> Json:
    """The value axis, its ticks in the unit of the metric."""
    if is_logarithmic(scale, series):
        return log_duration_axis(*scale)
    most_ticks = 5 if height >= 180 else 4
    shown: Json = {"range": list(scale), "nticks": most_ticks}
    if series.unit == "seconds":
        step = next((step for step in DURATION_STEPS if scale[1] <= step * most_ticks), DURATION_STEPS[-1])
        ticks = [step * place for place in range(int(scale[1] // step) + 1)]
        return shown | {"tickvals": ticks, "ticktext": [format.duration(tick) for tick in ticks]}
    formats = {"share": {"tickformat": ".0%"}, "count": {"tickformat": ",d"}}
    return shown | formats.get(series.unit, {})


def room_left(series: Series, scale: Scale) -> int:
    """Pixels for the texts of the value axis."""
    return 10 + LETTER * max(len(format.value(scale[1], series.unit)), 4)


def room_right(labels: Sequence[Label]) -> int:
    """Pixels for the labels right of the plot."""
    return 16 + round(NARROW_LETTER * max((len(label.text) for label in labels), default=0))


def placed(labels: Sequence[Label], palette: Palette, scale: Scale, series: Series, plot_height: float) -> list[Json]:
    """The labels at their heights on this scale, apart from each other."""
    low, high = scale
    is_log = is_logarithmic(scale, series)
    base = log10(low) if is_log else low
    top = (log10(high) if is_log else high) - base
    steps = [
        Label(label.text, label.x, (log10(max(label.y, low)) if is_log else label.y) - base, label.color)
        for label in labels
    ]
    return [note | {"y": note["y"] + base} for note in end_labels(steps, palette, top, plot_height)]
