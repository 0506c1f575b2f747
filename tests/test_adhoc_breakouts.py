"""Attempts to break out of the process that runs ad-hoc SQL, each with the refusal it gets; and that none of them did anything.

WORST are the four kinds of query that are hardest on a machine, for tests of pages that are live beside them.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.small_warehouse import NOON, SmallWarehouse, minutes
from warehouse import confined
from warehouse.adhoc import AdHoc
from warehouse.errors import QueryRefused
from warehouse.fences import IS_LINUX
from warehouse.reads import SCALAR_FUNCTIONS_REFUSED, TABLE_FUNCTIONS, refused_table_functions
from warehouse.settings import Sql

# The hardest of ten kinds, by how much they slowed a loop of questions on the same machine, two of each at once.
WORST = {
    "aggregation": "select sum(hash(a.range, b.range)) from range(1000000) a, range(1000000) b",
    "memory": "select count(distinct md5(range::varchar)) from range(1000000000)",
    "regular expression": "select count(*) from range(100000000) where regexp_matches(repeat('a', 3000) || range, '(a*)*(b*)*c')",
    "join": "select count(*) from range(1000000) a, range(1000000) b, range(1000000) c",
}

PROJECT = Path(__file__).resolve().parents[1]
READING = "Only reading is possible here"
CLOSED = "is not open to queries here"
UNKNOWN = "does not exist"
NO_FILES = "Files, addresses and settings are not open"
FUNCTION = r"\(\) is not open to queries here"

WRITES = [
    "delete from store.waits",
    "insert into channels values ('x', 'X', 9)",
    "update channels set label = 'x'",
    "merge into channels using channels as other on channels.channel = other.channel when matched then delete",
    "truncate channels",
    "drop table channels",
    "drop view waits",
    "alter table channels add column x integer",
    "create table x as select 1",
    "create temp table x as select 1",
    "create view x as select 1",
    "create temp macro current_setting(name) as 1",
    "create or replace macro csat(score) as 1",
    "create sequence x",
    "create type x as enum ('a')",
    "create index x on channels (channel)",
    "create schema x",
    "create secret x (type s3, key_id 'a', secret 'b')",
    "comment on table channels is 'x'",
    "vacuum",
    "analyze",
    "checkpoint",
    "force checkpoint",
    "begin",
    "commit",
    "with gone as (delete from store.waits returning *) select * from gone",
    "with added as (insert into channels values ('x', 'X', 9) returning *) select * from added",
    "with changed as (update channels set label = 'x' returning *) from changed",
    "with copied as (copy channels to '{folder}/x.csv') select 1",
    "select (with gone as (delete from channels returning 1) select count(*) from gone)",
    "from channels where exists (with gone as (delete from channels returning 1) from gone)",
    "explain with gone as (delete from channels returning *) from gone",
    "explain analyze with gone as (delete from channels returning *) from gone",
    "explain delete from channels",
    "explain analyze delete from channels",
    "explain (analyze) delete from channels",
    "explain copy channels to '{folder}/x.csv'",
    "/**/delete/**/from/**/channels",
    "prepare q as delete from channels",
    "execute q",
    "deallocate q",
    "pivot waits on channel",
]
FILES_AND_NETWORK = [
    "copy channels to '{folder}/x.csv'",
    "copy (select 1) to '/dev/stdout'",
    "copy channels from '/etc/passwd'",
    "copy from database warehouse to memory",
    "copy channels to 'http://127.0.0.1:{port}/x.csv'",
    "export database '{folder}/x'",
    "import database '{folder}/x'",
    "attach '{folder}/x.duckdb'",
    "attach '{published}' as own",
    "attach ':memory:' as other",
    "attach 'http://127.0.0.1:{port}/x.duckdb' as other (read_only)",
    "detach warehouse",
    "use memory",
    "install httpfs",
    "force install httpfs from 'http://127.0.0.1:{port}'",
    "load httpfs",
    "load '{folder}/x.duckdb_extension'",
    "update extensions",
]
SETTINGS = [
    "set memory_limit = '100GB'",
    "set enable_external_access = true",
    "set global temp_directory = '{folder}'",
    "set variable x = 1",
    "reset memory_limit",
    "reset lock_configuration",
    "pragma enable_external_access",
    "pragma memory_limit = '100GB'",
    "pragma database_list",
    "pragma enable_profiling",
    "pragma import_database('{folder}')",
    "call pragma_database_size()",
    "call duckdb_secrets()",
    "call enable_logging(storage = 'file', storage_path = '{folder}')",
    "call json_execute_serialized_sql(json_serialize_sql('select 1'))",
]
FUNCTIONS = [
    "from read_csv('/etc/passwd')",
    "from read_text('/proc/self/environ')",
    "from read_blob('/proc/self/maps')",
    "from read_json('/etc/hostname')",
    "from read_parquet('x.parquet')",
    "from read_parquet('s3://bucket/x.parquet')",
    "from read_csv('http://127.0.0.1:{port}/x.csv')",
    "from read_duckdb('{published}')",
    "from parquet_scan('/tmp/*.parquet')",
    "from parquet_metadata('x.parquet')",
    "from sniff_csv('/etc/passwd')",
    "from glob('/tmp/*')",
    'from "system".main."read_text"(\'/etc/passwd\')',
    "from READ_TEXT('/etc/passwd')",
    "select (select content from read_text('/etc/passwd'))",
    "from channels, lateral (from read_text('/etc/' || channel))",
    "from query('select 1')",
    "from query_table('channels')",
    "from query_table('/etc/passwd')",
    "from json_execute_serialized_sql(json_serialize_sql('select 1'))",
    "select json_serialize_plan('select 1')",
    "select current_setting('home_directory')",
    "select system.main.current_setting('secret_directory')",
    "select 'home_directory'.current_setting()",
    "select CURRENT_SETTING('temp_directory')",
    "select \"current_setting\"('allowed_paths')",
    "select list_transform(['home_directory'], lambda name: current_setting(name))",
    "select count(*) over (partition by current_setting('threads')) from channels",
    "select * from channels order by current_setting('home_directory')",
    "select error(current_setting('home_directory'))",
    "select getenv('PATH')",
    "select getvariable('x')",
    "select write_log('x')",
    "select nextval('store.run_numbers')",
    "select setval('store.run_numbers', 1)",
    "select to_aggregate_state('x')",
    "select finalize('x'::blob)",
    "select __internal_decompress_string(1::utinyint)",
    "from duckdb_databases()",
    "from duckdb_settings()",
    "explain from duckdb_settings()",
    "summarize from duckdb_settings()",
    "from duckdb_secrets()",
    "from which_secret('s3://bucket', 's3')",
    "from duckdb_extensions()",
    "from duckdb_temporary_files()",
    "from duckdb_external_file_cache()",
    "from duckdb_memory()",
    "from duckdb_variables()",
    "from duckdb_logs_parsed('x')",
    "from pragma_database_size()",
    "from pragma_storage_info('channels')",
    "from pragma_platform()",
    "from pandas_scan(140000000000)",
    "from arrow_scan(1, 2, 3)",
    "from python_map_function(1)",
    "from force_checkpoint('warehouse')",
    "from enable_logging()",
    "from create_external_resource('x')",
]
REACHED_ANOTHER_WAY = [
    "from duckdb_databases",
    "from system.main.duckdb_databases",
    "select path from (from duckdb_databases)",
    "from waits where agent in (select path from duckdb_databases)",
    "from waits positional join duckdb_databases",
    "pivot duckdb_databases on path in ('a') using count(*)",
    "summarize duckdb_databases",
    "explain analyze from duckdb_databases",
    "show databases",
    "from (show databases)",
    "show variables",
    "from pragma_database_list",
    "from pg_catalog.pg_settings",
    "from pg_catalog.pg_database",
    "from duckdb_logs",
    "from histogram('duckdb_databases', 'path')",
    "from histogram_values('system.main.duckdb_databases', path)",
]
NAMED_AS_TABLES = [
    ("from '/etc/passwd'", UNKNOWN),
    ("from '/proc/self/environ'", UNKNOWN),
    ("from 'x.csv'", NO_FILES),
    ("from '{published}'", f"{NO_FILES}|Permission denied"),
    ("from 'http://127.0.0.1:{port}/x.csv'", NO_FILES),
    ("from 's3://bucket/x.parquet'", NO_FILES),
    ("from transfers(of_tickets := '/etc/passwd')", UNKNOWN),
    ("from transfers(of_tickets := 'x.csv')", NO_FILES),
    ("from transfers(of_tickets := 'read_text(''/etc/passwd'')')", UNKNOWN),
    ("from transfers(of_tickets := 'system.main.duckdb_databases')", '"agent_change_count" not found'),
    ("from first_contacts(of_tickets := 'duckdb_' || 'databases')", '"source" does not exist'),
    ("from request", UNKNOWN),
    ("from connection", UNKNOWN),
    ("from sys", UNKNOWN),
    ("from memory.main.x", UNKNOWN),
    ("select * from channels into outfile '{folder}/x'", "syntax error"),
    ("select 1; delete from channels", "One statement at a time: there are 2"),
    ("select 1; select 2", "One statement at a time: there are 2"),
    (";;", "no statement"),
    ("select ?", "Values were not provided"),
]
ATTEMPTS = [
    *((sql, READING) for sql in (*WRITES, *FILES_AND_NETWORK, *SETTINGS)),
    *((sql, FUNCTION) for sql in FUNCTIONS),
    *((sql, CLOSED) for sql in REACHED_ANOTHER_WAY),
    *NAMED_AS_TABLES,
]


@dataclass
class Place:
    """Where attempts are made: a published warehouse, a folder to write to, and a listener that nobody should call."""

    adhoc: AdHoc
    spilling: AdHoc
    folder: Path
    published: Path
    listener: socket.socket
    digest: str

    def named(self, sql: str) -> str:
        names = {"folder": self.folder, "published": self.published, "port": self.listener.getsockname()[1]}
        for name, value in names.items():
            sql = sql.replace(f"{{{name}}}", str(value))
        return sql

    def attempt(self, sql: str, adhoc: AdHoc | None = None) -> str:
        """What is said to somebody who tries."""
        with pytest.raises(QueryRefused) as caught:
            (adhoc or self.adhoc).start(self.named(sql)).wait(60)
        return str(caught.value)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    small = SmallWarehouse(tmp_path_factory.mktemp("breakouts"))
    small.wait(NOON - minutes(30), None)
    small.publish()
    data = small.folder / "data"
    published = data / "warehouse-1.duckdb"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        adhoc = AdHoc(data, Sql(seconds=20, at_once=4))
        spilling = AdHoc(data, Sql(seconds=20, at_once=4, temp_space="50MB"))
        yield Place(adhoc, spilling, small.folder, published, listener, _digest(published))
        adhoc.close()
        spilling.close()


@pytest.mark.parametrize(("sql", "refusal"), ATTEMPTS)
def test_an_attempt_to_break_out_is_refused(place: Place, sql: str, refusal: str) -> None:
    said = place.attempt(sql)
    assert re.search(refusal, said), said
    assert "\n" not in said
    for hidden in {str(Path.home()), sys.prefix, str(PROJECT), str(place.folder)} - {"/"}:
        assert hidden not in said or hidden in place.named(sql)


@pytest.mark.parametrize(("sql", "refusal"), NAMED_AS_TABLES)
def test_it_is_refused_also_where_there_is_temp_space(place: Place, sql: str, refusal: str) -> None:
    said = place.attempt(sql, place.spilling)
    assert re.search(refusal, said), said


def test_after_all_attempts_nothing_has_happened(place: Place) -> None:
    assert _files(place.folder) == {"data", "data/warehouse-1.duckdb", "support.toml"}
    assert _digest(place.published) == place.digest
    with pytest.raises(BlockingIOError):
        place.listener.accept()
    if IS_LINUX:
        spares = {place.adhoc._spare.result().pid, place.spilling._spare.result().pid}
        assert _workers() == spares


def _workers() -> set[int]:
    """Processes of ours that run queries, or wait for one."""
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    pids = {int(pid) for path in children for pid in path.read_text().split()}
    return {pid for pid in pids if b"warehouse.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()}


@pytest.mark.parametrize("kind", WORST)
def test_the_worst_kinds_end_at_a_limit(place: Place, kind: str) -> None:
    adhoc = AdHoc(place.folder / "data", Sql(seconds=1, memory="100MB"))
    assert re.match("Stopped at the limit of (time: 1 s|memory: 100MB)", place.attempt(WORST[kind], adhoc))
    adhoc.close()


# Each fence by itself, the others open


@pytest.mark.parametrize(
    ("sql", "refusal"),
    [
        ("delete from store.waits", "read-only mode"),
        ("with gone as (delete from store.waits returning *) select * from gone", "read-only mode"),
        ("copy channels to '{folder}/x.csv'", "disabled by configuration"),
        ("from read_text('/etc/passwd')", "disabled by configuration"),
        ("from glob('/etc/*')", "disabled by configuration"),
        ("attach '{folder}/x.duckdb'", "disabled|Cannot"),
        ("attach '{published}' as own", "disabled|Cannot|already"),
        ("install httpfs", "disabled"),
        ("load '{folder}/x.duckdb_extension'", "disabled"),
        ("set enable_external_access = true", "locked"),
        ("set memory_limit = '100GB'", "locked"),
        ("set temp_directory = '{folder}'", "locked"),
        ("from read_csv('http://127.0.0.1:{port}/x.csv')", "disabled|not found"),
        ("from place", UNKNOWN),
    ],
)
def test_the_locked_connection_holds_without_the_parser(place: Place, sql: str, refusal: str) -> None:
    connection = confined.prepare()
    confined.attach_newest(connection, place.folder / "data")
    confined.lock(connection, 100_000_000, 1, None, 0)
    with pytest.raises(duckdb.Error, match=refusal):
        connection.execute(place.named(sql))
    connection.close()


ESCAPES = {
    "reads a file": "open('/etc/passwd')",
    "writes a file": "open(sys.argv[1] + '/x', 'w')",
    "makes a folder": "os.mkdir(sys.argv[1] + '/x')",
    "connects": "socket.create_connection(('127.0.0.1', int(sys.argv[2])))",
    "takes memory": "bytearray(400 << 20)",
    "loads a library": "ctypes.CDLL('libz.so.1')",
    "runs a program": "os.execv('/bin/true', ['true'])",
}
FENCED = "import ctypes, os, socket, sys; from warehouse import fences; fences.end_with_parent(); fences.close(100 << 20, 5, {temp}, None); "


@pytest.mark.skipif(not IS_LINUX, reason="these fences are Linux's")
@pytest.mark.parametrize("temp_space", [0, 1 << 20])
@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES.keys())
def test_the_system_holds_without_duckdb(place: Place, escape: str, temp_space: int) -> None:
    port = str(place.listener.getsockname()[1])
    script = FENCED.format(temp=temp_space) + escape
    ran = subprocess.run(
        [sys.executable, "-c", script, str(place.folder), port], cwd=PROJECT, capture_output=True, text=True
    )
    assert ran.returncode == 1
    assert re.search("PermissionError|OSError|MemoryError", ran.stderr), ran.stderr


# What a new version of DuckDB may bring


TELLING = re.compile(
    r"setting|env|secret|path|file|log|write|variable|sql|config|extension|load|http|query|seq|val$|state|internal"
)
LOOKED_AT = {
    "current_query", "current_query_id", "hive_partition_component", "json_value", "list_value", "array_value", "log", "log10", "log2",
    "json_extract_path", "json_extract_path_text", "map_extract_value", "map_contains_value", "parse_dirpath", "parse_path",
    "parse_filename", "path_join", "current_catalog", "has_sequence_privilege", "pg_ts_config_is_visible", "parse_dirname", "parse_duckdb_log_message", "normalized_interval", "union_value",
}  # fmt: skip


def test_every_function_that_sounds_like_the_system_has_been_looked_at() -> None:
    with duckdb.connect() as connection:
        names = connection.execute(
            "select distinct function_name from duckdb_functions() where internal and function_type in ('scalar', 'macro')"
        ).fetchall()
    telling = {name for (name,) in names if TELLING.search(name) and not name.startswith("__internal")}
    assert telling - LOOKED_AT - SCALAR_FUNCTIONS_REFUSED == set()


def test_a_table_function_that_nobody_looked_at_is_refused() -> None:
    with duckdb.connect() as connection:
        refused = refused_table_functions(connection)
    assert {"read_text", "query", "duckdb_settings", "pandas_scan", "enable_logging"} <= refused
    assert not refused & TABLE_FUNCTIONS
