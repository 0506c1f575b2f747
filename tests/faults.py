"""What can go wrong between a service and who pulls from it, and which requests it happens to.

    service.faults.once(Cut(), at=3)                            # the third request from now on is cut in mid-body
    service.faults.once(Status(401), path=r"/api/v2/tickets")   # the next request of that path
    service.faults.each_once(Status(500))                       # every distinct request fails once, then works
    service.faults.storm(Status(429, retry_after=0.05), times=5)   # the next five
    service.faults.always(Status(401), at=4)                    # the fourth and all after it, until clear()
    service.faults.always(Changed(rename), path=r"/tickets")    # a function applied to every JSON body
    service.faults.kill(lambda: process.pid, at=2)              # SIGKILL to the client in the middle of the second answer
    service.faults.clear()                                      # all is well again

`path` is a regular expression found anywhere in the path; requests are counted from when a fault was armed, only those of its path. The
fault armed first that chooses a request is the one that happens. Requests refused by the service's own limit count for none.
"""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from tests.exchange import Asked, Reply


class Fault:
    """One kind of fault: override what it spoils."""

    def instead(self, asked: Asked) -> Reply | None:
        """A reply in place of the service's own, which then does nothing; None: it does its work."""
        return None

    def spoil(self, reply: Reply) -> Reply:
        """The service's reply as it goes out."""
        return reply

    def sent(self, content: bytes) -> bytes | None:
        """What of the body (as encoded) is sent before the connection is closed; None: nothing at all, not even a status line."""
        return content

    def afterwards(self) -> None:
        """Done once the bytes are out."""


@dataclass(frozen=True)
class Status(Fault):
    """A status instead of an answer; `retry_after` in seconds, a fraction where it is one."""

    status: int
    retry_after: float | None = None
    body: Any = field(default_factory=lambda: {"error": "not now"})

    def instead(self, asked: Asked) -> Reply:
        return Reply(
            self.status, self.body, {} if self.retry_after is None else {"retry-after": f"{self.retry_after:g}"}
        )


@dataclass(frozen=True)
class Html(Fault):
    """A page for people, with status 200, where JSON was asked for: a proxy's, a login's, a maintenance notice."""

    def instead(self, asked: Asked) -> Reply:
        page = b"<!doctype html><title>Sign in</title><p>Please sign in to go on."
        return Reply(200, page, {"content-type": "text/html; charset=utf-8"})


@dataclass(frozen=True)
class Redirect(Fault):
    """A redirect to `to`: a whole URL, such as another fake service's address, to which the path as asked is added."""

    to: str
    status: int = 302

    def instead(self, asked: Asked) -> Reply:
        return Reply(self.status, None, {"location": self.to + asked.address})


@dataclass(frozen=True)
class Slow(Fault):
    """The right answer, so many seconds late."""

    seconds: float

    def instead(self, asked: Asked) -> None:
        time.sleep(self.seconds)


@dataclass(frozen=True)
class Cut(Fault):
    """The connection is closed after this share of the body that content-length promised."""

    share: float = 0.5

    def sent(self, content: bytes) -> bytes:
        return content[: int(len(content) * self.share)]


@dataclass(frozen=True)
class Reset(Fault):
    """The connection is reset (RST) once the service has done its work and before it answers."""

    def sent(self, content: bytes) -> None:
        return None


@dataclass(frozen=True)
class Malformed(Fault):
    """The first half of the JSON, whole as far as HTTP can tell."""

    def spoil(self, reply: Reply) -> Reply:
        content = reply.content()
        headers = {"content-type": reply.content_type()} | reply.headers
        return replace(reply, body=content[: len(content) // 2], headers=headers)


@dataclass(frozen=True)
class Oversized(Fault):
    """The right JSON with so many bytes of blanks behind it: valid, too large, and small on the wire where it is compressed."""

    bytes: int = 100_000_000

    def spoil(self, reply: Reply) -> Reply:
        headers = {"content-type": reply.content_type()} | reply.headers
        return replace(reply, body=reply.content() + b" " * self.bytes, headers=headers)


@dataclass(frozen=True)
class Changed(Fault):
    """The answer after `change`, which gets a copy of the JSON body and returns another; answers that are errors stay as they are."""

    change: Callable[[Any], Any]

    def spoil(self, reply: Reply) -> Reply:
        if reply.status >= 400 or reply.body is None:
            return reply
        body = json.loads(reply.body) if _is_json(reply) else deepcopy(reply.body)
        return replace(reply, body=self.change(body))


def _is_json(reply: Reply) -> bool:
    return isinstance(reply.body, bytes) and "json" in reply.headers.get("content-type", "")


@dataclass(frozen=True)
class Kill(Fault):
    """SIGKILL to the client once it has half of the answer."""

    pid_of: Callable[[], int]

    def sent(self, content: bytes) -> bytes:
        return content[: len(content) // 2]

    def afterwards(self) -> None:
        os.kill(self.pid_of(), signal.SIGKILL)


@dataclass
class _Armed:
    """A fault that waits; `chooses` gets a request and its place, from 1, among those of the path since this was armed."""

    kind: Fault
    path: re.Pattern[str]
    chooses: Callable[[Asked, int], bool]
    seen: int = 0

    def takes(self, asked: Asked) -> bool:
        if not self.path.search(asked.path):
            return False
        self.seen += 1
        return self.chooses(asked, self.seen)


class Faults:
    """The faults of one service. All methods may be called while it answers."""

    def __init__(self) -> None:
        self.happened: list[Asked] = []  # requests that a fault was done to, in order, until clear()
        self._armed: list[_Armed] = []
        self._lock = threading.Lock()

    def once(self, kind: Fault, at: int = 1, path: str = "") -> None:
        """The `at`-th request from now on."""
        self._arm(kind, path, lambda asked, place: place == at)

    def storm(self, kind: Fault, times: int, path: str = "") -> None:
        """The next `times` requests."""
        self._arm(kind, path, lambda asked, place: place <= times)

    def always(self, kind: Fault, at: int = 1, path: str = "") -> None:
        """The `at`-th request and every one after it."""
        self._arm(kind, path, lambda asked, place: place >= at)

    def each_once(self, kind: Fault, path: str = "") -> None:
        """Every distinct request (method, path, query, body) the first time it is made."""
        made: set[tuple[str, str, bytes]] = set()

        def is_first(asked: Asked, place: int) -> bool:
            if asked.same_as() in made:
                return False
            made.add(asked.same_as())
            return True

        self._arm(kind, path, is_first)

    def kill(self, pid_of: Callable[[], int], at: int = 1, path: str = "") -> None:
        """Kills the client's process, which `pid_of` names then, in the middle of the answer to the `at`-th request."""
        self.once(Kill(pid_of), at, path)

    def clear(self) -> None:
        """Nothing goes wrong from now on."""
        with self._lock:
            self._armed.clear()
            self.happened.clear()

    def for_request(self, asked: Asked) -> Fault:
        """The fault that happens to this request; one that spoils nothing where none does."""
        with self._lock:
            kinds = [armed.kind for armed in self._armed if armed.takes(asked)]
            if not kinds:
                return Fault()
            asked.fault = type(kinds[0]).__name__
            self.happened.append(asked)
            return kinds[0]

    def _arm(self, kind: Fault, path: str, chooses: Callable[[Asked, int], bool]) -> None:
        with self._lock:
            self._armed.append(_Armed(kind, re.compile(path), chooses))
