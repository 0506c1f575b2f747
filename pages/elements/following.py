"""Pages that follow the data: as soon as a newer version is published, each is asked to redraw itself, a few at a time.

The server asks, as a visitor's browser would, so nobody has to look every other second, and what is drawn for one is there for the
next. Streamlit has no public way to redraw a visitor's page from outside: tests/test_following.py holds that this one works.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import streamlit as st
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime import RuntimeState, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext, ThreadState

from pages.elements import access, data, notice, timers, widgets
from pages.elements.notice import Trouble
from warehouse.errors import SupportError

LOOK_SECONDS = 0.25
# They share one interpreter: many at once would all be slow, and few would leave it idle on a busy machine.
AT_ONCE = 3
LONGEST_SECONDS = 5.0
STEP_SECONDS = 0.005
# After so long without anybody the memory that only makes questions faster is given back.
ALONE_SECONDS = 30
ALONE_LOOK_SECONDS = 1


class Shown(NamedTuple):
    """What pages show: the newest version, and what keeps a newer one back. A page that shows something else is redrawn."""

    version: int | None
    trouble: Trouble | None


@dataclass(frozen=True, eq=False)
class Follower:
    """A visitor's page as it was last drawn: what was to be shown then, and what asks it to redraw itself."""

    shown: Shown
    ask: BackMsg


# By session. Scripts write it, Streamlit's event loop reads it.
_followers: dict[str, Follower] = {}


@st.fragment
def show(page: str, draw: Callable[[], None]) -> None:
    """A whole page by `draw`, drawn again, without menu and script around it, whenever there is newer data and it may still be seen."""
    access.require(page)
    widgets.forget_gone()
    shown = newest()
    with notice.instead():
        draw()
    context, fragment = get_script_run_ctx(), ThreadState.get().fragment_id
    if context and fragment:
        _followers[context.session_id] = Follower(shown, _ask(context, fragment))


def forget() -> None:
    """Before a page is drawn as a whole: one that follows says so itself."""
    context = get_script_run_ctx()
    if context:
        _followers.pop(context.session_id, None)


def is_to_be_redrawn() -> bool:
    """Whether this visitor's page will be asked to redraw itself."""
    context = get_script_run_ctx()
    return context is not None and context.session_id in _followers


def newest() -> Shown:
    """What is to be shown now."""
    try:
        version = data.version()
    except SupportError:
        version = None
    return Shown(version, notice.trouble())


async def rest_when_alone() -> None:
    """Has the warehouse give back memory once nobody has looked for a while, until cancelled. Runs on Streamlit's event loop."""
    alone = 0
    while True:
        await asyncio.sleep(ALONE_LOOK_SECONDS)
        alone = alone + 1 if get_instance().state is RuntimeState.NO_SESSIONS_CONNECTED else 0
        if alone == ALONE_SECONDS:
            with suppress(SupportError):  # without settings there is nothing to let go of
                await asyncio.to_thread(data.rest)


async def keep_redrawing() -> None:
    """Has pages redrawn that show something else than what is to be shown, until cancelled. Runs on Streamlit's event loop.

    Each by itself: one that takes long, or was busy and is asked again, holds up nobody.
    """
    places = asyncio.Semaphore(AT_ONCE)
    under_way: dict[str, asyncio.Task[None]] = {}
    try:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            shown = newest()
            under_way = {session: task for session, task in under_way.items() if not task.done()}
            for session, follower in list(_followers.items()):
                if follower.shown != shown and session not in under_way:
                    under_way[session] = asyncio.create_task(_redraw(session, places))
    finally:
        for task in under_way.values():
            task.cancel()


def _ask(context: ScriptRunContext, fragment: str) -> BackMsg:
    """What the visitor's browser would send to have the page redrawn, with nothing touched by hand."""
    ask = BackMsg()
    run = ask.rerun_script
    run.fragment_id, run.is_auto_rerun = fragment, True
    run.query_string, run.page_script_hash = context.query_string, context.page_script_hash
    if context.context_info is not None:
        run.context_info.CopyFrom(context.context_info)
    return ask


async def _redraw(session: str, places: asyncio.Semaphore) -> None:
    """Has a page redrawn and waits for it. One that cannot be, as its visitor left, is no longer asked; one that is busy is asked later."""
    async with places:
        follower = _followers.get(session)
        if follower is None or follower.shown == newest() or timers.is_busy(session):
            return
        if get_instance().is_active_session(session):
            get_instance().handle_backmsg(session, follower.ask)
            for _ in range(int(LONGEST_SECONDS / STEP_SECONDS)):
                await asyncio.sleep(STEP_SECONDS)
                if _followers.get(session) is not follower:
                    return
        if _followers.get(session) is follower:
            del _followers[session]
