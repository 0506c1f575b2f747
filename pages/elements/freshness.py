"""How far the data goes, on every page, and the watch that redraws a page when there is newer data."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from pages.elements import data, following, format, wall
from pages.elements.data import Source
from pages.elements.following import Shown
from pages.elements.markdown import plain
from pages.elements.notice import Trouble
from pages.elements.palette import Theme
from pages.elements.periods import local_time
from pages.elements.tiles import quiet
from warehouse.deliveries import HISTORY_AFTER, NEVER_LATE_BEFORE_SECONDS
from warehouse.errors import SupportError

WATCH_SECONDS = 2
# Pages that follow are redrawn without looking (see following); their stamp and the visitor's theme are looked at now and then.
FOLLOWING_WATCH_SECONDS = 10


def is_history(source: Source) -> bool:
    """Whether a source delivers the past: its age says nothing about the pipelines."""
    return bool(source.as_of and source.delivered_at and source.delivered_at - source.as_of > HISTORY_AFTER)


def is_late(source: Source, now: datetime, refresh_seconds: float) -> bool:
    """Whether a source that should be fresh is older than its own rhythm, twice the refresh interval and a minute allow."""
    if source.as_of is None or is_history(source):
        return False
    allowed = max(2 * refresh_seconds, NEVER_LATE_BEFORE_SECONDS, source.allowed_seconds)
    return (now - source.as_of).total_seconds() > allowed


def stamp(sources: tuple[Source, ...], zone: str, now: datetime, refresh_seconds: float) -> str:
    """`Data as of 12:04 UTC`, orange where a source is late; a history says its date."""
    known = [source for source in sources if source.as_of]
    if not known:
        return "No data yet"
    newest = max(source.as_of for source in known if source.as_of)
    today = local_time(now, zone)
    text = f"Data as of {format.moment(local_time(newest, zone), today)} {local_time(newest, zone):%Z}"
    late = [source.name for source in known if is_late(source, now, refresh_seconds)]
    if late:
        return (
            f":orange[{text} · late]"
            if len(late) == len(known)
            else f":orange[{text} · late: {plain(', '.join(late))}]"
        )
    return f"History · {text[0].lower()}{text[1:]}" if all(is_history(source) for source in known) else text


def each_source(sources: tuple[Source, ...], zone: str) -> str:
    """One line a source, for the stamp's explanation."""
    lines = []
    for source in sources:
        until = "no data" if source.as_of is None else format.moment(local_time(source.as_of, zone))
        answers = "" if source.answers_known else " (does not say when customers were answered)"
        lines.append(f"- **{plain(source.name)}** {until}{answers}")
    return f"Times in {zone}. Ages and periods count from here.\n\n" + "\n".join(lines)


def keep(
    shown: Shown, sources: tuple[Source, ...], zone: str, theme: Theme, follow: bool = False, by_hand: bool = False
) -> None:
    """The stamp of a page, which is redrawn where something else is to be shown; of one whose figures are asked for `by_hand`, each time of the newest data."""
    if by_hand:
        watch_stamp(zone, theme, shown.trouble)
    elif follow:
        watch_now_and_then(shown, sources, zone, theme)
    else:
        watch(shown, sources, zone, theme, wall.is_on())


@st.fragment(run_every=WATCH_SECONDS)
def watch(seen: Shown, sources: tuple[Source, ...], zone: str, theme: Theme, redraw: bool) -> None:
    """Shows the stamp. Once there is a newer version, redraws the page or offers to; what keeps one back is said at once."""
    _watch(seen, sources, zone, theme, redraw)


@st.fragment(run_every=FOLLOWING_WATCH_SECONDS)
def watch_now_and_then(seen: Shown, sources: tuple[Source, ...], zone: str, theme: Theme) -> None:
    """Shows the stamp of a page that follows, which is redrawn all the same should it have been passed over."""
    _watch(seen, sources, zone, theme, redraw=True)


def _watch(seen: Shown, sources: tuple[Source, ...], zone: str, theme: Theme, redraw: bool) -> None:
    data.write_as_visitor()
    newest = following.newest()
    is_other = newest.trouble != seen.trouble or (redraw and newest.version != seen.version)
    if (is_other and not following.is_to_be_redrawn()) or visitor_theme() != theme:
        st.rerun()
    if seen.version is None:
        return
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"):
        if newest.version != seen.version and st.button("Newer data: show it", type="tertiary", key="show_newer"):
            st.rerun()
        _said(sources, zone)


@st.fragment(run_every=WATCH_SECONDS)
def watch_stamp(zone: str, theme: Theme, trouble: Trouble | None) -> None:
    """Shows the stamp of the newest data, and redraws nothing else but what keeps newer data back."""
    data.write_as_visitor()
    if visitor_theme() != theme or following.newest().trouble != trouble:
        st.rerun()
    try:
        sources = data.sources(data.path(), data.version())
    except SupportError:
        return
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        _said(sources, zone)


def _said(sources: tuple[Source, ...], zone: str) -> None:
    said = stamp(sources, zone, data.now(), data.settings().schedule.refresh_seconds)
    quiet(said, each_source(sources, zone) + (_odd() if sources else ""), width="content")


def _odd() -> str:
    """That checks found something in what is shown, which is no reason to hold it back."""
    found = data.findings(*data.published())
    return f"\n\n{format.counted(found, 'check')} found something odd: see Data health." if found else ""


def visitor_theme() -> Theme:
    """The theme this visitor sees."""
    return "dark" if st.context.theme.type == "dark" else "light"
