"""Which SQL only reads, and reads only the warehouse: decided on DuckDB's own parsed tree and plan, never on the text.

Two looks, before anything runs. The tree says which statement it is, in every nested part, and which functions it calls, with their place.
The plan says which table functions are reached in the end, through views, macros and names made up in between.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from warehouse.errors import QueryRefused

READS = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
TABLE_FUNCTIONS = frozenset(
    """
    duckdb_columns duckdb_constraints duckdb_dependencies duckdb_functions duckdb_indexes duckdb_keywords duckdb_schemas
    duckdb_sequences duckdb_tables duckdb_types duckdb_views generate_series histogram histogram_values icu_calendar_names
    json_each json_tree pg_timezone_names pragma_collations pragma_show pragma_table_info range repeat repeat_row summary unnest
    """.split()  # noqa: SIM905
)
# They tell of settings and variables, write, take SQL or addresses of memory, or are DuckDB's own, unguarded.
SCALAR_FUNCTIONS_REFUSED = frozenset(
    """
    combine combine_aggr current_connection_id current_setting currval finalize getenv getvariable in_search_path index_key
    json_deserialize_sql json_serialize_plan json_serialize_sql nextval parse_duckdb_log_message pg_conf_load_time setseed setval
    to_aggregate_state variant_bytes_to_variant variant_to_parquet_variant write_log
    """.split()  # noqa: SIM905
)
_OPERATORS = {"seq_scan"}  # of any plan, and also names of table functions
_INTERNAL = "__internal"
_NO_PLACE = 2**63  # where the parser made a node up itself
_KINDS = {
    "MULTI": "PIVOT without its values (write them: on channel in ('email', 'phone'))",
    "CALL": "CALL or CHECKPOINT",
    "ALTER": "ALTER or COMMENT",
}
PLAN = "explain (format json) "
_ONLY_READS = (
    "Only reading is possible here: SELECT, FROM, WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW and EXPLAIN of these"
)


def refused_table_functions(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """DuckDB's own table functions but TABLE_FUNCTIONS: what is new in a version is refused until it has been looked at."""
    answer = connection.execute(
        "select distinct lower(function_name) from duckdb_functions() where internal and function_type in ('table', 'table_macro')"
    )
    return frozenset(name for (name,) in answer.fetchall()) - TABLE_FUNCTIONS


def check(connection: duckdb.DuckDBPyConnection, sql: str, refused: frozenset[str]) -> str:
    """The statement that reads: `sql` itself, or what its EXPLAIN explains. Raises QueryRefused, and duckdb.Error for a mistake."""
    kind = _only_statement(connection, sql)
    inner = sql if kind == "SELECT" else _explained(connection, sql) if kind == "EXPLAIN" else None
    tree = inner and _tree(connection, inner)
    if not inner or not tree:
        raise QueryRefused(f"{_ONLY_READS}, not {_KINDS.get(kind, kind.replace('_', ' '))}")
    _check_tree(sql, tree, refused)
    return inner


def check_plan(
    connection: duckdb.DuckDBPyConnection, inner: str, values: Mapping[str, object], refused: frozenset[str]
) -> None:
    """Raises QueryRefused where the plan reaches a table function that is not for queries, however it was named."""
    answer = connection.execute(f"{PLAN}{inner}", dict(values) or None).fetchone()
    plan = json.loads(answer[1]) if answer else []
    for node in _nodes(plan):
        name = str(node.get("name", "")).strip().lower()
        if name in refused - _OPERATORS:
            raise QueryRefused(f"{name} is not open to queries here: it tells of the system, not of the warehouse")


def _only_statement(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    statements = connection.extract_statements(sql)
    if not statements:
        raise QueryRefused("There is no statement here")
    if len(statements) > 1:
        raise QueryRefused(f"One statement at a time: there are {len(statements)} here")
    try:
        return str(statements[0].type.name)
    except ValueError:  # a kind that the Python client has no name for
        return "this"


def _tree(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Any] | None:
    """The parsed statement, or None where it is not one that reads."""
    answer = connection.execute("select json_serialize_sql($sql)", {"sql": sql}).fetchone()
    parsed: dict[str, Any] = json.loads(answer[0]) if answer else {}
    return parsed if parsed.get("error") is False and len(parsed["statements"]) == 1 else None


def _explained(connection: duckdb.DuckDBPyConnection, sql: str) -> str | None:
    """What follows EXPLAIN, ANALYZE and options in brackets, with blanks in their place so that positions stay; None: no read."""
    text = sql.encode()
    tokens = [place for place, kind in duckdb.tokenize(sql) if kind != duckdb.token_type.comment]
    words = [text[place:end].split()[0].lower() for place, end in zip(tokens, [*tokens[1:], None], strict=True)]
    start = 2 if words[1:2] == [b"analyze"] else 1
    for begin in (start, _after_brackets(words, start)):
        inner = (b" " * tokens[begin] + text[tokens[begin] :]).decode() if begin < len(tokens) else ""
        if _tree(connection, inner):
            return inner
    return None


def _after_brackets(words: list[bytes], start: int) -> int:
    """The place after the brackets that open at `start`; `start` itself where none do."""
    depth = 0
    for place, word in enumerate(words[start:], start):
        depth += (word[:1] == b"(") - (word[:1] == b")")
        if depth == 0:
            return place + 1 if place > start else start
    return len(words)


def _check_tree(sql: str, tree: dict[str, Any], refused: frozenset[str]) -> None:
    for node in _nodes(tree):
        kind = str(node.get("type", ""))
        if kind.endswith("_NODE") and kind not in READS:
            raise QueryRefused(f"{_ONLY_READS}, not {kind.removesuffix('_NODE').removesuffix('_QUERY')} within WITH")
        if kind == "TABLE_FUNCTION" and _function_name(node["function"]) in refused:
            raise _refused(sql, _function_name(node["function"]), node)
        if "function_name" in node and _is_refused(_function_name(node)):
            raise _refused(sql, _function_name(node), node)


def _is_refused(name: str) -> bool:
    return name in SCALAR_FUNCTIONS_REFUSED or name.startswith(_INTERNAL)


def _function_name(node: dict[str, Any]) -> str:
    return str(node["function_name"]).lower()


def _refused(sql: str, name: str, node: dict[str, Any]) -> QueryRefused:
    line, column = place_of(sql, node.get("query_location"))
    return QueryRefused(f"{name}() is not open to queries here", line, column)


def _nodes(tree: object) -> Iterator[dict[str, Any]]:
    """Every object of a JSON document, without recursion: a tree may be deep."""
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            yield node
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)


def place_of(sql: str, position: object) -> tuple[int | None, int | None]:
    """Line and column, from 1, of a byte of the text; None where there is no such place."""
    try:
        place = int(str(position))
    except ValueError:
        return None, None
    text = sql.encode()
    if not 0 <= place <= min(len(text), _NO_PLACE):
        return None, None
    before = text[:place].decode(errors="replace")
    return before.count("\n") + 1, len(before) - before.rfind("\n")
