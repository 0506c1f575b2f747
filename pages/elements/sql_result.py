"""What came of a query: the rows as a table or a quick chart, with their number and the time they took; or why there are none."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.elements import format, frame, palette, sql_charts, tables
from pages.elements.data import View
from pages.elements.markdown import plain
from pages.elements.sql_sheet import Outcome
from pages.elements.tiles import quiet, small
from warehouse.adhoc import Result
from warehouse.errors import QueryRefused

TABLE_HEIGHT = 460
SHOWN = ("Table", "Chart")
LIMITS = {"rows": "rows", "cells": "cells (rows × columns)"}


def draw(view: View, outcome: Outcome) -> None:
    """The result with its downloads, or the message."""
    if outcome.refusal is not None:
        refused(outcome.asked.text, outcome.refusal, outcome.seconds)
    elif outcome.result is not None:
        _rows(view, outcome, outcome.result)


def refused(text: str, refusal: QueryRefused, seconds: float) -> None:
    """What is wrong, with its line as it stands in the text, a caret under the column."""
    if refusal.limit == "stopped":
        quiet(f"Stopped after {took(seconds)}.")
        return
    place = f"Line {refusal.line}" if refusal.line else ""
    place += f", column {refusal.column}" if refusal.line and refusal.column else ""
    st.error(f"**{place}:** {plain(str(refusal))}" if place else plain(str(refusal)))
    lines = text.splitlines()
    if refusal.line and refusal.line <= len(lines):
        caret = f"\n{' ' * (refusal.column - 1)}^" if refusal.column else ""
        st.code(lines[refusal.line - 1] + caret, language=None)


def _rows(view: View, outcome: Outcome, result: Result) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{counts(result)}** {small(f'· {took(result.seconds)}')}", width="content")
        drawable = sql_charts.proposal(result.frame) if result.rows else None
        shown = SHOWN[0]
        if drawable:
            shown = (
                st.segmented_control(
                    "Show as", SHOWN, default=SHOWN[0], required=True, key="sql_shown", label_visibility="collapsed"
                )
                or SHOWN[0]
            )
        tables.offer("sql", "SQL result", result.frame, lambda: about(view, outcome), "query, parameters and as-of")
    if result.cut_by:
        quiet(f"Only the first {format.count(result.rows)} rows: more would pass the limit of {LIMITS[result.cut_by]}.")
    if drawable and shown == "Chart":
        _chart(view, result.frame, drawable)
    else:
        _table(result)


def counts(result: Result) -> str:
    """`12 rows, 3 columns`."""
    return f"{format.counted(result.rows, 'row')}, {format.counted(len(result.frame.columns), 'column')}"


def took(seconds: float) -> str:
    """`0.04s`, or as every duration from ten seconds on."""
    return f"{format.decimal(max(seconds, 0.01), 2)}s" if seconds < 10 else format.duration(seconds)


def _table(result: Result) -> None:
    if not result.rows:
        names = ", ".join(str(name) for name in result.frame.columns)
        tables.nothing(f"No rows. The columns would be: {plain(format.cut(names, 300))}", 100)
        return
    kinds = dict(zip(result.frame.columns, result.types, strict=True))
    st.dataframe(
        result.frame,
        hide_index=True,
        row_height=tables.ROW_HEIGHT,
        height=min(TABLE_HEIGHT, tables.HEADER_HEIGHT + 2 + tables.ROW_HEIGHT * result.rows),
        column_config={name: st.column_config.Column(help=plain(kind)) for name, kind in kinds.items()},
        placeholder=format.EM_DASH,
        alt=f"Result: {counts(result)}",
        key="table_sql",
    )


def _chart(view: View, rows: pd.DataFrame, proposed: tuple[str, str, sql_charts.Kind]) -> None:
    """The chart with its choices; they hold while the columns do."""
    columns = "|".join(map(str, rows.columns))
    if st.session_state.get("sql_chart_of") != columns:
        st.session_state["sql_chart_of"] = columns
        for key in ("sql_x", "sql_y", "sql_kind"):
            st.session_state.pop(key, None)
    across, upwards, kind = st.columns(3, gap="small")
    names, drawable = [str(name) for name in rows.columns], sql_charts.numbers(rows)
    x = across.selectbox("Across (x)", names, names.index(proposed[0]), key="sql_x")
    y = upwards.selectbox("Upwards (y)", drawable, drawable.index(proposed[1]), key="sql_y")
    chosen = kind.segmented_control(
        "As", sql_charts.KINDS, default=proposed[2], required=True, key="sql_kind", format_func=str.capitalize
    )
    frame.chart(sql_charts.chart(rows, x, y, chosen or proposed[2], palette.of(view.theme)), "sql")
    if len(rows) > sql_charts.MOST_POINTS:
        quiet(f"The first {format.count(sql_charts.MOST_POINTS)} of {format.count(len(rows))} rows are drawn.")


def about(view: View, outcome: Outcome) -> str:
    """One line for the files: the query, what was written into its parameters, and how far the data went."""
    written = ", ".join(f"${name} = {' or '.join(values) or 'null'}" for name, values in outcome.asked.written.items())
    result = outcome.result
    cut = f"cut by the limit of {LIMITS[result.cut_by]}" if result and result.cut_by else "complete"
    facts = ["SQL result", f"query: {outcome.asked.text}", f"parameters: {written or 'none'}", cut]
    return " | ".join([*facts, f"run at {outcome.asked.began_at:%Y-%m-%dT%H:%M:%S}Z", f"data as of {view.as_of}Z"])
