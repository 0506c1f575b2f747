"""What DuckDB says about somebody's SQL, as one line for them, with the place in their text."""

from __future__ import annotations

import json
import re

import duckdb
import pyarrow as pa

from warehouse.errors import QueryRefused
from warehouse.reads import place_of

_PATH = re.compile(r"(?<![\w./])(?:/[\w.@+-]+){2,}")


def mistake(error: Exception, sql: str, shift: int = 0) -> QueryRefused:
    """The refusal that an error of DuckDB stands for. `shift`: bytes that stood before the person's text."""
    text, position = _parts(error)
    if limit := _limit(error, text):
        return QueryRefused("", limit=limit)
    if isinstance(error, duckdb.PermissionException):
        text = "Files, addresses and settings are not open to queries here: only the warehouse is"
    line, column = place_of(sql, position - shift if position is not None else None)
    return QueryRefused(_one_line(text, sql), line, column)


def _limit(error: Exception, text: str) -> str | None:
    if isinstance(error, duckdb.InterruptException):
        return "time"
    if "max_temp_directory_size" in text:
        return "temp space"
    out_of_memory = isinstance(error, (MemoryError, duckdb.OutOfMemoryException, pa.ArrowMemoryError))
    return "memory" if out_of_memory or "std::bad_alloc" in text or "bad allocation" in text else None


def _parts(error: Exception) -> tuple[str, int | None]:
    """Text and byte position of an error; DuckDB gives them as JSON (errors_as_json)."""
    _, _, rest = str(error).partition(" Error: ")
    try:
        said = json.loads(rest)
    except ValueError:
        return rest or str(error), None
    position = said.get("position")
    return str(said["exception_message"]), int(position) if position is not None else None


def _one_line(text: str, sql: str) -> str:
    """The first lines of a message as one, without paths of this machine."""
    said = re.sub(r"\s*\n\s*", ". ", text.split("\n\n")[0]).replace("!.", ".").strip()
    return _PATH.sub(lambda path: path[0] if path[0] in sql else "…", said)
