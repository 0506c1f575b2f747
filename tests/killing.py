"""Kills a command of the pipelines before one of its steps: python -m tests.killing N [--set NAME=NUMBER ...] -- run --settings FILE

A step is what leaves a trace that another process could find: a file or folder of the data folder made, opened for writing, renamed, linked
or removed, a connection to a server. (Forcing to the disk leaves none: a killed process loses nothing that it wrote.) Before the N-th the
process kills itself (SIGKILL). A command that ends before prints how many steps there were as its last line, `killing: 57 steps`; N = 0
only counts.
--set gives a constant of a module another value first, such as pipelines.sources.delighted.PAGE=3: a small world has few pages otherwise.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import is_dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from pipelines import __main__ as program
from warehouse.settings import load

PROJECT = Path(__file__).resolve().parents[1]
CHANGES = {"os.rename", "os.link", "os.symlink", "os.remove", "os.rmdir", "os.truncate"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Steps:
    """Counts steps within a folder, and kills this process before the one numbered `deadly`; 0: none is."""

    def __init__(self, folder: Path, deadly: int) -> None:
        self.folder, self.deadly, self.count = str(folder), deadly, 0
        self._lock = threading.Lock()

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook (PEP 578): called before each event."""
        if not self._is_step(event, arguments):
            return
        with self._lock:
            self.count += 1
            if self.count == self.deadly:
                os.kill(os.getpid(), signal.SIGKILL)

    def _is_step(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "open":
            return _writes(*arguments[1:3]) and self._is_inside(arguments[0])
        if event == "os.mkdir":
            return self._is_inside(arguments[0]) and not os.path.exists(arguments[0])
        if event in CHANGES:
            return self._is_inside(arguments[0]) and os.path.lexists(arguments[0])
        return event == "socket.connect"

    def _is_inside(self, path: Any) -> bool:
        return not isinstance(path, int) and os.path.abspath(os.fsdecode(path)).startswith(self.folder)


def _writes(mode: str | None, flags: int) -> bool:
    return any(letter in mode for letter in "wax+") if mode else bool(flags & WRITING)


def command(number: int, settings: Path, constants: Mapping[str, float]) -> list[str]:
    """The command line of a process that runs `run --settings FILE` and is killed before step `number`."""
    given = [text for name, value in constants.items() for text in ("--set", f"{name}={value}")]
    return [sys.executable, "-m", "tests.killing", str(number), *given, "--", "run", "--settings", str(settings)]


def run(number: int, settings: Path, constants: Mapping[str, float]) -> tuple[int, int]:
    """Runs `run --settings FILE` in a process of its own until it is killed before step `number`.

    Returns its exit code (-9 where it was killed) and the number of its steps (0 where it was killed).
    """
    line = command(number, settings, constants)
    done = subprocess.run(line, cwd=PROJECT, capture_output=True, text=True, check=False)
    said = re.search(r"killing: (\d+) steps", done.stdout)
    assert said or done.returncode == -signal.SIGKILL, done.stderr
    return done.returncode, int(said[1]) if said else 0


@contextmanager
def other_constants(constants: Mapping[str, float]) -> Iterator[None]:
    """Gives constants of modules, or attributes of what they hold (`module.NAME.field`), other values meanwhile."""
    before = {name: _set(name, value) for name, value in constants.items()}
    try:
        yield
    finally:
        for name, value in before.items():
            _set(name, value)


def _set(name: str, value: Any) -> Any:
    """Sets it and returns what it was; AttributeError where there is none of that name."""
    holder_name, _, attribute = name.rpartition(".")
    holder = resolve_name(holder_name)
    before = getattr(holder, attribute)
    (object.__setattr__ if is_dataclass(holder) else setattr)(holder, attribute, value)
    return before


def spread(steps: int, sample: int | None) -> list[int]:
    """So many of the numbers from 1 to `steps`, spread evenly, the first and the last among them; None: all of them."""
    if sample is None or sample >= steps:
        return list(range(1, steps + 1))
    return sorted({1 + round(place * (steps - 1) / (sample - 1)) for place in range(sample)})


def main(arguments: list[str]) -> int:
    place = arguments.index("--")
    own, line = arguments[:place], arguments[place + 1 :]
    parser = argparse.ArgumentParser(prog="python -m tests.killing")
    parser.add_argument("number", type=int)
    parser.add_argument("--set", action="append", default=[])
    parsed = parser.parse_args(own)
    constants = {name: float(value) for name, _, value in (text.partition("=") for text in parsed.set)}
    settings = load(Path(line[line.index("--settings") + 1]))
    steps = Steps(settings.data.folder.absolute(), parsed.number)
    with other_constants({name: int(value) if value.is_integer() else value for name, value in constants.items()}):
        sys.addaudithook(steps.hear)
        code = program.main(line)
    print(f"killing: {steps.count} steps", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
