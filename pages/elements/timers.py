"""What a page asks for by a timer waits until its visitor's page stands still, and is dropped where that page has gone by then.

Streamlit's browser part stops timers as it hears of another page. One that asks just before, while the server already turns the page,
is served after the turn as the page that was: the browser clears everything for it, and stays white or fails. The same goes for what
following.py asks. tests/test_timers.py holds that what is used of Streamlit's inside works.
"""

from __future__ import annotations

import asyncio

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime import Runtime, get_instance
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.session_manager import SessionClient

LOOK_SECONDS = 0.02
# A timer asks again by itself.
LONGEST_SECONDS = 10.0


def is_busy(session: str) -> bool:
    """Whether a script of the visitor's runs, is about to, or has ended and not everything is sent yet. On Streamlit's event loop."""
    active = _active(get_instance(), session)
    return active is not None and active._scriptrunner is not None


def hold_back() -> None:
    """Has the running server hold back what timers ask for. Called once, on Streamlit's event loop."""
    runtime = get_instance()
    pass_on = runtime.handle_backmsg
    waiting: dict[tuple[str, str], asyncio.Task[None]] = {}

    def handle_backmsg(session_id: str, msg: BackMsg, *, client: SessionClient | None = None) -> None:
        if msg.rerun_script.is_auto_rerun and is_busy(session_id):
            timer = (session_id, msg.rerun_script.fragment_id)
            if timer not in waiting:
                waiting[timer] = asyncio.create_task(when_still(session_id, msg, client))
                waiting[timer].add_done_callback(lambda _: waiting.pop(timer))
        elif not _is_of_another_page(runtime, session_id, msg):
            pass_on(session_id, msg, client=client)

    async def when_still(session: str, asked: BackMsg, client: SessionClient | None) -> None:
        for _ in range(int(LONGEST_SECONDS / LOOK_SECONDS)):
            await asyncio.sleep(LOOK_SECONDS)
            if not is_busy(session):
                handle_backmsg(session, asked, client=client)
                return

    runtime.handle_backmsg = handle_backmsg  # type: ignore[method-assign]


def _is_of_another_page(runtime: Runtime, session: str, asked: BackMsg) -> bool:
    """Whether a part of a page is to be drawn that the visitor no longer is on."""
    active, page = _active(runtime, session), asked.rerun_script.page_script_hash
    is_part = bool(asked.rerun_script.fragment_id)
    return is_part and active is not None and page not in ("", active._pages_manager.current_page_script_hash)


def _active(runtime: Runtime, session: str) -> AppSession | None:
    active = runtime._session_mgr.get_active_session_info(session)
    return active.session if active else None
