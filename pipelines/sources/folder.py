"""A folder of exports somewhere else: what of it is new, known by name, size and time, is streamed to the disk file after file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from urllib.parse import quote

from pipelines.sources import files
from pipelines.sources.pull import Pull

ENDPOINT = "files"
# A killed pull brings this part of what it had brought once more: the list of what was seen is not written after each of many files.
REPEATED = 0.01
LONGEST_NAME = 180


@dataclass(frozen=True)
class Found:
    """A file there: its path below the folder, and what changes when its content does. `version`: what the service calls its content."""

    path: str
    bytes: int
    modified_at: datetime
    version: str = ""

    @property
    def mark(self) -> str:
        """What this version is known by."""
        told = f"{self.path}\0{self.bytes}\0{self.modified_at.timestamp()}\0{self.version}"
        return hashlib.blake2b(_encoded(told), digest_size=8).hexdigest()

    @property
    def kept_as(self) -> str:
        """A name that no other file and no other version has, in order of time, whose end is that of the path."""
        return f"{self.modified_at:%Y%m%dT%H%M%S}-{self.mark}-{quote(_encoded(self.path), safe=' ')[-LONGEST_NAME:]}"


class Gone(Exception):
    """A file was taken away, or written anew, while it was read: the next pull sees what is there then."""


def is_wanted(path: str, pull: Pull, modified_at: datetime) -> bool:
    """Whether a file is one to pull: finished, as `pattern` says, and not older than `since`."""
    parts = path.split("/")
    return (
        not any(files.is_unfinished(part) for part in parts)
        and matches(parts, pull.source.pattern.split("/"))
        and (pull.source.since is None or modified_at >= pull.source.since)
    )


def matches(parts: list[str], pattern: list[str]) -> bool:
    """Whether a path fits a pattern: `*.csv` in the folder itself, `2026/*.csv` in one below it, `**/*.csv` at any depth."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(matches(parts[depth:], pattern[1:]) for depth in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and matches(parts[1:], pattern[1:])


def keep_new(pull: Pull, found: Iterable[Found], content: Callable[[Found], Iterable[bytes]]) -> None:
    """Keeps every file that was not seen before, oldest first. What is gone from the folder is forgotten: the list stays as long as it is."""
    known = set(pull.cursor(ENDPOINT).get("seen", "").split())
    there = sorted(found, key=lambda file: (file.modified_at, file.path))
    seen = known & {file.mark for file in there}
    untold = 0
    for file in there:
        if file.mark in seen:
            continue
        untold += 1
        is_told = untold > len(seen) * REPEATED
        cursor = {"seen": " ".join(sorted({*seen, file.mark}))} if is_told else None
        try:
            pull.keep_file(ENDPOINT, file.kept_as, file.modified_at, content(file), cursor)
        except Gone:
            pull.say(f"{pull.name}: {file.path} was taken away or written while it was read")
            continue
        seen.add(file.mark)
        untold = 0 if is_told else untold
    pull.keep(ENDPOINT, [], {"seen": " ".join(sorted(seen))}, pull.started_at)


def _encoded(text: str) -> bytes:
    """Names as the server has them, whatever their encoding."""
    return text.encode("utf-8", "surrogateescape")
