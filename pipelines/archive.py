"""The archive of what was delivered: `data/landing`, packed once it is loaded, and kept for as long as support.toml says.

What is taken out is noted in a file of the archive before: it outlasts the loading file, and says what a rebuild cannot read again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from warehouse import journal, packing
from warehouse.durable import sync_folder
from warehouse.errors import FolderError

EXPIRED = "expired.jsonl"


def keep(connection: duckdb.DuckDBPyConnection, landing: Path, keep_seconds: float | None, run_id: int | None) -> None:
    """Packs what a run loaded, or all that is loaded (None), and takes out what is older than `keep_seconds` (None: nothing ever is).

    Safe to repeat, whenever it was killed. Raises OSError, such as where the disk is full.
    """
    for names in journal.landed_contents(connection, run_id):
        _pack([landing / name for name in names])
    if keep_seconds is not None and not journal.has_unpublished_change(connection):
        before = datetime.now(UTC) - timedelta(seconds=keep_seconds)
        _take_out(connection, landing, journal.landed_before(connection, before.replace(tzinfo=None)))


def note_expired(connection: duckdb.DuckDBPyConnection, landing: Path) -> None:
    """Table files says what was taken out, also by a killed process and before the loading file was made."""
    journal.note_expired(connection, expired(landing))


def expired(landing: Path) -> dict[str, str]:
    """When each landed file (folder/name) was taken out: UTC, ISO. Raises FolderError where the note cannot be read."""
    path = landing / EXPIRED
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        # A last line that was cut by a crash speaks of a file that is still there.
        return dict(json.loads(line) for line in lines if line.endswith("]"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise FolderError(f"{path} cannot be read: {error}. Bring back a copy, or remove it") from error


def _pack(paths: list[Path]) -> None:
    """Packs files of one content; those that are one file under several names stay one."""
    inodes = {path: path.stat().st_ino for path in paths if path.exists()}
    for path, inode in inodes.items():
        if path.stat().st_ino == inode and packing.pack(path):
            for other in (other for other, its_inode in inodes.items() if its_inode == inode and other != path):
                link = other.with_name(f".{other.name[:8]}.partial")
                link.unlink(missing_ok=True)
                os.link(path, link)
                link.replace(other)


def _take_out(connection: duckdb.DuckDBPyConnection, landing: Path, names: list[str]) -> None:
    if not names:
        return
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    _note(landing, dict.fromkeys(names, now))
    for name in names:
        (landing / name).unlink(missing_ok=True)
    journal.note_expired(connection, dict.fromkeys(names, now))


def _note(landing: Path, names: Mapping[str, str]) -> None:
    path = landing / EXPIRED
    with path.open("a", encoding="utf-8") as file:
        if file.tell() and not path.read_bytes().endswith(b"\n"):
            file.write("\n")
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in names.items())
        file.flush()
        os.fsync(file.fileno())
    sync_folder(landing)
