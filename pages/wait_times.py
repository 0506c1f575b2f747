"""Wait times: how long customers waited, with those who still wait counted, and the figure that leaves them out beside it."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import pandas as pd
import streamlit as st

from pages.elements import access, data, format, frame, leads, palette, tables, wait_charts
from pages.elements.data import View
from pages.elements.figure import Chart
from pages.elements.periods import local_time
from pages.elements.tables import Table
from pages.elements.tiles import Tile, made, place

access.require("wait_times")

CHART_HEIGHT = 200
MULTIPLE_HEIGHT = 230
# The sets of tickets behind each choice of answers.
WAITS = {"first": "first_waits", None: "waits"}
COUNTED = (
    "Kaplan-Meier: waits still open, given up, or ended without an answer count as having lasted at least so long."
)


class Drawn(NamedTuple):
    """What the page shows of a view; nothing of it where nobody waited."""

    tiles: list[Tile]
    multiples: dict[str, Chart]
    shares: tuple[Chart, Chart, Chart]
    table: Table
    notes: list[str]


@data.drawing
def drawn(view: View) -> Drawn | None:
    """Tiles, charts and the table, made once for everyone who looks at the same thing."""
    asked = {"kind": view.kind, "zone": view.zone}
    waits = frame.in_channel_order(view, view.ask("wait_marks", grain=None, **asked))
    if waits.empty:
        return None
    kept = frame.in_channel_order(view, view.ask("within_target", grain=None, **asked))
    grain, end = view.period.grain, local_time(view.period.end, view.zone).replace(tzinfo=None)
    bins = wait_charts.with_ends(view.ask("wait_marks", grain=grain, **asked), grain, end)
    kept_bins = view.ask("within_target", grain=grain, **asked)
    kept_bins = wait_charts.with_ends(kept_bins[kept_bins["all_channels"]], grain, end)
    return Drawn(
        tiles=_tiles(view, waits, kept, bins[bins["all_channels"]], kept_bins),
        multiples=_multiples(view, bins[~bins["all_channels"]]),
        shares=_shares(view, kept, kept_bins),
        table=_table(view, waits, kept),
        notes=_notes(view, waits),
    )


def draw(view: View) -> None:
    if not view.knows_waits:
        frame.no_waits(view)
        return
    shown = drawn(view)
    if shown is None:
        st.info("**Nobody waited in this period.** Choose a longer period or fewer filters.")
        return
    with st.grid(5, min_column_width=170, gap="small"):
        for tile in shown.tiles:
            place(tile)
    _place_multiples(view, shown)
    _place_shares(view, shown)
    with frame.card("By channel", "open waits counted, and the answered ones alone beside it"):
        tables.place(view, shown.table)
    frame.footnote(view, *shown.notes)


def _whole(rows: pd.DataFrame | None) -> pd.Series | None:
    """The row of all channels together."""
    whole = None if rows is None else rows[rows["all_channels"]]
    return None if whole is None or whole.empty else whole.iloc[0]


def _tiles(
    view: View, waits: pd.DataFrame, kept: pd.DataFrame, bins: pd.DataFrame, kept_bins: pd.DataFrame
) -> list[Tile]:
    now = waits[waits["all_channels"]].iloc[0]
    still = made(
        "Still waiting",
        format.count(now["waiting"]),
        note=f"of {format.count(now['waits'])} who began to wait",
        explanation="Customers who began to wait in this period and have no answer yet.",
    )
    return [*_percentiles(view, now, bins[bins["is_complete"]]), _kept_tile(view, kept, kept_bins), still]


def _percentiles(view: View, now: pd.Series, finished: pd.DataFrame) -> list[Tile]:
    before = _whole(view.ask_before("wait_marks", grain=None, kind=view.kind, zone=view.zone))
    found = []
    for label, name in (("Median wait", "median"), ("90th percentile", "p90"), ("95th percentile", "p95")):
        value, known = now[f"{name}_seconds"], now[f"{name}_is_known"]
        comparable = before is not None and known and before[f"{name}_is_known"]
        found.append(
            made(
                label,
                format.duration(value) if known else f"over {format.duration(value)}",
                format.change_of_duration(value, before[f"{name}_seconds"])
                if comparable and before is not None
                else None,
                view.period.versus,
                note=f"answered only: {format.duration(now[f'naive_{name}_seconds'])}",
                explanation=COUNTED,
                trend=finished[f"{name}_seconds"].tolist(),
            )
        )
    return found


def _kept_tile(view: View, kept: pd.DataFrame, kept_bins: pd.DataFrame) -> Tile:
    share = _whole(kept)
    before = _whole(view.ask_before("within_target", grain=None, kind=view.kind, zone=view.zone))
    return made(
        "Within target",
        format.share(None if share is None else share["share"]),
        format.change_of_share(share["share"], before["share"]) if share is not None and before is not None else None,
        view.period.versus,
        note="no target time has passed"
        if share is None
        else format.interval(share["share_low"], share["share_high"], share["decided"]),
        explanation="Of the waits whose target fell due in this period: answered within it. The range is a 95 % Wilson interval.",
        trend=kept_bins[kept_bins["is_complete"]]["share"].tolist(),
    )


def _multiples(view: View, bins: pd.DataFrame) -> dict[str, Chart]:
    """Waits over time for each channel, on one scale."""
    grain, inks, labels, lead = (
        view.period.grain,
        palette.of(view.theme),
        frame.channel_labels(view),
        frame.bin_lead(view),
    )
    targets = dict(view.ask("wait_targets", kind=view.kind)[["channel", "target_seconds"]].itertuples(index=False))
    scale = wait_charts.shared_scale(bins)
    return {
        channel: wait_charts.over_time(
            rows,
            str(channel),
            labels.get(str(channel), str(channel)),
            grain,
            scale,
            targets.get(channel),
            inks,
            MULTIPLE_HEIGHT,
            partial(lead, channel=channel),
        )
        for channel, rows in frame.in_channel_order(view, bins).groupby("channel", sort=False)
    }


def _place_multiples(view: View, shown: Drawn) -> None:
    labels = frame.channel_labels(view)
    with st.grid(min(max(len(shown.multiples), 2), 5), min_column_width=220, gap="small"):
        for channel, chart in shown.multiples.items():
            with frame.card(labels.get(channel, channel), f"waits by {view.period.grain} they began, one scale"):
                frame.over_time(chart, f"waits_{channel}", view)


def _shares(view: View, kept: pd.DataFrame, kept_bins: pd.DataFrame) -> tuple[Chart, Chart, Chart]:
    inks, labels = palette.of(view.theme), frame.channel_labels(view)
    promised = view.ask("target_shares", kind=view.kind)["target_share"].tolist()
    promise = promised[0] if len(promised) == 1 else None
    curves = frame.in_channel_order(view, view.ask("wait_curve", kind=view.kind))
    return (
        wait_charts.answered_within(curves, labels, inks, CHART_HEIGHT),
        wait_charts.kept_over_time(kept_bins, view.period.grain, promise, inks, CHART_HEIGHT, frame.bin_lead(view)),
        wait_charts.kept_by_channel(kept[~kept["all_channels"]], labels, inks, CHART_HEIGHT),
    )


def _place_shares(view: View, shown: Drawn) -> None:
    curve, over_time, by_channel = shown.shares
    with st.grid(3, min_column_width=300, gap="small"):
        with frame.card("Answered within", "share of customers, open waits counted"):
            frame.chart(curve, "curve")
        with frame.card("Within target", f"share of waits by {view.period.grain} their target fell due, 95 % interval"):
            frame.over_time(over_time, "kept_over_time", view)
        with frame.card("Within target by channel", "95 % interval"):
            frame.chart(by_channel, "kept_by_channel", view)


def _table(view: View, waits: pd.DataFrame, kept: pd.DataFrame) -> Table:
    texts, values, channels = tables.wait_times(waits, kept, frame.channel_labels(view))
    right = st.column_config.TextColumn(alignment="right")
    return tables.table(
        "wait_times",
        "Wait times by channel",
        texts,
        values,
        leads=[leads.tickets(WAITS[view.kind], **leads.part("channel", name)) for name in channels],
        config={name: right for name in texts if name != "Channel"},
        metrics=("first_response_time", "next_response_time", "promise_kept_rate"),
    )


def _notes(view: View, waits: pd.DataFrame) -> list[str]:
    """What was left out of the figures, and how they count."""
    faults = view.ask("wait_faults", kind=view.kind)
    left_out = [f"{format.count(row.waits)} {row.fault}: left out." for row in faults.itertuples()]
    arrows = (
        ""
        if waits[["median_is_known", "p90_is_known", "p95_is_known"]].all(axis=None)
        else "Arrows: at least so long, not known yet."
    )
    return [*left_out, COUNTED, arrows]


draw(frame.begin("wait_times", grains=True, kinds=True))
