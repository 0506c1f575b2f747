"""How often a service is asked again that gave no good answer, and how long in between."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential_jitter

from pipelines.sources.pause import Pause


@dataclass(frozen=True)
class Backoff:
    """Waits double from `first` up to `longest` seconds; a service that says 429 is up, and asked more often than one that fails."""

    first: float = 0.5
    longest: float = 60
    attempts: int = 6
    attempts_at_429: int = 40


class AskAgain(Exception):
    """What came back is no good answer, but the next one may be. `wait`: not before so many seconds."""

    def __init__(self, what: str, wait: float = 0, throttled: bool = False) -> None:
        super().__init__(what)
        self.wait, self.throttled = wait, throttled


class Patience:
    """For one question: how often it was asked, and what came back."""

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self._wait = wait_exponential_jitter(multiplier=backoff.first, max=backoff.longest, jitter=backoff.first)
        self._failures: Counter[bool] = Counter()
        self._last: AskAgain | None = None

    def attempts(self, pause: Pause) -> Retrying:
        """Calls a function until it raises no AskAgain, or raises the last one; TimeUp where the pause does not allow the next wait."""
        return Retrying(
            sleep=pause.sleep,
            wait=lambda state: max(_failure(state).wait, self._wait(state)),
            stop=self._over,
            retry=retry_if_exception_type(AskAgain),
            reraise=True,
        )

    def told(self) -> str | None:
        """How often it was asked and what came back last; None where nothing went wrong."""
        if self._last is None:
            return None
        return f"asked {self._failures.total()} times, the last time {self._last}"

    def _over(self, state: RetryCallState) -> bool:
        self._last = _failure(state)
        self._failures[self._last.throttled] += 1
        failed, throttled = self._failures[False], self._failures[True]
        return failed >= self._backoff.attempts or throttled >= self._backoff.attempts_at_429


def _failure(state: RetryCallState) -> AskAgain:
    failure = state.outcome.exception() if state.outcome else None
    assert isinstance(failure, AskAgain)
    return failure
