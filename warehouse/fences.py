"""What the operating system holds back from a process that runs somebody's SQL, beside what DuckDB holds back itself.

Every fence is closed for good: the process cannot open it again. On Linux all of them hold. Elsewhere (macOS) the limits of files, processes
and processor time hold, the limit of address space may not, and there is no Landlock and no end with the parent: there the process ends
because its input does (warehouse/worker.py).
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

IS_LINUX = sys.platform.startswith("linux")
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_LANDLOCK_CREATE_RULESET, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT_SELF = 444, 445, 446
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many kinds of access to files each version of Landlock knows
_TCP_SINCE, _SCOPES_SINCE = 4, 6
_FILE_HEADER = 1 << 20
_SPARE_FILES = 8  # that DuckDB may open beside what is open: the parts of a spilled sort


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("tcp", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _BeneathPath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def end_with_parent() -> None:
    """Killed when the thread that started this process ends; no set-user-id program gives it more rights."""
    if IS_LINUX:
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def give_way() -> None:
    """Pages go first, for the processor and, where memory runs out, for staying alive. A query goes last (`close`)."""
    os.nice(5)
    if IS_LINUX:
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def address_space() -> int:
    """Bytes of address space in use; 0 where the system does not say."""
    if not IS_LINUX:
        return 0
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()


def close(memory: int, seconds: float, temp_space: int, temp_folder: str | None) -> None:
    """Closes all fences and goes last. `memory` (beside what is in use now) and `temp_space` in bytes; `seconds` of processor time.

    Without temp space not one file more can be opened, nor a socket, and none be written.
    """
    os.nice(19)
    base = address_space()
    shut_files_and_network(temp_folder)
    if base:
        _limit(resource.RLIMIT_AS, base + memory)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, temp_space + _FILE_HEADER if temp_space else 0)
    _limit(resource.RLIMIT_CPU, int(seconds) + 2, int(seconds) + 3)
    _limit(resource.RLIMIT_NPROC, 0)
    free = os.dup(0)  # the lowest number that a file could still get
    os.close(free)
    _limit(resource.RLIMIT_NOFILE, free + (_SPARE_FILES if temp_space else 0))


def _limit(kind: int, most: int, hard: int | None = None) -> None:
    """Sets a limit; at the hard one of processor time the kernel kills, at the other it says so."""
    with suppress(ValueError, OSError):  # macOS refuses some of them
        resource.setrlimit(kind, (most, most if hard is None else hard))


def shut_files_and_network(temp_folder: str | None) -> None:
    """Landlock: no file can be opened, made or removed from now on but in `temp_folder`, and no TCP connection be made."""
    if not IS_LINUX:
        return
    libc = ctypes.CDLL(None)
    version = libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return  # an older kernel: the other fences stand alone
    files = (1 << _FILE_RIGHTS.get(version, 16)) - 1
    rules = _Ruleset(files, 3 if version >= _TCP_SINCE else 0, 3 if version >= _SCOPES_SINCE else 0)
    ruleset = libc.syscall(_LANDLOCK_CREATE_RULESET, ctypes.byref(rules), _size_known_to(version), 0)
    if temp_folder:
        folder = os.open(temp_folder, os.O_RDONLY)
        beneath = _BeneathPath(files, folder)
        libc.syscall(_LANDLOCK_ADD_RULE, ruleset, 1, ctypes.byref(beneath), 0)
        os.close(folder)
    libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _size_known_to(version: int) -> int:
    """Bytes of the ruleset that this version of Landlock reads."""
    return 24 if version >= _SCOPES_SINCE else 16 if version >= _TCP_SINCE else 8
