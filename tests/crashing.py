"""Starts commands of the pipelines cheaply, and kills them (SIGKILL) at a moment of a step: `python -m tests.crashing` is the starter.

It imports everything once and forks a process a command: a start costs milliseconds instead of seconds. Before a process is forked no
database is open. In the process a profile function follows which step is under way, and counts its effects: statements of DuckDB and calls
to the system that write, name, send or remove. A process is killed either at an effect, right before or right after it, by itself; or at any
time within a step, by the starter, which is told when the step begins.
"""

from __future__ import annotations

import gc
import json
import mmap
import os
import random
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from pkgutil import resolve_name
from types import FrameType
from typing import Any

import duckdb

PROJECT = Path(__file__).resolve().parents[1]
# Steps by what does them. What a step calls is its own, but for steps within it.
STEPS = {
    "opening": "pipelines.refresh:Pipelines._open",
    "pulling": "pipelines.sources.remote:pull_one",
    "landing": "pipelines.refresh:Pipelines._take_in",
    "noting": "pipelines.refresh:Pipelines.run",
    "erasing": "pipelines.refresh:Pipelines._erase",
    "loading": "pipelines.refresh:Pipelines._load",
    "building": "warehouse.building:build",
    "checking": "warehouse.checking:run_checks",
    "rewriting": "pipelines.refresh:Pipelines._rewrite",
    "checkpoint": "warehouse.publishing:publish",
    "copying": "warehouse.copying:copy",
    "proving": "warehouse.publishing:_prove",
    "renaming": "warehouse.publishing:_point_public_name",
    "sweeping": "warehouse.publishing:_sweep",
    "upkeep": "pipelines.refresh:Pipelines.keep_up",
}
NAMES = list(STEPS)
# Once the copy is proven, what publishing still does is naming it.
AFTER = {"proving": "renaming"}
# What leaves a trace that another process, or the next one, could find.
EFFECTS = {
    "posix": {"chmod", "fsync", "link", "mkdir", "open", "pwrite", "rename", "replace", "rmdir", "sync", "unlink", "utime"},
    "fcntl": {"ioctl", "fcntl", "flock"},
    "BufferedWriter": {"write", "close"},
    "FileIO": {"write", "truncate", "close"},
    "TextIOWrapper": {"write", "close"},
    "socket": {"connect", "sendall", "send", "recv"},
    "_io": {"open"},
}  # fmt: skip
# DuckDB's own methods are no functions that a profile function hears of.
STATEMENTS = ("execute", "executemany", "sql", "close")
# What is kept of a process where both can see it: the step under way, and how many effects it had in all.
SEEN = struct.Struct("ii")


@dataclass(frozen=True)
class Moment:
    """When to kill: at the n-th effect of a step, before or after it; or so many seconds after a step began.

    With `ballast`, a path, it is not killed: when the step begins, the disk is filled with a file there.
    """

    step: str
    effect: int = 0
    is_after: bool = False
    seconds: float = 0.0
    ballast: str | None = None

    @property
    def is_told(self) -> bool:
        """Whether the starter kills, when the step is said to have begun."""
        return not self.effect and not self.ballast


@dataclass
class Ended:
    """How a process ended: its exit code (-9: killed), the step it was in, and of one that went through, each step's effects and seconds."""

    code: int
    step: str | None
    said: str
    steps: dict[str, tuple[int, float]] = field(default_factory=dict)


# In the process


class Watch:
    """Follows the steps of this process, and ends it at a moment."""

    def __init__(self, moment: Moment | None, seen: mmap.mmap, bell: int) -> None:
        self.moment, self.seen, self.bell = moment, seen, bell
        self.codes = {resolve_name(name).__code__: step for step, name in STEPS.items()}
        self.under_way: list[str] = []
        self.counts: dict[str, int] = dict.fromkeys(STEPS, 0)
        self.seconds: dict[str, float] = dict.fromkeys(STEPS, 0.0)
        self._since = time.monotonic()

    def hear(self, frame: FrameType, event: str, argument: Any) -> None:
        """A profile function: called at each call and return, of Python and of C."""
        if event == "call":
            if step := self.codes.get(frame.f_code):
                self._enter(step)
        elif event == "return":
            if frame.f_code in self.codes:
                self._leave()
        elif self.under_way and _is_effect(argument):
            self.count(is_after=event != "c_call")

    def listen(self) -> None:
        """From now on, in every thread."""
        for name in STATEMENTS:
            setattr(duckdb.DuckDBPyConnection, name, self._told(getattr(duckdb.DuckDBPyConnection, name)))
        threading.setprofile(self.hear)
        sys.setprofile(self.hear)

    def _told(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(connection: duckdb.DuckDBPyConnection, *arguments: Any, **named: Any) -> Any:
            if not self.under_way:
                return method(connection, *arguments, **named)
            self.count(is_after=False)
            returned = method(connection, *arguments, **named)
            self.count(is_after=True)
            return returned

        return call

    def _enter(self, step: str) -> None:
        self._clock()
        self.under_way.append(step)
        self._show()

    def _leave(self) -> None:
        self._clock()
        left = self.under_way.pop()
        if self.under_way and left in AFTER:
            self.under_way[-1] = AFTER[left]
        self._show()

    def _clock(self) -> None:
        now = time.monotonic()
        if self.under_way:
            self.seconds[self.under_way[-1]] += now - self._since
        self._since = now

    def _show(self) -> None:
        step = self.under_way[-1] if self.under_way else None
        self.seen[: SEEN.size] = SEEN.pack(NAMES.index(step) if step else -1, sum(self.counts.values()))
        if not self.moment or step != self.moment.step:
            return
        if self.moment.is_told:
            os.write(self.bell, b"!")
        elif self.moment.ballast:
            fill(Path(self.moment.ballast))

    def count(self, is_after: bool) -> None:
        """An effect is about to be, or has been."""
        step = self.under_way[-1]
        self.counts[step] += not is_after
        moment = self.moment
        if moment and moment.effect == self.counts[step] and (moment.step, moment.is_after) == (step, is_after):
            os.kill(os.getpid(), signal.SIGKILL)


def fill(ballast: Path) -> None:
    """Writes a file until nothing more goes on its disk."""
    with ballast.open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass


def _is_effect(function: Any) -> bool:
    owner = getattr(function, "__self__", None)
    name = owner.__name__ if isinstance(owner, type(os)) else type(owner).__name__
    return name in EFFECTS and function.__name__ in EFFECTS[name]


def _be_the_process(line: list[str], moment: Moment | None, seen: mmap.mmap, bell: int, log: Path) -> None:
    from pipelines import __main__ as program

    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    watch = Watch(moment, seen, bell)
    watch.listen()
    code = program.main(line)
    sys.setprofile(None)
    steps = {step: (watch.counts[step], watch.seconds[step]) for step in STEPS}
    log.with_suffix(".steps").write_text(json.dumps(steps), encoding="utf-8")
    os._exit(code)


# The starter


def _serve() -> None:
    """Forks a process for each line of its input, and answers with a line once it has ended."""
    from pipelines import __main__ as program
    from tests.bench import made_up  # noqa: F401 - what it imports late is imported once
    from warehouse import upkeep

    assert program
    upkeep.ROWS_A_GROUP = 64  # a small desk has as many slices as a large one
    upkeep.LARGEST_FILE = 0.5
    gc.collect()
    gc.freeze()
    seen = mmap.mmap(-1, SEEN.size)
    for line in sys.stdin:
        request = json.loads(line)
        moment = Moment(**request["moment"]) if request["moment"] else None
        print(json.dumps(asdict(_one(request["line"], moment, seen, Path(request["log"])))), flush=True)
    os._exit(0)


def _one(line: list[str], moment: Moment | None, seen: mmap.mmap, log: Path) -> Ended:
    hears, bell = os.pipe()
    seen[: SEEN.size] = SEEN.pack(-1, 0)
    log.with_suffix(".steps").unlink(missing_ok=True)
    pid = os.fork()
    if pid == 0:
        try:
            _be_the_process(line, moment, seen, bell, log)
        finally:
            os._exit(99)
    os.close(bell)
    if moment and moment.is_told:
        _kill_in_time(pid, hears, moment.seconds)
    _, status = os.waitpid(pid, 0)
    os.close(hears)
    code = os.waitstatus_to_exitcode(status)
    step, _ = SEEN.unpack(seen[: SEEN.size])
    told = log.with_suffix(".steps")
    steps = json.loads(told.read_text(encoding="utf-8")) if told.is_file() else {}
    return Ended(code, NAMES[step] if step >= 0 else None, log.read_text(encoding="utf-8"), steps)


def _kill_in_time(pid: int, hears: int, seconds: float) -> None:
    """Waits until the step begins, or the process has ended, then that long."""
    select.select([hears], [], [])
    if os.read(hears, 1):
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)  # our child, not waited for yet: nobody else's number


# The test's end


class Starter:
    """Runs commands, each in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "process.log"
        command = [sys.executable, "-m", "tests.crashing"]
        self._process = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, line: list[str], moment: Moment | None = None) -> Ended:
        """Runs one command, to its end or to its moment."""
        assert self._process.stdin
        assert self._process.stdout
        request = {"line": line, "moment": asdict(moment) if moment else None, "log": str(self.log)}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()


@contextmanager
def starter(folder: Path) -> Iterator[Starter]:
    made = Starter(folder)
    try:
        yield made
    finally:
        made.close()


def any_moment(step: str, calm: tuple[int, float], chance: random.Random) -> Moment:
    """A moment of a step that has so many effects and takes so many seconds when nothing disturbs it."""
    effects, seconds = calm
    if effects and chance.random() < 0.5:
        return Moment(step, chance.randint(1, effects), chance.random() < 0.5)
    return Moment(step, seconds=chance.random() * seconds)


if __name__ == "__main__":
    _serve()
