"""python -m pipelines forget CUSTOMER...: asks for customers to be erased, and says what was done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from pipelines import erasures
from pipelines.erasures import Answer
from pipelines.waiting import PATIENCE_SECONDS, until
from warehouse import privacy
from warehouse.errors import NobodyFound, SupportError
from warehouse.settings import Settings


def forget(settings: Settings, customers: list[str], progress: Callable[[str], None]) -> list[str]:
    """Erases customers, given as exports name them or as pseudonyms, and returns what to say of it.

    Where a process serves the data folder it does the work, and this waits. Raises NobodyFound where there is nothing of any of them.
    """
    folder = settings.data.folder
    folder.mkdir(parents=True, exist_ok=True)
    names = _pseudonyms(settings, customers)
    request = erasures.request(folder, sorted(set(names.values())))
    answer = _answered(settings, folder, request, progress)
    said = [_of_one(name, pseudonym, answer) for name, pseudonym in names.items()]
    lost = [
        name for name, pseudonym in names.items() if pseudonym not in answer.rows and pseudonym not in answer.before
    ]
    if len(lost) == len(names):
        raise NobodyFound(f"nothing of {', '.join(lost)} is in {folder}: give the customer as the exports name them")
    return [*said, *_of_all(answer)]


def _pseudonyms(settings: Settings, customers: list[str]) -> dict[str, str]:
    with duckdb.connect() as connection:
        privacy.set_up(connection, privacy.privacy_key(settings.data.folder), settings.privacy)
        return privacy.pseudonyms(connection, customers)


def _answered(settings: Settings, folder: Path, request: str, progress: Callable[[str], None]) -> Answer:
    """Runs the pipelines, or waits for the process that does."""
    found = until(lambda: erasures.answer(folder, request), settings, "forget", progress)
    if found is None:
        raise SupportError(
            f"no answer within {PATIENCE_SECONDS:.0f} s; the request stays in {folder} and is taken up by the next run"
        )
    return found


def _of_one(name: str, pseudonym: str, answer: Answer) -> str:
    rows = answer.rows.get(pseudonym)
    if rows:
        counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(rows.items()))
        return f"{name}: erased from rows of {counts}"
    when = answer.before.get(pseudonym)
    return f"{name}: erased before, on {when}" if when else f"{name}: nothing found"


def _of_all(answer: Answer) -> list[str]:
    said = [f"{answer.files:,} landed files changed; published as version {answer.version}, older versions are removed"]
    if answer.unreadable:
        said.append(f"left as they are, since they cannot be read: {', '.join(answer.unreadable)}")
    return said
