"""The queries that find rows in pages: what all of them keep to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from warehouse.connection import SQL_FOLDER
from warehouse.page_queries import columns_of_query
from warehouse.rows import ROW_KINDS
from warehouse.services import PARTS

QUERIES = [f"{service}/{part.rows}" for service, parts in PARTS.items() for part in parts]
# DuckDB 1.5 reads `a and b ->> 'c'` as `(a and b) ->> 'c'`, and so for every operator before.
UNBRACKETED = re.compile(r"(\b(and|or|not|in|like|is|between)|\|\||<>|[=<>+*-]) (\w+\.)?\w+ -> ?>? ?'", re.IGNORECASE)


@pytest.mark.parametrize(
    "path", sorted(SQL_FOLDER.glob("**/*.sql")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_an_arrow_after_an_operator_stands_in_brackets(path: Path) -> None:
    text = re.sub(r"\s+", " ", re.sub(r"--.*", "", path.read_text(encoding="utf-8")))
    found = UNBRACKETED.search(text)
    assert not found, text[max(found.start() - 40, 0) : found.end() + 40]


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_fills_what_a_row_needs_and_says_what_is_missing(query: str) -> None:
    kind, columns = ROW_KINDS[query.split("/")[1]], columns_of_query(query)
    needed = {field.name for field in kind.fields if field.required}
    # What the kind of a survey is, support.toml may say.
    assert needed - {"kind"} <= set(columns)
    assert "fault" in columns
