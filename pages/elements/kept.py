"""What a process works out once and shares with everyone: under all that it depends on, so many and no more, the longest unused go first.

Streamlit's own caches hash every argument byte by byte and hand out copies, milliseconds a run; ours look up what already has a hash.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from threading import Lock
from typing import Any, ParamSpec, TypeVar

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")
_forget: list[Callable[[], None]] = []


class _Once:
    """A value that the first who asks works out; whoever asks meanwhile waits for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._values: list[Any] = []

    def value(self, build: Callable[[], Any]) -> Any:
        if not self._values:
            with self._lock:
                if not self._values:
                    self._values.append(build())
        return self._values[0]


def kept(most: int) -> Callable[[Callable[Asked, Answer]], Callable[Asked, Answer]]:
    """Keeps the last `most` answers of a function whose arguments can be hashed. Nobody may change what is kept; an error is not kept."""

    def keeping(build: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
        places = lru_cache(maxsize=most)(lambda *given, **named: _Once())
        looking = Lock()
        _forget.append(places.cache_clear)

        @wraps(build)
        def answer(*given: Asked.args, **named: Asked.kwargs) -> Answer:
            with looking:
                place = places(*given, **named)
            found: Answer = place.value(lambda: build(*given, **named))
            return found

        return answer

    return keeping


def forget() -> None:
    """Empties everything kept, as at the start of a process."""
    for empty in _forget:
        empty()
