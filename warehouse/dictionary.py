"""What every table, column and macro of the file is, read from their comments: for the dictionary page and docs/dictionary.md.

`python -m warehouse.dictionary docs/dictionary.md` writes the page anew.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pandas as pd

from warehouse import glossary
from warehouse.building import create_schema

# What an entry is, in the order of the page, with its heading.
KINDS = {"table": "Tables and views", "macro": "Macros", "store": "The store"}
_ABOUT = {
    "table": "What people query. Tables and views are alike to a reader: a view adds what depends on the present instant.",
    "macro": "Metrics and what they are made of; a macro whose example stands behind `from` gives a table."
    " Unit, clock, population and direction of each are in [metrics.md](metrics.md).",
    "store": "Schema `store`: delivered rows as the newest file tells them, and what the pipelines note. Tables are made of it.",
}

_TABLES = """
select
    case when schema_name = 'main' then 'table' else schema_name end as kind,
    case when schema_name = 'main' then name else schema_name || '.' || name end as name,
    comment,
from (
    select database_name, schema_name, table_name as name, comment, internal from duckdb_tables()
    union all
    select database_name, schema_name, view_name as name, comment, internal from duckdb_views()
)
where database_name = current_database() and not internal
order by kind, name"""

_COLUMNS = """
select
    case when schema_name = 'main' then table_name else schema_name || '.' || table_name end as entry,
    column_name as name,
    lower(data_type) as type,
    comment as meaning,
from duckdb_columns()
where database_name = current_database() and not internal
order by entry, column_index"""

_HEAD = """# Data dictionary

Every table, column and macro of `data/warehouse.duckdb`, made from the comments in the file by `python -m warehouse.dictionary docs/dictionary.md`.
Any DuckDB client from 1.5 on shows the same comments: `select column_name, comment from duckdb_columns() where table_name = 'waits'`.

Times (`_at`) are UTC instants without a zone, durations (`_seconds`) seconds, shares 0 to 1. "Now" is the source's as-of instant: the latest
that it has told us of. Null means not known or not so, as each column says, and never zero.
"""


@dataclass(frozen=True)
class Dictionary:
    """Frames: entries (kind, name, call, meaning, example; None where a comment is missing), and columns (entry, name, type, meaning)."""

    entries: pd.DataFrame
    columns: pd.DataFrame

    def columns_of(self, entry: str) -> pd.DataFrame:
        """The columns of a table or view, in their order: name, type, meaning. Macros have none."""
        return self.columns[self.columns["entry"] == entry].drop(columns="entry")


def read(connection: duckdb.DuckDBPyConnection) -> Dictionary:
    """The dictionary of an open file."""
    tables = connection.execute(_TABLES).df()
    said = [_parted(comment) for comment in tables.pop("comment")]
    tables = tables.assign(call=tables["name"]).join(pd.DataFrame(said, columns=["meaning", "example"], dtype=object))
    macros = glossary.read(connection).rename(columns={"definition": "meaning"}).assign(kind="macro")
    entries = pd.concat([tables, macros[list(tables.columns)].sort_values("name")])
    order = {kind: place for place, kind in enumerate(KINDS)}
    return Dictionary(
        entries.sort_values("kind", kind="stable", ignore_index=True, key=lambda kinds: kinds.map(order)),
        connection.execute(_COLUMNS).df().astype(object),
    )


def _parted(comment: Any) -> tuple[str | None, str | None]:
    """Meaning and example of a table's comment, whose last line is `example: select ...`."""
    meaning, _, example = (comment if isinstance(comment, str) else "").partition("\nexample: ")
    return meaning or None, example or None


def of_this_code() -> Dictionary:
    """The dictionary of a file made by the code as it is."""
    with duckdb.connect() as connection:
        create_schema(connection, "UTC")
        return read(connection)


def search(known: Dictionary, words: str) -> pd.DataFrame:
    """The entries in which, columns included, every word occurs, in capitals or not.

    A column `columns` names those of their columns in which a word occurs; of no words, all.
    """
    wanted = words.lower().split()
    texts = glossary.row_texts(known.columns)
    hits = pd.Series([not wanted or any(word in text for word in wanted) for text in texts], index=texts.index)
    named = known.columns[hits].groupby("entry")["name"].agg(", ".join)
    whole = (
        glossary.row_texts(known.entries)
        + " "
        + known.entries["name"].map(texts.groupby(known.columns["entry"]).agg(" ".join)).fillna("")
    )
    found = known.entries[[all(word in text for word in wanted) for text in whole]]
    return found.assign(columns=found["name"].map(named).fillna(""))


def markdown(known: Dictionary) -> str:
    """The whole page."""
    kinds = [_kind(known, kind, title) for kind, title in KINDS.items()]
    return "\n".join([_HEAD, *kinds])


def _kind(known: Dictionary, kind: str, title: str) -> str:
    entries = known.entries[known.entries["kind"] == kind].to_dict("records")
    return "\n".join(
        [f"## {title}\n\n{_ABOUT[kind]}\n", *(_entry(row, known.columns_of(row["name"])) for row in entries)]
    )


def _entry(row: dict[Any, Any], columns: pd.DataFrame) -> str:
    parts = [f"### `{row['call']}`\n", f"{row['meaning']}\n"]
    if not columns.empty:
        parts.append(_table(columns.to_numpy().tolist()))
    return "\n".join([*parts, f"```sql\n{row['example']}\n```\n"])


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| `{name}` | {kind} | {str(meaning).replace('|', chr(92) + '|')} |" for name, kind, meaning in rows]
    return "\n".join(["| column | type | |", "|---|---|---|", *lines, ""])


if __name__ == "__main__":
    command = "python -m warehouse.dictionary docs/dictionary.md"
    glossary.write_page(sys.argv[1:], markdown(of_this_code()), command)
