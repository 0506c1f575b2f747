"""What is said at the top of every page while no newer figures get through: what failed, since when, and which version is shown."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import pandas as pd
import streamlit as st

from pages.elements import access, data, format, wall
from pages.elements.markdown import plain
from pages.elements.periods import local_time
from pages.elements.sitemap import PAGES
from warehouse import state
from warehouse.errors import SupportError
from warehouse.standing import instant
from warehouse.state import State

# So many signs of life are missed, and so many seconds pass, before the pipelines count as not running.
SIGNS_MISSED = 3
NEVER_SILENT_BEFORE_SECONDS = 60.0
WATCH_SECONDS = 5
FINDING_COLUMNS = ["severity", "name", "meaning", "source", "found", "examples"]


class Trouble(NamedTuple):
    """Why no newer figures get through; equal ones read the same. `since` is a UTC instant without a zone."""

    kind: Literal["check", "failure", "silent", "file"]
    since: datetime | None
    reason: str
    shown: int | None


def trouble() -> Trouble | None:
    """What is wrong now; None: nothing. Costs a look at one file."""
    try:
        folder = data.settings().data.folder
        damage, shown = data.damage(), data.published()[1]
    except SupportError:
        return None
    if damage:
        return Trouble("file", None, damage, shown)
    said = _said(folder)
    if said is None:
        return None
    found, seen_at = said
    if found.held_by:
        since = instant(found.held_since)
        return Trouble(found.held_by, since, _reason(found), shown)
    if _is_silent(found, seen_at):
        return Trouble("silent", datetime.fromtimestamp(int(seen_at), UTC).replace(tzinfo=None), "", shown)
    return None


def held_back() -> pd.DataFrame | None:
    """What checks found that is in no version, worst first, as questions/health_findings.sql has it; None: nothing is held back."""
    said = _said(data.settings().data.folder)
    if said is None or said[0].held_by != "check":
        return None
    return pd.DataFrame(list(said[0].findings), columns=FINDING_COLUMNS)


def show(found: Trouble | None, zone: str) -> None:
    """The notice, with the way to Data health for those who may go there; nothing where nothing is wrong."""
    if found is None:
        return
    visitor = access.who()
    may_look = visitor is not None and access.may_see(visitor, "data_health") and not wall.is_on()
    title, more = words(found, zone, may_look)
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small", key="notice"):
        st.markdown(f":orange[**{plain(title)}**] {plain(more)}")
        if may_look:
            page = PAGES["data_health"]
            st.page_link(page.script, label=page.title, icon=":material/arrow_forward:", width="content")


@st.fragment(run_every=WATCH_SECONDS)
def watch() -> None:
    """The notice of a page that follows nothing else."""
    data.write_as_visitor()
    show(trouble(), data.settings().clock.time_zone)


@contextmanager
def instead() -> Iterator[None]:
    """What cannot be drawn, as the file is gone or the settings are wrong, is said in one line in its place."""
    try:
        yield
    except SupportError as error:
        st.error(plain(str(error)))


def words(found: Trouble, zone: str, with_reason: bool) -> tuple[str, str]:
    """What is wrong, and what that means for the figures; why, for those who may know names and folders."""
    since = f" since {_clock(found.since, zone)}" if found.since else ""
    title = {
        "check": f"New data has been held back{since}: a check found an error.",
        "failure": f"New data has not come through{since}: the pipelines fail.",
        "silent": f"The pipelines have not run{since}.",
        "file": "The newest published file is damaged or gone.",
    }[found.kind]
    reason = f"{found.reason.rstrip('.')}." if with_reason and found.reason else ""
    return title, " ".join(filter(None, (reason, _figures(found, zone), NEXT[found.kind])))


NEXT = {
    "check": "",
    "failure": "",
    "silent": "Whoever looks after them starts them with python -m pipelines serve.",
    "file": "The next run of the pipelines publishes it again.",
}


def _figures(found: Trouble, zone: str) -> str:
    if found.shown is None:
        return ""
    published_at = data.published_at(found.shown)
    at = f" of {_clock(published_at, zone)}" if published_at else ""
    return f"Figures are those of version {found.shown}{at}."


def _clock(instant: datetime | None, zone: str) -> str:
    assert instant is not None
    return format.moment(local_time(instant, zone), datetime.now(UTC).astimezone(local_time(instant, zone).tzinfo))


def _reason(found: State) -> str:
    """Of checks what is wrong where, without examples: these may name people."""
    errors = [row for row in found.findings if row["severity"] == "error"]
    if not errors:
        return found.reason
    more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    where = f" ({errors[0]['source']})" if errors[0]["source"] else ""
    return f"{errors[0]['meaning'][:1].upper()}{errors[0]['meaning'][1:]}{where}{more}"


def _is_silent(found: State, seen_at: float) -> bool:
    every = found.every_seconds
    return every is not None and time.time() - seen_at > max(SIGNS_MISSED * every, NEVER_SILENT_BEFORE_SECONDS)


def _said(folder: Path) -> tuple[State, float] | None:
    """What the pipelines said last, read once a change."""
    try:
        look = (folder / state.NAME).stat()
    except OSError:
        return None
    found = _read(folder, look.st_mtime_ns, look.st_ino)
    return (found, look.st_mtime) if found else None


@lru_cache(maxsize=4)
def _read(folder: Path, _changed: int, _number: int) -> State | None:
    try:
        return state.read(folder)
    except SupportError:
        return None  # the next run writes it anew
