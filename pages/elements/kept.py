"""What a process works out once and shares with everyone: under all that it depends on, so many and no more, the longest unused go first.

Streamlit's own caches hash every argument byte by byte and hand out copies, milliseconds a run; ours look up what already has a hash.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from threading import Lock
from types import CodeType
from typing import Any, ParamSpec, TypeVar

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")
# Of each function, by its file and code: a page's script defines its functions anew in every run.
_places: dict[tuple[str, CodeType], Places] = {}


class Once:
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


class Places:
    """Where the answers of one function are kept, a place for all that one answer depends on."""

    def __init__(self, most: int) -> None:
        self._looking = Lock()
        self._find = lru_cache(maxsize=most)(lambda *given, **named: Once())

    def of(self, *given: Any, **named: Any) -> Once:
        with self._looking:
            return self._find(*given, **named)

    def empty(self) -> None:
        self._find.cache_clear()


def kept(most: int) -> Callable[[Callable[Asked, Answer]], Callable[Asked, Answer]]:
    """Keeps the last `most` answers of a function whose arguments can be hashed. Nobody may change what is kept; an error is not kept."""

    def keeping(build: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
        places = _places.setdefault((build.__code__.co_filename, build.__code__), Places(most))

        @wraps(build)
        def answer(*given: Asked.args, **named: Asked.kwargs) -> Answer:
            found: Answer = places.of(*given, **named).value(lambda: build(*given, **named))
            return found

        return answer

    return keeping


def forget() -> None:
    """Empties everything kept, as at the start of a process."""
    for places in _places.values():
        places.empty()
