"""How the last run ended, in one small file beside the warehouse: a run that failed stands in no published version.

Whoever may read the data folder may read it; what is told outside goes through `standing.outside`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from warehouse.checking import Finding
from warehouse.connection import numbered_versions
from warehouse.durable import sync_folder
from warehouse.errors import FolderError

FILE = "state.json"


@dataclass(frozen=True)
class State:
    """How the last run ended; instants are UTC, ISO.

    version: the newest published one. at: when this was noted, at the end of the run or of a later look. good_at: when a run last went well. fresh_since: since when every run
    went well; None where the last did not. failing_since: since when none did; None where the last did. findings: of the checks.
    """

    run_id: int
    state: str
    at: str
    version: int | None = None
    problems: list[str] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    good_at: str | None = None
    fresh_since: str | None = None
    failing_since: str | None = None

    @property
    def is_good(self) -> bool:
        return self.state == "done" and not self.problems and not errors_of(self.findings)


def errors_of(findings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [finding for finding in findings if finding["severity"] == "error"]


def read(folder: Path) -> State | None:
    """How the last run ended; None where there was none. Raises FolderError where the file is not what was written."""
    path = folder / FILE
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


def ended(
    folder: Path,
    run_id: int,
    state: str,
    problems: Sequence[str],
    findings: Sequence[Finding],
    seconds: dict[str, float],
) -> State:
    """Keeps how a run ended, and returns it with since when runs go well or fail."""
    version = max(numbered_versions(folder), default=None)
    return _note(
        folder, State(run_id, state, _now(), version, list(problems), [asdict(one) for one in findings], dict(seconds))
    )


def keep(folder: Path, last: State, problems: Sequence[str]) -> State:
    """Keeps what a look without a run found wrong, or right again, since the `last` run."""
    return _note(folder, replace(last, problems=list(problems), at=_now()))


def _note(folder: Path, now: State) -> State:
    """Replaces the file; where it cannot be written, that is a problem, and no more: what it tells of has happened."""
    try:
        before = read(folder)
    except FolderError:
        before = None
    noted = _going_on(now, before)
    try:
        _write(folder, noted)
    except OSError as error:
        said = f"{folder / FILE} cannot be written: {error.strerror}"
        return _going_on(replace(now, problems=[*now.problems, said]), before)
    return noted


def _write(folder: Path, noted: State) -> None:
    partial = folder / f".{FILE}.partial"
    with partial.open("w", encoding="utf-8") as file:
        json.dump(asdict(noted), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / FILE)
    sync_folder(folder)


def _going_on(now: State, before: State | None) -> State:
    if now.is_good:
        since = before.fresh_since if before else None
        return replace(now, good_at=now.at, fresh_since=since or now.at, failing_since=None)
    good_at, since = (before.good_at, before.failing_since) if before else (None, None)
    return replace(now, good_at=good_at, fresh_since=None, failing_since=since or now.at)


def _now() -> str:
    return datetime.now(UTC).isoformat()


def note_look(folder: Path) -> None:
    """Somebody looked for new exports now: the file is as old as the last look."""
    with suppress(OSError):  # not there before the first run; of a folder that cannot be written, the next run tells
        os.utime(folder / FILE)


def looked_at(folder: Path) -> datetime | None:
    """When new exports were last looked for (UTC); None where nobody knows."""
    try:
        return datetime.fromtimestamp((folder / FILE).stat().st_mtime, UTC)
    except OSError:
        return None
