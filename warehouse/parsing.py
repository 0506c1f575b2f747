"""SQL texts that are run again and again are parsed once: reading a text takes DuckDB 2.0 about 0.4 ms a kilobyte, more than running many of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from threading import Lock
from types import TracebackType
from typing import Any, Self, cast

import duckdb

# A parsed text takes some 60 kB. A run of the pipelines has some 200 that come again; those that name files never do, and go first.
MOST_TEXTS = 300
_lock = Lock()


@lru_cache(MOST_TEXTS)
def parsed(sql: str) -> duckdb.Statement | str:
    """What any connection can execute in place of the text: its statement, or the text itself where it holds several or none.

    Raises duckdb.ParserException as executing the text would.
    """
    with _lock:
        statements = _parser().extract_statements(sql)
    return statements[0] if len(statements) == 1 else sql


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config={"threads": 1})


class ParsingOnce:
    """A connection that executes what `parsed` gives; everything else is the connection's own."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Mapping[str, Any] | Sequence[Any] | None = None) -> duckdb.DuckDBPyConnection:
        return self._connection.execute(parsed(sql), values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._connection.close()


def parsing_once(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The connection as ParsingOnce, for whoever takes a connection."""
    return cast(duckdb.DuckDBPyConnection, ParsingOnce(connection))
