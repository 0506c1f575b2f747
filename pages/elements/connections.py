"""Connections to the dashboard, bounded: how many there are, how long one may take to say what it wants, how large a message is, and what
one keeps while nothing is sent.

uvicorn has no such limits of its own that Streamlit would let us set, so its protocol is told here; tests/test_limits.py holds that it
listens. A visitor who is refused hears why; those who are connected go on.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Sequence
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.protocols.websockets import websockets_sansio_impl
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.typing import ExtensionParameter

# A browser opens six for what a page is made of, and lets go of them within seconds; a viewer stays with one.
A_VIEWER = 4
BESIDE = 100
# An open page holds its connection and three handles of Streamlit's; files and questions need some, too.
HANDLES_A_VIEWER = 4
HANDLES_BESIDE = 1000
REQUEST_SECONDS = 20.0
ANSWER_SECONDS = 900.0
# Bytes. Of the eighty messages of a redraw seventy are smaller, and make a quarter of it.
SMALLEST_PACKED = 512
_WORDS = b"Too many connections to this dashboard: please try again in a moment.\n"
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 10\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_WORDS), _WORDS)
)


def bound(most_viewers: int, largest_message: int) -> None:
    """Bounds what the server of this process takes from now on; `largest_message` in bytes."""
    most = A_VIEWER * most_viewers + BESIDE
    _allow_handles(most + HANDLES_A_VIEWER * most_viewers + HANDLES_BESIDE)
    made = AutoHTTPProtocol.connection_made

    def connection_made(protocol: Any, transport: Any) -> None:
        protocol.config.ws_max_size = largest_message
        made(protocol, transport)
        if len(protocol.connections) > most:
            transport.write(FULL)
            transport.close()
        else:
            _look_again(protocol)

    AutoHTTPProtocol.connection_made = connection_made  # type: ignore[assignment, method-assign]
    websockets_sansio_impl.ServerPerMessageDeflateFactory = Packing  # type: ignore[assignment, attr-defined]


class Packing(ServerPerMessageDeflateFactory):
    """Agrees with a browser that messages are packed, each by itself: what remembers the ones before takes 50 KB a viewer, and twice the
    CPU, to send a redraw as 12 KB instead of 21 (38 as it is)."""

    def __init__(self, **given: Any) -> None:
        packed = {"compress_settings": {**given.get("compress_settings", {}), "level": 1}}
        super().__init__(**given | packed, server_no_context_takeover=True, client_no_context_takeover=True)

    def process_request_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Extension]
    ) -> tuple[list[ExtensionParameter], Packer]:
        agreed, made = super().process_request_params(params, accepted_extensions)
        bits = made.remote_max_window_bits, made.local_max_window_bits
        return agreed, Packer(True, True, *bits, self.compress_settings)


class Packer(PerMessageDeflate):
    """Packs what is worth it."""

    def encode(self, frame: Frame) -> Frame:
        is_whole = frame.fin and frame.opcode is not Opcode.CONT
        return frame if is_whole and len(frame.data) < SMALLEST_PACKED else super().encode(frame)


def _look_again(protocol: Any, since: float | None = None) -> None:
    loop = asyncio.get_running_loop()
    loop.call_later(REQUEST_SECONDS, _look, protocol, protocol.cycle, since or loop.time())


def _look(protocol: Any, seen: Any, since: float) -> None:
    """Ends a connection that asked for nothing since the last look, or whose answer is not taken. One that became a page's is left alone."""
    transport = protocol.transport
    if transport.is_closing() or transport.get_protocol() is not protocol:
        return
    if protocol.cycle is not seen:
        _look_again(protocol)
    elif seen is None or seen.response_complete:
        transport.close()
    elif asyncio.get_running_loop().time() - since > ANSWER_SECONDS:
        transport.abort()
    else:
        _look_again(protocol, since)


def _allow_handles(wanted: int) -> None:
    """As many open files and connections as are wanted, where the system lets us; often a thousand are what a process begins with."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most)
        )
