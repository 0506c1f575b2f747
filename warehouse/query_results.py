"""What an ad-hoc query returned, as a frame; and what is said where it went over a limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from warehouse.errors import QueryRefused
from warehouse.settings import Sql

_WITH_NULLS = {
    pa.bool_(): pd.BooleanDtype(),
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(),
    pa.uint16(): pd.UInt16Dtype(),
    pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
}


@dataclass(frozen=True)
class Result:
    """What a query returned: at most limits.rows rows and limits.cells cells, under names made unique, times in UTC.

    `types` are DuckDB's, one a column; `seconds` of the query alone; `cut_by` is rows or cells where more was there than may be returned.
    """

    frame: pd.DataFrame
    types: tuple[str, ...]
    seconds: float
    rows: int
    cut_by: str | None


def result_of(said: dict[str, Any], content: bytes) -> Result:
    """The result from what the process said of it and its Arrow stream. Raises pyarrow's errors for a broken one."""
    with pa.ipc.open_stream(content) as stream:
        table = stream.read_all()
    for column in table.columns:
        column.validate(
            full=not pa.types.is_decimal(column.type)
        )  # DuckDB's largest whole numbers are no decimals of Arrow
    frame = pd.DataFrame({place: _series(column) for place, column in enumerate(table.columns)})
    frame.columns = pd.Index(unique_names([str(name) for name in said["names"]]))
    return Result(frame, tuple(said["types"]), float(said["seconds"]), table.num_rows, said["cut_by"])


def unique_names(names: list[str]) -> list[str]:
    """The names, with _2, _3 ... where one comes again."""
    unique: list[str] = []
    for name in names:
        candidate, count = name, 1
        while candidate in unique or (count > 1 and candidate in names):
            count += 1
            candidate = f"{name}_{count}"
        unique.append(candidate)
    return unique


def _series(column: pa.ChunkedArray) -> pd.Series:
    """Numbers as numbers, whole ones exactly; what pandas has no type for (far years, say) as text."""
    readings: list[Callable[[], pd.Series]] = [
        lambda: _pandas(_number(column)),
        lambda: pd.Series(column.cast(pa.string()).to_pandas()),
    ]
    for reading in readings:
        try:
            return reading()
        except (pa.ArrowException, ValueError, OverflowError):
            continue
    return pd.Series([None if value is None else str(value) for value in column.to_pylist()], dtype=object)


def _number(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A decimal as a whole number where it is one and fits, else as a float; anything else as it is."""
    if not pa.types.is_decimal(column.type):
        return column
    if column.type.scale == 0:
        try:
            return column.cast(pa.int64())
        except pa.ArrowException:
            return column.cast(pa.float64())
    return column.cast(pa.float64())


def _pandas(column: pa.ChunkedArray) -> pd.Series:
    mapper = _WITH_NULLS.get if column.null_count else None
    return column.to_pandas(types_mapper=mapper, date_as_object=False)


def over_limit(limit: str, limits: Sql) -> QueryRefused:
    """The refusal that says which limit stopped a query."""
    said = {
        "time": f"Stopped at the limit of time: {limits.seconds:g} s",
        "memory": f"Stopped at the limit of memory: {limits.memory}",
        "temp space": f"Stopped at the limit of temp space: {limits.temp_space}",
        "size": "Stopped at the limit of size: the result is too large to be sent. Ask for fewer rows or shorter texts",
        "lease": "Stopped, as its page was closed",
        "stopped": "Stopped by you",
    }
    return QueryRefused(said[limit], limit=limit)
