"""The clock of the made-up help desk: what is going to happen, in order of time."""

import heapq
from collections.abc import Callable
from typing import Any, TypeVar

Subject = TypeVar("Subject")


class Agenda:
    """Things to do at an instant (whole seconds since 1970, UTC); equal instants keep the order they were put in."""

    def __init__(self, now: int) -> None:
        self.now = now
        self._entries: list[tuple[int, int, Callable[[Any], None], Any]] = []
        self._count = 0

    def at(self, instant: int, action: Callable[[Subject], None], subject: Subject) -> None:
        """Plan ``action(subject)`` for ``instant``; an instant already past happens as soon as time goes on."""
        self._count += 1
        heapq.heappush(self._entries, (max(instant, self.now), self._count, action, subject))

    def after(self, seconds: float, action: Callable[[Subject], None], subject: Subject) -> None:
        """Plan ``action(subject)`` for ``seconds`` from now."""
        self.at(self.now + int(seconds), action, subject)

    def run_until(self, instant: int) -> None:
        """Let everything before ``instant`` happen. One long run and many short ones come to the same."""
        entries = self._entries
        while entries and entries[0][0] < instant:
            self.now, _, action, subject = heapq.heappop(entries)
            action(subject)
        self.now = max(self.now, instant)
