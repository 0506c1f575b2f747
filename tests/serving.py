"""A service's API on a local port, for tests of pulling: a real HTTP/1.1 server whose answers, limits and faults a test decides.

    class FakeDesk(FakeService):
        def __init__(self) -> None:
            super().__init__()
            self.tickets = [...]                     # the world: plain records, changed by tests between pulls
            self.route("GET", r"/api/v2/tickets", self._page)
            self.route("GET", r"/api/v2/tickets/(\\d+)", self._one)

        def _page(self, asked: Asked) -> Any:        # JSON, or a Reply for a status or headers
            page = int(asked.query.get("page", "1"))
            return Reply(200, self.tickets[page * 3 - 3 : page * 3], {"link": ...})

        def _one(self, asked: Asked, number: str) -> Any:
            return next((ticket for ticket in self.tickets if ticket["id"] == int(number)), Reply(404))

    with FakeDesk() as service:
        service.faults.once(Cut(), at=3)
        ... pull from service.address ...
        assert [asked.path for asked in service.requests] == [...]

One handler runs at a time, so handlers need no locks. What no route answers is a 404. A handler that raises gives a 500, and the test fails
with its error when the service is closed. Answers are gzipped for clients that accept it; connections are kept alive.
"""

from __future__ import annotations

import gzip
import math
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.exchange import Asked, Reply
from tests.faults import Fault, Faults

__all__ = ["Asked", "FakeService", "Limit", "Quota", "Reply"]

Handler = Callable[..., Any]


@dataclass(frozen=True)
class Limit:
    """So many requests in each window of so many seconds; a window begins with the first request after the one before."""

    requests: int
    seconds: float


@dataclass(frozen=True)
class Quota:
    """What is left of a limit after a request: requests, and seconds until the window ends."""

    limit: Limit
    remaining: int
    resets_in: float


class FakeService:
    """A service's API on a local port. Subclasses register routes in __init__ and hold the world that they answer from.

    address     http://127.0.0.1:PORT, there from the start of `with` (or start()) on
    requests    every request, in order of arrival
    faults      what goes wrong: see tests/faults.py
    limit       requests allowed in a window; None: any number. What is above is answered 429 with Retry-After (seconds, a fraction, as
                windows are short in tests) and counted in over_limit. `limits` has further ones, by regular expression of the path
    over_limit  requests that came above a limit
    too_early   requests that came while the Retry-After of an earlier answer was still running
    """

    def __init__(self) -> None:
        self.faults = Faults()
        self.limit: Limit | None = None
        self.limits: dict[str, Limit] = {}
        self.lock = threading.RLock()
        self.address = ""
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self._connections: set[socket.socket] = set()
        self._errors: list[Exception] = []
        self.forget()

    # For subclasses

    def route(self, method: str, pattern: str, handler: Handler) -> None:
        """`handler(asked, *groups)` answers requests whose whole path matches `pattern`, with a Reply or JSON. The first route that fits wins."""
        self._routes.append((method, re.compile(pattern), handler))

    def refuse(self, asked: Asked) -> Reply | None:
        """A reply to who may not ask this, such as Reply(401) for a wrong key; None: they may. Override it."""
        return None

    def quota_headers(self, quota: Quota) -> dict[str, str]:
        """How the service says what is left, on every answer while there is a limit. Override it."""
        return {}

    # For tests

    def forget(self) -> None:
        """Counts from zero again: requests, over_limit, too_early, windows."""
        with self.lock:
            self.requests: list[Asked] = []
            self.over_limit = self.too_early = 0
            self._windows: dict[str, tuple[float, int]] = {}
            self._quiet_until = 0.0

    def asked_for(self, path: str) -> list[Asked]:
        """The requests so far whose path has this regular expression in it."""
        with self.lock:
            return [asked for asked in self.requests if re.search(path, asked.path)]

    def start(self) -> Self:
        """Begins to answer; `with` does so too, and closes it. Once is enough."""
        if self.address:
            return self
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._server.service = self
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def close(self) -> None:
        """Ends the server and its connections; raises the error of a handler that failed."""
        self._server.shutdown()
        self._server.server_close()
        with self.lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        if self._errors:
            raise AssertionError("the fake service itself failed") from self._errors[0]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *raised: object) -> None:
        self.close()

    # How a request is answered

    def note(self, method: str, target: str, headers: dict[str, str], content: bytes) -> Asked:
        """A request that came in, numbered."""
        with self.lock:
            now = time.monotonic()
            asked = Asked.of(len(self.requests) + 1, method, target, headers, content, now)
            self.requests.append(asked)
            self.too_early += now < self._quiet_until
            return asked

    def answer(self, asked: Asked) -> tuple[Reply, Fault]:
        """The reply to a request and the fault that happens to it."""
        with self.lock:
            quotas = self._count(asked)
        over = [quota for quota in quotas if quota.remaining < 0]
        if over:
            fault, wait = Fault(), max(quota.resets_in for quota in over)
            reply = Reply(429, {"error": "too many requests"}, {"retry-after": f"{math.ceil(wait * 1000) / 1000:g}"})
        else:
            fault = self.faults.for_request(asked)
            reply = fault.instead(asked) or fault.spoil(self._work(asked))
        for quota in quotas:
            left = replace(quota, remaining=max(quota.remaining, 0))
            reply = replace(reply, headers=self.quota_headers(left) | reply.headers)
        self._hold_to(reply)
        return reply, fault

    def _work(self, asked: Asked) -> Reply:
        """The service's own reply."""
        with self.lock:
            refused = self.refuse(asked)
            if refused:
                return refused
            for method, pattern, handler in self._routes:
                found = pattern.fullmatch(asked.path)
                if found and method == asked.method:
                    return self._handled(asked, handler, found.groups())
            return Reply(404, {"error": "there is no such address"})

    def _handled(self, asked: Asked, handler: Handler, groups: tuple[str, ...]) -> Reply:
        try:
            answered = handler(asked, *groups)
        except Exception as error:  # noqa: BLE001 - kept, and raised when the service is closed
            error.add_note(f"in answer to {asked.method} {asked.address}")
            self._errors.append(error)
            return Reply(500, {"error": "the fake service failed"})
        return answered if isinstance(answered, Reply) else Reply(200, answered)

    def _count(self, asked: Asked) -> list[Quota]:
        """What is left of each limit after this request; below zero: it is above it."""
        limits = ({"": self.limit} if self.limit else {}) | self.limits
        quotas = [self._spend(path, limit, asked) for path, limit in limits.items() if re.search(path, asked.path)]
        self.over_limit += any(quota.remaining < 0 for quota in quotas)
        return quotas

    def _spend(self, path: str, limit: Limit, asked: Asked) -> Quota:
        began, spent = self._windows.get(path, (-math.inf, 0))
        if asked.at >= began + limit.seconds:
            began, spent = asked.at, 0
        self._windows[path] = (began, spent + 1)
        return Quota(limit, limit.requests - spent - 1, began + limit.seconds - asked.at)

    def _hold_to(self, reply: Reply) -> None:
        """From an answer with Retry-After on, requests before its end are too early."""
        after = reply.headers.get("retry-after")
        if after and reply.status in (429, 503):
            with self.lock:
                self._quiet_until = max(self._quiet_until, time.monotonic() + float(after))


class _Server(ThreadingHTTPServer):
    service: FakeService
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed or gave up is no news."""


class _Connection(BaseHTTPRequestHandler):
    """One connection, kept open from request to request."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave together

    def setup(self) -> None:
        super().setup()
        with self.server.service.lock:
            self.server.service._connections.add(self.connection)

    def finish(self) -> None:
        with self.server.service.lock:
            self.server.service._connections.discard(self.connection)
        with suppress(OSError):
            super().finish()

    def _answer(self) -> None:
        service = self.server.service
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        asked = service.note(self.command, self.path, dict(self.headers.items()), content)
        reply, fault = service.answer(asked)
        body, headers = self._encoded(reply)
        sent = fault.sent(body)
        if sent is None:
            self._reset()
            return
        asked.status = reply.status
        self.close_connection = self.close_connection or len(sent) < len(body)
        self._send(reply.status, headers, sent)
        fault.afterwards()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _answer

    def _encoded(self, reply: Reply) -> tuple[bytes, dict[str, str]]:
        content = reply.content()
        headers = {"content-type": reply.content_type()} | reply.headers
        if content and "gzip" in self.headers.get("accept-encoding", ""):
            content = gzip.compress(content, compresslevel=1)
            headers |= {"content-encoding": "gzip"}
        return content, headers | {"content-length": str(len(content))}

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in ({"date": self.date_time_string()} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    def _reset(self) -> None:
        """Closes with RST: nothing lingers, what was not read is lost."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Silent."""
