"""Connections: whom they trust, how long they wait, and what went wrong with one, in words."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpcore2
import httpx2

from pipelines.sources.pause import Pause
from warehouse.errors import SourceUnreachable
from warehouse.texts import one_line

# A connection that waits looks this often whether the pull was stopped or its time is up.
LOOK_SECONDS = 0.25
CONNECT_SECONDS = 10.0
# An answer that comes slower than this counts as one that does not come; its first seconds (the time-out) are not looked at.
SLOWEST_BYTES_A_SECOND = 1_000


class Watched(httpcore2.NetworkStream):
    """A connection that stops waiting when the pull ends, and when an answer comes in drops: a time-out is for one read alone."""

    def __init__(self, stream: httpcore2.NetworkStream, pause: Pause) -> None:
        self._stream, self._pause = stream, pause
        self._asked_at, self._received = time.monotonic(), 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        ends = time.monotonic() + (timeout or CONNECT_SECONDS)
        while True:
            self._pause.check()
            try:
                data = self._stream.read(max_bytes, min(LOOK_SECONDS, max(ends - time.monotonic(), 0.001)))
            except httpcore2.ReadTimeout:
                if time.monotonic() >= ends:
                    raise
            else:
                return self._counted(data, timeout or CONNECT_SECONDS)

    def _counted(self, data: bytes, timeout: float) -> bytes:
        self._received += len(data)
        seconds = time.monotonic() - self._asked_at - timeout
        if data and self._received < SLOWEST_BYTES_A_SECOND * seconds:
            raise httpcore2.ReadTimeout("the answer hardly comes")
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._asked_at, self._received = time.monotonic(), 0
        self._stream.write(buffer, timeout)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return Watched(self._stream.start_tls(ssl_context, server_hostname, timeout), self._pause)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _WatchedNetwork(httpcore2.SyncBackend):
    def __init__(self, pause: Pause) -> None:
        self._pause = pause

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        return Watched(super().connect_tcp(host, port, timeout, local_address, socket_options), self._pause)


def watch(client: httpx2.Client, pause: Pause) -> None:
    """Makes a client's connections, those through a proxy of the environment too, end with the pause.

    The client has no public setting for this; a test with a server that answers in drops holds that it works.
    """
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx2.HTTPTransport):
            transport._pool._network_backend = _WatchedNetwork(pause)


def authorities(certificates: Path | None) -> ssl.SSLContext:
    """Those of this system, and those of the file. Raises SourceUnreachable where it holds none."""
    context = httpx2.create_ssl_context()
    try:
        if certificates is not None:
            context.load_verify_locations(cafile=certificates)
    except OSError as error:
        raise SourceUnreachable(
            f"{certificates} is no file of certificates (PEM) that can be read: check `certificates` of the source in support.toml."
        ) from error
    return context


def certificate_fault(error: BaseException | None) -> str | None:
    """Why a certificate was not trusted; None where something else went wrong."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return None


def connection_fault(error: httpx2.TransportError, timeout: float) -> str:
    """What happened instead of an answer, as the end of "the last time ..."."""
    if isinstance(error, httpx2.ConnectTimeout):
        return f"there was no connection within {timeout:g} s"
    if isinstance(error, httpx2.TimeoutException):
        return f"there was no answer within {timeout:g} s"
    if isinstance(error, httpx2.ConnectError):
        return f"there was no connection ({one_line(str(error))})"
    return f"the connection broke ({one_line(str(error)) or type(error).__name__})"
