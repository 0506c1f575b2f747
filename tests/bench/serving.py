"""A dashboard and its data for the benchmarks of what people see: real versions to publish one after the other, and what the process takes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.refresh import Pipelines
from tests.bench import made_up
from tests.browsing import PROJECT, free_port, wait_until_served
from warehouse.connection import numbered_versions
from warehouse.settings import load

KEPT_VERSIONS = 3


@dataclass
class Server:
    """A running Streamlit server."""

    address: str
    pid: int

    @property
    def megabytes(self) -> float:
        """Resident memory now."""
        return self._status("VmRSS")

    @property
    def most_megabytes(self) -> float:
        """Resident memory at its highest."""
        return self._status("VmHWM")

    @property
    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _status(self, name: str) -> float:
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


@contextmanager
def server(script: str, *arguments: str) -> Iterator[Server]:
    """A script on a Streamlit server of its own, from the project's folder, with its settings of Streamlit and of memory (see pipelines/start.py)."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", script, f"--server.port={port}", "--", *arguments]
    environment = {**os.environ, "MALLOC_ARENA_MAX": "2"}
    process = subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    try:
        wait_until_served(port)
        yield Server(f"http://127.0.0.1:{port}", process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:  # still at work for viewers who are gone
            process.kill()
            process.wait()


def versions(folder: Path, tickets: int, count: int) -> list[Path]:
    """So many versions of a loaded desk, a real batch apart, under `versions/`: made once, and published by `published`."""
    kept = folder / "versions"
    kept.mkdir(exist_ok=True)
    found = sorted(kept.glob("*.duckdb"))
    if len(found) >= count:
        return found[:count]
    pipelines = Pipelines(load(folder / "support.toml"))
    try:
        for number in range(len(found), count):
            made_up.write_batch(folder / "exports", tickets, 1000 + number)
            found.append(_version(pipelines, kept / f"{number:03d}.duckdb"))
    finally:
        pipelines.close()
    return found


def _version(pipelines: Pipelines, path: Path) -> Path:
    """One more version, hard-linked: a published file is never written again."""
    report = pipelines.run("bench")
    while report is not None and report.version is None:
        time.sleep(1)  # copying takes at most its share of the writer's time
        report = pipelines.run("bench")
    if report is None or report.state != "done":
        raise RuntimeError(f"a batch could not be published: {report}")
    os.link(pipelines.folder / f"warehouse-{report.version}.duckdb", path)
    return path


@contextmanager
def published(folder: Path, made: list[Path], every_seconds: float) -> Iterator[None]:
    """Publishes the versions made in turn, under ever new numbers, as the pipelines do: by a rename."""
    stop = threading.Event()

    def publish() -> None:
        turn = 0
        while not stop.wait(every_seconds):
            present = numbered_versions(folder)
            number = max(present, default=0) + 1
            link = folder / f".publishing-{number}.duckdb"
            link.unlink(missing_ok=True)
            os.link(made[turn % len(made)], link)
            link.rename(folder / f"warehouse-{number}.duckdb")
            for old in sorted(present)[: -KEPT_VERSIONS + 1]:
                present[old].unlink()
            turn += 1

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@dataclass
class Readings:
    """Memory and CPU of a server, once a second."""

    megabytes: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)


@contextmanager
def read_every_second(running: Server) -> Iterator[Readings]:
    readings, stop = Readings(), threading.Event()

    def read() -> None:
        while not stop.wait(1):
            readings.megabytes.append(running.megabytes)
            readings.cpu_seconds.append(running.cpu_seconds)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield readings
    finally:
        stop.set()
        thread.join()
