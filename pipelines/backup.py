"""python -m pipelines backup FILE and restore FILE: a data folder in one file, and back.

The file is a tar archive with a line behind it that says the SHA-256 of all before: any tar reader lists it, and a byte that is missing or
another is found before anything is restored.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from pipelines import erasures, snapshot
from pipelines.lock import FolderLock
from pipelines.sources import progress
from warehouse.durable import sync_folder
from warehouse.erasures import PEOPLE_FILE, TICKETS_FILE, merge
from warehouse.errors import BackupRefused, FolderError
from warehouse.privacy import KEY_FILE

Say = Callable[[str], None]
LOADING = "loading.duckdb"
REGISTER = (PEOPLE_FILE, TICKETS_FILE)
# What may be in a folder that is restored into: whom to erase again, and under which key.
MAY_BE_THERE = {*REGISTER, KEY_FILE}
GATHERED, UNFINISHED = ".backup", ".restoring"
_SUM = re.compile(rb"\nsupport-operations backup, sha256 ([0-9a-f]{64})\n")
_SUM_BYTES = len(b"\nsupport-operations backup, sha256 \n") + 64


def backup(folder: Path, target: Path, say: Say) -> list[str]:
    """Writes what a data folder holds and nothing can make again, also while a process serves it; returns what to say of it.

    Raises FolderError where nothing was published yet, or the file cannot be written: one that was there before stays.
    """
    gathered = folder / GATHERED
    lock = FolderLock(folder, "backup", "a backup")
    try:
        shutil.rmtree(gathered, ignore_errors=True)
        gathered.mkdir()
        say("gathering what to back up")
        _gather(folder, gathered)
        say(f"writing {target}")
        count = _write(gathered, target)
    except OSError as error:
        raise FolderError(f"{folder} cannot be backed up to {target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(gathered, ignore_errors=True)
        lock.release()
    return [
        f"{count:,} files, {target.stat().st_size / 1e6:,.1f} MB in {target}",
        "it holds what customers wrote: keep it as you keep the data, and not for longer",
    ]


def _gather(folder: Path, gathered: Path) -> None:
    """By further names, in an order in which nothing is missed: pages move from received to landing, and then into a version."""
    version = snapshot.take_newest_version(folder, gathered)
    if not version:
        raise FolderError(
            f"{folder} holds no warehouse yet: there is nothing to back up. Start the pipelines: python -m pipelines run"
        )
    version.rename(gathered / LOADING)
    for path in folder.glob(f"received/*/{progress.FILE}"):
        snapshot.take(
            path, gathered / path.relative_to(folder)
        )  # where the next pull begins: before the pages up to there
    for name in ("received", "written", erasures.REQUESTS):
        snapshot.take_tree(folder / name, gathered / name)
    snapshot.take_landing(folder / "landing", gathered / "landing")
    for name in (KEY_FILE, *REGISTER):
        if (folder / name).exists():
            shutil.copy2(folder / name, gathered / name)


def _write(gathered: Path, target: Path) -> int:
    unfinished = target.with_name(f".{target.name}.partial")
    try:
        with unfinished.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            count = _write_tar(gathered, file)
            file.flush()
        digest = _digest(unfinished, unfinished.stat().st_size)
        with unfinished.open("ab") as file:
            file.write(f"\nsupport-operations backup, sha256 {digest}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(target.absolute().parent)
    return count


def _write_tar(gathered: Path, file: BinaryIO) -> int:
    count = 0
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(gathered.rglob("*")):
            archive.add(path, str(path.relative_to(gathered)), recursive=False)
            count += path.is_file()
    return count


def _digest(path: Path, length: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while length and (block := file.read(min(length, 1 << 20))):
            digest.update(block)
            length -= len(block)
    return digest.hexdigest()


def restore(folder: Path, origin: Path, say: Say) -> list[str]:
    """Makes a data folder of a backup; returns what to say of it. Killed, it can be repeated, and until then nothing runs on the folder.

    Who was erased, as the backup or the folder says, is erased again by the next run: the folder may hold the register, and the key.
    Raises BackupRefused, before anything is touched, where the file is cut or altered, or the folder holds more than that.
    """
    say(f"reading {origin}")
    _check(origin)
    _refuse_to_overwrite(folder)
    lock = FolderLock(folder)
    try:
        gathered = folder / UNFINISHED
        shutil.rmtree(gathered, ignore_errors=True)
        gathered.mkdir()
        say("writing")
        with tarfile.open(origin) as archive:
            archive.extractall(gathered, filter="data")
        try:
            people = _take_register(folder, gathered)
        except BackupRefused:
            shutil.rmtree(gathered)
            raise
        os.sync()
        _move_in(gathered, folder)
    except (OSError, tarfile.TarError) as error:
        raise FolderError(
            f"{origin} cannot be restored into {folder}: {error}. Repeat it once that is mended"
        ) from error
    finally:
        lock.release()
    said = [f"{folder} holds what {origin.name} held. The next run publishes it: python -m pipelines run"]
    return said + ([f"{people:,} people who were erased are erased again by that run"] if people else [])


def refuse_half_restored(folder: Path) -> None:
    """Raises FolderError where a restore did not end."""
    if (folder / UNFINISHED).exists():
        raise FolderError(f"a restore into {folder} did not end: repeat it (python -m pipelines restore FILE)")


def sweep(folder: Path) -> None:
    """Removes what a killed backup left: a living one holds its lock."""
    snapshot.sweep(folder, GATHERED, "backup")


def _check(origin: Path) -> None:
    try:
        length = origin.stat().st_size - _SUM_BYTES
        with origin.open("rb") as file:
            file.seek(max(length, 0))
            said = _SUM.fullmatch(file.read())
        if not said:
            raise BackupRefused(
                f"{origin} is cut, or no backup: its last line does not say its checksum. Nothing was restored"
            )
        found = _digest(origin, length)
    except OSError as error:
        raise BackupRefused(f"{origin} cannot be read: {error.strerror}") from error
    if found != said[1].decode():
        raise BackupRefused(f"{origin} is altered: its SHA-256 is not what its last line says. Nothing was restored")


def _refuse_to_overwrite(folder: Path) -> None:
    if not folder.exists() or (folder / UNFINISHED).exists():
        return
    there = sorted(path.name for path in folder.iterdir() if path.suffix != ".lock" and path.name not in MAY_BE_THERE)
    if there:
        raise BackupRefused(
            f"{folder} is not empty (it has: {', '.join(there[:5])}): move it away, or set another [data] folder"
        )


def _take_register(folder: Path, gathered: Path) -> int:
    """Joins what the folder and the backup know of erasures, and asks the next run for all of them; returns how many people."""
    keys = {path.read_text(encoding="utf-8") for path in (folder / KEY_FILE, gathered / KEY_FILE) if path.exists()}
    if len(keys) > 1:
        raise BackupRefused(
            f"{folder / KEY_FILE} is another key than the backup's: remove it, or people would be known by other hashes"
        )
    people = merge([folder, gathered], gathered)
    if people:
        erasures.request(gathered, people)
    return len(people)


def _move_in(gathered: Path, folder: Path) -> None:
    for path in sorted(gathered.iterdir()):
        target = folder / path.name
        if target.is_dir():
            shutil.rmtree(target)  # of a restore that did not end
        path.replace(target)
    sync_folder(folder)
    gathered.rmdir()
