"""The dashboard's side of a process that runs one query: starting it, asking it, reading what it answers, ending it."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from warehouse.errors import FolderError, QueryRefused
from warehouse.settings import Sql

_PROJECT = Path(__file__).resolve().parents[1]
# numpy is left out: Arrow does without, and a third of the time to start goes.
_BEGIN = (
    "import sys; sys.path.insert(0, sys.argv[1]); sys.modules['numpy'] = None; from warehouse import fences; fences.end_with_parent(); "
    "fences.give_way(); from warehouse.worker import main; main()"
)
_UNITS = {"MB": 10**6, "GB": 10**9, "MiB": 2**20, "GiB": 2**30}
_BYTES_A_CELL, _LEAST_BYTES = 16, 64 << 20
_HEADER_BYTES = 1 << 20
_CHUNK = 1 << 20
_START_SECONDS = 60.0
_TEMP_PREFIX = "support-sql-"


def bytes_of(size: str) -> int:
    """Bytes from `512MB`, `1.5GiB` and the like."""
    number, unit = re.fullmatch(r"([\d.]+)\s*(\w+)", size).groups()  # type: ignore[union-attr]
    return int(float(number) * _UNITS[unit])


@dataclass(frozen=True)
class Request:
    """What to run, on which data folder, within which limits."""

    sql: str
    values: Mapping[str, object]
    folder: Path
    limits: Sql

    @property
    def most_bytes(self) -> int:
        """Of a result, on its way from the process."""
        return _LEAST_BYTES + _BYTES_A_CELL * self.limits.cells

    def encoded(self, temp_folder: str | None) -> bytes:
        """A line of JSON and the values as one row of Arrow. Raises QueryRefused for a value that SQL has no type for."""
        try:
            row = pa.table({name: pa.array([value]) for name, value in self.values.items()} | {"": [None]})
        except (pa.ArrowException, TypeError) as error:
            raise QueryRefused(f"A value cannot be given to SQL: {error}") from error
        values = pa.BufferOutputStream()
        with pa.ipc.new_stream(values, row.schema) as stream:
            stream.write_table(row)
        limits = self.limits
        line = {
            "sql": self.sql,
            "folder": str(self.folder),
            "seconds": limits.seconds,
            "memory": bytes_of(limits.memory),
            "threads": limits.threads,
            "rows": limits.rows,
            "cells": limits.cells,
            "bytes": self.most_bytes,
            "temp_space": bytes_of(limits.temp_space),
            "temp_folder": temp_folder,
        }
        content: bytes = values.getvalue().to_pybytes()
        return json.dumps(line | {"values_bytes": len(content)}).encode() + b"\n" + content


@dataclass
class Answer:
    """What has come from the process so far: lines of JSON, then Arrow."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    content: bytearray = field(default_factory=bytearray)

    @property
    def state(self) -> str:
        """ready, reading, refused or done: the last that the process said."""
        return str(self.lines[-1]["state"]) if self.lines else ""

    def add(self, chunk: bytes) -> None:
        """Takes lines up to the one after which Arrow comes. Raises ValueError for what is no answer."""
        self.content += chunk
        while self.state not in {"refused", "done"} and (end := self.content.find(b"\n")) >= 0:
            line = json.loads(self.content[:end])
            del self.content[: end + 1]
            self.lines.append(line if line.get("state") else {"state": ""})
        if self.state != "done" and len(self.content) > _HEADER_BYTES:
            raise ValueError("an endless line")


class QueryProcess:
    """A process that has loaded everything, holds no file open, and waits for its one query."""

    def __init__(self) -> None:
        self.answer = Answer()
        self.temp_folder: str | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _BEGIN, str(_PROJECT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={},
            bufsize=0,
        )
        until = time.monotonic() + _START_SECONDS
        while not self.answer.lines:
            if not self.receive(1.0) or time.monotonic() > until:
                self.end()
                raise FolderError("The process for ad-hoc SQL does not start: see that requirements.txt is installed")

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """Ends it without waiting; `end` is still to be called."""
        self._process.kill()

    def ask(self, request: Request) -> None:
        """Hands over the one query. Raises BrokenPipeError where the process has gone."""
        if self._process.poll() is not None:
            raise BrokenPipeError
        if bytes_of(request.limits.temp_space):
            self.temp_folder = tempfile.mkdtemp(prefix=f"{_TEMP_PREFIX}{os.getpid()}-")
        assert self._process.stdin
        self._process.stdin.write(request.encoded(self.temp_folder))

    def receive(self, seconds: float) -> bool:
        """Waits so long for more of the answer; False once there is no more to come."""
        assert self._process.stdout
        waiting = select.poll()  # not select(): it fails above 1,024 open files
        waiting.register(self._process.stdout, select.POLLIN)
        if not waiting.poll(seconds * 1000):
            return True
        chunk = self._process.stdout.read(_CHUNK)
        if chunk:
            self.answer.add(chunk)
        return bool(chunk)

    def end(self, patience: float = 0.0) -> int:
        """Lets it end by itself for so many seconds, kills it, waits until it is gone, and gives its exit code."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self._process.kill()
        code = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            pipe.close()
        if self.temp_folder:
            shutil.rmtree(self.temp_folder, ignore_errors=True)
        return code


def clear_leftovers() -> None:
    """Removes the temp folders of dashboards that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_TEMP_PREFIX}*-*"):
        try:
            os.kill(int(folder.name.removeprefix(_TEMP_PREFIX).partition("-")[0]), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (ValueError, PermissionError):
            continue  # not ours
