"""The time a pull has, and every wait within it."""

from __future__ import annotations

import math
import threading
import time


class TimeUp(Exception):
    """Not an error: the time of a pull is up, and it goes on from there next time.

    `because` says what a service kept answering where the time went into asking it again; else None.
    """

    def __init__(self, message: str = "the time of this pull is up", because: str | None = None) -> None:
        super().__init__(message)
        self.because = because


class Pause:
    """The time a pull has: until `stop` is set, or `seconds` from now are over (None: no limit)."""

    def __init__(self, stop: threading.Event, seconds: float | None) -> None:
        self._stop = stop
        self._ends = math.inf if seconds is None else time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until the time is up: 0 and less once it is, infinite where there is no limit."""
        return 0.0 if self._stop.is_set() else self._ends - time.monotonic()

    def check(self) -> None:
        """Raises TimeUp where the time is up."""
        if self.left() <= 0:
            raise TimeUp

    def sleep(self, seconds: float) -> None:
        """Waits; raises TimeUp at once where that goes past the end, or when `stop` is set meanwhile."""
        if seconds >= self.left() or self._stop.wait(min(seconds, threading.TIMEOUT_MAX)):
            raise TimeUp
