"""Trends: any metric of the glossary over time, with the limits of chance, what was before, and what happened meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from pages.elements import (
    access,
    annotating,
    data,
    frame,
    markdown,
    palette,
    tables,
    trend_charts,
    trend_parts,
    trend_words,
    wall,
)
from pages.elements.data import View
from pages.elements.figure import Chart
from pages.elements.tables import Table
from pages.elements.tiles import Tile, made, place
from pages.elements.trend_choice import Choice, Compared, choose, compared, definition, subtitle
from pages.elements.trend_parts import Part
from warehouse.series import Series

access.require("trends")

CHART_HEIGHT, MULTIPLE_HEIGHT, TABLE_HEIGHT = 330, 200, 400
LIMITS = ["centre", "low_limit", "high_limit", "signal", "since"]
RIGHT = ("Value", "n", "95 % between", "Chance allows", "Before")
LIMITS_COME_FROM = (
    "Limits are worked out from the variation of this period's own readings: a p' chart for shares, else an XmR chart."
)
SIGNALS_ARE = "Readings beyond the limits, and patterns that chance seldom makes."
Row = Mapping[Any, Any]


class Drawn(NamedTuple):
    """What the page shows of a view and a choice."""

    headline: str
    tiles: list[Tile]
    subtitle: str
    charts: tuple[Chart, ...]
    table: Table


@data.drawing
def drawn(view: View, choice: Choice) -> Drawn:
    """Tiles, charts and the table, made once for everyone who looks at the same thing."""
    series, grain, under = choice.series, view.period.grain, compared(view, choice.versus)
    shown, left_out = trend_parts.parts(view, choice.metric, choice.split, under.filters)
    if choice.split:
        named = [(markdown.plain(part.label), part.frame) for part in shown]
        headline = trend_words.headline_of_parts(named, series, grain, choice.split)
    else:
        headline = trend_words.headline(shown[0].frame, series, grain)
    return Drawn(
        headline=headline,
        tiles=[*_of_the_period(view, choice, under), *_of_parts(view, choice, shown)],
        subtitle=subtitle(choice, under, grain, [part.frame for part in shown], left_out),
        charts=_charts(view, choice, under, shown),
        table=_table(view, choice, shown),
    )


def _only(rows: pd.DataFrame) -> Row:
    return trend_words.rows_of(rows)[0]


def _charts(view: View, choice: Choice, under: Compared, parts: tuple[Part, ...]) -> tuple[Chart, ...]:
    """One chart, small multiples on one scale, or all channels on one."""
    series, grain, inks = choice.series, view.period.grain, palette.of(view.theme)
    frames = [part.frame if choice.limits else part.frame.drop(columns=LIMITS) for part in parts]
    ways = [trend_parts.lead(view, series, choice.split, part.part) for part in parts]
    colors = [inks.channel(part.part) if choice.split == "channel" else inks.ink for part in parts]
    names = [part.label for part in parts]
    if choice.together:
        by_name = dict(zip(names, ways, strict=True))
        given = list(zip(names, colors, frames, strict=True))
        return (
            trend_charts.lines(given, series, grain, inks, CHART_HEIGHT, lead=lambda name, bin: by_name[name](bin)),
        )
    earlier = [part.before for part in parts if part.before is not None]
    scale = trend_charts.shared_scale([*frames, *earlier], series) if choice.split else None
    height = MULTIPLE_HEIGHT if choice.split else CHART_HEIGHT
    return tuple(
        trend_charts.trend(
            *(shown, series, grain, inks, height),
            color=color,
            name=part.label,
            previous=part.before,
            scale=scale,
            lead=way,
            before=under.label,
        )
        for part, shown, color, way in zip(parts, frames, colors, ways, strict=True)
    )


def draw(view: View) -> None:
    choice = choose()
    if not trend_parts.has_readings(view, choice.metric):
        trend_parts.say_why_nothing(view, choice.metric)
        definition(view, choice.series)
        return
    found = drawn(view, choice)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(found.headline)
        definition(view, choice.series)
    with st.grid(4, min_column_width=170, gap="small"):
        for tile in found.tiles:
            place(tile)
    across = min(len(found.charts), 3)
    with (
        frame.card(choice.series.title, found.subtitle),
        st.grid(across, min_column_width=300, gap="small"),
    ):
        for number, chart in enumerate(found.charts):
            frame.over_time(chart, f"trend_{number}", view)
    if not wall.is_on():
        _below(view, found)
    frame.footnote(view)


def _of_the_period(view: View, choice: Choice, under: Compared) -> list[Tile]:
    """The whole period, and its change against what it is compared with."""
    series, whole = choice.series, _only(view.series(choice.metric))
    before = _only(view.series(choice.metric, filters=under.filters)) if under.filters else None
    change, note = trend_words.change(whole, before, series)
    versus = under.versus.removeprefix("vs ")
    return [
        made(
            "At the end of the period" if series.kind in ("level", "ages") else "Whole period",
            trend_words.reading(whole, series),
            note=trend_words.sureness(whole, series),
            explanation=f"{series.title}: {series.direction}.",
        ),
        made(
            "Change",
            change,
            note=note or trend_words.sentence(under.missing),
            explanation=f"Against {versus}." if versus else None,
        ),
    ]


def _of_parts(view: View, choice: Choice, parts: tuple[Part, ...]) -> list[Tile]:
    """The highest and lowest part; undivided, what is usual."""
    series = choice.series
    if not choice.split:
        return _usual(parts[0].frame, series, view.period.grain)
    found = []
    for label, part in zip(("Highest", "Lowest"), trend_parts.ends(parts), strict=True):
        note = f"{markdown.plain(part.label)} · {trend_words.sureness(part.whole, series)}".removesuffix(" · ")
        found.append(made(f"{label} {choice.split}", trend_words.reading(part.whole, series), note=note))
    return found


def _usual(readings: pd.DataFrame, series: Series, grain: str) -> list[Tile]:
    """What readings are on average, what chance lets them be, and how many it does not explain."""
    average, allowed = trend_words.usual(readings, series, grain)
    count, newest = trend_words.signals_seen(readings, grain)
    return [
        made(f"Average {grain}", average, note=allowed, explanation=LIMITS_COME_FROM),
        made("Signals of a change", count, note=newest, explanation=SIGNALS_ARE),
    ]


def _table(view: View, choice: Choice, parts: tuple[Part, ...]) -> Table:
    series, grain, rows = choice.series, view.period.grain, trend_parts.rows(view, parts)
    return tables.table(
        "readings",
        f"{series.title} by {grain}" + (f" and {choice.split}" if choice.split else ""),
        trend_parts.texts(rows, series, grain, choice.split),
        rows.drop(columns="label"),
        leads=trend_parts.leads_of(view, rows, series, choice.split),
        height=TABLE_HEIGHT,
        config=dict.fromkeys(RIGHT, st.column_config.TextColumn(alignment="right"))
        | {"Signal": st.column_config.TextColumn(width=150)},
        metrics=[series.macro],
    )


def _below(view: View, found: Drawn) -> None:
    left, right = st.columns([2, 1], gap="small")
    with left, frame.card(f"By {view.period.grain}", "newest first · a row leads to its tickets"):
        tables.place(view, found.table)
    with right, frame.card("What happened", "noted by people, shown on every chart over time"):
        annotating.listed(view)
        annotating.adding(view)


draw(frame.begin("trends", grains=True))
