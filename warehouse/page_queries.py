"""The queries that find rows in pages: staging/SERVICE/ROWS.sql over `pages`, one row an answer as it was received."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import duckdb

from warehouse.connection import read_sql
from warehouse.sql_text import quoted, text_list

# What DuckDB's reader takes a line to be at most unless it is told more; it holds twice that in memory a thread.
SHORTEST_LIMIT = 16_000_000
# Flat answers of a survey: what is no column is looked up in there.
ANSWERS = "answers"
FAULT = "fault"
# Macros that several queries of a service share; Zendesk's serve its raw tables, too.
ZENDESK_WORDS = "staging/zendesk_words"
WORDS = (ZENDESK_WORDS, "staging/intercom_words")
# lacks(object, keys): what a person reads where a page's object has no such key at all; a key that is empty is no fault.
_LACKS = """create or replace temp macro lacks(object, needed) as (
    case
        when coalesce(json_type(object), 'NULL') <> 'OBJECT' then 'is no object'
        -- A key that is empty is JSON's null, one that is not there is none: all are looked up at once, as each look reads the whole object.
        when
            len(
                list_filter(
                    json_extract(object, list_transform(needed, lambda wanted: '$."' || wanted || '"')),
                    lambda value: value is null
                )
            )
            > 0
        then
            'has no field '''
            || list_filter(needed, lambda wanted: not list_contains(json_keys(object), wanted))[1]
            || ''' (it has: '
            || array_to_string(json_keys(object), ', ')
            || ')'
    end
)"""

# flat(entries): a list of {key, value} as one object; of the same key the first one counts.
_FLAT = """create or replace temp macro flat(entries) as (
    coalesce(
        to_json(
            map_from_entries(
                list_filter(
                    entries,
                    lambda entry, position:
                        entry.key is not null
                        and list_position(list_transform(entries, lambda other: other.key), entry.key) = position
                )
            )
        ),
        '{}'::json
    )
)"""


def set_up(connection: duckdb.DuckDBPyConnection) -> None:
    """Gives the connection the macros that the queries use."""
    connection.execute(_LACKS)
    connection.execute(_FLAT)
    for words in WORDS:
        connection.execute(read_sql(words))


@lru_cache
def columns_of_query(query: str) -> tuple[str, ...]:
    """The columns that staging/QUERY.sql gives, but for filename."""
    with duckdb.connect() as connection:
        set_up(connection)
        pages = "select null::varchar as filename, null::varchar as endpoint, null::varchar as address, null::json as body limit 0"
        found = connection.execute(f"describe ({_found(query, pages)})").fetchall()
    return tuple(row[0] for row in found if row[0] != "filename")


def scan_of_query(query: str, paths: list[str]) -> str:
    """A relation of the rows that staging/QUERY.sql finds in page files."""
    return f"({_found(query, scan_of_pages(paths))})"


def scan_of_pages(paths: list[str]) -> str:
    """A query of pages: filename, endpoint, address (as asked) and body."""
    return f"""select
        filename,
        regexp_extract(filename, '-[0-9a-f]{{32}}-(\\w+)%2F', 1) as endpoint,
        json ->> '$.address' as address,
        json -> '$.body' as body,
    from read_json_objects(
        {text_list(paths)}, format = 'newline_delimited', compression = 'gzip', filename = true, maximum_object_size = {_longest(paths)}
    )"""


def scan_of_records(records: str | None, paths: list[str]) -> str:
    """A relation of the objects at a path of each page, such as `data.items`; without one a page is a list of them."""
    inside = _path([part for part in (records or "").split(".") if part]) + "[*]"
    return f"(select filename, unnest(json_extract(body, {quoted(inside)})) as json from ({scan_of_pages(paths)}))"


def lacking(columns: tuple[str, ...]) -> str:
    """The SQL of what the object `json` lacks of its columns, for a person; nothing where it is null on the way there."""
    cases = [f"when not {_has(column)} then {quoted(f'has no field {column!r}')}" for column in columns]
    if not cases:
        return "lacks(json, [])"
    return f"coalesce(lacks(json, []), case {' '.join(cases)} end || ' (it has: ' || array_to_string(json_keys(json), ', ') || ')')"


def _has(column: str) -> str:
    """Whether a key is there under its whole name, or the path to it, or something on that path is null."""
    parts = column.replace('"', "").split(".")
    there = [f"json_exists(json, {quoted(_path(path))})" for path in ([".".join(parts)], parts)]
    there += [f"json_type(json, {quoted(_path(parts[:length]))}) = 'NULL'" for length in range(1, len(parts))]
    return f"coalesce({' or '.join(there)}, false)"


def _path(parts: list[str]) -> str:
    return "$" + "".join(f'."{part}"' for part in parts)


def _found(query: str, pages: str) -> str:
    return f"with pages as ({pages}), found as ({read_sql(f'staging/{query}')}) from found"


def _longest(paths: list[str]) -> int:
    """How long a line of gzipped files may be: as long as the longest of them, unpacked."""
    return max([SHORTEST_LIMIT, *(unpacked_bytes(Path(path)) for path in paths)])


def unpacked_bytes(path: Path) -> int:
    """What a gzipped file says in its last four bytes."""
    with path.open("rb") as file:
        file.seek(-4, os.SEEK_END)
        return int.from_bytes(file.read(4), "little")
