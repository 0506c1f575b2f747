"""Everything with one command: the made-up help desk, the pipelines and the dashboard, until Ctrl-C stops them all."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pipelines.lock import FolderLock
from warehouse.errors import FolderError
from warehouse.settings import Settings

PROJECT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 600
STOP_SECONDS = 10
# glibc keeps a heap a thread, and what is free between two things in use stays: two fifths of the dashboard's were holes.
# It is read as a process starts, so a process cannot set its own.
FEW_HEAPS = {"MALLOC_ARENA_MAX": "2"}


def start(settings_file: Path, settings: Settings) -> int:
    """Starts the parts one after the other, prints the address, and waits; returns the exit code.

    Raises FolderError where the port is taken, the data folder cannot be written, or is in use.
    """
    _refuse_taken_port(settings)
    lock = FolderLock(settings.data.folder, "start", "the dashboard and the pipelines")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    parts = Parts(settings_file, stop)
    try:
        return _start_parts(parts, settings, stop)
    finally:
        parts.stop()
        lock.release()


def _start_parts(parts: Parts, settings: Settings, stop: threading.Event) -> int:
    if settings.sample:
        print(f"Writing {settings.sample.days} days of a made-up help desk to {settings.sample.folder} …", flush=True)
        parts.begin("made-up help desk", [sys.executable, "-m", "pipelines", "sample", "--live"])
        parts.wait_until(settings.sample.marker.is_file)
    print("Loading …", flush=True)
    parts.begin("pipelines", [sys.executable, "-m", "pipelines", "serve"])
    parts.wait_until(lambda: (settings.data.folder / "warehouse.duckdb").exists())
    address = f"http://{settings.dashboard.address}:{settings.dashboard.port}"
    parts.begin(
        "dashboard", [sys.executable, "-m", "streamlit", "run", str(PROJECT / "dashboard.py"), *_served_at(settings)]
    )
    parts.wait_until(lambda: _answers(f"{address}/_stcore/health"))
    if not stop.is_set() and not parts.ended():
        print(
            f"\n  Dashboard: {address}\n  Data:      {settings.data.folder}\n  Ctrl-C stops everything.\n", flush=True
        )
    while not stop.wait(0.3):
        ended = parts.ended()
        if ended:
            print(f"The {ended} ended by itself; the rest is stopped. Its own words stand above.", file=sys.stderr)
            return 1
    return 0


def _served_at(settings: Settings) -> list[str]:
    return [
        f"--server.address={settings.dashboard.address}",
        f"--server.port={settings.dashboard.port}",
        "--logger.level=warning",
    ]


class Parts:
    """The processes that were started, stopped together in reverse order."""

    def __init__(self, settings_file: Path, stop: threading.Event) -> None:
        self._environment = {
            **FEW_HEAPS,
            **os.environ,
            "SUPPORT_SETTINGS": str(settings_file.resolve()),
            "PYTHONUNBUFFERED": "1",
        }
        self._stop = stop
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def begin(self, name: str, command: list[str]) -> None:
        """Starts a part in a session of its own, so that Ctrl-C reaches it once, through `stop`."""
        if self._stop.is_set() or self.ended():
            return
        quiet = subprocess.DEVNULL if name != "pipelines" else None
        self._processes[name] = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=self._environment,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=quiet,
            preexec_fn=_die_with_parent,
        )

    def ended(self) -> str | None:
        """The name of a part that is no longer running."""
        return next((name for name, process in self._processes.items() if process.poll() is not None), None)

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Waits until `ready`, a part ends, or everything is to stop."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not ready() and not self.ended() and not self._stop.wait(0.1):
            if time.monotonic() > deadline:
                raise FolderError(f"{list(self._processes)[-1]} is not ready after {PATIENCE_SECONDS} s")

    def stop(self) -> None:
        for process in reversed(self._processes.values()):
            _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._processes.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(process, signal.SIGKILL)
                process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it may have ended by itself
        os.killpg(process.pid, number)


def _die_with_parent() -> None:
    """On Linux a part ends when the starter is killed outright, so that nothing is left running."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _refuse_taken_port(settings: Settings) -> None:
    where = (settings.dashboard.address, settings.dashboard.port)
    with socket.socket(socket.AF_INET6 if ":" in where[0] else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(where)
        except OSError as error:
            raise FolderError(
                f"the dashboard cannot listen on {where[0]}:{where[1]}: {error.strerror}. Set another port in support.toml under [dashboard]"
            ) from error


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as response:  # noqa: S310 - our own http:// address
            return bool(response.status == 200)
    except OSError:
        return False
