"""How the pipelines are doing, in a small file beside the versions: pages say it also of a run that published nothing.

`state.json` is written after every run; the time of its last change is when `serve` last gave a sign of life.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from warehouse.durable import sync_folder

NAME = "state.json"
# The file always has this length: where the disk is full it is written over in place, and needs no room.
LENGTH = 8192
MOST_TEXT = 600
MOST_FINDINGS = 8


@dataclass(frozen=True)
class State:
    """What the last run did. Instants are UTC texts as of `datetime.isoformat`."""

    run_id: int
    # What kept it from publishing: a check, or something else. None: nothing, it is done.
    held_by: Literal["check", "failure"] | None = None
    # Since when nothing gets through, and why, for a person.
    since: str | None = None
    reason: str = ""
    # What checks found, as columns of table check_results; kept where it is in no version.
    findings: tuple[dict[str, Any], ...] = ()
    # The version that readers have; None: none yet.
    version: int | None = None
    # Seconds between two signs of life; None: the pipelines do not run all the time.
    every_seconds: float | None = None


def write(folder: Path, state: State) -> None:
    """Replaces what is said by `state`, lastingly; where the disk is full, in place. Raises OSError."""
    path = folder / NAME
    text = _text(state)
    partial = folder / f".{NAME}.{os.getpid()}"
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
        sync_folder(folder)
    except OSError:
        partial.unlink(missing_ok=True)
        with path.open("r+", encoding="utf-8") as file:
            file.write(text)


def _text(state: State) -> str:
    """The state as JSON of always the same length: what is too long for it is left out."""
    short = replace(state, reason=state.reason[:MOST_TEXT], findings=state.findings[:MOST_FINDINGS])
    while len(text := json.dumps(asdict(short))) > LENGTH:
        short = replace(short, findings=short.findings[:-1], reason=short.reason if short.findings else "")
    return text.ljust(LENGTH)


def read(folder: Path) -> tuple[State, float] | None:
    """The state, and when the last sign of life was (seconds since 1970); None where there is none, or it cannot be read."""
    path = folder / NAME
    try:
        seen_at = path.stat().st_mtime
        found = json.loads(path.read_text(encoding="utf-8"))
        return State(**{**found, "findings": tuple(found["findings"])}), seen_at
    except (OSError, ValueError, TypeError, KeyError):
        return None


def after(before: State | None, given: State) -> State:
    """The state after a run: what went wrong before goes on since then."""
    since = datetime.now(UTC).isoformat(timespec="seconds") if given.held_by else None
    if before and before.held_by == given.held_by:
        since = before.since
    return replace(given, since=since)


def give_sign_of_life(folder: Path, every_seconds: float) -> None:
    """Tells readers that the pipelines run, and how often they say so. Nothing where no run was yet. Raises OSError."""
    found = read(folder)
    if found and found[0].every_seconds != every_seconds:
        write(folder, replace(found[0], every_seconds=every_seconds))
    elif found:
        os.utime(folder / NAME)
