"""Consistency: whether service is the same whatever the channel, the hour, the agent and the week."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from pages.elements import access, data, format, frame, leads, markdown, tables, wall
from pages.elements import consistency_words as words
from pages.elements.consistency_drawings import COMPARED, Drawn, drawn, drawn_agents
from pages.elements.data import View
from pages.elements.tables import Table
from pages.elements.tiles import quiet

access.require("consistency")


def draw(view: View) -> None:
    shown = drawn(view)
    st.markdown(f"**{markdown.plain(shown.headline)}** {markdown.plain(shown.since)}")
    if not shown.channels:
        frame.footnote(view)
        return
    _across_channels(view, shown)
    _over_time(view, shown)
    with st.grid(
        max(bool(shown.chances) + bool(shown.hours) + bool(shown.multiples), 1), min_column_width=300, gap="small"
    ):
        _who_waits_longer(view, shown)
        _across_hours(view, shown)
        _across_agents(view, shown)
    if shown.gaps:
        with frame.card(
            "Least even first", "what means the same on every channel stands before what channels differ in by nature"
        ):
            tables.place(view, _table(view))
    frame.footnote(
        view,
        _unknown(shown),
        "Lines through dots are 95 % intervals. A gap is more than chance explains where it holds at 95 % for all pairs of channels together.",
        "Channels promise different waits: those are compared with their own targets first.",
        "Waits still open, given up or ended without an answer count as having lasted at least so long.",
    )


def _unknown(shown: Drawn) -> str:
    """What there are no figures of, instead of empty cards."""
    missing = [title.lower() for name, (title, *_) in COMPARED.items() if name not in shown.dots]
    return f"No figures in this period: {words.listed(missing)}." if missing else ""


def _across_channels(view: View, shown: Drawn) -> None:
    with st.grid(len(shown.dots), min_column_width=225, gap="small"):
        for name, chart in shown.dots.items():
            title, figures, _ = COMPARED[name]
            with frame.card(title, figures):
                frame.chart(chart, f"dots_{name}", view)
                quiet(markdown.plain(words.apart(shown.gaps.get(name), frame.channel_labels(view))))
    if said := words.explained(shown.explained):
        st.markdown(said)


def _over_time(view: View, shown: Drawn) -> None:
    if not shown.multiples:
        return
    title, figures, _ = COMPARED[shown.metric]
    subtitle = f"{figures} by {view.period.grain}; the band is what chance allows, rings are signals of a change"
    with (
        frame.card(f"{title} over time", subtitle),
        st.grid(min(max(len(shown.multiples), 2), 5), min_column_width=225, gap="small"),
    ):
        for channel, (chart, said) in shown.multiples.items():
            with st.container(gap="xxsmall"):
                frame.over_time(chart, f"kept_{channel}", view)
                quiet(said)


def _who_waits_longer(view: View, shown: Drawn) -> None:
    if not shown.chances:
        return
    with frame.card("Who waits longer", "in so many of 100 cases the row's customer, not the column's"):
        measure = _choice("Measured by", "measure", {name: name for name in shown.chances}, next(iter(shown.chances)))
        chart, said, sample = shown.chances[measure]
        frame.chart(chart, "chances", view)
        st.markdown(said)
        quiet(markdown.plain(sample))


def _across_hours(view: View, shown: Drawn) -> None:
    if not shown.hours:
        return
    chart, said = shown.hours
    with frame.card("Across hours and weekdays", "waits within target by when they began; stronger is worse"):
        frame.chart(chart, "hours", view)
        quiet(markdown.plain(said))


def _across_agents(view: View, shown: Drawn) -> None:
    if not shown.multiples:
        return
    title = COMPARED[shown.metric][0]
    with frame.card("Across agents", f"{title.lower()} on one channel, within the limits of chance"):
        labels, gap = frame.channel_labels(view), shown.gaps.get(shown.metric)
        channels = {name: labels.get(name, name) for name in shown.multiples}
        chosen = _choice("Channel", "agents_on", channels, gap.worst if gap else next(iter(channels)))
        frame.chart(drawn_agents(view, shown.metric, chosen), "agents", view)


def _choice(label: str, key: str, options: Mapping[str, str], default: str) -> str:
    """One of a few, as the address says; the default where there is nothing to choose, or nobody to do so."""
    if len(options) < 2 or wall.is_on():
        return default
    chosen = st.segmented_control(
        label,
        list(options),
        default=default,
        format_func=lambda name: markdown.plain(options.get(name, name)),
        required=True,
        key=key,
        bind="query-params",
        label_visibility="collapsed",
    )
    return chosen if chosen in options else default


@data.drawing
def _table(view: View) -> Table:
    labels, shown = frame.channel_labels(view), drawn(view)
    gaps = list(shown.gaps.values())
    texts = {
        "Metric": [gap.title for gap in gaps],
        "Worst": [f"{labels.get(gap.worst, gap.worst)} {format.value(gap.worst_value, gap.unit)}" for gap in gaps],
        "Best": [f"{labels.get(gap.best, gap.best)} {format.value(gap.best_value, gap.unit)}" for gap in gaps],
        "Apart": [words.distance(gap) for gap in gaps],
        "Beyond chance": ["yes" if gap.is_certain else "not surely" for gap in gaps],
        "Channel explains": [words.share_explained(shown.explained.get(gap.metric)) for gap in gaps],
        "n": [format.count(gap.n) for gap in gaps],
    }
    return tables.table(
        "gaps",
        "Gaps between channels",
        pd.DataFrame(texts),
        pd.DataFrame([vars(gap) for gap in gaps]),
        leads=[leads.tickets(COMPARED[gap.metric][2], channel=gap.worst) for gap in gaps],
        config={"n": st.column_config.TextColumn(alignment="right")},
        metrics=[gap.metric for gap in gaps],
    )


draw(frame.begin("consistency", grains=True))
