"""Wait times: how long customers waited, with those who still wait counted, and the figure that leaves them out beside it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.elements import access, data, format, frame, palette, tables, wait_charts
from pages.elements.data import View
from pages.elements.periods import local_time
from pages.elements.tiles import tile

access.require("wait_times")

CHART_HEIGHT = 200
MULTIPLE_HEIGHT = 230
COUNTED = (
    "Kaplan-Meier: waits still open, given up, or ended without an answer count as having lasted at least so long."
)


@st.cache_data(max_entries=data.KEPT_DRAWINGS, show_spinner=False)
def draw(view: View) -> None:
    """The whole page below the filter bar, drawn once for everyone who looks at the same thing."""
    if not view.knows_waits:
        frame.no_waits(view)
        return
    waits = view.ask("wait_times", grain=None, kind=view.kind, zone=view.zone)
    kept = view.ask("within_target", grain=None, kind=view.kind, zone=view.zone)
    waits, kept = frame.in_channel_order(view, waits), frame.in_channel_order(view, kept)
    if waits.empty:
        st.info("**Nobody waited in this period.** Choose a longer period or fewer filters.")
        return
    _tiles(view, waits, kept)
    _by_channel_over_time(view)
    _shares(view, kept)
    with frame.card("By channel", "open waits counted, and the answered ones alone beside it"):
        tables.wait_times(waits, kept, frame.channel_labels(view))
    frame.footnote(view, *_notes(view, waits))


def _tiles(view: View, waits: pd.DataFrame, kept: pd.DataFrame) -> None:
    now = waits[waits["all_channels"]].iloc[0]
    earlier = view.ask_before("wait_times", grain=None, kind=view.kind, zone=view.zone)
    before = None if earlier is None or earlier.empty else earlier[earlier["all_channels"]].iloc[0]
    with st.grid(5, min_column_width=170, gap="small"):
        for label, name in (("Median wait", "median"), ("90th percentile", "p90"), ("95th percentile", "p95")):
            value, known = now[f"{name}_seconds"], now[f"{name}_is_known"]
            comparable = before is not None and known and before[f"{name}_is_known"]
            tile(
                label,
                format.duration(value) if known else f"over {format.duration(value)}",
                format.change_of_duration(value, before[f"{name}_seconds"])
                if comparable and before is not None
                else None,
                view.period.versus,
                note=f"answered only: {format.duration(now[f'naive_{name}_seconds'])}",
                explanation=COUNTED,
            )
        _kept_tile(view, kept)
        tile(
            "Still waiting",
            format.count(now["waiting"]),
            note=f"of {format.count(now['waits'])} who began to wait",
            explanation="Customers who began to wait in this period and have no answer yet.",
        )


def _kept_tile(view: View, kept: pd.DataFrame) -> None:
    whole = kept[kept["all_channels"]]
    earlier = view.ask_before("within_target", grain=None, kind=view.kind, zone=view.zone)
    before = None if earlier is None or earlier.empty else earlier[earlier["all_channels"]].iloc[0]
    share = whole.iloc[0] if len(whole) else None
    tile(
        "Within target",
        format.share(None if share is None else share["share"]),
        format.change_of_share(share["share"], before["share"]) if share is not None and before is not None else None,
        view.period.versus,
        note="no target time has passed"
        if share is None
        else format.interval(share["share_low"], share["share_high"], share["decided"]),
        explanation="Of the waits that began in this period and whose target time has passed: answered within it. The range is a 95 % Wilson interval.",
    )


def _by_channel_over_time(view: View) -> None:
    grain, inks, labels = view.period.grain, palette.of(view.theme), frame.channel_labels(view)
    bins = view.ask("wait_times", grain=grain, kind=view.kind, zone=view.zone)
    bins = wait_charts.with_ends(bins[~bins["all_channels"]], grain, _local_end(view))
    targets = dict(view.ask("wait_targets", kind=view.kind)[["channel", "target_seconds"]].itertuples(index=False))
    scale = wait_charts.shared_scale(bins)
    present = [name for name in labels if name in set(bins["channel"])]
    with st.grid(min(max(len(present), 2), 5), min_column_width=220, gap="small"):
        for channel in present:
            rows = bins[bins["channel"] == channel]
            with frame.card(labels[channel], f"waits by {grain} they began, one scale"):
                drawn = wait_charts.over_time(
                    rows, channel, labels[channel], grain, scale, targets.get(channel), inks, MULTIPLE_HEIGHT
                )
                frame.chart(drawn, f"waits_{channel}")


def _shares(view: View, kept: pd.DataFrame) -> None:
    grain, inks, labels = view.period.grain, palette.of(view.theme), frame.channel_labels(view)
    by_bin = view.ask("within_target", grain=grain, kind=view.kind, zone=view.zone)
    by_bin = wait_charts.with_ends(by_bin[by_bin["all_channels"]], grain, _local_end(view))
    promised = view.ask("target_shares", kind=view.kind)["target_share"].tolist()
    with st.grid(3, min_column_width=300, gap="small"):
        with frame.card("Answered within", "share of customers, open waits counted"):
            frame.chart(
                wait_charts.answered_within(
                    frame.in_channel_order(view, view.ask("wait_curve", kind=view.kind)), labels, inks, CHART_HEIGHT
                ),
                "curve",
            )
        with frame.card("Within target", f"share of waits by {grain} they began, 95 % interval"):
            promise = promised[0] if len(promised) == 1 else None
            frame.chart(wait_charts.kept_over_time(by_bin, grain, promise, inks, CHART_HEIGHT), "kept_over_time")
        with frame.card("Within target by channel", "95 % interval"):
            frame.chart(
                wait_charts.kept_by_channel(kept[~kept["all_channels"]], labels, inks, CHART_HEIGHT), "kept_by_channel"
            )


def _local_end(view: View) -> object:
    return local_time(view.period.end, view.zone).replace(tzinfo=None)


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


draw(frame.begin("Wait times", grains=True, kinds=True))
