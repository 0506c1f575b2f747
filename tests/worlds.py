"""Bad worlds, as real as this machine allows: small disks, folders that cannot be written to, other users, a clock that is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]


# Of root's rights, those by which permissions mean nothing to it.
ANY_FILE = "-dac_override,-dac_read_search"


def run(
    *line: str | Path, before: Sequence[str] = (), environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`python -m pipelines LINE` in a process of its own; `before` is a command that starts it."""
    return subprocess.run(
        [*before, sys.executable, "-m", "pipelines", *map(str, line)],
        cwd=PROJECT,
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A folder on a disk of its own, so large; skips where none can be mounted."""
    with _mounted(["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs"]) as folder:
        yield folder


@contextmanager
def seen_elsewhere(folder: Path, is_read_only: bool = False) -> Iterator[Path]:
    """The same folder under another path, as a container sees one of its host."""
    with _mounted(["--bind", str(folder)]) as other:
        if is_read_only:
            _mount(["-o", "remount,bind,ro", str(other)])
        yield other


@contextmanager
def _mounted(what: Sequence[str]) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="support-world-"))
    try:
        _mount([*what, str(folder)])
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    finally:
        folder.rmdir()


def _mount(arguments: list[str]) -> None:
    if sys.platform != "linux" or os.getuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root on Linux can mount a disk for this test")
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")


def held_to_permissions(folder: Path) -> list[str]:
    """What starts a process to which permissions mean what they say; root is let in everywhere otherwise. Skips where that cannot be."""
    if os.getuid() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("permissions mean nothing to root, and there is no setpriv to take that right away")
    command = ["setpriv", f"--bounding-set={ANY_FILE}"]
    probe = folder / "closed"
    probe.touch(mode=0o000)
    if subprocess.run([*command, "cat", str(probe)], capture_output=True, check=False).returncode == 0:
        pytest.skip("permissions mean nothing to root here")
    probe.unlink()
    return command


def clock_off_by(offset: str) -> dict[str, str]:
    """The environment of a process whose clock is off, such as by "-2d"; the time that has passed stays right."""
    spec = find_spec("libfaketime")
    assert spec
    assert spec.origin
    library = Path(spec.origin).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
    probe = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time())"],
        env={"LD_PRELOAD": str(library), "FAKETIME": "-100d"},
        capture_output=True,
        text=True,
        check=False,
    )
    if probe.returncode or float(probe.stdout or "inf") > time.time() - 99 * 86_400:
        pytest.skip("libfaketime does not work on this system")
    return {"LD_PRELOAD": str(library), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
