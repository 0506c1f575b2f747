"""Tables as files: CSV, XLSX, Parquet, each with a line that says what it is: filters, as-of and definitions. Text never becomes a formula."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass

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
    safe = frame.map(_harmless)
    safe.columns = [_harmless(name) for name in frame.columns]
    rows = safe.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%S", lineterminator="\r\n")
    said = _CELL_IN_LINE.sub(r"\1'", one_line(about))
    return f"# {said}\r\n{rows}".encode("utf-8-sig")


def xlsx(frame: pd.DataFrame, about: str) -> bytes:
    """A sheet Data with the rows, and a sheet About with the line."""
    written = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True, "in_memory": True}
    with pd.ExcelWriter(written, engine="xlsxwriter", engine_kwargs={"options": options}) as book:
        frame.map(lambda value: value[:_CELL_LIMIT] if isinstance(value, str) else value).to_excel(
            book, sheet_name="Data", index=False
        )
        pd.DataFrame({"About": [about[:_CELL_LIMIT]]}).to_excel(book, sheet_name="About", index=False)
    return written.getvalue()


def parquet(frame: pd.DataFrame, about: str) -> bytes:
    """The rows, with the line as the file's metadata `about`."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
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
