"""The tables of Data health: feeds, checks, runs; rejected rows and refused files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from pages.elements import data, format, frame, health_charts, health_words, palette, tables, tiles
from pages.elements.data import View
from pages.elements.figure import Chart
from pages.elements.markdown import plain
from pages.elements.periods import local_time
from pages.elements.tables import Table
from pages.elements.tiles import Tile, quiet
from warehouse.checking import checks
from warehouse.deliveries import STATE_WORDS, judged

TABLE_HEIGHT = 280
CHART_HEIGHT = 220
MOST = 500
RIGHT = st.column_config.TextColumn(alignment="right")
WIDE = st.column_config.TextColumn(width="large")
COUNTS = {
    "Files": "files",
    "Refused": "files_refused",
    "Read": "rows_read",
    "Loaded": "rows_loaded",
    "Unchanged": "rows_unchanged",
    "Superseded": "rows_superseded",
    "Rejected": "rows_rejected",
}


class Feeds(NamedTuple):
    """How feeds stand: whether anything is stale, as Markdown, three tiles, and a table of which a row opens what of a feed was rejected."""

    said: str
    stale: Tile
    rejected: Tile
    refused: Tile
    table: Table


@data.drawing
def feeds(view: View, at: datetime, refresh: float) -> Feeds:
    """How each feed stands at an instant (see warehouse.deliveries.judged)."""
    stand = judged(view.ask("health_sources"), at, refresh)
    answer, why = health_words.freshness(stand, refresh)
    said = f"**{plain(answer)}** {plain(' '.join(filter(None, (why, health_words.missing(stand)))))}"
    return Feeds(said, *_feeds_tiles(stand), _feeds_table(view, stand, view.ask("health_reasons")))


def _feeds_tiles(feeds: pd.DataFrame) -> tuple[Tile, Tile, Tile]:
    stale = list(feeds[feeds["state"] == "stale"]["feed"])
    rejected, read = int(feeds["rows_rejected"].sum()), int(feeds["rows_read"].sum())
    refused, delivered = int(feeds["files_refused"].sum()), int(feeds["files"].sum())
    return (
        tiles.made(
            "Stale feeds",
            format.count(len(stale)),
            crossed=plain(", ".join(stale[:3])) + (" and more" if len(stale) > 3 else ""),
            note="" if stale else f"of {format.count(len(feeds))}",
            explanation="Silent for longer than one and a half of their own long gaps, or, where they have no rhythm yet, "
            "with data older than twice the refresh interval.",
        ),
        tiles.made(
            "Rows rejected",
            format.count(rejected),
            note=f"of {format.count(read)} read",
            explanation="Each is below, as delivered.",
        ),
        tiles.made("Files refused", format.count(refused), note=f"of {format.count(delivered)} delivered"),
    )


def _feeds_table(view: View, feeds: pd.DataFrame, reasons: pd.DataFrame) -> Table:
    texts = {
        "Feed": feeds["feed"],
        "State": feeds["state"].map(STATE_WORDS),
        "Silent for": feeds["silent_seconds"].map(format.duration),
        "Usual gap": feeds["usual_gap_seconds"].map(format.duration),
        "Late after": feeds["allowed_seconds"].map(format.duration),
        "Data as of": _moments(view, feeds["as_of"]),
        "Newest file": _moments(view, feeds["delivered_at"]),
        **{name: feeds[column].map(format.count) for name, column in COUNTS.items()},
        "Source": feeds["source"],
        "Rows are": feeds["kind"],
    }
    known = set(reasons["feed"])

    def opened() -> None:
        feed = feeds["feed"].iloc[st.session_state["feed_opened"]["row"]]
        if feed in known:
            _choose(feed, None)
        else:
            st.toast(f"No row of {plain(feed)} was rejected.")

    config = dict.fromkeys(("Silent for", "Usual gap", "Late after", *COUNTS), RIGHT)
    config |= {"Feed": _button("feed_opened", opened)}
    return tables.table("feeds", "Sources", pd.DataFrame(texts), feeds, (), config, TABLE_HEIGHT)


PULL_STATES = {"failing": "failing", "begun": "not to the end yet", "under way": "goes on", "complete": "to the end"}


def pulls_card(view: View, pulls: pd.DataFrame) -> None:
    """How far services are pulled, a row an endpoint, and what went wrong last."""
    texts = {
        "Source": pulls["name"],
        "List": pulls["endpoint"].replace("", format.EM_DASH),
        "Pulled": pulls["state"].map(PULL_STATES),
        "Through": _moments(view, pulls["through_at"]),
        "Pages": pulls["pages"].map(format.count),
        "As of": _moments(view, pulls["complete_at"]),
        "Last tried": _moments(view, pulls["attempted_at"]),
        "Message": pulls["message"].fillna(""),
    }
    with frame.card("Pulled services", "how far each list is pulled; what a service knew as of then is here"):
        config = {"Pages": RIGHT, "Message": WIDE}
        tables.show(view, "pulls", "Pulled services", pd.DataFrame(texts), pulls, (), config, TABLE_HEIGHT)


def _button(key: str, opened: Callable[[], None]) -> Any:
    """The column whose cells open something further down on this page."""
    return st.column_config.ButtonColumn(type="tertiary", alignment="left", key=key, on_click=opened)


def _choose(feed: str | None, reason: str | None) -> None:
    """Sets the two choices of the rejected rows, and with them the address."""
    st.session_state["feed"], st.session_state["reason"] = feed, reason


def reasons_table(view: View, reasons: pd.DataFrame) -> None:
    """Why rows were rejected, with counts; a reason opens its rows."""
    texts = {
        "Why": reasons["kind_of_reason"],
        "Rows": reasons["rows_rejected"].map(format.count),
        "Files": reasons["files"].map(format.count),
        "Feed": reasons["feed"],
        "Newest file": reasons["newest_file"],
    }

    def opened() -> None:
        row = reasons.iloc[st.session_state["reason_opened"]["row"]]
        _choose(row["feed"], row["kind_of_reason"])

    config = {"Why": _button("reason_opened", opened), "Rows": RIGHT, "Files": RIGHT}
    tables.show(view, "reasons", "Reasons for rejected rows", pd.DataFrame(texts), reasons, (), config, TABLE_HEIGHT)


def delivered_table(view: View, reasons: pd.DataFrame) -> str | None:
    """Rejected rows as delivered, of the feed and reason that the address says; returns that feed."""
    feeds, kinds = (sorted(reasons[name].unique()) for name in ("feed", "kind_of_reason"))
    with st.container(horizontal=True, gap="small"):
        feed: str | None = st.selectbox(
            "Of feed", feeds, None, key="feed", bind="query-params", placeholder="every one", width=240
        )
        reason = st.selectbox(
            "Because", kinds, None, key="reason", bind="query-params", placeholder="of every reason", width=480
        )
    rows = view.ask("health_rejected", feed=feed, reason=reason, most=MOST)
    if rows.empty:
        quiet("No rejected row of that feed has that reason.")
        return feed
    total = int(rows["found"].iloc[0])
    quiet(format.counted(total, "row") + (f"; the newest {format.count(MOST)} are shown" if total > MOST else ""))
    texts = {
        "File": rows["file_name"],
        "Row": rows["line_no"].map(format.count),
        "Why": rows["reason"],
        "As delivered": rows["delivered"],
        "Feed": rows["feed"],
    }
    config = {"Row": RIGHT, "Why": WIDE, "As delivered": WIDE}
    values = rows.drop(columns="found")
    tables.show(view, "delivered", "Rejected rows", pd.DataFrame(texts), values, (), config, TABLE_HEIGHT)
    return feed


def refused_table(view: View, feed: str | None) -> None:
    """Files of which nothing was loaded, if there are any."""
    rows = view.ask("health_refused", feed=feed, most=MOST)
    if rows.empty:
        return
    texts = {
        "File": rows["name"],
        "Why": rows["reason"],
        "Written": _moments(view, rows["modified_at"]),
        "Feed": rows["feed"],
    }
    total = format.counted(int(rows["found"].iloc[0]), "file")
    with frame.card("Files refused", f"{total}: nothing of them was loaded"):
        values = rows.drop(columns="found")
        tables.show(view, "refused", "Files refused", pd.DataFrame(texts), values, (), {"Why": WIDE}, TABLE_HEIGHT)


def columns_card(view: View) -> None:
    """Columns that came or went, if there are any."""
    rows = view.ask("health_columns", most=MOST)
    if rows.empty:
        return
    texts = {"Column": rows["name"], "What": rows["what"], "Since file": rows["file_name"], "Feed": rows["feed"]}
    total = format.counted(int(rows["found"].iloc[0]), "column")
    with frame.card("Columns that came or went", f"{total}; a mapping in support.toml reads a new one from all files"):
        values = rows.drop(columns="found")
        tables.show(
            view, "columns", "Columns that came or went", pd.DataFrame(texts), values, (), {"What": WIDE}, TABLE_HEIGHT
        )


@data.drawing
def findings_table(view: View) -> Table:
    """What checks found in the run that made this version; each row leads to what it is about."""
    return table_of_findings(view.ask("health_findings"))


def checks_card(view: View, findings: pd.DataFrame, table: Table) -> None:
    """What checks found in the last run, also as a table, what to do about it, and every check there is."""
    known = checks()
    counts = findings.groupby("name")["found"].sum().to_dict()
    sound = len(known) - len(counts)
    said = f"{len(known)} after every run, {sound} found nothing · an error keeps the last good version in place"
    with frame.card("Checks", said):
        if findings.empty:
            quiet("Nothing found.")
        else:
            tables.place(view, table)
            _advice(findings)
        with st.expander("Every check"):
            lines = [f"- {plain(one.meaning)} ({one.severity}): {_result(counts.get(one.name, 0))}" for one in known]
            st.markdown("\n".join(lines))


def table_of_findings(findings: pd.DataFrame) -> Table:
    texts = {
        "What": findings["meaning"],
        "Severity": findings["severity"],
        "Found": findings["found"].map(format.count),
        "Such as": findings["examples"],
        "Source": findings["source"],
    }
    rows = zip(findings["name"], findings["source"], findings["examples"], strict=True)
    to = [health_words.finding_lead(name, source, examples or "") for name, source, examples in rows]
    config = {"What": WIDE, "Found": RIGHT}
    return tables.table("findings", "Findings of the checks", pd.DataFrame(texts), findings, to, config, TABLE_HEIGHT)


def _advice(findings: pd.DataFrame) -> None:
    st.markdown("**What to do**")
    for name, meaning in dict(zip(findings["name"], findings["meaning"], strict=True)).items():
        quiet(plain(f"{meaning.split(';')[0]}: {health_words.ADVICE.get(name, health_words.OTHERWISE)}"))


def _result(found: int) -> str:
    return f"**{format.count(found)} found**" if found else "nothing found"


def runs_card(view: View) -> None:
    """How long runs took: a chart of the newest, a table of the last fifty."""
    chart, table = _runs(view, local_time(data.now(), view.zone).date())
    with frame.card("Runs", "seconds, step by step, oldest first; below the last fifty, newest first"):
        frame.chart(chart, "runs")
        tables.place(view, table)


@data.drawing
def _runs(view: View, _today: date) -> tuple[Chart, Table]:
    """Chart and table, as they are all day: the moments of today stand without their date."""
    runs = view.ask("health_runs")
    durations = {step.capitalize(): f"{step}_seconds" for step in (*health_charts.STEPS, "publish")}
    counts = {"Files": "files", "Read": "rows_read", "Rejected": "rows_rejected", "Tickets built": "tickets_built"}
    texts = {
        "Run": runs["run_id"].astype(str),
        "Began": _moments(view, runs["started_at"]),
        "State": runs["state"],
        **{name: runs[column].map(format.count) for name, column in counts.items()},
        **{name: runs[column].map(health_charts.seconds) for name, column in durations.items()},
        "Message": runs["message"].fillna(""),
    }
    right = dict.fromkeys((*counts, *durations), RIGHT)
    local = lambda moment: local_time(moment, view.zone)  # noqa: E731 - it has no name on its own
    return (
        health_charts.runs(runs, local, palette.of(view.theme), CHART_HEIGHT),
        tables.table("runs_table", "Runs", pd.DataFrame(texts), runs, (), right, TABLE_HEIGHT),
    )


def _moments(view: View, instants: pd.Series) -> list[str]:
    """Instants in the view's wall time, without the date where it is today's."""
    today = local_time(data.now(), view.zone)
    return [format.EM_DASH if pd.isna(at) else _moment(view, at.to_pydatetime(), today) for at in instants]


def _moment(view: View, instant: datetime, today: datetime) -> str:
    return format.moment(local_time(instant, view.zone), today)
