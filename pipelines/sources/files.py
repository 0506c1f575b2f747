"""Exports in a folder: new ones are copied into the landing folder, known by their content.

Landed files are named `<number>-<hash>-<name>`, the number being the order of arrival; their modification time is kept.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import time
from collections.abc import Callable, Container, Iterator
from contextlib import suppress
from glob import has_magic
from pathlib import Path
from urllib.parse import quote

from warehouse.errors import FolderError
from warehouse.journal import Arrival, Look

# A file written this recently is looked at twice, this far apart: one that still grows is left for the next run.
SETTLE_SECONDS = 1.0
_LANDED = re.compile(r"\d{8}-[0-9a-f]{32}-")
UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".swp")


def look_over(pattern: Path) -> list[Look]:
    """The finished-looking files of a folder or glob pattern, oldest first.

    Raises FolderError where the folder is missing.
    """
    looks = [Look(path, stat.st_size, stat.st_mtime_ns) for path, stat in _candidates(pattern)]
    return sorted(looks, key=lambda look: (look.modified_ns, str(look.path)))


def is_unfinished(name: str) -> bool:
    """Whether programs name files so that they still write, or that are none of ours."""
    return name.startswith((".", "~$")) or name.lower().endswith(UNFINISHED)


def base_folder(pattern: Path) -> Path:
    """The folder that a pattern starts in."""
    fixed = []
    for part in pattern.parts:
        if has_magic(part):
            break
        fixed.append(part)
    folder = Path(*fixed)
    return folder.parent if folder.is_file() else folder


def _candidates(pattern: Path) -> Iterator[tuple[Path, os.stat_result]]:
    folder = base_folder(pattern)
    if not folder.is_dir():
        raise FolderError(f"the folder {folder} does not exist")
    if pattern.is_file():
        paths: Iterator[Path] = iter([pattern])
    elif pattern == folder:
        paths = folder.iterdir()
    else:
        paths = folder.glob(str(pattern.relative_to(folder)))
    for path in paths:
        if is_unfinished(path.name):
            continue
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue  # taken away between listing and looking
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            continue  # a link that leads to itself
        if path.is_file():
            yield path, stat


def settled(
    looks: list[Look], moved_in: Container[Path] = (), wait: Callable[[float], None] = time.sleep
) -> list[Look]:
    """Those of `looks` that nobody is still writing. What was moved in is waited for by nobody: it was whole when it came."""
    begun = time.time_ns() - int(SETTLE_SECONDS * 1e9)
    young = [look for look in looks if look.modified_ns > begun and look.path not in moved_in]
    if young:
        wait(SETTLE_SECONDS)
    return [look for look in looks if _is_whole(look)]


def _is_whole(look: Look) -> bool:
    try:
        stat = look.path.stat()
    except FileNotFoundError:
        return False
    return (stat.st_size, stat.st_mtime_ns) == (look.bytes, look.modified_ns) and not _open_for_writing(look.path)


def _open_for_writing(path: Path) -> bool:
    """Whether some process has the file open for writing, where the system can tell (Linux, by asking for a read lease)."""
    try:
        import fcntl
    except ImportError:
        return False
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False  # landing it says why it cannot be read
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False  # another's file, or a file system without leases: size and time have to do
    finally:
        os.close(descriptor)
    return False


def land(
    look: Look, pattern: Path, landing: Path, number: int, known: set[str], elsewhere: dict[str, Path] | None = None
) -> Arrival:
    """Copies one file into the landing folder unless its content is known there. `elsewhere`, where contents were just landed for other
    feeds, is added to: such a content is on the disk once, under several names.

    Raises FolderError where it cannot be read or copied.
    """
    folder = base_folder(pattern)
    name = str(look.path.relative_to(folder)) if look.path.is_relative_to(folder) else look.path.name
    name = os.fsencode(name).decode("utf-8", "replace")
    landing.mkdir(parents=True, exist_ok=True)
    partial = landing / f".{number}.partial"
    try:
        content_id = _copy(look.path, partial)
        if content_id in known:
            partial.unlink()
            return Arrival(look, name, content_id, None)
        landed_name = f"{number:08d}-{content_id}-{quote(os.fsencode(name), safe='')[-200:]}"
        os.utime(partial, ns=(look.modified_ns, look.modified_ns))
        _make_one(partial, None if elsewhere is None else elsewhere.setdefault(content_id, landing / landed_name))
        partial.rename(landing / landed_name)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise FolderError(f"{look.path} cannot be copied into {landing}: {error.strerror}") from error
    return Arrival(look, name, content_id, landed_name)


def _make_one(partial: Path, twin: Path | None) -> None:
    """Makes a copy another name of the file that holds the same already, as old as it, where the file system can."""
    if twin and twin.exists() and twin.stat().st_mtime_ns == partial.stat().st_mtime_ns:
        link = partial.with_suffix(".twin.partial")
        link.unlink(missing_ok=True)
        with suppress(OSError):
            os.link(twin, link)
            link.replace(partial)


def _copy(origin: Path, target: Path) -> str:
    """Copies a file and returns the content id of what was copied: 128 bits of BLAKE2b."""
    digest = hashlib.blake2b(digest_size=16)
    with origin.open("rb") as read, target.open("wb") as write:
        while block := read.read(1 << 20):
            digest.update(block)
            write.write(block)
    return digest.hexdigest()


def is_landed(path: Path) -> bool:
    """Whether this is a file that `land` put there."""
    return _LANDED.match(path.name) is not None


def clear_partials(landing: Path) -> None:
    """Removes copies that a killed run left half done."""
    for path in landing.glob("*/.*.partial"):
        path.unlink(missing_ok=True)
