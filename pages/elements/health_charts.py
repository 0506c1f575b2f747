"""How long the runs of the pipelines took, step by step. Knows no SQL and no Streamlit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pandas as pd

from pages.elements import format
from pages.elements.figure import FONT_SIZE, Chart, Json, Label, Trace, draw, end_labels, escaped, nothing
from pages.elements.palette import Palette

STEPS = ("pull", "load", "build", "check")
MOST_RUNS = 40
# Fewer runs stand at the right, no wider than those of a full chart would be.
ROOM_FOR = 12
# Runs so many times as long as the median are cut off, with their length above: the first run loads all there is.
CUT_AT = 4.0


def runs(frame: pd.DataFrame, local: Callable[[datetime], datetime], palette: Palette, height: int) -> Chart:
    """A bar a run from the oldest to the newest of `frame` (see questions/health_runs.sql, newest first), its steps stacked."""
    rows = frame.head(MOST_RUNS).iloc[::-1].reset_index(drop=True)
    if rows.empty:
        return nothing(palette, "No run yet.", height)
    parts = {step: rows[f"{step}_seconds"].fillna(0.0) for step in STEPS}
    totals = pd.Series(sum(parts.values()), index=rows.index)
    top = _top(totals)
    inks = dict(zip(STEPS, (palette.grid, palette.ink, palette.muted, palette.line), strict=True))
    shown = _cut(parts, top)
    said = [[_said(row, total, local)] for row, total in zip(rows.itertuples(), totals, strict=True)]
    traces: list[Trace] = [
        {
            "type": "bar",
            "name": step,
            "x": list(range(len(rows))),
            "y": list(values),
            "marker": {"color": inks[step], "line": {"width": 0}},
            "width": 0.8,
            "customdata": said,
            "hovertemplate": "%{customdata[0]}<extra></extra>",
        }
        for step, values in shown.items()
    ]
    last = len(rows) - 1
    middles = [
        sum(shown[other].iloc[last] for other in STEPS[:place]) + shown[step].iloc[last] / 2
        for place, step in enumerate(STEPS)
    ]
    labels = [
        Label(f'<span style="color:{inks[step]}">■</span> {step} {seconds(parts[step].iloc[last])}', last + 0.5, middle)
        for step, middle in zip(STEPS, middles, strict=True)
    ]
    alt = (
        f"How long each of the last {format.counted(len(rows), 'run')} took: the newest {seconds(totals.iloc[last])}, "
        f"the median {seconds(totals.median())}, the longest {seconds(totals.max())}"
    )
    return draw(
        palette,
        traces,
        alt + _failures(rows),
        height=height,
        margin={"l": 44, "r": 104, "t": 22, "b": 30},
        barmode="stack",
        xaxis={"range": [min(-0.6, last - ROOM_FOR + 0.4), last + 0.5], **_times(rows, local)},
        yaxis={"range": [0, top], "nticks": 4, "ticksuffix": " s"},
        annotations=[*end_labels(labels, palette, top, height - 52), *_marks(rows, totals, top, palette)],
    )


def _top(totals: pd.Series) -> float:
    usual = CUT_AT * float(totals.median())
    return max(min(float(totals.max()), usual) if usual else float(totals.max()), 0.1) * 1.05


def _cut(parts: dict[str, pd.Series], top: float) -> dict[str, pd.Series]:
    """The steps as far as they lie below the top."""
    shown, below = {}, pd.Series(0.0, index=next(iter(parts.values())).index)
    for step, values in parts.items():
        shown[step] = values.clip(upper=(top - below).clip(lower=0.0))
        below = below + values
    return shown


def seconds(amount: float | None) -> str:
    """`0.4s`, or as durations are written: most runs take less than a second."""
    if amount is None or format.is_missing(amount):
        return format.EM_DASH
    return f"{format.decimal(amount, 1)}s" if amount < 10 else format.duration(amount)


def _said(row: Any, total: float, local: Callable[[datetime], datetime]) -> str:
    steps = ", ".join(
        f"{step} {seconds(getattr(row, f'{step}_seconds') or 0)}"
        for step in STEPS
        if not format.is_missing(getattr(row, f"{step}_seconds"))
    )
    message = "" if format.is_missing(row.message) else f"<br>{escaped(str(row.message)[:120])}"
    began = format.moment(local(row.started_at.to_pydatetime()))
    return f"Run {row.run_id}, {began}: {row.state}, {seconds(total)}<br>{steps}<br>{format.counted(row.files or 0, 'file')}{message}"


def _times(rows: pd.DataFrame, local: Callable[[datetime], datetime]) -> Json:
    """When the first, a middle and the last run began."""
    places = sorted({0, len(rows) // 2, len(rows) - 1})
    moments = [local(rows["started_at"].iloc[place].to_pydatetime()) for place in places]
    return {
        "tickvals": places,
        "ticktext": [
            format.moment(moment, moments[-1]) if place else format.clock(moment)
            for place, moment in enumerate(moments)
        ],
    }


def _marks(rows: pd.DataFrame, totals: pd.Series, top: float, palette: Palette) -> list[Json]:
    """Above its bar: how long a run took that is cut off, and that one failed."""
    texts = [
        "failed" if state == "failed" else seconds(total) if total > top else ""
        for state, total in zip(rows["state"], totals, strict=True)
    ]
    font = {"color": palette.ink, "size": FONT_SIZE - 1}
    return [
        {"x": place, "y": min(total, top), "text": text, "showarrow": False, "yanchor": "bottom", "font": font}
        for place, (text, total) in enumerate(zip(texts, totals, strict=True))
        if text
    ]


def _failures(rows: pd.DataFrame) -> str:
    failed = int((rows["state"] == "failed").sum())
    return f"; {failed} failed" if failed else ""
