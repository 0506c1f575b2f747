"""Data health: is anything stale, refused or odd? Every source, every check's findings, every rejected row, every run."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.elements import access, data, following, format, frame, health, health_words, notice, tables, tiles
from pages.elements.data import View
from pages.elements.markdown import plain
from pages.elements.tiles import Tile, quiet
from warehouse import __version__

access.require("data_health")


def draw(view: View) -> None:
    refresh = data.settings().schedule.refresh_seconds
    # To the second, as silences are told: what is drawn is there for whoever looks in the same one.
    feeds = health.feeds(view, data.now().replace(microsecond=0), refresh)
    pulls = view.ask("health_pulls")
    held_back, reasons = notice.held_back(), view.ask("health_reasons")
    findings = view.ask("health_findings") if held_back is None else held_back
    trouble, reason = health_words.failing(pulls)
    if trouble:
        st.markdown(f"**{plain(trouble)}** {plain(reason)}")
    st.markdown(feeds.said)
    with st.grid(4, min_column_width=170, gap="small"):
        for one in (feeds.stale, _of_checks(findings), feeds.rejected, feeds.refused):
            tiles.place(one)
    looked = f"new files are looked for every {format.duration(refresh)}"
    with frame.card("Sources", f"{looked} · rows read = loaded + unchanged + superseded + rejected"):
        tables.place(view, feeds.table)
    if len(pulls):
        health.pulls_card(view, pulls)
    _rejected(view, reasons)
    health.columns_card(view)
    health.checks_card(
        view, findings, health.findings_table(view) if held_back is None else health.table_of_findings(findings)
    )
    health.runs_card(view)
    frame.footnote(view, f"This is version {__version__} of the dashboard.")


def _of_checks(findings: pd.DataFrame) -> Tile:
    errors = int((findings["severity"] == "error").sum())
    crossed = f"{errors} of them errors" if errors else ""
    return tiles.made("Checks with findings", format.count(len(findings)), crossed=crossed)


def _rejected(view: View, reasons: pd.DataFrame) -> None:
    """Why rows were rejected, then the rows as delivered, then files of which nothing was loaded."""
    feed = st.query_params.get("feed")
    if feed and feed not in set(reasons["feed"]):
        quiet(f"No row of {plain(feed)} was rejected.")
    with frame.card("Rows rejected", "why, and how many; a reason opens its rows below"):
        if reasons.empty:
            quiet("None: every row that was read is accounted for.")
        else:
            health.reasons_table(view, reasons)
    chosen = None
    if len(reasons):
        with frame.card("As delivered", "the rejected rows with their file and the number of the row in it"):
            chosen = health.delivered_table(view, reasons)
    health.refused_table(view, chosen)


following.show("data_health", lambda: draw(frame.begin("data_health", with_period=False, follow=True, filtered=False)))
