"""How the pipelines do, in one small file beside the versions: a run that failed, or was held back, stands in no published version.

`state.json` is written after every run; the time of its last change is when `serve` last gave a sign of life. Whoever may read the data
folder may read it; what is told outside goes through `standing.outside`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from warehouse.checking import Finding
from warehouse.connection import numbered_versions
from warehouse.durable import write_whole
from warehouse.errors import FolderError

NAME = "state.json"
# The file always has this length: where the disk is full it is written over in place, and needs no room.
LENGTH = 16_384
MOST_TEXT = 600
MOST_FINDINGS = 8
MOST_PROBLEMS = 8

HeldBy = Literal["check", "failure"]


@dataclass(frozen=True)
class State:
    """How the last run ended; instants are UTC, ISO.

    version: the newest published one. at: when this was noted, at the end of the run or of a later look. good_at: when a run last went
    well. fresh_since: since when every run went well; None where the last did not. failing_since: since when none did; None where the
    last did. held_by: what kept the run from publishing, a check or something else; held_since: since when nothing gets through.
    findings: of the checks, as columns of table check_results. every_seconds: between two signs of life; None: the pipelines do not run
    all the time.
    """

    run_id: int
    state: str
    at: str = ""
    version: int | None = None
    problems: list[str] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    good_at: str | None = None
    fresh_since: str | None = None
    failing_since: str | None = None
    held_by: HeldBy | None = None
    held_since: str | None = None
    every_seconds: float | None = None

    @property
    def is_good(self) -> bool:
        return self.state == "done" and not self.problems and not errors_of(self.findings)

    @property
    def reason(self) -> str:
        """Why nothing gets through, for a person."""
        return self.problems[-1] if self.held_by and self.problems else ""


def errors_of(findings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [finding for finding in findings if finding["severity"] == "error"]


def read(folder: Path) -> State | None:
    """How the last run ended; None where there was none. Raises FolderError where the file is not what was written."""
    path = folder / NAME
    known = {one.name for one in fields(State)}
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return State(**{name: value for name, value in kept.items() if name in known})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise FolderError(
            f"{path} cannot be read ({error}). Remove it: the next run writes it anew, and nothing of the warehouse stands in it"
        ) from error


def alive_at(folder: Path) -> datetime | None:
    """When the pipelines last gave a sign of life (UTC); None where nobody knows."""
    try:
        return datetime.fromtimestamp((folder / NAME).stat().st_mtime, UTC)
    except OSError:
        return None


def ended(
    folder: Path,
    run_id: int,
    state: str,
    problems: Sequence[str],
    findings: Sequence[Finding],
    seconds: dict[str, float],
    held_by: HeldBy | None = None,
    every_seconds: float | None = None,
) -> State:
    """Keeps how a run ended, and returns it with since when runs go well, fail or are held back."""
    found = [asdict(one) for one in findings]
    version = max(numbered_versions(folder), default=None)
    now = State(run_id, state, _now(), version, list(problems), found, dict(seconds))
    return _note(folder, replace(now, held_by=held_by, every_seconds=every_seconds))


def keep(folder: Path, last: State, problems: Sequence[str]) -> State:
    """Keeps what a look without a run found wrong, or right again, since the `last` run."""
    return _note(folder, replace(last, problems=list(problems), at=_now()))


def give_sign_of_life(folder: Path, every_seconds: float) -> None:
    """Tells readers that the pipelines run, and how often they say so. Nothing where no run was yet. Raises OSError."""
    found = _before(folder)
    if found and found.every_seconds != every_seconds:
        _write(folder, replace(found, every_seconds=every_seconds))
    elif found:
        os.utime(folder / NAME)


def _note(folder: Path, now: State) -> State:
    """Replaces the file; where it cannot be written, that is a problem, and no more: what it tells of has happened."""
    before = _before(folder)
    noted = _going_on(now, before)
    try:
        _write(folder, noted)
    except OSError as error:
        said = f"{folder / NAME} cannot be written: {error.strerror}"
        return _going_on(replace(now, problems=[*now.problems, said]), before)
    return noted


def _before(folder: Path) -> State | None:
    try:
        return read(folder)
    except FolderError:
        return None


def _going_on(now: State, before: State | None) -> State:
    """The state with since when it is so: what was so before goes on since then."""
    held_since = now.at if now.held_by else None
    if before and now.held_by and before.held_by == now.held_by:
        held_since = before.held_since
    now = replace(now, held_since=held_since)
    if now.is_good:
        since = before.fresh_since if before else None
        return replace(now, good_at=now.at, fresh_since=since or now.at, failing_since=None)
    good_at, since = (before.good_at, before.failing_since) if before else (None, None)
    return replace(now, good_at=good_at, fresh_since=None, failing_since=since or now.at)


def _write(folder: Path, noted: State) -> None:
    """Replaces what is said, lastingly; where the disk is full, in place. Raises OSError."""
    path, text = folder / NAME, _text(noted)
    try:
        write_whole(path, text)
    except OSError:
        with path.open("r+", encoding="utf-8") as file:
            file.write(text)


def _text(noted: State) -> str:
    """The state as JSON of always the same length: what is too long for it is left out."""
    problems = [problem[:MOST_TEXT] for problem in noted.problems[-MOST_PROBLEMS:]]
    short = replace(noted, problems=problems, findings=noted.findings[:MOST_FINDINGS])
    while len(text := json.dumps(asdict(short))) > LENGTH:
        if short.findings:
            short = replace(short, findings=short.findings[:-1])
        else:
            short = replace(short, problems=short.problems[1:])
    return text.ljust(LENGTH)


def _now() -> str:
    return datetime.now(UTC).isoformat()
