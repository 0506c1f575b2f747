"""The load step: delivered files into the store, every row accounted for.

A delivered row is loaded, unchanged (says what the store says), superseded (older than what the store says) or rejected.
Newer is what has the later `updated_at`, else what was in the later written file: not what happened to arrive last.
One transaction a batch, safe to repeat.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from glob import escape
from pathlib import Path

import duckdb

from warehouse import columns, dates
from warehouse.connection import roll_back
from warehouse.errors import FileRefused
from warehouse.mending import OpenQuote, with_plain_line_ends, written_anew
from warehouse.page_queries import unpacked_bytes
from warehouse.reading import (
    LARGEST_FILE,
    LandedFile,
    Readable,
    Shape,
    delivered,
    groups,
    length_of,
    mapped,
    readable,
    unreadable,
)
from warehouse.record_counts import RowsLost, refuse_losses
from warehouse.rows import BOOKKEEPING, NUMBERS, ROW_KINDS, WRITTEN, WRITTEN_FEEDS, RowKind
from warehouse.section import size_bytes
from warehouse.services import PagesSource, service_feeds
from warehouse.settings import Settings
from warehouse.sources import RemoteSource, RowName, Source
from warehouse.sql_text import identifier, quoted
from warehouse.staging import Delivered, Staging, stored_columns
from warehouse.writing import written_folder

# The kinds of rows that raw tables are turned into.
TABLE_ROWS: tuple[RowName, ...] = ("ticket", "event", "message", "schedule", "holiday", "target")
FILES_A_BATCH = 500
BYTES_A_BATCH = 256_000_000
# Rows that say what they hold by keys.
WITH_KEYS = ("json", "jsonl", "envelope")
# A page is parsed whole, and takes several times its length in memory.
PAGE_BYTES_A_BATCH = 48_000_000
# Staged rows that can be loaded.
GOOD_ROWS = "numbered where reason is null"
# What no file is at fault for but the mapping, the machine or we: it fails the source, or the run. Damaged files raise nearly everything else.
NOT_OF_A_FILE = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ParserException,
    duckdb.SyntaxException,
    duckdb.TransactionException,
    duckdb.InterruptException,
    duckdb.FatalException,
    duckdb.InternalException,
)
# A document no larger than this that takes all memory is nested too deeply; where anything else does, memory_limit is too low.
LARGEST_BOMB = 10_000_000


@dataclass(frozen=True)
class Feed:
    """One [sources.NAME] with what loading it needs."""

    name: str
    source: Source
    time_zone: str
    largest_file: int = LARGEST_FILE

    @property
    def source_name(self) -> str:
        return self.source.part_of or self.name

    @property
    def kind(self) -> RowKind:
        return self.source.row_kind


def feeds(settings: Settings) -> list[Feed]:
    """The feeds of support.toml, and those of what people write in the dashboard.

    A source that delivers raw tables, or pages of a service, is one feed a kind of row.
    """
    found = []
    largest = size_bytes(settings.data.largest_file)
    for name, source in settings.sources.items():
        if isinstance(source, RemoteSource):
            parts = service_feeds(name, source, settings.data.folder)
        else:
            parts = table_feeds(name, source) if source.kind == "zendesk_tables" else {name: source}
        found += [Feed(part, of_part, settings.clock.time_zone, largest) for part, of_part in parts.items()]
    return found + written_feeds(settings.data.folder)


def written_feeds(folder: Path) -> list[Feed]:
    """The feeds of what people write in the dashboard, one a kind of row; `warehouse.writing` says where in the data folder."""
    return [
        Feed(
            name,
            Source.model_validate(
                {
                    "path": f"{escape(str(written_folder(folder, kind)))}/*.jsonl",
                    "rows": kind,
                    "part_of": WRITTEN,
                    "format": "jsonl",
                    "time_zone": "UTC",
                    "date_format": "iso",
                }
            ),
            "UTC",
        )
        for kind, name in WRITTEN_FEEDS.items()
    ]


def table_feeds(name: str, source: Source) -> dict[str, Source]:
    """The feeds that the raw tables of [sources.NAME] are turned into: NAME_tickets, NAME_events, ..."""
    return {
        f"{name}_{kind}s": Source(
            path=source.path,
            rows=kind,
            part_of=source.part_of or name,
            format="parquet",
            time_zone="UTC",
            # What a change replaced may be told later: it is no part of what identifies the change.
            key=["ticket_id", "happened_at", "field"] if kind == "event" else None,
        )
        for kind in TABLE_ROWS
    }


def create_stores(connection: duckdb.DuckDBPyConnection) -> None:
    """The tables of delivered rows, one a kind."""
    bookkeeping = ", ".join(f"{name} {kind}" for name, kind, _ in BOOKKEEPING)
    for kind in ROW_KINDS.values():
        table = f"store.{kind.table}"
        numbers = "".join(f", {name} uinteger" for name in kind.numbers())
        connection.execute(f"create table if not exists {table} ({bookkeeping}, {stored_columns(kind)}{numbers})")
        connection.execute(f"comment on table {table} is {quoted(_meaning(kind))}")
        meanings = [(name, meaning) for name, _, meaning in BOOKKEEPING]
        meanings += [(name, NUMBERS[name]) for name in kind.numbers()]
        for name, meaning in meanings + [(field.name, field.meaning) for field in kind.stored_fields()]:
            connection.execute(f"comment on column {table}.{identifier(name)} is {quoted(sentence(meaning))}")


def _meaning(kind: RowKind) -> str:
    """What a row of the store is, with a query to start from."""
    return (
        f"One row per source x key, the newest version delivered: {kind.meaning}. What was left empty is null.\n"
        f"example: select feed, count(*) as rows, max(modified_at) as newest_file_at from store.{kind.table} group by feed"
    )


def sentence(meaning: str) -> str:
    return f"{meaning[0].upper()}{meaning[1:]}."


def load_feed(
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    landing: Path,
    scratch: Path,
    run_id: int,
    progress: Callable[[str], None],
) -> None:
    """Loads every landed file of `feed` that was not loaded yet. A file that cannot be read is refused, with the reason."""
    waiting = connection.execute(
        "select file_no, landed_name, name, bytes from files where feed = $feed and state = 'landed' order by file_no",
        {"feed": feed.name},
    ).fetchall()
    done = 0
    are_pages = isinstance(feed.source, PagesSource)
    for batch in _batches(
        _unpacked(landing, waiting) if are_pages else waiting, PAGE_BYTES_A_BATCH if are_pages else BYTES_A_BATCH
    ):
        progress(f"{feed.name}: {done:,} of {len(waiting):,} files loaded")
        files = [LandedFile(number, landing / landed_name, name) for number, landed_name, name, _ in batch]
        _load_batch(connection, feed, files, scratch, run_id)
        done += len(files)


def _unpacked(landing: Path, waiting: list[tuple[int, str, str, int]]) -> list[tuple[int, str, str, int]]:
    """Page files with the bytes that they have unpacked."""
    return [(number, landed, name, unpacked_bytes(landing / landed)) for number, landed, name, _ in waiting]


def _batches(waiting: list[tuple[int, str, str, int]], limit: int) -> Iterator[list[tuple[int, str, str, int]]]:
    """Files in order of arrival, as many at once as are read comfortably in one scan."""
    batch: list[tuple[int, str, str, int]] = []
    size = 0
    for row in waiting:
        if batch and (len(batch) >= FILES_A_BATCH or size + row[3] > limit):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += row[3]
    if batch:
        yield batch


def _load_batch(
    connection: duckdb.DuckDBPyConnection, feed: Feed, files: list[LandedFile], scratch: Path, run_id: int
) -> None:
    ready: list[Readable] = []
    for file in files:
        try:
            ready.append(readable(file, feed.source, scratch, feed.largest_file))
        except FileRefused as refusal:
            _refuse(connection, file, str(refusal), run_id)
    for shape, members in groups(ready):
        _load_group(connection, feed, shape, members, scratch, run_id)
    for leftover in scratch.iterdir():
        leftover.unlink()


def _load_group(
    connection: duckdb.DuckDBPyConnection, feed: Feed, shape: Shape, members: list[Readable], scratch: Path, run_id: int
) -> None:
    """Loads files of one shape in one scan; where that fails, one by one, so that only the bad one is mended or refused."""
    try:
        _load_files(connection, feed, shape, members, run_id)
    except (
        FileRefused,
        duckdb.Error,
        UnicodeDecodeError,
    ) as error:  # the last of a message of DuckDB's that quotes the file
        if isinstance(error, NOT_OF_A_FILE):
            raise
        if isinstance(error, duckdb.IOException) and not any(str(member.path) in str(error) for member in members):
            raise  # not about these files: the disk is full, say
        if isinstance(error, duckdb.OutOfMemoryException) and not _may_be_bombs(shape, members):
            raise
        roll_back(connection)
        if len(members) == 1:
            _mend_or_refuse(connection, feed, members[0], error, scratch, run_id)
        else:
            middle = len(members) // 2
            for half in (members[:middle], members[middle:]):
                _load_group(connection, feed, shape, half, scratch, run_id)


def _mend_or_refuse(
    connection: duckdb.DuckDBPyConnection, feed: Feed, member: Readable, error: Exception, scratch: Path, run_id: int
) -> None:
    try:
        mended = _mended(member, error, feed.source.quote, scratch)
    except (OpenQuote, csv.Error) as refusal:
        mended, error = None, refusal
    if mended:
        _load_group(connection, feed, mended.shape, [mended], scratch, run_id)
    else:
        _refuse(connection, member.file, _reason(error, member), run_id)


def _mended(member: Readable, error: Exception, quote: str, scratch: Path) -> Readable | None:
    """A copy that can be read, where what is wrong is known; None otherwise."""
    if isinstance(error, (OpenQuote, RowsLost)) and member.path.suffix != ".anew":
        return written_anew(member, quote, scratch)
    if "state machine" in str(error) and b"\r" in member.path.read_bytes():
        return with_plain_line_ends(member, scratch)
    return None


def _may_be_bombs(shape: Shape, members: list[Readable]) -> bool:
    return shape.format in ("json", "jsonl") and members[-1].path.stat().st_size <= LARGEST_BOMB


def _reason(error: Exception, member: Readable) -> str:
    if isinstance(error, FileRefused):
        return str(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        return f"{member.file.name} takes more memory than memory_limit under [data] allows: it is nested too deeply, or no table"
    return unreadable(member.file, member.shape.format, error, member.path)


def _refuse(connection: duckdb.DuckDBPyConnection, file: LandedFile, reason: str, run_id: int) -> None:
    connection.execute(
        "update files set state = 'refused', reason = $reason, run_id = $run_id, as_of = null, rows_read = null, rows_loaded = null,"
        " rows_unchanged = null, rows_superseded = null, rows_rejected = null where file_no = $file_no",
        {"reason": reason, "run_id": run_id, "file_no": file.file_no},
    )


def _load_files(
    connection: duckdb.DuckDBPyConnection, feed: Feed, shape: Shape, members: list[Readable], run_id: int
) -> None:
    source = mapped(feed.name, feed.source, members[0])
    staging = Staging(source, feed.time_zone)
    _stage(connection, staging, shape, members)
    fields = [*feed.kind.numbers(), *(identifier(field.name) for field in staging.kept_fields())]
    connection.execute("begin")
    if _are_all_new(connection, feed):
        _insert(connection, feed, fields, GOOD_ROWS)
        _account(connection, feed, run_id, _ALL_LOADED)
    else:
        _judge(connection)
        _replace(connection, feed, fields)
        _account(connection, feed, run_id, _BY_VERDICT)
    _note_columns(connection, feed, source, shape, members)
    connection.execute("commit")
    _forget_stage(connection)


def _note_columns(
    connection: duckdb.DuckDBPyConnection, feed: Feed, source: Source, shape: Shape, members: list[Readable]
) -> None:
    file_no = members[0].file.file_no
    if shape.format in WITH_KEYS and feed.source_name != WRITTEN:
        keys = columns.keys_of(connection, delivered(shape, members, source).scan)
        columns.note_keys(connection, feed.name, source, keys, file_no)
    else:
        columns.note(connection, feed.name, source, shape.columns, file_no)


def _stage(connection: duckdb.DuckDBPyConnection, staging: Staging, shape: Shape, members: list[Readable]) -> None:
    """Temp tables: batch_files, staged (typed rows and reasons), unparsed (CSV lines that are no rows); and view numbered."""
    _forget_stage(connection)
    connection.execute(
        """
create temp table batch_files as
select batch.file_no, batch.filename, files.name, files.modified_at
from (select unnest($numbers::bigint[]) as file_no, unnest($paths::varchar[]) as filename) as batch
inner join files using (file_no)""",
        {"numbers": [member.file.file_no for member in members], "paths": [str(member.path) for member in members]},
    )
    connection.execute(f"set TimeZone = {quoted(staging.time_zone)}")
    if isinstance(staging.source, PagesSource):
        connection.execute("set threads = 1")  # as quick as with more, and half the memory: parsed pages are large
    try:
        _read_until_dated(connection, staging, delivered(shape, members, staging.source), members)
    finally:
        connection.execute("reset threads")
        connection.execute("set TimeZone = 'UTC'")
    _number_lines(connection, len(members) == 1)
    _keep_unparsed(connection, members)
    refuse_losses(connection, members, staging.source.quote)


def _number_lines(connection: duckdb.DuckDBPyConnection, is_one_file: bool) -> None:
    """Temp view numbered: the staged rows with row_no, their place over all files, line_no, that in their own, and their file."""
    line_no, lines = "staged.rowid + 1", ""
    if not is_one_file:
        connection.execute(
            "create temp table line_numbers as"
            " select rowid as row_no, row_number() over (partition by filename order by rowid) as line_no from staged"
        )
        line_no, lines = "line_numbers.line_no", "inner join line_numbers on line_numbers.row_no = staged.rowid"
    connection.execute(
        f"""
create temp view numbered as
select staged.*, staged.rowid as row_no, {line_no} as line_no, batch_files.file_no, batch_files.name as file_name, batch_files.modified_at
from staged
inner join batch_files using (filename)
{lines}"""
    )


def _read_until_dated(
    connection: duckdb.DuckDBPyConnection, staging: Staging, scan: Delivered, members: list[Readable]
) -> None:
    """Table staged; read again where a date column without a format turns out to have one that fits."""
    connection.execute(f"create temp table staged as {staging.query(scan)}")
    found = dates.found_formats(connection, staging, scan, members)
    if found:
        connection.execute("drop table staged; drop table if exists reject_errors; drop table if exists reject_scans")
        _read_until_dated(
            connection, Staging(staging.source, staging.time_zone, staging.found_formats | found), scan, members
        )


def _keep_unparsed(connection: duckdb.DuckDBPyConnection, members: list[Readable]) -> None:
    """One row per CSV line that DuckDB's reader could not make a row of."""
    connection.execute(
        "create temp table unparsed (filename varchar, line_no bigint, reason varchar, delivered varchar)"
    )
    for member in members:
        for line, reason in member.taken_out:
            values = (str(member.path), None, reason, line)
            connection.execute(
                f"insert into unparsed values (?, ?, ?, as_rejected(?, {length_of('?')}))", [*values, line]
            )
    if not connection.execute("select 1 from duckdb_tables() where table_name = 'reject_errors'").fetchall():
        return
    _refuse_to_swallow(connection, members)
    connection.execute(_KEEP_UNPARSED)
    connection.execute("drop table reject_errors; drop table reject_scans")


def _refuse_to_swallow(connection: duckdb.DuckDBPyConnection, members: list[Readable]) -> None:
    """Raises OpenQuote where an open quote took the lines after it for one value: they would be lost."""
    found = connection.execute(
        """
select scans.file_path
from reject_errors as errors
inner join reject_scans as scans using (scan_id, file_id)
where errors.error_type = 'UNQUOTED VALUE' and regexp_matches(trim(errors.csv_line, chr(10) || chr(13)), '[\\r\\n]')
limit 1"""
    ).fetchone()
    if found:
        name = next(member.file.name for member in members if str(member.path) == found[0])
        raise OpenQuote(name)


_KEEP_UNPARSED = f"""
insert into unparsed
select
    scans.file_path as filename,
    errors.line as line_no,
    arg_min(
        case errors.error_type
            when 'TOO MANY COLUMNS' then 'the line has more columns than the header'
            when 'MISSING COLUMNS' then 'the line has fewer columns than the header'
            when 'UNQUOTED VALUE' then 'a quote is opened and never closed'
            when 'LINE SIZE OVER MAXIMUM' then 'the line is too long'
            when 'INVALID ENCODING' then 'the line is not UTF-8; if the file is Latin-1, add encoding = "latin-1" to its source'
            else 'the line cannot be read'
        end,
        coalesce(errors.column_idx, 0)
    ) as reason,
    any_value(as_rejected(errors.csv_line, {length_of("errors.csv_line")})) as delivered,
from reject_errors as errors
inner join reject_scans as scans using (scan_id, file_id)
group by scans.file_path, errors.line, errors.line_byte_position"""


def _are_all_new(connection: duckdb.DuckDBPyConnection, feed: Feed) -> bool:
    """Whether no good row has a key that the store or another one has. Makes temp table standing: what the store says of those keys."""
    # row_no -1 sorts a standing row before any row of the same file; its place within an older batch no longer matters.
    marks = f"{'ticket_no' if feed.kind.builds == 'ticket' else 'response_id'}," if feed.kind.marks() else ""
    connection.execute(
        f"""
create temp table standing as
with near as materialized (
    select rowid as stored_row, {marks} source, key, row_hash, version_at, modified_at, file_no
    from store.{feed.kind.table}
    semi join (from staged where reason is null) as incoming using (key_no)
)
select
    stored_row,
    {marks}
    key,
    row_hash,
    {{
        'version_at': coalesce(version_at, modified_at),
        'modified_at': modified_at,
        'file_no': file_no,
        'row_no': -1::bigint
    }} as version,
from near
where source = {quoted(feed.source_name)} and key in (select key from {GOOD_ROWS})"""
    )
    return not _value(
        connection,
        f"select (select count(*) > 0 from standing) or (select count(*) > count(distinct key) from {GOOD_ROWS})",
    )


def _judge(connection: duckdb.DuckDBPyConnection) -> None:
    """Temp table judged: every good staged row with its verdict, and whether it is the newest version of its key."""
    # Rows come in order within a file; the order of files in one scan is not kept by DuckDB, so file_no goes first.
    connection.execute(
        f"""
create temp table incoming as
select
    row_no,
    key,
    row_hash,
    file_no,
    {{
        'version_at': coalesce(version_at, modified_at), 'modified_at': modified_at, 'file_no': file_no, 'row_no': row_no
    }} as version,
from {GOOD_ROWS}"""
    )
    repeats = _value(connection, "select count(*) > count(distinct key) from incoming")
    connection.execute(f"create temp table judged as {_SEQUENCE_VERDICTS if repeats else _SINGLE_VERDICTS}")


_VERDICT = """
    case
        when before_version is null then 'loaded'
        when row_hash = before_hash then 'unchanged'
        when version < before_version then 'superseded'
        else 'loaded'
    end as verdict"""

_SINGLE_VERDICTS = f"""
with compared as (
    select
        incoming.*,
        standing.version as before_version,
        standing.row_hash as before_hash,
    from incoming
    left join standing using (key)
)
select
    row_no,
    key,
    file_no,
    row_hash,
    before_hash as standing_hash,
    coalesce(version > before_version, true) as is_newest,
    {_VERDICT},
from compared"""

# Rows of a key one after the other, as if each had been delivered alone.
_SEQUENCE_VERDICTS = f"""
with all_versions as (
    select row_no, key, file_no, row_hash, version from incoming
    union all by name
    select -1::bigint as row_no, key, 0::bigint as file_no, row_hash, version from standing
),
compared as (
    select
        *,
        max(version) over earlier as before_version,
        arg_max(row_hash, version) over earlier as before_hash,
        max(version) over (partition by key) as newest_version,
        first(case when row_no = -1 then row_hash end) over (partition by key order by file_no, row_no) as standing_hash,
    from all_versions
    window earlier as (partition by key order by file_no, row_no rows between unbounded preceding and 1 preceding)
)
select
    row_no,
    key,
    file_no,
    row_hash,
    standing_hash,
    version = newest_version as is_newest,
    {_VERDICT},
from compared
where row_no >= 0"""


def _replace(connection: duckdb.DuckDBPyConnection, feed: Feed, fields: list[str]) -> None:
    """Replaces what changed, moves the version of what did not, and marks what to build."""
    table = f"store.{feed.kind.table}"
    connection.execute(
        "create temp table changed as select row_no, key from judged where is_newest and row_hash is distinct from standing_hash"
    )
    _mark(connection, feed, "standing semi join changed using (key)")
    connection.execute(
        f"delete from {table} where rowid in (select stored_row from standing semi join changed using (key))"
    )
    _insert(connection, feed, fields, "numbered semi join changed using (row_no)")
    connection.execute(
        f"""
update {table} as stored
set
    version_at = coalesce(numbered.version_at, stored.version_at),
    modified_at = numbered.modified_at,
    file_no = numbered.file_no,
    line_no = numbered.line_no
from judged
inner join numbered using (row_no)
inner join standing on standing.key = judged.key
where judged.is_newest and judged.row_hash = judged.standing_hash and stored.rowid = standing.stored_row"""
    )


def _insert(connection: duckdb.DuckDBPyConnection, feed: Feed, fields: list[str], rows: str) -> None:
    """Good rows into the store, in their order, and marks of what to build; fields that no row of the feed fills are null."""
    given = ", ".join(["key", "version_at", "modified_at", "file_no", "line_no", "row_hash", *fields])
    connection.execute(
        f"insert into store.{feed.kind.table} (source, feed, {given})"
        f" select {quoted(feed.source_name)}, {quoted(feed.name)}, {given} from {rows}"
        f"{'' if rows == GOOD_ROWS else ' order by row_no'}"
    )
    _mark(connection, feed, rows)


def _mark(connection: duckdb.DuckDBPyConnection, feed: Feed, rows: str) -> None:
    """Notes what has to be built anew because of `rows`."""
    if feed.kind.marks():
        connection.execute(f"insert into store.{feed.kind.marks()} select distinct {_marked(feed)} from {rows}")


# Of every file how many rows came to what.
_ALL_LOADED = f"select file_no, count(*) as rows_loaded, 0 as rows_unchanged, 0 as rows_superseded from {GOOD_ROWS} group by file_no"
_BY_VERDICT = """
select
    file_no,
    count(*) filter (where verdict = 'loaded') as rows_loaded,
    count(*) filter (where verdict = 'unchanged') as rows_unchanged,
    count(*) filter (where verdict = 'superseded') as rows_superseded,
from judged
group by file_no"""


def _account(connection: duckdb.DuckDBPyConnection, feed: Feed, run_id: int, verdicts: str) -> None:
    """Every row read is counted in `files`; every rejected one is kept in `rejected_rows`."""
    connection.execute(
        f"""
insert into rejected_rows
with refused as (
    select filename, line_no, reason, delivered from numbered where reason is not null
    union all
    select filename, line_no, reason, delivered from unparsed
)
select
    batch_files.file_no, {quoted(feed.name)}, {quoted(feed.source_name)}, batch_files.name, refused.line_no, refused.reason, refused.delivered
from refused
inner join batch_files using (filename)"""
    )
    connection.execute(
        f"""
update files
set
    state = 'loaded',
    run_id = {run_id},
    as_of = counted.as_of,
    rows_read = counted.rows_read,
    rows_loaded = counted.rows_loaded,
    rows_unchanged = counted.rows_unchanged,
    rows_superseded = counted.rows_superseded,
    rows_rejected = counted.rows_rejected
from (
    select
        batch_files.file_no,
        coalesce(stages.rows_staged, 0) + coalesce(lines.unparsed, 0) as rows_read,
        coalesce(verdicts.rows_loaded, 0) as rows_loaded,
        coalesce(verdicts.rows_unchanged, 0) as rows_unchanged,
        coalesce(verdicts.rows_superseded, 0) as rows_superseded,
        coalesce(stages.rows_refused, 0) + coalesce(lines.unparsed, 0) as rows_rejected,
        coalesce(stages.exported_at, stages.latest_at, stages.latest_of_all_at) as as_of,
    from batch_files
    left join (
        select
            filename,
            count(*) as rows_staged,
            count(reason) as rows_refused,
            max(exported_at) filter (where reason is null) as exported_at,
            -- A date after the file was written is a mistake in it, unless all are: then the file's own time is wrong.
            max(latest_at) filter (where reason is null and latest_at <= modified_at + interval 1 hour) as latest_at,
            max(latest_at) filter (where reason is null) as latest_of_all_at,
        from numbered
        group by filename
    ) as stages using (filename)
    left join ({verdicts}) as verdicts using (file_no)
    left join (select filename, count(*) as unparsed from unparsed group by filename) as lines using (filename)
) as counted
where files.file_no = counted.file_no"""
    )


def _forget_stage(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("drop view if exists temp.numbered")
    for table in ("batch_files", "staged", "line_numbers", "unparsed", "incoming", "standing", "judged", "changed"):
        connection.execute(f"drop table if exists temp.{table}")
    for table in ("reject_errors", "reject_scans"):
        connection.execute(f"drop table if exists {table}")


def _marked(feed: Feed) -> str:
    """The SQL of what a row of this feed marks to be built: the columns of its kind's table of marks."""
    return "ticket_no" if feed.kind.builds == "ticket" else f"{quoted(feed.source_name)} as source, response_id"


def _value(connection: duckdb.DuckDBPyConnection, sql: str) -> object:
    row = connection.execute(sql).fetchone()
    return row[0] if row else None
