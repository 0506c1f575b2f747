"""What a process works out once and shares with everyone: under all that it depends on, so many and no more, the longest unused go first.

What is of a published version goes with it: only answers of the newest and of the one before it are kept. Streamlit's own caches hash
every argument byte by byte and hand out copies, milliseconds a run; ours look up what already has a hash.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from inspect import signature
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

    def __init__(self, most: int, build: Callable[..., Any]) -> None:
        self._most = most
        names = list(signature(build).parameters)
        if unclear := [name for name in names if "version" in name and name != "version"]:
            raise TypeError(f"{build.__name__}: the version that an answer is of is called version, not {unclear[0]}")
        self._version_at = names.index("version") if "version" in names else None
        self._looking = Lock()
        self._kept: OrderedDict[Any, tuple[int | None, Once]] = OrderedDict()

    def of(self, *given: Any, **named: Any) -> Once:
        key = (given, tuple(sorted(named.items())))
        with self._looking:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][1]
        version = self._version(given, named)
        _note(version)
        with self._looking:
            _, once = self._kept.setdefault(key, (version, Once()))
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return once

    def _version(self, given: tuple[Any, ...], named: dict[str, Any]) -> int | None:
        """The version an answer is of: an argument named so, or what the first one, a view, says; None: of no version."""
        if self._version_at is not None:
            return named["version"] if "version" in named else given[self._version_at]  # type: ignore[no-any-return]
        return getattr(given[0], "version", None) if given else None

    def let_go(self, oldest: int) -> None:
        """Drops what is of versions before `oldest`."""
        with self._looking:
            gone = [key for key, (version, _) in self._kept.items() if version is not None and version < oldest]
            for key in gone:
                del self._kept[key]

    def empty(self) -> None:
        with self._looking:
            self._kept.clear()


class _Newest:
    """The newest version that was asked about, and the one before it, which questions may still be on."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._newest = 0

    def __call__(self, version: int | None) -> None:
        with self._lock:
            if version is None or version <= self._newest:
                return
            before, self._newest = self._newest, version
        for places in list(_places.values()):
            places.let_go(before)

    def forget(self) -> None:
        self._newest = 0


_note = _Newest()


def kept(most: int) -> Callable[[Callable[Asked, Answer]], Callable[Asked, Answer]]:
    """Keeps the last `most` answers of a function whose arguments can be hashed. Nobody may change what is kept; an error is not kept."""

    def keeping(build: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
        name = (build.__code__.co_filename, build.__code__)
        places = _places.get(name) or _places.setdefault(name, Places(most, build))

        @wraps(build)
        def answer(*given: Asked.args, **named: Asked.kwargs) -> Answer:
            found: Answer = places.of(*given, **named).value(lambda: build(*given, **named))
            return found

        return answer

    return keeping


def forget() -> None:
    """Empties everything kept, as at the start of a process."""
    _note.forget()
    for places in _places.values():
        places.empty()
