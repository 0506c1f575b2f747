"""Kills a command of the pipelines before one of its steps: python -m tests.killing N [--program MODULE] -- run --settings FILE

A step is what leaves a trace that another process could find: a file of the data folder opened for writing, renamed, linked, removed or made,
anything forced to the disk (fsync, sync), a connection to a server. Before the N-th the process kills itself (SIGKILL), as a machine that
loses power would. A command that ends before prints how many steps there were as its last line, `killing: 57 steps`; N = 0 only counts.
MODULE is what is run instead of `pipelines`: it needs main(arguments) -> exit code.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from warehouse.settings import load

PROJECT = Path(__file__).resolve().parents[1]
PATHS_CHANGED = {"os.rename", "os.link", "os.symlink", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Steps:
    """Counts steps within a folder, and kills this process before the one numbered `deadly`; 0: none is."""

    def __init__(self, folder: Path, deadly: int) -> None:
        self.folder, self.deadly, self.count = str(folder), deadly, 0
        self._lock = threading.Lock()

    def watch(self) -> None:
        for name in ("fsync", "fdatasync", "sync"):
            setattr(os, name, self._counted(getattr(os, name)))
        sys.addaudithook(self._hear)

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any) -> Any:
            self._step()
            return function(*arguments)

        return counted

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        is_step = (
            event == "socket.connect"
            or (event == "open" and _writes(*arguments[1:3]) and self._is_inside(arguments[0]))
            or (event in PATHS_CHANGED and self._is_inside(arguments[0]))
        )
        if is_step:
            self._step()

    def _is_inside(self, path: Any) -> bool:
        return not isinstance(path, int) and os.path.abspath(os.fsdecode(path)).startswith(self.folder)

    def _step(self) -> None:
        with self._lock:
            self.count += 1
            if self.count == self.deadly:
                os.kill(os.getpid(), signal.SIGKILL)


def _writes(mode: str | None, flags: int) -> bool:
    return any(letter in mode for letter in "wax+") if mode else bool(flags & WRITING)


def run(number: int, settings: Path, program: str = "pipelines.__main__") -> tuple[int, int]:
    """Runs `run --settings FILE` in a process of its own until it is killed before step `number`.

    Returns its exit code (-9 where it was killed) and the number of its steps (0 where it was killed).
    """
    command = [sys.executable, "-m", "tests.killing", str(number), "--program", program]
    done = subprocess.run(
        [*command, "--", "run", "--settings", str(settings)], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    said = re.search(r"killing: (\d+) steps", done.stdout)
    assert said or done.returncode == -signal.SIGKILL, done.stderr
    return done.returncode, int(said[1]) if said else 0


def spread(steps: int, sample: int | None) -> list[int]:
    """So many of the numbers from 1 to `steps`, spread evenly, the first and the last among them; None: all of them."""
    if sample is None or sample >= steps:
        return list(range(1, steps + 1))
    return sorted({1 + round(place * (steps - 1) / (sample - 1)) for place in range(sample)})


def main(arguments: list[str]) -> int:
    own, command = arguments[: arguments.index("--")], arguments[arguments.index("--") + 1 :]
    parser = argparse.ArgumentParser(prog="python -m tests.killing")
    parser.add_argument("number", type=int)
    parser.add_argument("--program", default="pipelines.__main__")
    parsed = parser.parse_args(own)
    program = import_module(parsed.program)
    settings = load(Path(command[command.index("--settings") + 1]))
    steps = Steps(settings.data.folder.absolute(), parsed.number)
    steps.watch()
    code: int = program.main(command)
    print(f"killing: {steps.count} steps", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
