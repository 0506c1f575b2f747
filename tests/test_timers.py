"""What timers of a page ask for while the visitor goes to another: a run of the page that was would clear the page that is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests import scoped_desk
from tests.browsing import dashboard
from tests.viewer import Visit, visit

# Longer than anything asked for takes to be run.
QUIET_SECONDS = 3


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dashboard(scoped_desk.publish(tmp_path_factory.mktemp("timers"))) as served:
        yield served


def asked(page: str = "", page_hash: str = "", timer: str = "") -> BackMsg:
    """What a browser sends for a page by name, or as a timer of a page fires."""
    message = BackMsg()
    run = message.rerun_script
    run.page_name, run.page_script_hash, run.fragment_id, run.is_auto_rerun = page, page_hash, timer, bool(timer)
    return message


def taken(visitor: Visit) -> list[ForwardMsg]:
    """What is sent until nothing more comes."""
    messages = []
    while True:
        try:
            messages.append(ForwardMsg.FromString(bytes(visitor.socket.recv(timeout=QUIET_SECONDS))))
        except TimeoutError:
            return messages


def opened(visitor: Visit, page: str) -> tuple[str, str]:
    """The page's hash, as Streamlit names pages, and its timer."""
    visitor.socket.send(asked(page).SerializeToString())
    sent = taken(visitor)
    page_hash = next(message.navigation.page_script_hash for message in sent if message.HasField("navigation"))
    timers = [message.auto_rerun.fragment_id for message in sent if message.HasField("auto_rerun")]
    return page_hash, timers[0]


def runs(messages: list[ForwardMsg]) -> list[tuple[str, list[str]]]:
    """Each script run that began: the page's hash, and of which parts it was."""
    return [
        (message.new_session.page_script_hash, list(message.metadata.run.fragment_ids))
        for message in messages
        if message.HasField("new_session")
    ]


def test_a_timer_that_fires_as_the_page_is_left_runs_nothing(address: str) -> None:
    with visit(address) as visitor:
        queue, _ = opened(visitor, "queue_volume")
        waits, timer = opened(visitor, "wait_times")
        visitor.socket.send(asked(page_hash=queue).SerializeToString())
        visitor.socket.send(asked(page_hash=waits, timer=timer).SerializeToString())
        assert runs(taken(visitor)) == [(queue, [])]


def test_a_timer_that_fires_after_the_page_was_left_runs_nothing(address: str) -> None:
    with visit(address) as visitor:
        waits, timer = opened(visitor, "wait_times")
        opened(visitor, "queue_volume")
        visitor.socket.send(asked(page_hash=waits, timer=timer).SerializeToString())
        assert runs(taken(visitor)) == []


def test_a_timer_that_fires_while_its_page_is_drawn_runs_after_it_and_once(address: str) -> None:
    with visit(address) as visitor:
        waits, timer = opened(visitor, "wait_times")
        visitor.socket.send(asked(page_hash=waits).SerializeToString())
        for _ in range(3):
            visitor.socket.send(asked(page_hash=waits, timer=timer).SerializeToString())
        assert runs(taken(visitor)) == [(waits, []), (waits, [timer])]
