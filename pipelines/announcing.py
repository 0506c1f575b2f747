"""What takes long is said while it goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context

LOOK_SECONDS = 0.25
AGAIN_SECONDS = 10


class Announcer:
    """Told what is under way, says it once it has taken longer than a second, and again every ten."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self("")

    def __call__(self, message: str) -> None:
        self._message, self._since, self._said = message, time.monotonic(), 0
        self._context = copy_context()  # what it is about

    def say_until(self, ended: threading.Event) -> None:
        while not ended.wait(LOOK_SECONDS):
            seconds = time.monotonic() - self._since
            if self._message and seconds >= (AGAIN_SECONDS * self._said or 1):
                self._said += 1
                self._context.run(self._say, f"… {self._message}" + (f" ({seconds:.0f} s)" if seconds >= 2 else ""))


@contextmanager
def announcing(say: Callable[[str], None]) -> Iterator[Announcer]:
    """An announcer that falls silent with the block, however that ends."""
    announcer, ended = Announcer(say), threading.Event()
    saying = threading.Thread(target=announcer.say_until, args=(ended,), daemon=True)
    saying.start()
    try:
        yield announcer
    finally:
        ended.set()
        saying.join()
