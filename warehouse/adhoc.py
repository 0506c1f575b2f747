"""Ad-hoc SQL on the published warehouse, each query in a process of its own that can do nothing else (warehouse/worker.py).

    query = adhoc.start("select channel, count(*) from waits where began_at > $since group by all", {"since": since})
    while (result := query.poll()) is None: ...

A query that is not polled for LEASE_SECONDS is ended: it does not outlive the page that asked.
"""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse.connection import newest_version
from warehouse.errors import FolderError, QueryRefused
from warehouse.query_process import QueryProcess, Request, clear_leftovers
from warehouse.query_results import Result, over_limit, result_of
from warehouse.settings import Sql

__all__ = ["AdHoc", "Query", "Result", "parameters_of"]

LEASE_SECONDS = 3.0
LATE_SECONDS = 0.5  # after the time limit, for a query that does not heed its interruption
ACCEPT_SECONDS = 1.0  # within which a mistake is told by `start` itself
MOST_CHARACTERS = 100_000
_TICK_SECONDS = 0.1
_HEAD_START_SECONDS = 0.15
# The kernel's choice of whom to kill, and an allocation that DuckDB did not expect to fail.
_BROKEN_BY_MEMORY = {-signal.SIGKILL, -signal.SIGABRT}
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")


def parameters_of(sql: str) -> list[str]:
    """Names of the $parameters in order, each once; by DuckDB's tokenizer, so never inside texts and comments."""
    text = sql.encode()
    names = []
    for place, kind in duckdb.tokenize(sql):
        match = _NAME.match(text, place + 1)
        if kind == duckdb.token_type.operator and text[place : place + 1] == b"$" and match:
            names.append(match[0].decode())
    return list(dict.fromkeys(names))


def _check_text(sql: str, values: Mapping[str, object]) -> None:
    if len(sql) > MOST_CHARACTERS:
        raise QueryRefused(f"The text has {len(sql):,} characters; {MOST_CHARACTERS:,} are read", limit="length")
    missing = [name for name in parameters_of(sql) if name not in values]
    if missing:
        raise QueryRefused(f"A value is missing for {', '.join(f'${name}' for name in missing)}")


def _start_soon() -> QueryProcess:
    """The next process, once the query before it has had the processor for itself."""
    time.sleep(_HEAD_START_SECONDS)
    return QueryProcess()


class AdHoc:
    """Ad-hoc SQL on the warehouse of one data folder, within limits. One process is kept ready, which holds no file open."""

    def __init__(self, folder: Path, limits: Sql) -> None:
        clear_leftovers()
        self._folder = folder.resolve()
        self._limits = limits
        self._places = threading.BoundedSemaphore(limits.at_once)
        # A process ends with the thread that started it (warehouse/fences.py): this one lives as long as we do.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="adhoc")
        self._lock = threading.Lock()
        self._spare: Future[QueryProcess] = self._starter.submit(QueryProcess)

    def start(self, sql: str, values: Mapping[str, object] = {}) -> Query:
        """Starts a query; `values` are those of its named parameters.

        Raises QueryRefused where it is no statement that reads, where a value is missing or too many run, and NoWarehouse.
        """
        newest_version(self._folder)
        _check_text(sql, values)
        request = Request(sql, {name: values[name] for name in parameters_of(sql)}, self._folder, self._limits)
        if not self._places.acquire(blocking=False):
            at_once = self._limits.at_once
            raise QueryRefused(
                f"{at_once} queries run already, as many as may at once: wait for one to end", limit="at once"
            )
        try:
            process = self._asked_process(request)
        except BaseException:
            self._places.release()
            raise
        query = Query(process, request, self._places)
        query.accepted()
        return query

    def _asked_process(self, request: Request) -> QueryProcess:
        """The process that was ready, with its query; another where it has gone meanwhile."""
        for _ in range(2):
            with self._lock:
                spare, self._spare = self._spare, self._starter.submit(_start_soon)
            process = spare.result()
            try:
                process.ask(request)
                return process
            except BrokenPipeError:
                process.end()
            except BaseException:
                process.end()
                raise
        raise FolderError("The process for ad-hoc SQL ends before it is asked: see the machine's memory")

    def close(self) -> None:
        """Ends the process that is kept ready; running queries end with their leases."""
        with self._lock:
            self._starter.shutdown()
            if self._spare.exception() is None:
                self._spare.result().end()


class Query:
    """One query on its way. Its process is followed by a thread, which ends it at a limit, or when nobody polls any more."""

    def __init__(self, process: QueryProcess, request: Request, places: threading.BoundedSemaphore) -> None:
        self._process, self._request, self._places = process, request, places
        self._began = self._polled = time.monotonic()
        self._ended: float | None = None
        self._ended_by: str | None = None
        self._outcome: Result | QueryRefused | None = None
        self._accepted, self._over = threading.Event(), threading.Event()
        threading.Thread(target=self._follow, name="adhoc-query", daemon=True).start()

    @property
    def seconds(self) -> float:
        """How long it has been running, or ran, with the start and the way of its result."""
        return (self._ended or time.monotonic()) - self._began

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    def poll(self) -> Result | None:
        """The result, or None while it runs; renews the lease. Raises QueryRefused where it failed, was stopped or went over a limit."""
        self._polled = time.monotonic()
        if not self._over.is_set():
            return None
        if isinstance(self._outcome, QueryRefused):
            raise self._outcome
        return self._outcome

    def wait(self, seconds: float) -> Result | None:
        """Polls for so long."""
        until = time.monotonic() + seconds
        while (result := self.poll()) is None and time.monotonic() < until:
            self._over.wait(min(1.0, max(0.0, until - time.monotonic())))
        return result

    def stop(self) -> None:
        """Ends it; returns at once."""
        self._end("stopped")

    def accepted(self) -> None:
        """Returns once the statement is known to read, or has not been looked at in ACCEPT_SECONDS; else raises QueryRefused."""
        self._accepted.wait(ACCEPT_SECONDS)
        if isinstance(self._outcome, QueryRefused):
            raise self._outcome

    def _end(self, reason: str) -> None:
        if self._ended_by is None and not self._over.is_set():
            self._ended_by = reason
            self._process.kill()

    def _follow(self) -> None:
        try:
            code = self._collect()
            self._outcome = self._outcome_of(code)
        except (ValueError, KeyError, pa.ArrowException) as error:
            self._outcome = QueryRefused(f"The result cannot be read: {error}")
        finally:
            self._ended = time.monotonic()
            self._places.release()
            self._over.set()
            self._accepted.set()

    def _collect(self) -> int:
        """Reads the answer to its end, and gives the exit code."""
        answer = self._process.answer
        try:
            while self._process.receive(_TICK_SECONDS):
                self._watch_limits()
                if answer.state in {"reading", "done"}:
                    self._accepted.set()
        except BaseException:
            self._process.end()
            raise
        return self._process.end(LATE_SECONDS)

    def _watch_limits(self) -> None:
        now = time.monotonic()
        if now - self._began > self._request.limits.seconds + LATE_SECONDS:
            self._end("time")
        if now - self._polled > LEASE_SECONDS:
            self._end("lease")
        if len(self._process.answer.content) > self._request.most_bytes * 2:
            self._end("size")

    def _outcome_of(self, code: int) -> Result | QueryRefused:
        line = self._process.answer.lines[-1]
        if self._ended_by:
            return over_limit(self._ended_by, self._request.limits)
        if line["state"] == "done" and code == 0:
            return result_of(line, bytes(self._process.answer.content))
        if line["state"] == "refused" and line["limit"]:
            return over_limit(line["limit"], self._request.limits)
        if line["state"] == "refused":
            return QueryRefused(line["message"], line["line"], line["column"])
        if code == -signal.SIGXCPU:
            return over_limit("time", self._request.limits)
        if code in _BROKEN_BY_MEMORY:
            return over_limit("memory", self._request.limits)
        return QueryRefused("The query brought its process down: write it another way")
