"""Tables as files: CSV, XLSX, Parquet, each with a line that says what it is: filters, as-of and definitions. Text never becomes a formula."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.texts import one_line

# What a spreadsheet takes for the beginning of a formula, some also behind signs that are not seen.
_FORMULA = re.compile("[\t\r\n]|[\\s\x00-\x1f\u200b\ufeff]*[=+@＝＋－＠-]")
# Where a spreadsheet begins a new cell in the line about the table, with what it would read as a formula or as the rest of the file.
_CELL_IN_LINE = re.compile('([,;]\\s*)(?=[=+@＝＋－＠"-])')
_CELL_LIMIT = 32_767


@dataclass(frozen=True)
class Format:
    """A kind of file."""

    name: str
    ending: str
    mime: str
    write: Callable[[pd.DataFrame, str], bytes]


def csv(frame: pd.DataFrame, about: str) -> bytes:
    """The line `# about`, then the header and the rows; instants as ISO 8601."""
    safe = frame.map(_plain).map(_harmless)
    safe.columns = [_harmless(name) for name in frame.columns]
    rows = safe.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%S", lineterminator="\r\n")
    said = _CELL_IN_LINE.sub(r"\1'", one_line(about))
    return f"# {said}\r\n{rows}".encode("utf-8-sig")


def xlsx(frame: pd.DataFrame, about: str) -> bytes:
    """A sheet Data with the rows, and a sheet About with the line."""
    written = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True, "in_memory": True}
    with pd.ExcelWriter(written, engine="xlsxwriter", engine_kwargs={"options": options}) as book:
        _without_zones(frame).map(_sheet_cell).to_excel(book, sheet_name="Data", index=False)
        pd.DataFrame({"About": [about[:_CELL_LIMIT]]}).to_excel(book, sheet_name="About", index=False)
    return written.getvalue()


def parquet(frame: pd.DataFrame, about: str) -> bytes:
    """The rows, with the line as the file's metadata `about`."""
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except pa.ArrowException:  # a column that mixes kinds of values
        table = pa.Table.from_pandas(frame.map(_plain).astype(str).where(frame.notna()), preserve_index=False)
    written = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"about": about}), written)
    return written.getvalue()


FORMATS = (
    Format("CSV", "csv", "text/csv", csv),
    Format("XLSX", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx),
    Format("Parquet", "parquet", "application/vnd.apache.parquet", parquet),
)


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def _plain(value: object) -> object:
    """Lists, structs and bytes as text (JSON, hexadecimal); everything else as it is."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value.hex() if isinstance(value, bytes | bytearray) else value


def _sheet_cell(value: object) -> object:
    """What a sheet can hold: no more text than a cell takes, and as text what it has no type for."""
    plain = _plain(value)
    if isinstance(plain, str):
        return plain[:_CELL_LIMIT]
    return plain if plain is None or pd.api.types.is_scalar(plain) else str(plain)


def _without_zones(frame: pd.DataFrame) -> pd.DataFrame:
    """Instants in UTC without saying so: a sheet knows no zones."""
    zoned = [name for name in frame.columns if isinstance(frame[name].dtype, pd.DatetimeTZDtype)]
    return frame.assign(**{name: frame[name].dt.tz_convert("UTC").dt.tz_localize(None) for name in zoned})
