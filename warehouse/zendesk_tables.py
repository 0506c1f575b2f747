"""The raw tables of a Zendesk account, as replication tools deliver them, turned into export files of our own kinds of rows.

One file a table: ticket.csv, ticket_field_history.csv.gz, ticket_comment.parquet, ...; columns are found by name.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from warehouse.connection import read_sql
from warehouse.errors import FolderError
from warehouse.loading import TABLE_ROWS
from warehouse.page_queries import ZENDESK_WORDS
from warehouse.sql_text import identifier, quoted

# The tables that are read, and the columns of them that are needed.
NEEDED = {
    "ticket": "id created_at updated_at status via_channel group_id assignee_id requester_id priority subject",
    "ticket_field_history": "ticket_id field_name updated user_id value",
    "ticket_comment": "id ticket_id user_id created public body",
    "user": "id name role",
}
# Tables that an account may lack.
OPTIONAL = {
    "group": "id name",
    "schedule": "id name time_zone start_time end_time created_at",
    "schedule_holiday": "schedule_id name start_date end_date",
    "ticket_schedule": "ticket_id schedule_id created_at",
}
# What replication tools add to some of them; empty where they do not.
ADDED = {
    "ticket": ["_fivetran_synced"],
    "schedule": ["_fivetran_deleted"],
    "schedule_holiday": ["_fivetran_deleted"],
}
# Tables are texts in memory while they are turned: what is larger goes to a temporary file beside the exports.
MEMORY_LIMIT = "1GB"
READERS = {
    ".csv": "read_csv({path}, all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"')",
    ".parquet": "read_parquet({path})",
}


def version() -> str:
    """Changes when the same tables would be turned into other rows."""
    return hashlib.sha256((read_sql(ZENDESK_WORDS) + read_sql("staging/zendesk_tables")).encode()).hexdigest()[:12]


def is_table(path: Path) -> bool:
    """Whether a file of the folder is one of the tables that are read."""
    return _table_of(path) in NEEDED | OPTIONAL


def write_exports(folder: Path, out: Path) -> dict[str, Path]:
    """Turns the tables in `folder` into one Parquet file a kind of row in `out`: equal tables give equal files.

    Raises FolderError in one line where a table or a column of it is missing, or a table cannot be read.
    """
    tables = {_table_of(path): path for path in sorted(folder.iterdir()) if is_table(path)}
    missing = next((name for name in NEEDED if name not in tables), None)
    if missing:
        raise FolderError(
            f"{folder} has no table {missing} (it has: {', '.join(sorted(tables)) or 'none'}). Needed are {', '.join(NEEDED)}"
        )
    with duckdb.connect(str(out / "tables.duckdb")) as connection:
        connection.execute(
            f"set TimeZone = 'UTC'; set enable_progress_bar = false; set memory_limit = {quoted(MEMORY_LIMIT)}"
        )
        for name, columns in (NEEDED | OPTIONAL).items():
            _read(connection, name, columns.split(), tables.get(name))
        connection.execute(read_sql(ZENDESK_WORDS))
        connection.execute(read_sql("staging/zendesk_tables"))
        return {kind: _write(connection, kind, out) for kind in TABLE_ROWS}


def _table_of(path: Path) -> str:
    """`ticket` of ticket.csv.gz; empty where the file is of no kind that is read."""
    name = path.name.removesuffix(".gz")
    return name[: -len(Path(name).suffix)] if Path(name).suffix in READERS else ""


def _read(connection: duckdb.DuckDBPyConnection, name: str, needed: list[str], path: Path | None) -> None:
    """Temp table raw_NAME: the needed columns as text, empty fields as null; no rows where an optional table is not there."""
    columns = [*needed, *ADDED.get(name, [])]
    if path is None:
        connection.execute(
            f"create temp table raw_{name} ({', '.join(f'{identifier(column)} varchar' for column in columns)})"
        )
        return
    scan = READERS[Path(path.name.removesuffix(".gz")).suffix].format(path=quoted(str(path)))
    try:
        given = [row[0] for row in connection.execute(f"describe select * from {scan}").fetchall()]
        missing = next((column for column in needed if column not in given), None)
        if missing:
            raise FolderError(f"{path} has no column {missing!r} (it has: {', '.join(given)})")
        texts = ", ".join(
            f"nullif(trim({identifier(column)}::varchar), '') as {identifier(column)}"
            if column in given
            else f"null::varchar as {identifier(column)}"
            for column in columns
        )
        connection.execute(f"create temp table raw_{name} as select {texts} from {scan}")
    except duckdb.Error as error:
        raise FolderError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error


def _write(connection: duckdb.DuckDBPyConnection, kind: str, out: Path) -> Path:
    path = out / f"{kind}s.parquet"
    connection.execute(
        f"copy (from {kind}_export order by all) to {quoted(str(path))} (format parquet, compression zstd)"
    )
    return path
