"""The process in which one ad-hoc query runs, and ends. Its input is one request, its output a few lines of JSON and then Arrow.

Started with an empty environment (warehouse/adhoc.py); says `ready` once everything is loaded and waits. A request closes the fences, runs,
answers. Where its input ends, its parent is gone and so is it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

import duckdb
import pyarrow as pa

from warehouse import confined, fences
from warehouse.errors import QueryRefused, SupportError
from warehouse.reads import PLAN, check, check_plan, refused_table_functions
from warehouse.sql_mistakes import mistake

_BATCH_ROWS = 2048
_HEADROOM = 192 << 20  # address space beside DuckDB's memory limit and the result: stacks, the parser, Arrow's buffers


def main() -> None:
    """Runs one query and ends."""
    answers = _only_answers_on_output()
    pa.set_memory_pool(pa.system_memory_pool())  # the others reserve address space, which is limited, by the gigabyte
    connection = confined.prepare()
    connection.sql("select 1").to_arrow_reader(1).read_all()  # loads what is loaded late
    refused = refused_table_functions(connection)
    _say(answers, state="ready")
    request = _request()
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        _answer(connection, request, answers, refused)
    except QueryRefused as refusal:
        place = {"line": refusal.line, "column": refusal.column}
        _say(answers, state="refused", message=str(refusal), limit=refusal.limit, **place)
    except SupportError as error:
        _say(answers, state="refused", message=str(error), limit=None, line=None, column=None)
    else:
        answers.flush()
    finally:
        os._exit(0)  # at once: there is nothing to put in order


def _only_answers_on_output() -> IO[bytes]:
    """The way to the parent; whatever else is written to the output or as an error goes nowhere."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return answers


def _say(answers: IO[bytes], **line: Any) -> None:
    answers.write(json.dumps(line).encode() + b"\n")
    answers.flush()


def _request() -> dict[str, Any]:
    """What to run: settings, with the length of the parameters' values, which follow as Arrow."""
    line = sys.stdin.buffer.readline()
    if not line:
        os._exit(0)
    request: dict[str, Any] = json.loads(line)
    with pa.ipc.open_stream(sys.stdin.buffer.read(request["values_bytes"])) as values:
        request["values"] = values.read_all().drop_columns("").to_pylist()[0]
    return request


def _end_with_input() -> None:
    """The parent holds our input open for as long as it wants the answer."""
    os.read(0, 1)
    os._exit(1)


def _answer(
    connection: duckdb.DuckDBPyConnection, request: dict[str, Any], answers: IO[bytes], refused: frozenset[str]
) -> None:
    alarm = threading.Timer(request["seconds"], connection.interrupt)
    alarm.daemon = True
    _close_fences(connection, request, alarm)
    sql = request["sql"]
    try:
        inner = check(connection, sql, refused)
    except (duckdb.Error, MemoryError) as error:
        raise mistake(error, sql) from error
    _say(answers, state="reading")
    try:
        check_plan(connection, inner, request["values"], refused)
    except (duckdb.Error, MemoryError) as error:
        raise mistake(error, sql, len(PLAN)) from error
    try:
        _run(connection, request, answers)
    except (duckdb.Error, MemoryError, pa.ArrowException) as error:
        raise mistake(error, sql) from error


def _close_fences(connection: duckdb.DuckDBPyConnection, request: dict[str, Any], alarm: threading.Timer) -> None:
    """The published file is opened, then nothing can be any more."""
    confined.attach_newest(connection, Path(request["folder"]))
    temp_folder, temp_space = request["temp_folder"], request["temp_space"]
    confined.lock(connection, request["memory"], request["threads"], temp_folder, temp_space)
    alarm.start()
    memory = request["memory"] + request["bytes"] + _HEADROOM
    fences.close(memory, request["seconds"] * request["threads"], temp_space, temp_folder)


def _run(connection: duckdb.DuckDBPyConnection, request: dict[str, Any], answers: IO[bytes]) -> None:
    """Runs the query up to the most rows, cells and bytes that may be returned, and answers."""
    began = time.monotonic()
    relation = connection.sql(request["sql"], params=request["values"] or None)
    types = [str(kind) for kind in relation.types]
    most_rows = min(request["rows"], request["cells"] // max(len(types), 1))
    table, is_cut = _read(relation, most_rows, request["bytes"])
    seconds = time.monotonic() - began
    cut_by = None if not is_cut else "rows" if most_rows == request["rows"] else "cells"
    _say(answers, state="done", seconds=seconds, types=types, names=table.column_names, cut_by=cut_by)
    numbered = table.rename_columns([str(place) for place in range(len(types))])
    with pa.ipc.new_stream(answers, numbered.schema) as stream:
        stream.write_table(numbered)


def _read(relation: duckdb.DuckDBPyRelation, most_rows: int, most_bytes: int) -> tuple[pa.Table, bool]:
    """At most so many rows, and whether there are more. Raises QueryRefused where they are larger than `most_bytes`."""
    batches, rows, size = [], 0, 0
    reader = relation.to_arrow_reader(min(_BATCH_ROWS, most_rows + 1))
    for batch in reader:
        batches.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
        if size > most_bytes:
            raise QueryRefused("", limit="size")
        if rows > most_rows:
            break
    return pa.Table.from_batches(batches, reader.schema).slice(0, most_rows), rows > most_rows
