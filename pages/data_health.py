"""Data health: is anything stale, refused or odd? Every source, every check's findings, every rejected row, every run."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.elements import access, data, format, frame, freshness, tables
from pages.elements.data import View
from pages.elements.periods import local_time
from pages.elements.tiles import tile

access.require("data_health")

TABLE_HEIGHT = 247


def verdict(view: View, sources: pd.DataFrame, findings: pd.DataFrame) -> None:
    """The answer to "can I trust what I see?" at a glance."""
    refresh = data.settings().schedule.refresh_seconds
    late = [source.name for source in view.sources if freshness.is_late(source, data.now(), refresh)]
    errors = int((findings["severity"] == "error").sum())
    rejected, read = int(sources["rows_rejected"].sum()), int(sources["rows_read"].sum())
    refused = int(sources["files_refused"].sum())
    with st.grid(4, min_column_width=170, gap="small"):
        tile(
            "Late sources",
            format.count(len(late)),
            crossed=", ".join(late),
            note="" if late else "all as fresh as they should be",
        )
        tile("Checks with findings", format.count(len(findings)), crossed=f"{errors} of them errors" if errors else "")
        tile(
            "Rows rejected",
            format.count(rejected),
            note=f"of {format.count(read)} read",
            explanation="Each is below, as delivered.",
        )
        tile("Files refused", format.count(refused), note=f"of {format.count(sources['files'].sum())} delivered")


def table(rows: pd.DataFrame, names: dict[str, str], zone: str, empty: str, alt: str) -> None:
    """A table with its columns named for people, instants in the account's time."""
    if rows.empty:
        tables.nothing(empty, 60)
        return
    shown = rows.copy()
    for name in shown.select_dtypes("datetime").columns:
        shown[name] = [
            format.EM_DASH if pd.isna(at) else f"{local_time(at.to_pydatetime(), zone):%Y-%m-%d %H:%M:%S}"
            for at in rows[name]
        ]
    shown = shown.rename(columns=names).astype(object)
    height = min(TABLE_HEIGHT, tables.HEADER_HEIGHT + 1 + tables.ROW_HEIGHT * len(rows))
    localized = st.column_config.NumberColumn(format="localized")
    st.dataframe(
        shown.where(shown.notna(), format.EM_DASH),
        column_config={names[name]: localized for name in rows.select_dtypes("number").columns},
        hide_index=True,
        height=height,
        row_height=tables.ROW_HEIGHT,
        alt=alt,
    )


SOURCES = {
    "source": "Source",
    "feed": "Feed",
    "kind": "Rows are",
    "as_of": "Data as of",
    "delivered_at": "Newest file",
    "files": "Files",
}
SOURCES |= {"files_refused": "Refused", "rows_read": "Read", "rows_loaded": "Loaded", "rows_unchanged": "Unchanged"}
SOURCES |= {"rows_superseded": "Superseded", "rows_rejected": "Rejected"}
FINDINGS = {"severity": "Severity", "meaning": "What", "source": "Source", "found": "Found", "examples": "Such as"}
REFUSED = {"feed": "Feed", "name": "File", "modified_at": "Written", "reason": "Why"}
REJECTED = {"feed": "Feed", "file_name": "File", "line_no": "Row", "reason": "Why", "delivered": "As delivered"}
RUNS = {
    "run_id": "Run",
    "started_at": "Began",
    "state": "State",
    "message": "Message",
    "files": "Files",
    "rows_read": "Read",
}
RUNS |= {"rows_rejected": "Rejected", "tickets_built": "Tickets", "pull_seconds": "Pull s", "load_seconds": "Load s"}
RUNS |= {"build_seconds": "Build s", "check_seconds": "Check s"}

view = frame.begin("Data health", with_period=False, follow=True, filtered=False)
sources, findings = view.ask("health_sources"), view.ask("health_findings")
verdict(view, sources, findings)
with frame.card("Sources", "read = loaded + unchanged + superseded + rejected"):
    table(
        sources, SOURCES, view.zone, "No source has delivered yet.", "Every source with its last delivery and its rows"
    )
with frame.card("Checks", "what they found in the last run"):
    table(findings, FINDINGS, view.zone, "Nothing found.", "Findings of the checks")
with frame.card("Files refused", "nothing of them was loaded"):
    table(view.ask("health_refused"), REFUSED, view.zone, "None.", "Refused files with the reason")
with frame.card("Rows rejected", "as delivered, with the reason"):
    table(view.ask("health_rejected"), REJECTED, view.zone, "None.", "Rejected rows as delivered")
with frame.card("Runs", "the last fifty"):
    runs = view.ask("health_runs").round({"pull_seconds": 2, "load_seconds": 2, "build_seconds": 2, "check_seconds": 2})
    table(runs, RUNS, view.zone, "None yet.", "Runs with their duration by step")
frame.footnote(view)
