"""What the consistency page shows of a view: its frames, figures and sentences, made once for everyone who looks at the same thing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import pandas as pd

from pages.elements import (
    consistency_charts,
    data,
    frame,
    interval_charts,
    leads,
    markdown,
    palette,
    trend_charts,
)
from pages.elements import consistency_words as words
from pages.elements.data import View
from pages.elements.figure import Chart
from pages.elements.funnel_charts import funnel
from warehouse import consistency, signals
from warehouse.catalogue import CATALOGUE
from warehouse.consistency import AGAINST_TARGET, Explained, Gap

DOTS_HEIGHT, MULTIPLE_HEIGHT = 182, 190
HOURS_HEIGHT, AGENTS_HEIGHT, CHANCES_HEIGHT = 240, 260, 190
# Room above the lines for what was noted about their time.
HEADROOM = 0.2
SAMPLE = 5000
LOOK_BACK = timedelta(weeks=26)
PROMISES, CSAT = "promise_kept_rate", "csat"
# What is shown over time and by agent: the first that there is.
OVER_TIME = (PROMISES, CSAT)
# Metric: its title, what its figures are, and the tickets behind them.
COMPARED = {
    PROMISES: ("Promises kept", "share of waits within target", "decided"),
    AGAINST_TARGET: ("Wait against its target", "median, 100% is the target", "waits"),
    CSAT: ("Customer satisfaction", "share of answers that are happy", "csat"),
    "first_contact_resolution": ("First contact resolution", "one reply, no return in 7 days", "first_solved"),
    "full_resolution_time": ("Resolution time", "median until solved for good", "created"),
}
# What the chance of waiting longer is measured by, as the address names it: the durations, and how a sentence about them begins.
MEASURES = {
    "against target": ("against_target", "Measured by what was promised,"),
    "plain time": ("first_response", "For a first answer,"),
}


@dataclass(frozen=True)
class Drawn:
    """What the page shows of a view."""

    headline: str
    since: str
    channels: tuple[str, ...]
    metric: str  # what is shown over time and by agent
    gaps: dict[str, Gap]
    dots: dict[str, Chart]
    multiples: dict[str, tuple[Chart, str]]
    explained: dict[str, Explained | None]
    chances: dict[str, tuple[Chart, str, str]]  # with the widest pair in words, and what it rests on
    hours: tuple[Chart, str] | None


@data.drawing
def drawn(view: View) -> Drawn:
    """Frames and charts, made once for everyone who looks at the same thing."""
    labels = frame.channel_labels(view)
    parts = {name: _by_channel(view, name) for name in COMPARED}
    gaps = consistency.gaps(parts)
    channels = pd.concat([rows["part"][rows["n"] > 0] for rows in parts.values()]).dropna().unique().tolist()
    metric = next((name for name in OVER_TIME if parts[name]["n"].sum()), PROMISES)
    durations = view.ask("consistency_durations", most=SAMPLE)
    return Drawn(
        headline=words.least_even(gaps, labels, channels),
        since=_since(view, gaps[0]) if gaps and gaps[0].is_certain else "",
        channels=tuple(channels),
        metric=metric,
        gaps={gap.metric: gap for gap in gaps},
        dots={name: _dots(view, name, rows) for name, rows in parts.items() if rows["n"].sum()},
        multiples=_multiples(view, metric),
        explained=_explained(parts, durations),
        chances={name: drawing for name, about in MEASURES.items() if (drawing := _chances(view, durations, *about))},
        hours=_hours(view),
    )


def _by_channel(view: View, name: str) -> pd.DataFrame:
    """A metric of each channel, in the order that channels have everywhere, those of no channel last."""
    rows = view.ask("consistency_against_target") if name == AGAINST_TARGET else view.series(name, split="channel")
    rows = rows[rows["part"].notna() | (rows["n"] > 0)]
    return frame.in_channel_order(view, rows.assign(channel=rows["part"])).reset_index(drop=True)


def _dots(view: View, name: str, rows: pd.DataFrame) -> Chart:
    title, figures, which = COMPARED[name]
    unit = "share" if name == AGAINST_TARGET else CATALOGUE[name].unit
    return interval_charts.dots(
        rows,
        "channel",
        unit,
        frame.channel_labels(view),
        palette.of(view.theme),
        DOTS_HEIGHT,
        target=1.0 if name == AGAINST_TARGET else _promised(view) if name == PROMISES else None,
        lead=lambda part: leads.tickets(which, None, None, **leads.part("channel", part)),
        title=f"{title} by channel ({figures})",
    )


def _promised(view: View) -> float | None:
    """The share that was promised, where it is one and the same."""
    shares = view.ask("target_shares", kind=None)["target_share"].tolist()
    return shares[0] if len(shares) == 1 else None


def _since(view: View, gap: Gap) -> str:
    """Since when the worst channel has been behind the best, by week, and what its newest readings in the period say."""
    if gap.metric not in CATALOGUE:
        return ""
    labels, grain = frame.channel_labels(view), view.period.grain
    longer = replace(view.filters, start=view.period.end - LOOK_BACK)
    weeks = view.series(gap.metric, "week", "channel", longer)
    worst, best = (weeks[weeks["part"] == part] for part in (gap.worst, gap.best))
    said = words.since_when(gap, consistency.standing(worst, best, gap.direction), labels)
    bins = view.series(gap.metric, grain, "channel")
    limits = signals.with_limits(bins[bins["part"] == gap.worst], gap.unit)
    if limits["centre"].isna().all():
        return said
    return f"{said} {words.lately(gap, signals.last_change(limits, gap.direction), labels, grain)}"


def _multiples(view: View, metric: str) -> dict[str, tuple[Chart, str]]:
    """A share over time for each channel, on one scale, with what its newest signal says."""
    series, grain, lead, labels = (
        CATALOGUE[metric],
        view.period.grain,
        frame.bin_lead(view),
        frame.channel_labels(view),
    )
    bins = signals.with_limits(view.series(metric, grain, "channel"), series.unit)
    rows = frame.in_channel_order(view, bins[bins["part"].notna()].assign(channel=bins["part"]))
    parts = {str(channel): part for channel, part in rows.groupby("channel", sort=False)}
    low, high = trend_charts.shared_scale(list(parts.values()), series) if parts else (0.0, 1.0)
    return {
        channel: (
            trend_charts.trend(
                part,
                series,
                grain,
                palette.of(view.theme),
                MULTIPLE_HEIGHT,
                color=palette.of(view.theme).channel(channel),
                name=labels.get(channel, channel),
                scale=(low, high + HEADROOM * (high - low)),
                lead=partial(lead, series.behind, channel=channel),
            ),
            words.signal(part, grain),
        )
        for channel, part in parts.items()
    }


def _explained(parts: dict[str, pd.DataFrame], durations: pd.DataFrame) -> dict[str, Explained | None]:
    """How much of each metric's variation the channel explains: of shares from all, of durations from a sample."""
    sampled = {what: consistency.explained(rows) for what, rows in durations.groupby("what")}
    of_shares = {
        name: consistency.explained_of_share(parts[name]) for name in (PROMISES, CSAT, "first_contact_resolution")
    }
    return {
        "first_response": sampled.get("first_response"),
        AGAINST_TARGET: sampled.get("against_target"),
        **of_shares,
        "full_resolution_time": sampled.get("full_resolution"),
    }


def _chances(view: View, durations: pd.DataFrame, what: str, measured: str) -> tuple[Chart, str, str] | None:
    """Who waits longer than whom, as a table of channels, and the widest pair in words."""
    labels = frame.channel_labels(view)
    rows = durations[durations["what"] == what]
    pairs = consistency.chances(rows, list(labels))
    if pairs.empty:
        return None
    which, waits = ("first_waits", "first waits") if what == "first_response" else ("waits", "waits")
    chart = consistency_charts.chances(
        pairs,
        measured.rstrip(","),
        labels,
        palette.of(view.theme),
        CHANCES_HEIGHT,
        lambda channel: leads.tickets(which, channel=channel),
    )
    plain = {name: markdown.plain(labels.get(name, name)) for name in pairs["channel"]}
    return chart, words.longest_odds(pairs, measured, plain), words.sample(rows, waits)


def _hours(view: View) -> tuple[Chart, str] | None:
    found = consistency.hours(view.ask("consistency_hours", zone=view.zone))
    if found is None:
        return None

    def lead(weekday: int, hour: int) -> str:
        return leads.tickets("waits", weekday=weekday, hour=hour)

    return consistency_charts.hours(found, palette.of(view.theme), HOURS_HEIGHT, lead), words.hours(found)


@data.drawing
def drawn_agents(view: View, metric: str, channel: str) -> Chart:
    """A share of each agent on one channel: on several, agents would differ by the channels they work on."""
    rows = view.series(metric, split="agent", filters=replace(view.filters, channels=(channel,)))
    return funnel(
        rows.rename(columns={"part": "agent"}),
        "share",
        COMPARED[metric][0],
        palette.of(view.theme),
        AGENTS_HEIGHT,
        lead=lambda agent: leads.lead("agents", agent=agent, channel=channel),
    )
