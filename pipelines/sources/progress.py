"""How far a source was pulled: its cursors, in one small file that is replaced whole, after the pages they speak of are on the disk."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from warehouse.durable import sync_folder
from warehouse.errors import FolderError

FILE = "progress.json"


@dataclass
class Endpoint:
    """One endpoint: where the next request goes on, up to which instant it is pulled, how many pages were kept."""

    cursor: dict[str, Any] = field(default_factory=dict)
    through: str | None = None
    pages: int = 0


@dataclass
class Progress:
    """One source. `pulled_from` is what the cursors belong to: with another address, or an earlier beginning, they start anew.

    `complete_at` is when the last pull that reached the end began (UTC, ISO): what the service knew then is pulled.
    """

    pulled_from: str = ""
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    attempted_at: str | None = None
    complete_at: str | None = None
    message: str | None = None


def read(folder: Path) -> Progress:
    """The progress kept in a source's received folder; an empty one where nothing was pulled yet.

    Raises FolderError where the file is not what was written: it says what to do.
    """
    path = folder / FILE
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        endpoints = {name: Endpoint(**endpoint) for name, endpoint in kept.pop("endpoints").items()}
        return Progress(**kept, endpoints=endpoints)
    except FileNotFoundError:
        return Progress()
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise FolderError(
            f"{path} cannot be read ({error}). Remove it to pull this source from its beginning: what is known is not loaded twice"
        ) from error


def write(folder: Path, progress: Progress) -> None:
    """Replaces the kept progress; it is on the disk when this returns."""
    partial = folder / f".{FILE}.partial"
    with partial.open("w", encoding="utf-8") as file:
        json.dump(asdict(progress), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / FILE)
    sync_folder(folder)


def instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def moved(before: Endpoint, cursor: Mapping[str, Any], through: datetime | None, pages: int) -> Endpoint:
    """The endpoint after pages were kept; `through` never goes back."""
    known = instant(before.through)
    newest = max([at for at in (known, through) if at], default=None)
    # A copy: what a service goes on to change in its cursor is not kept before its pages are.
    return Endpoint(deepcopy(dict(cursor)), newest.isoformat() if newest else None, before.pages + pages)
