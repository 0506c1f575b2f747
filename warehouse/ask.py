"""Asking the published warehouse: `ask("backlog_by_hour", filters)` gives a frame.

One DuckDB a process, to which each version is attached, and a cursor a question: attaching a version costs a fifth of opening it
in a DuckDB of its own. A new version is noticed by `version()`; readers of the one before finish undisturbed.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pandas as pd

from warehouse.connection import READING_MEMORY, newest_version, numbered_versions, read_sql, reader, version_path
from warehouse.errors import NoWarehouse, OtherSchema, TooMuch, UnknownQuestion, line_of
from warehouse.parsing import parsed
from warehouse.percentiles import FINISHED, with_percentile_ends
from warehouse.schema_version import refuse_other
from warehouse.scope import EVERYTHING, Scope, ScopedVersion
from warehouse.series import Grain, Split, series_named, series_sql
from warehouse.sql_text import quoted

# What DuckDB says of a file that it cannot read, or can no more.
DAMAGE = (duckdb.IOException, duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException)
Read = TypeVar("Read")
QUESTIONS = Path(__file__).parent / "questions"
# Texts of `warehouse/` that questions name.
SHARED = ("moments_behind", "open_before")
# Every query leaves some kilobytes in a DuckDB until it is closed (seen on 1.5.6 and 2.0.0).
VERSIONS_A_READER = 30
_PARAMETER = re.compile(r"\$([a-z_]+)")
_COMMENT = re.compile(r"--[^\n]*")


@dataclass(frozen=True)
class Filters:
    """What a page is about. Empty: no restriction. `start` and `end` are UTC instants without a zone, end excluded."""

    start: datetime | None = None
    end: datetime | None = None
    sources: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()

    def parameters(self) -> dict[str, Any]:
        """The values that a question's SQL may name; an empty choice is null."""
        return {
            name: list(value) or None if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }


class Warehouse:
    """The published warehouse of one data folder; a newer version is read once it is there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._version = 0
        self._reader: duckdb.DuckDBPyConnection | None = None
        self._attached: list[int] = []
        self._opened = 0
        self._scoped: ScopedVersion | None = None
        # Versions that cannot be read, with why.
        self._damaged: dict[int, str] = {}
        self._written_ns = 0

    def version(self) -> int:
        """The number of the newest published version that can be read, or of the one still open where that was removed.

        Raises NoWarehouse where there is none.
        """
        versions = {
            number: path for number, path in numbered_versions(self.folder).items() if number not in self._damaged
        }
        newest = max(versions, default=0)
        is_held = self._version > newest and self._version not in self._damaged
        if is_held and (not newest or _written_ns(versions[newest]) <= self._written_ns):
            return self._version
        if newest:
            return newest
        if self._damaged:
            raise NoWarehouse(f"{self.folder} holds no version that can be read: {self._damaged[max(self._damaged)]}")
        return newest_version(self.folder)

    def damage(self) -> str | None:
        """Why `version` is not the newest one that was published, in a sentence; None: it is."""
        if not self._damaged and not self._version:
            return None
        versions = numbered_versions(self.folder)
        newest = max(versions, default=0)
        if newest in self._damaged:
            return f"warehouse-{newest}.duckdb cannot be read ({self._damaged[newest]})"
        if self._version > newest and self._version not in self._damaged and self.version() == self._version:
            return f"warehouse-{self._version}.duckdb was removed"
        return None

    def ask(
        self, question: str, filters: Filters = Filters(), scope: Scope = EVERYTHING, **values: Any
    ) -> pd.DataFrame:
        """The answer of `questions/<question>.sql` as a frame, its columns as the file's first lines say, agents named as `scope` has it;
        of the questions in percentiles.FINISHED, what that makes of it.

        `values` are further parameters that the question names. Raises UnknownQuestion, NoWarehouse, TooMuch, and duckdb.Error
        where a value is missing.
        """
        found = self._answer(question_sql(question), filters.parameters() | values, scope)
        return FINISHED[question](found) if question in FINISHED else found

    def series(
        self,
        name: str,
        filters: Filters,
        grain: Grain | None = None,
        split: Split | None = None,
        zone: str = "UTC",
        within_days: int = 7,
        scope: Scope = EVERYTHING,
    ) -> pd.DataFrame:
        """A metric of CATALOGUE over time: one row per part (value of `split`; null: none given) and bin of the period, in that order.

        Without `split` there is one part, null; without `grain` one row a part, its bin null. Bins are local wall time of `zone`, weeks
        begin on Monday; none is left out between start and end for a part that occurs between them. Columns: part; bin;
        is_complete (it lies wholly in the period; for levels: it was over); value (in the unit of the series; of nothing, a count
        is 0 and everything else null); n, the rows counted; hits, the successes of a share; low and high, 95 % (of shares
        Wilson's, of means and net scores standard errors, of percentiles see warehouse/percentiles.py, of counts none);
        is_known (false: a percentile that is only known to be at least value).
        `within_days` is how long a solved ticket must stay quiet to count as resolved at first contact.

        Raises UnknownQuestion for a name that is not in CATALOGUE, ValueError where bins are asked for without start and end,
        NoWarehouse, TooMuch, and duckdb.Error for a zone that there is none of.
        """
        if grain and (filters.start is None or filters.end is None):
            raise ValueError("bins need the start and the end of the period")
        series = series_named(name)
        values = {"zone": zone, "within_days": within_days}
        return with_percentile_ends(
            self._answer(series_sql(series, grain, split), filters.parameters() | values, scope), series.share
        )

    def read(self, reading: Callable[[duckdb.DuckDBPyConnection], Read]) -> Read:
        """What `reading` makes of a connection to the newest version: for what says nothing of people. Raises NoWarehouse."""

        def run() -> Read:
            with self._cursor() as cursor:
                return reading(cursor)

        return self._again(run)

    def rest(self) -> None:
        """Gives back memory that only makes the next questions faster: for when nobody asks."""
        with self._lock:
            # A version that was removed can only be read while it is open.
            if _written_ns(version_path(self.folder, self._version)):
                self._let_go()

    def _answer(self, sql: str, given: dict[str, Any], scope: Scope) -> pd.DataFrame:
        named = {name: given[name] for name in _PARAMETER.findall(_COMMENT.sub("", sql)) if name in given}
        try:
            return self._again(lambda: self._run(sql, named, scope))
        except duckdb.OutOfMemoryException as error:
            raise TooMuch(
                f"This takes more memory than pages may use at once ({READING_MEMORY}). Choose a shorter period, or fewer channels or teams"
            ) from error

    def _again(self, asking: Callable[[], Read]) -> Read:
        """The answer, of the version before where the newest one cannot be read."""
        try:
            return asking()
        except DAMAGE as error:
            self._give_up(error)
        return asking()

    def _run(self, sql: str, named: dict[str, Any], scope: Scope) -> pd.DataFrame:
        with self._cursor(scope) as cursor:
            return cursor.execute(parsed(sql), named).df()

    def _give_up(self, error: duckdb.Error) -> None:
        """Asks no more of a version whose file cannot be read. One that is merely gone stays readable while it is open.

        Raises `error` again where it has another cause: a DuckDB that stopped for it is begun anew.
        """
        with self._lock:
            is_changed = _written_ns(version_path(self.folder, self._version)) != self._written_ns
            if is_changed or "checksum" in str(error):
                self._damaged[self._version] = line_of(error)
            elif isinstance(error, duckdb.IOException):
                raise error
            self._let_go()

    def _let_go(self) -> None:
        """The next question opens a DuckDB of its own; those that run still have theirs."""
        self._version, self._reader, self._attached, self._scoped = 0, None, [], None

    def _cursor(self, scope: Scope = EVERYTHING) -> duckdb.DuckDBPyConnection:
        with self._lock:
            newest = self.version()
            if newest != self._version:
                self._version = self._attach(newest)
                self._scoped = None
            if scope.is_everything:
                assert self._reader is not None
                cursor = self._reader.cursor()
                cursor.execute(f"use {_name(self._version)}")
                return cursor
            if self._scoped is None:
                self._scoped = ScopedVersion(self.folder, self._version)
            return self._scoped.cursor(scope)

    def _attach(self, version: int) -> int:
        """Attaches `version`, or the one after it where it was swept away between looking and attaching; says which."""
        if self._reader is None or self._opened >= VERSIONS_A_READER:
            self._reader, self._attached, self._opened = reader(self.folder), [], 0
        try:
            self._attach_file(self._reader, version)
        except DAMAGE as error:
            if self.version() == version:
                self._damaged[version] = line_of(error)
            return self._attach(self.version())
        return version

    def _attach_file(self, connection: duckdb.DuckDBPyConnection, version: int) -> None:
        """Attaches a version and lets go of all but the one before it, on which questions may still run."""
        path = version_path(self.folder, version)
        connection.execute(f"attach if not exists {quoted(str(path))} as {_name(version)} (read_only)")
        try:
            refuse_other(connection, path.name, _name(version))
        except OtherSchema:
            connection.execute(f"detach {_name(version)}")
            raise
        self._opened += 1
        self._written_ns = _written_ns(path)
        self._attached = [*(known for known in self._attached if known != version), version]
        for old in self._attached[:-2]:
            connection.execute(f"detach {_name(old)}")
        self._attached = self._attached[-2:]


def _written_ns(path: Path) -> int:
    """When a file was written; 0: it is gone."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _name(version: int) -> str:
    """What an attached version is called."""
    return f"version_{version}"


@cache
def question_sql(question: str) -> str:
    """The text of a question, with the parts that several share; raises UnknownQuestion."""
    path = QUESTIONS / f"{question}.sql"
    if not path.is_file():
        raise UnknownQuestion(f"There is no question {question!r} in {QUESTIONS.name}/")
    text = path.read_text(encoding="utf-8")
    for name in SHARED:
        text = text.replace("{{ " + name + " }}", f"\n{read_sql(name)}")
    return text


@cache
def known_questions() -> dict[str, str]:
    """Every question by name, with what the first lines of its file say of the answer."""
    return {path.stem: _said_first(path.read_text(encoding="utf-8")) for path in sorted(QUESTIONS.glob("*.sql"))}


def _said_first(sql: str) -> str:
    lines = itertools.takewhile(lambda line: line.startswith("--"), sql.splitlines())
    return " ".join(line.removeprefix("--").strip() for line in lines)
