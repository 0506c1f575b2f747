"""What every metric means, read from the comments of the macros in the file: for the glossary page and docs/metrics.md.

`python -m warehouse.glossary docs/metrics.md` writes the page anew.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from warehouse import statistics
from warehouse.building import create_schema

# Fields that every comment has, one a line as `field: text`; `source`, whose formula it is, where it is somebody's.
REQUIRED = ("family", "definition", "unit", "clock", "population", "date", "direction", "call", "example")
OPTIONAL = ("source",)
DIRECTIONS = ("higher is better", "lower is better", "neither")
CLOCKS = ("calendar", "business", "calendar or business", "none")

FAMILIES = {
    "time": "Time",
    "share": "Share",
    "score": "Score",
    "volume": "Volume",
    "interval": "Interval",
    "rows": "Rows and tables",
}

_MACROS = """
select
    function_name as name,
    function_type = 'table_macro' as is_table,
    parameters,
    comment,
from duckdb_functions()
where not internal and function_type in ('macro', 'table_macro') and database_name = current_database()
order by function_name"""

_HEAD = """# Metrics

What each figure means, made from the comments of the macros in `warehouse/metrics/` by `python -m warehouse.glossary docs/metrics.md`.
They are in every published file: open it with any DuckDB client from 1.5 on and call them in any `group by`. Where the file is attached
to another database, say `use` first: macros call each other. Whatever should not count belongs into `where`.

Durations are seconds, shares 0 to 1, instants UTC. Of nothing, a count is 0 and everything else null: never 0 %, never 100 %.
"""

_STATISTICS_HEAD = """## Statistics

Functions of `warehouse/statistics.py`, for what one line of SQL does not say.
"""


def read(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """One row per macro of the file, by family and name: name, is_table, parameters, and a column per field of its comment (None where it lacks one)."""
    macros = connection.execute(_MACROS).df()
    fields = [parse(comment) for comment in macros["comment"]]
    found = macros.drop(columns="comment").join(pd.DataFrame(fields, columns=[*REQUIRED, *OPTIONAL], dtype=object))
    order = {name: place for place, name in enumerate(FAMILIES)}
    return found.sort_values("family", kind="stable", ignore_index=True, key=lambda families: families.map(order))


def parse(comment: Any) -> dict[str, str | None]:
    """The fields of a comment; a line that begins with none of them belongs to no field and is dropped."""
    lines = [line.partition(": ") for line in comment.splitlines()] if isinstance(comment, str) else []
    said = {field: text.strip() for field, _, text in lines}
    return {field: said.get(field) or None for field in (*REQUIRED, *OPTIONAL)}


def search(macros: pd.DataFrame, words: str) -> pd.DataFrame:
    """The rows in which every word occurs somewhere, in capitals or not."""
    texts = row_texts(macros)
    wanted = [texts.str.contains(word, regex=False) for word in words.lower().split()]
    return macros[pd.concat(wanted, axis=1).all(axis=1)] if wanted else macros


def row_texts(frame: pd.DataFrame) -> pd.Series:
    """All that stands in each row, in small letters."""
    rows = frame.fillna("").astype(str).to_numpy(dtype=object)
    return pd.Series([" ".join(row).lower() for row in rows], index=frame.index, dtype=object)


def of_this_code() -> pd.DataFrame:
    """What `read` gives for a file made by the code as it is."""
    with duckdb.connect() as connection:
        create_schema(connection, "UTC")
        return read(connection)


def markdown(macros: pd.DataFrame) -> str:
    """The whole page."""
    families = [_family(title, macros[macros["family"] == name]) for name, title in FAMILIES.items()]
    functions = [_function(function) for function in _statistics()]
    return "\n".join([_HEAD, *families, _STATISTICS_HEAD, *functions])


def _family(title: str, macros: pd.DataFrame) -> str:
    return "\n".join([f"## {title}\n", *(_macro(row) for row in macros.to_dict("records"))])


def _macro(row: dict[Any, Any]) -> str:
    facts = {
        "Unit": row["unit"],
        "Clock": row["clock"],
        "Counts": row["population"],
        "Dated by": row["date"],
        "Direction": row["direction"],
        "Source": row["source"],
    }
    lines = [f"- {label}: {text}" for label, text in facts.items() if text]
    return "\n".join(
        [f"### `{row['call']}`\n", f"{row['definition']}\n", *lines, "", f"```sql\n{row['example']}\n```\n"]
    )


def _statistics() -> list[Callable[..., Any]]:
    """Public functions of statistics.py in the order they stand there."""
    found = [item for _, item in inspect.getmembers(statistics, inspect.isfunction)]
    ours = [item for item in found if item.__module__ == statistics.__name__ and not item.__name__.startswith("_")]
    return sorted(ours, key=lambda item: item.__code__.co_firstlineno)


def _function(function: Callable[..., Any]) -> str:
    names = ", ".join(inspect.signature(function).parameters)
    return f"### `{function.__name__}({names})`\n\n{inspect.getdoc(function)}\n"


def write_page(arguments: list[str], page: str, command: str) -> None:
    """Writes the text of a page to the path given; `command` is how that is asked for."""
    if len(arguments) != 1:
        sys.exit(f"Say where to write: {command}")
    path = Path(arguments[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    write_page(sys.argv[1:], markdown(of_this_code()), "python -m warehouse.glossary docs/metrics.md")
