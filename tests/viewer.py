"""A visitor without a browser: speaks Streamlit's socket, asks for a page and takes what it is sent."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

# A machine may be busy with other things.
LONGEST_SECONDS = 300


class Visit:
    """A visit of one page by somebody who stays on it."""

    def __init__(self, socket: ClientConnection, page: str, query: str) -> None:
        self.socket = socket
        self._page = page
        self._query = query
        # As a browser does, it tells what it still has, and is not sent that again.
        self._kept: set[str] = set()
        # Errors that pages showed.
        self.problems: list[str] = []

    def run(self) -> float:
        """Seconds of a script run, from asking to the last of what is sent."""
        asked = BackMsg()
        asked.rerun_script.query_string = self._query
        asked.rerun_script.page_name = self._page
        asked.rerun_script.cached_message_hashes.extend(self._kept)
        began = time.perf_counter()
        self.socket.send(asked.SerializeToString())
        while self._takes() != "script_finished":
            pass
        return time.perf_counter() - began

    def _takes(self) -> str | None:
        """What kind of message comes next."""
        sent = ForwardMsg()
        sent.ParseFromString(self.socket.recv(timeout=LONGEST_SECONDS))
        if sent.metadata.cacheable:
            self._kept.add(sent.hash)
        if sent.delta.new_element.WhichOneof("type") == "exception":
            self.problems.append(sent.delta.new_element.exception.message or sent.delta.new_element.exception.type)
        return sent.WhichOneof("type")


@contextmanager
def visit(address: str, page: str = "", query: str = "", headers: Mapping[str, str] | None = None) -> Iterator[Visit]:
    """A visit of a page at this address, with further headers of its browser; it ends with the block."""
    with connect(
        f"ws://{urlsplit(address).netloc}/_stcore/stream",
        origin=address,
        subprotocols=["streamlit"],
        additional_headers=headers,
        max_size=None,
        open_timeout=LONGEST_SECONDS,
        ping_timeout=LONGEST_SECONDS,
    ) as socket:
        yield Visit(socket, page, query)


def seconds_to_draw(address: str, page: str = "", query: str = "") -> float:
    """How long a fresh visit's first script run takes, from asking to the last of what it is sent."""
    with visit(address, page, query) as visitor:
        return visitor.run()
