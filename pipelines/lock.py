"""One pipeline process a data folder: DuckDB lets one process write, and a clear line beats its error."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from warehouse.errors import FolderError, FolderInUse


class FolderLock:
    """Held from making it until `release`; the system lets go of it when the process dies."""

    def __init__(self, folder: Path, name: str = "pipelines", what: str = "the pipelines") -> None:
        make_writable(folder)
        self.path = folder / f"{name}.lock"
        try:
            self._file: IO[str] = self.path.open("a+")
        except OSError as error:
            raise FolderError(
                f"{self.path} cannot be opened: {error.strerror}. Run {what} as the user whose files are in {folder}"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise FolderInUse(
                f"another process (number {holder}) already runs {what} on {folder}. Stop it, or set another [data] folder"
            ) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        self._file.close()


def holder(folder: Path, name: str = "pipelines") -> int | None:
    """The process that holds the lock of a folder; None: none does. Looks, and takes nothing: whoever starts meanwhile is not refused.

    Linux says which files are locked. Elsewhere, the process whose number stands in the file has to be alive.
    """
    try:
        path = folder / f"{name}.lock"
        number, inode = path.read_text(encoding="ascii"), path.stat().st_ino
    except (OSError, ValueError):
        return None
    locks = Path("/proc/locks")
    if locks.exists():
        lines = (line.split() for line in locks.read_text(encoding="ascii").splitlines())
        # 3: FLOCK ADVISORY WRITE 4711 fd:00:1234 0 EOF
        is_held = any(fields[4:5] == [number] and fields[5].endswith(f":{inode}") for fields in lines)
    else:
        is_held = number.isdigit() and _is_alive(int(number))
    return int(number) if is_held else None


def _is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def make_writable(folder: Path) -> None:
    """Makes the folder where it is missing; raises FolderError where nothing can be written in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"  # one name for all, so that what a killed process left is taken away by the next
        probe.touch()
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise FolderError(
            f"cannot write in {folder}: {error.strerror}. Choose another [data] folder in support.toml"
        ) from error
