"""Tables that pages share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st
from streamlit import dataframe_util
from streamlit.delta_generator import DeltaGenerator

from pages.elements import data, downloads, format, links, wall
from pages.elements.data import View
from pages.elements.leads import lead, ticket
from pages.elements.tiles import quiet
from warehouse.texts import one_line

_JOINER = "\u2060"  # takes no room
ROW_HEIGHT = 30
HEADER_HEIGHT = 36


@dataclass(frozen=True)
class Table:
    """A table ready to be placed: what people read, what they download, and where its rows lead."""

    key: str
    title: str
    shown: pa.Table
    values: pd.DataFrame
    leads: Sequence[str]
    config: Mapping[str, Any]
    height: int
    metrics: Sequence[str]


def table(
    key: str,
    title: str,
    texts: pd.DataFrame,
    values: pd.DataFrame,
    leads: Sequence[str] = (),
    config: Mapping[str, Any] | None = None,
    height: int | None = None,
    metrics: Sequence[str] = (),
) -> Table:
    """A table with its downloads. The first column's cells lead to `leads`, one a row (see links).

    `texts` is what people read, `values` what they download: seconds, shares 0-1, UTC instants. `metrics` are entries of
    the glossary whose definitions go with the file.
    """
    shown = texts.astype(object).where(texts.notna(), format.EM_DASH).map(_cell)
    if len(leads):
        first = str(texts.columns[0])
        shown[first] = shown[first].map(one_button)
    rows = HEADER_HEIGHT + 2 + ROW_HEIGHT * max(len(texts), 1)
    return Table(key, title, _sent(shown), values, leads, config or {}, min(height or 10_000, rows), metrics)


def _sent(shown: pd.DataFrame) -> pa.Table:
    """As Streamlit sends it to browsers: what it is given as Arrow it does not convert in every run."""
    converted: pa.Table = pa.ipc.open_stream(dataframe_util.convert_pandas_df_to_arrow_bytes(shown)).read_all()
    return converted


def place(view: View, table: Table, slot: DeltaGenerator | None = None) -> None:
    """Draws the table; its downloads stand below it or in `slot`."""
    columns = dict(table.config)
    clicked = f"{table.key}_lead"
    if len(table.leads) and not wall.is_on():
        columns[table.shown.column_names[0]] = st.column_config.ButtonColumn(
            type="tertiary", alignment="left", pinned=True, key=clicked
        )
    st.dataframe(
        table.shown,
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=table.height,
        column_config=columns,
        alt=f"{table.title}: {format.counted(len(table.shown), 'row')}",
        key=f"table_{table.key}",
    )
    if not wall.is_on():
        with slot or nullcontext():
            offer(table.key, table.title, table.values, lambda: said_of(view, table.title, table.metrics))
    click = st.session_state.get(clicked)
    if click and click["row"] < len(table.leads):
        links.go(view, table.leads[click["row"]])


def show(view: View, *given: Any, slot: DeltaGenerator | None = None, **more: Any) -> None:
    """A table made and placed at once."""
    place(view, table(*given, **more), slot)


def offer(
    key: str, title: str, values: pd.DataFrame, said: Callable[[], str], what: str = "filters, as-of and definitions"
) -> None:
    """The popover with one button a kind of file; the file is made when it is asked for. `said` is the line in it that says `what`."""
    opened = st.popover("Download", icon=":material/download:", type="tertiary", key=f"{key}_files", on_change="rerun")
    if not opened.open:
        return
    about = said()
    name = "".join(sign if sign.isalnum() else "_" for sign in title.lower()).strip("_")
    for kind in downloads.FORMATS:
        opened.download_button(
            kind.name,
            partial(kind.write, values, about),
            file_name=f"{name}.{kind.ending}",
            mime=kind.mime,
            key=f"{key}_{kind.ending}",
            on_click="ignore",
            width="stretch",
        )
    with opened:
        quiet(f"With a line that says {what}.")


def said_of(view: View, title: str, metrics: Sequence[str] = ()) -> str:
    """One line: what a table is, its filters, period, as-of instant (UTC) and the definitions of its metrics."""
    chosen = {name: values for name, values in links.filters_of(view).items() if values}
    filters = ", ".join(f"{name} = {' or '.join(values)}" for name, values in chosen.items()) or "none"
    span = f"{view.filters.start}Z to {view.filters.end}Z (end not included)" if view.filters.start else "none"
    known = data.glossary(view.settings, view.version).set_index("name")["definition"]
    meanings = " ".join(f"{name}: {known[name]}" for name in metrics if name in known.index)
    facts = [
        title,
        f"filters: {filters}",
        f"period: {span}",
        f"data as of {view.as_of}Z",
        f"days of {view.zone}",
        f"definitions: {meanings}" if meanings else "definitions: see the glossary",
    ]
    return " | ".join(facts)


def waits(rows: pd.DataFrame, clock: str, labels: dict[str, str], height: int) -> Table:
    """Waits with their ticket, in the order of the question; `clock` says what their due_in_seconds are called."""
    texts = pd.DataFrame(
        {
            "Ticket": rows["ticket_id"],
            clock: rows["due_in_seconds"].abs().map(format.duration),
            "Waiting": rows["waited_seconds"].map(format.duration),
            "Channel": rows["channel"].map(lambda name: labels.get(name, name)),
            "Team": rows["team"],
            "Agent": rows["agent"],
            "Topic": rows["topic"],
        }
    )
    right = st.column_config.TextColumn(width=80, alignment="right")
    leads = [ticket(row.source, row.ticket_id) for row in rows.itertuples()]
    config = {clock: right, "Waiting": right, "Channel": st.column_config.TextColumn(width=80)}
    return table("waits", f"Waits, {clock.lower()} first", texts, rows, leads, config, height)


def agents(rows: pd.DataFrame, height: int) -> Table:
    """Agents with their answers of the last half hour."""
    texts = pd.DataFrame(
        {
            "Agent": rows["agent"],
            "Team": rows["team"],
            "Answers": rows["answers"].map(format.count),
            "Ago": rows["last_answer_seconds"].map(format.rough_duration),
        }
    )
    leads = [lead("agents", agent=name) for name in rows["agent"]]
    config = {
        "Team": st.column_config.TextColumn(width=90),
        "Answers": st.column_config.TextColumn(width=70, alignment="right"),
        "Ago": st.column_config.TextColumn(width=60, alignment="right", help="Since the last answer"),
    }
    return table("answering", "Agents who answered in the last 30 minutes", texts, rows, leads, config, height)


def wait_times(
    waits: pd.DataFrame, kept: pd.DataFrame, labels: dict[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Wait times by channel: percentiles with open waits counted, the answered ones alone beside them, and the share within target.

    As texts, as values, and the channel of each row.
    """
    rows = waits[~waits["all_channels"]].merge(kept[~kept["all_channels"]], on="channel", how="left")
    shown = {
        "Channel": [labels.get(name, format.EM_DASH if format.is_missing(name) else name) for name in rows["channel"]],
        "Waits": [format.count(value) for value in rows["waits"]],
        "Answered": [format.count(value) for value in rows["answered"]],
        "Gave up": [format.count(value) for value in rows["abandoned"]],
        "Solved unanswered": [format.count(value) for value in rows["solved"]],
        "Still waiting": [format.count(value) for value in rows["waiting"]],
    }
    for label, name in (("Median", "median"), ("p90", "p90"), ("p95", "p95")):
        known = zip(rows[f"{name}_seconds"], rows[f"{name}_is_known"], strict=True)
        shown[label] = [
            format.duration(value) if is_known else f"over {format.duration(value)}" for value, is_known in known
        ]
        shown[f"{label}, answered only"] = [format.duration(value) for value in rows[f"naive_{name}_seconds"]]
    shown["Within target"] = [format.share(value) for value in rows["share"]]
    shown["95 % interval"] = [
        format.interval(low, high, decided)
        for low, high, decided in zip(rows["share_low"], rows["share_high"], rows["decided"], strict=True)
    ]
    return (
        pd.DataFrame(shown),
        rows.drop(columns=["all_channels_x", "all_channels_y"], errors="ignore"),
        rows["channel"].tolist(),
    )


def nothing(text: str, height: int) -> None:
    """The place of a table that has no rows."""
    with st.container(height=height, border=False, vertical_alignment="center", horizontal_alignment="center"):
        quiet(text)


def _cell(value: object) -> object:
    return one_line(value) if isinstance(value, str) else value


def one_button(value: object) -> object:
    """A cell of a column of buttons: Streamlit would take `["a", "b"]` for two of them, and `:material/home:` for an icon."""
    return f"{_JOINER}{value}" if isinstance(value, str) and value.startswith(("[", ":")) else value
