"""What people noted about a time (a release, a holiday, a campaign): the list of a period, and adding and taking back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import streamlit as st

from pages.elements import access, data, format, periods
from pages.elements.data import View
from pages.elements.markdown import plain
from pages.elements.tiles import quiet
from warehouse.errors import SupportError
from warehouse.rows import WRITTEN
from warehouse.writing import LONGEST, remove, write

KINDS = ("release", "campaign", "incident", "holiday", "other")
MOST = 12
EVERY = "every {}"
# What a published row says of an annotation that a written one may say, too.
SAID = ("happened_at", "ended_at", "kind", "label", "body", "channel", "team", "author")
TAKEN_BACK = "annotations_taken_back"


def listed(view: View) -> None:
    """The annotations of the view's period, newest first; those written here can be taken back."""
    rows = view.ask("annotations").to_dict("records")
    if not rows:
        quiet("Nothing noted of this period yet. What is noted stands on every chart over time.")
    for row in rows[:MOST]:
        _row(view, row)
    if len(rows) > MOST:
        quiet(f"{format.count(len(rows) - MOST)} older ones are not listed. Choose a shorter period to see them.")


def _row(view: View, row: dict[Any, Any]) -> None:
    identity = str(row["annotation_id"])
    taken_back = identity in st.session_state.get(TAKEN_BACK, ())
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        with st.container(gap=None):
            st.markdown(
                f"**{plain(str(row['label']))}**" + ("" if _none(row["body"]) else f" {plain(str(row['body']))}")
            )
            quiet(_facts(view, row) + (" · taken back, gone with the next data" if taken_back else ""))
        if row["source"] == WRITTEN and not taken_back:
            st.button(
                "Take back",
                key=f"take_back_{identity}",
                type="tertiary",
                on_click=_take_back,
                args=(identity, {name: row[name] for name in SAID}),
            )


def _facts(view: View, row: dict[Any, Any]) -> str:
    """`release · Tue 3 Nov 2026, 09:00 · Email · Ada`."""
    labels = data.choices(view.settings, True).get("channel", {})
    began, ended = (
        None if _none(row[name]) else periods.local_time(row[name].to_pydatetime(), view.zone)
        for name in ("happened_at", "ended_at")
    )
    span = " to ".join(format.bin(moment, "hour") for moment in (began, ended) if moment)
    channel = None if _none(row["channel"]) else labels.get(row["channel"], row["channel"])
    about = [row["kind"], span, channel, row["team"], row["author"]]
    return " · ".join(plain(str(fact)) for fact in about if not _none(fact))


def _none(value: object) -> bool:
    return format.is_missing(value)


def _take_back(identity: str, row: dict[str, Any]) -> None:
    try:
        remove(data.settings().data.folder, "annotation", identity, row)
    except SupportError as error:
        st.error(plain(str(error)))
    else:
        st.session_state[TAKEN_BACK] = {*st.session_state.get(TAKEN_BACK, ()), identity}


def adding(view: View) -> None:
    """The popover with the form for a new annotation. Its content is drawn once it is open."""
    opened = st.popover("Note something", icon=":material/add:", type="tertiary", key="annotate", on_change="rerun")
    if not opened.open:
        return
    said = opened.container()
    with opened, st.form("annotation", border=False, clear_on_submit=True):
        given = _asked_for(view)
        if st.form_submit_button("Note it", icon=":material/edit_calendar:"):
            with said:
                _note(view, given)


def _asked_for(view: View) -> dict[str, Any]:
    """The fields of the form, instants as the wall clock of the view's zone says them."""
    now = periods.local_wall(view.as_of, view.zone).replace(second=0, microsecond=0)
    label = st.text_input("What happened", max_chars=LONGEST["label"], placeholder="App 5.2", key="note_label")
    left, right = st.columns(2, gap="small")
    with left:
        kind = st.selectbox("Kind", KINDS, key="note_kind", accept_new_options=True)
        began = st.datetime_input(f"When, time of {view.zone}", value=now, key="note_began", format="YYYY-MM-DD")
        channel = _one_of("channel")
    with right:
        author = access.signature() or st.text_input(
            "Your name", max_chars=80, key="note_author", persist_state="session"
        )
        ended = st.datetime_input("Until, where it lasted", value=None, key="note_ended", format="YYYY-MM-DD")
        team = _one_of("team")
    body = st.text_area("More about it", max_chars=LONGEST["body"], key="note_body", height=80)
    return {
        "label": label,
        "kind": kind,
        "happened_at": began,
        "ended_at": ended,
        "channel": channel,
        "team": team,
        "body": body,
        "author": author,
    }


def _one_of(dimension: str) -> str | None:
    """The channel or team it is about; None: every one."""
    labels = data.choices(data.path(), True).get(dimension, {})
    every = EVERY.format(dimension)
    chosen = st.selectbox(
        f"About a {dimension}",
        [every, *labels],
        format_func=lambda name: labels.get(name, name),
        key=f"note_{dimension}",
    )
    return None if chosen == every else chosen


def _note(view: View, given: dict[str, Any]) -> None:
    if not (given["label"] or "").strip():
        st.error("**Say what happened**, in a few words: they stand on the charts.")
        return
    instants = {name: _instant(given[name], view.zone) for name in ("happened_at", "ended_at")}
    try:
        write(data.settings().data.folder, "annotation", given | instants)
    except SupportError as error:
        st.error(plain(str(error)))
    else:
        st.success(f"Noted. {plain(given['label'].strip())} is on everyone's charts with the next data, {_soon()}.")


def _instant(local: datetime | None, zone: str) -> datetime | None:
    return None if local is None else periods.utc(local, zone)


def _soon() -> str:
    return f"within {format.duration(data.settings().schedule.refresh_seconds + 5)}"
