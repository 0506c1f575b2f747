"""How often a service may be asked: by our own pace, by what it says is left, and by Retry-After."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal

from pipelines.sources.pause import Pause

MINUTE = 60.0
# No header makes us wait longer than this before we ask again.
LONGEST_WAIT = 86_400.0


@dataclass(frozen=True)
class Remaining:
    """The headers (lower case) in which a service says how many requests are left, and when there are new ones.

    `resets` holds seconds or an instant as seconds of the epoch; a service without such a header has new ones after `window` seconds.
    `reserve` is left to others that use the same account: a number of requests, or below 1 a share of `total` (a header, too; without
    it, of the most that was ever left).
    """

    left: str
    resets: str | None = None
    resets_as: Literal["seconds", "epoch"] = "seconds"
    reserve: float = 0
    total: str | None = None
    window: float = MINUTE


class Limits:
    """What all requests to one service share, whatever they ask for. May be used from several threads."""

    def __init__(
        self, requests_a_minute: float | None = None, remaining: Remaining | None = None, *, minute: float = MINUTE
    ) -> None:
        """`minute` is the seconds of one: some services count by another span of time."""
        self._remaining = remaining
        self._burst = None if requests_a_minute is None else max(1, math.floor(requests_a_minute))
        self._span = minute / min(1.0, requests_a_minute or 1.0)
        self._slots: deque[float] = deque()  # when, in order, at most a span ago
        self._held_until = 0.0
        self._most_left = 0.0
        self._lock = threading.Lock()

    def take(self, pause: Pause) -> float:
        """Waits until a request may start, and counts it: its slot, for `arrived`. Raises TimeUp where that would be too late."""
        while True:
            slot, seconds = self._slot_or_wait()
            if seconds <= 0:
                return slot
            pause.sleep(seconds)

    def arrived(self, slot: float) -> None:
        """That request reached the service no later than now: only from now on its minute is surely running there."""
        with self._lock:
            if slot in self._slots:
                self._slots.remove(slot)
                self._slots.append(time.monotonic())

    def hold(self, seconds: float) -> None:
        """No request starts within `seconds` from now."""
        with self._lock:
            self._held_until = max(self._held_until, time.monotonic() + min(seconds, LONGEST_WAIT))

    def learn(self, headers: Mapping[str, str]) -> None:
        """Holds requests back where an answer's headers say that no more than the reserve is left."""
        if self._remaining is None or (left := _number(headers.get(self._remaining.left))) is None:
            return
        if left <= self._reserve(left, headers):
            self.hold(self._seconds_to_reset(headers))

    def _slot_or_wait(self) -> tuple[float, float]:
        """A slot of this minute, and the seconds to wait before asking for one again: 0 where this one is taken."""
        with self._lock:
            now = time.monotonic()
            while self._slots and self._slots[0] <= now - self._span:
                self._slots.popleft()
            free_at = self._slots[0] + self._span if self._burst and len(self._slots) >= self._burst else now
            seconds = max(free_at, self._held_until) - now
            if seconds <= 0 and self._burst:
                self._slots.append(now)
            return now, seconds

    def _reserve(self, left: float, headers: Mapping[str, str]) -> float:
        assert self._remaining is not None
        reserve = self._remaining.reserve
        if reserve >= 1:
            return reserve
        self._most_left = max(self._most_left, left)
        total = _number(headers.get(self._remaining.total)) if self._remaining.total else None
        return reserve * (self._most_left if total is None else total)

    def _seconds_to_reset(self, headers: Mapping[str, str]) -> float:
        assert self._remaining is not None
        resets = _number(headers.get(self._remaining.resets)) if self._remaining.resets else None
        if resets is None:
            return self._remaining.window
        return resets if self._remaining.resets_as == "seconds" else resets - _service_time(headers)


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that Retry-After (lower case) asks to wait, in seconds or as a date; 0 where it asks nothing."""
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is None and (instant := _date(text)) is not None:
        seconds = instant - _service_time(headers)
    return min(max(seconds or 0.0, 0.0), LONGEST_WAIT)


def _service_time(headers: Mapping[str, str]) -> float:
    """What the service's clock says, as seconds of the epoch; ours where it does not say: the two may differ by minutes."""
    said = _date(headers.get("date"))
    return time.time() if said is None else said


def _date(text: str | None) -> float | None:
    try:
        instant = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return None if instant is None else instant.replace(tzinfo=instant.tzinfo or UTC).timestamp()


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None
