"""Ad-hoc SQL: what an analyst may ask, what they get, what they are told, and when a query ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from tests.small_warehouse import NOON, SmallWarehouse, minutes
from warehouse import adhoc as adhoc_module
from warehouse.adhoc import AdHoc, Query, Result, parameters_of
from warehouse.errors import NoWarehouse, QueryRefused
from warehouse.query_process import bytes_of
from warehouse.settings import Sql

PATIENCE = 180.0
SORT = "select max(place) from (select row_number() over (order by md5(range::varchar)) as place from range(3000000))"
ENDLESS = "select count(*) from range(1000000) a, range(1000000) b, range(1000000) c"

Started = Callable[..., AdHoc]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a published warehouse: two waits by email, one of them open, and one by phone."""
    small = SmallWarehouse(tmp_path_factory.mktemp("adhoc"))
    small.wait(NOON - minutes(300), 60)
    small.wait(NOON - minutes(30), None)
    small.wait(NOON - minutes(200), 30, channel="phone")
    small.ticket(NOON - minutes(300), first_solved_at=NOON - minutes(100))
    small.change(NOON - minutes(300))
    small.publish()
    return small.folder / "data"


@pytest.fixture(scope="module")
def adhoc(data: Path) -> Iterator[AdHoc]:
    asked = AdHoc(data, Sql(seconds=20, at_once=4))
    yield asked
    asked.close()


@pytest.fixture
def start_adhoc(data: Path) -> Iterator[Started]:
    """AdHoc with limits of its own."""
    made: list[AdHoc] = []

    def start(**limits: object) -> AdHoc:
        made.append(AdHoc(data, Sql.model_validate(limits)))
        return made[-1]

    yield start
    for one in made:
        one.close()


def result(asked: AdHoc, sql: str, **values: object) -> Result:
    answer = asked.start(sql, values).wait(PATIENCE)
    assert answer is not None
    return answer


def rows(asked: AdHoc, sql: str, **values: object) -> list[tuple[object, ...]]:
    return list(result(asked, sql, **values).frame.itertuples(index=False, name=None))


def refusal(asked: AdHoc, sql: str, **values: object) -> QueryRefused:
    with pytest.raises(QueryRefused) as caught:
        result(asked, sql, **values)
    return caught.value


def is_gone(pid: int, within: float = PATIENCE) -> bool:
    """Whether there is no such process any more, or will be soon."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


# What may be asked


def test_views_and_macros_are_called_by_their_plain_names(adhoc: AdHoc) -> None:
    sql = (
        "select channel, count(*) as waits, answered(outcome) as answered from waits group by channel order by channel"
    )
    assert rows(adhoc, sql) == [("email", 2, 1), ("phone", 1, 1)]


def test_tables_of_the_store_are_asked_by_their_schema(adhoc: AdHoc) -> None:
    assert rows(adhoc, "select count(*) from store.waits") == [(3,)]


def test_table_macros_are_asked_like_tables(adhoc: AdHoc) -> None:
    assert rows(adhoc, "select count(*) from first_contacts()") == [(1,)]
    assert rows(adhoc, "select count(*) from transfers(of_tickets := 'tickets')") == [(0,)]


def test_the_example_of_every_metric_runs(start_adhoc: Started, data: Path) -> None:
    with duckdb.connect(str(data / "warehouse-1.duckdb"), read_only=True) as connection:
        comments = connection.execute(
            "select comment from duckdb_functions() where comment like '%example: %'"
        ).fetchall()
    examples = {line[9:] for (comment,) in comments for line in comment.splitlines() if line.startswith("example: ")}
    counts = [f"(select count(*) from ({example})) as e{place}" for place, example in enumerate(sorted(examples))]
    assert len(counts) > 30
    assert result(start_adhoc(seconds=150), f"select {', '.join(counts)}").rows == 1


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("from channels", 3),
        ("values (1), (2)", 2),
        ("with newest as (select max(began_at) from waits) from newest", 1),
        (
            "with recursive steps as (select 1 as step union all select step + 1 from steps where step < 5) from steps",
            5,
        ),
        ("select channel from waits union select channel from channels", 3),
        ("describe channels", 3),
        ("summarize channels", 3),
        ("pivot waits on channel in ('email', 'phone') using count(*) group by team", 1),
        ("explain select 1", 1),
        ("explain (select 1)", 1),
        ("explain (format json) select 1", 1),
        ("explain analyze select count(*) from waits", 1),
        ("/* a comment */ select 1 -- and another; with a mark\n;", 1),
        ("select unnest(range(4)) as number", 4),
    ],
)
def test_every_statement_that_reads_may_be_asked(adhoc: AdHoc, sql: str, count: int) -> None:
    assert result(adhoc, sql).rows == count


def test_the_tables_can_be_listed(adhoc: AdHoc) -> None:
    assert {"waits", "tickets"} <= set(result(adhoc, "show tables").frame["name"])
    assert rows(adhoc, "select count(*) from duckdb_columns() where table_name = 'channels'") == [(3,)]


def test_a_query_reads_the_newest_version(tmp_path: Path) -> None:
    small = SmallWarehouse(tmp_path)
    small.publish()
    asked = AdHoc(tmp_path / "data", Sql())
    assert rows(asked, "select count(*) from waits") == [(0,)]
    small.wait(NOON - minutes(5), None)
    small.publish()
    assert rows(asked, "select count(*) from waits") == [(1,)]
    asked.close()


def test_nothing_published_is_said_so(tmp_path: Path) -> None:
    asked = AdHoc(tmp_path, Sql())
    with pytest.raises(NoWarehouse, match="no warehouse yet"):
        asked.start("select 1")
    asked.close()


# Parameters


def test_values_go_in_as_parameters_with_their_types(adhoc: AdHoc) -> None:
    given = {"text": "it's", "number": 7, "share": 0.25, "is_on": True, "nothing": None, "names": ["a", "b"]}
    sql = f"select {', '.join(f'${name} as {name}' for name in given)}"
    frame = result(adhoc, sql, **given).frame
    assert [frame["text"][0], frame["number"][0], frame["share"][0], frame["is_on"][0]] == ["it's", 7, 0.25, True]
    assert frame["nothing"].isna().all()
    assert list(frame["names"][0]) == ["a", "b"]


def test_instants_go_in_as_parameters(adhoc: AdHoc) -> None:
    assert rows(adhoc, "select count(*) from waits where began_at >= $since", since=NOON - minutes(60)) == [(1,)]
    assert result(adhoc, "select $day as day", day=date(2026, 3, 4)).types == ("DATE",)


def test_a_value_is_never_read_as_sql(adhoc: AdHoc) -> None:
    assert rows(adhoc, "select count(*) from waits where channel = $channel", channel="x' or 1=1 --") == [(0,)]


def test_values_that_the_query_does_not_name_are_left_out(adhoc: AdHoc) -> None:
    assert rows(adhoc, "select $a::int as a", a=1, b=2) == [(1,)]


def test_a_missing_value_is_named(adhoc: AdHoc) -> None:
    assert str(refusal(adhoc, "select $since, $until", since=NOON)) == "A value is missing for $until"


def test_a_value_without_a_type_is_refused(adhoc: AdHoc) -> None:
    assert "cannot be given to SQL" in str(refusal(adhoc, "select $a", a=object()))


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("select $b, $a, $b", ["b", "a"]),
        ("select '$no', \"$no\", $$ $no $$, $yes", ["yes"]),
        ("select 1 -- $no\n + $yes /* $no */", ["yes"]),
        ("select $start, $end, $select", ["start", "end", "select"]),
        ("select 'ä€', $after", ["after"]),
        ("select 'open $no", []),
        ("", []),
    ],
)
def test_parameters_are_found_in_order_outside_texts_and_comments(sql: str, names: list[str]) -> None:
    assert parameters_of(sql) == names


# What comes back


def test_a_result_says_its_types_rows_and_time(adhoc: AdHoc) -> None:
    answer = result(adhoc, "select 1 as whole, 'a' as text, 1.5::decimal(4, 1) as part, now() as instant")
    assert answer.types == ("INTEGER", "VARCHAR", "DECIMAL(4,1)", "TIMESTAMP WITH TIME ZONE")
    assert (answer.rows, answer.cut_by) == (1, None)
    assert answer.seconds >= 0


def test_column_names_are_made_unique(adhoc: AdHoc) -> None:
    frame = result(adhoc, "select 1 as a, 2 as a, 3 as a_2, 4 as a").frame
    assert list(frame.columns) == ["a", "a_3", "a_2", "a_4"]
    assert frame.iloc[0].tolist() == [1, 2, 3, 4]


def test_whole_numbers_stay_exact_beside_nulls(adhoc: AdHoc) -> None:
    frame = result(adhoc, "from (values (9007199254740993::bigint), (null)) as numbers(number)").frame
    assert frame["number"].tolist() == [9007199254740993, pd.NA]


def test_sums_are_numbers(adhoc: AdHoc) -> None:
    frame = result(adhoc, "select sum(range) as total, sum(range * 0.5) as half, max(1.25) as part from range(5)").frame
    assert frame.iloc[0].tolist() == [10, 5.0, 1.25]
    assert not isinstance(frame["half"][0], Decimal)


def test_instants_are_utc(adhoc: AdHoc) -> None:
    frame = result(adhoc, "select '2026-03-04 12:00:00+02'::timestamptz as instant, current_date as today").frame
    assert frame["instant"][0] == datetime(2026, 3, 4, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "'infinity'::timestamp",
        "'290000-01-01'::timestamp",
        "'0001-01-01'::date",
        "170141183460469231731687303715884105727::hugeint",
        "interval 3 months",
        "time '10:00'",
        "'x'::blob",
        "uuid()",
        "[1, null]",
        "{'a': [1]}",
        "map {'a': 1}",
        "'a'::enum('a', 'b')",
        "'101'::bit",
        "union_value(a := 1)",
        "null",
        "array_value(1, 2)",
        "'{}'::json",
        "'nan'::double",
    ],
)
def test_a_value_of_any_type_comes_back(adhoc: AdHoc, value: str) -> None:
    assert result(adhoc, f"select {value} as value, 1 as beside").frame.shape == (1, 2)


def test_no_rows_come_back_as_no_rows(adhoc: AdHoc) -> None:
    answer = result(adhoc, "select channel, waited_seconds from waits where false")
    assert (answer.rows, list(answer.frame.columns)) == (0, ["channel", "waited_seconds"])


def test_order_is_kept(adhoc: AdHoc) -> None:
    frame = result(adhoc, "select range as number from range(9000) order by number desc").frame
    assert frame["number"].tolist() == list(range(8999, -1, -1))


# Mistakes


@pytest.mark.parametrize(
    ("sql", "phrase", "place"),
    [
        ("selec 1", "syntax error", (1, 1)),
        ("select *\nfrom waits\nwhere chanel = 'email'", '"chanel" not found', (3, 7)),
        ("select 'ä€', nope from waits", '"nope" not found', (1, 14)),
        ("select 1\nfrom nothing_here", "nothing_here does not exist", (2, 6)),
        ("select no_such_metric(channel) from waits", "no_such_metric does not exist", (1, 8)),
        ("explain select nope from waits", '"nope" not found', (1, 16)),
        ("select 1 as one,\n  channel::integer from waits", "Could not convert", (2, 10)),
        ("select 'open", "unterminated", (1, 8)),
    ],
)
def test_a_mistake_is_one_line_with_its_place(adhoc: AdHoc, sql: str, phrase: str, place: tuple[int, int]) -> None:
    error = refusal(adhoc, sql)
    assert phrase in str(error)
    assert "\n" not in str(error)
    assert (error.line, error.column, error.limit) == (*place, None)


def test_a_mistake_of_grammar_is_told_at_once(adhoc: AdHoc) -> None:
    with pytest.raises(QueryRefused, match="syntax error"):
        adhoc.start("select from where")


def test_an_endless_text_is_not_read(adhoc: AdHoc) -> None:
    assert refusal(adhoc, f"select '{'x' * 100_000}'").limit == "length"


# Limits


@pytest.mark.parametrize(
    "sql",
    [
        ENDLESS,
        "with recursive steps as (select 1 as step union all select step + 1 from steps) select max(step) from steps",
        "select count(*) from range(100000000) where regexp_matches(repeat('a', 3000) || range, '(a*)*(b*)*c')",
        "select list_sum(list_transform(range(3000000), lambda x: list_sum(range(x % 1000)))) from range(100)",
        "select count(*) from waits a, range(1000000000) b, waits c where a.agent || b.range = c.agent || c.turn",
    ],
)
def test_the_limit_of_time_ends_a_query(start_adhoc: Started, sql: str) -> None:
    query = start_adhoc(seconds=1, memory="2GB").start(sql)
    with pytest.raises(QueryRefused, match="limit of time: 1 s") as caught:
        query.wait(PATIENCE)
    assert caught.value.limit == "time"
    assert query.seconds < 1 + 5
    assert is_gone(query.pid, 1)


@pytest.mark.parametrize(
    "sql",
    [
        "select list(range) from range(1000000000)",
        "select string_agg(range, ',') from range(1000000000)",
        "select len(repeat('x', 4000000000))",
        "select sum(len(repeat('x' || range, 100000000))) from range(100)",
        "select len(range(1000000000))",
        "select len(list_transform(range(300000000), lambda x: x || 'long enough to be kept on the heap'))",
        SORT,
        "select count(distinct md5(range::varchar)) from range(1000000000)",
        "select " + "(" * 50_000,
    ],
)
def test_the_limit_of_memory_ends_a_query(start_adhoc: Started, sql: str) -> None:
    error = refusal(start_adhoc(seconds=150, memory="100MB"), sql)
    assert (error.limit, str(error)) == ("memory", "Stopped at the limit of memory: 100MB")


def test_a_sort_that_is_too_large_for_memory_ends_at_the_limit_of_temp_space(start_adhoc: Started) -> None:
    error = refusal(start_adhoc(seconds=150, memory="60MB", temp_space="20MB"), SORT)
    assert (error.limit, str(error)) == ("temp space", "Stopped at the limit of temp space: 20MB")


def test_with_temp_space_it_runs_and_leaves_nothing(
    start_adhoc: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert rows(start_adhoc(seconds=150, memory="60MB", temp_space="1GB"), SORT) == [(3_000_000,)]
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_dashboard_spilled_is_removed(
    start_adhoc: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for name in (f"support-sql-{dead.pid}-x", f"support-sql-{os.getpid()}-x", "support-sql-notes-x", "other"):
        (tmp_path / name).mkdir()
    start_adhoc()
    assert {path.name for path in tmp_path.iterdir()} == {
        f"support-sql-{os.getpid()}-x",
        "support-sql-notes-x",
        "other",
    }


def test_more_rows_than_may_be_returned_are_cut(start_adhoc: Started) -> None:
    answer = result(start_adhoc(rows=100), "select range as number from range(100000000000)")
    assert (answer.rows, answer.cut_by, answer.frame["number"].tolist()) == (100, "rows", list(range(100)))


def test_more_cells_than_may_be_returned_are_cut(start_adhoc: Started) -> None:
    answer = result(start_adhoc(cells=100), "select range as a, range as b, range as c from range(100)")
    assert (answer.frame.shape, answer.rows, answer.cut_by) == ((33, 3), 33, "cells")


def test_as_many_rows_as_may_be_returned_are_not_cut(start_adhoc: Started) -> None:
    answer = result(start_adhoc(rows=100), "from range(100)")
    assert (answer.rows, answer.cut_by) == (100, None)


def test_a_few_huge_texts_end_at_the_limit_of_size(start_adhoc: Started) -> None:
    assert refusal(start_adhoc(memory="1GB"), "select repeat('x', 1000000) from range(300)").limit == "size"


def test_no_more_run_at_once_than_may(start_adhoc: Started) -> None:
    asked = start_adhoc(at_once=1)
    running = asked.start(ENDLESS)
    assert refusal(asked, "select 1").limit == "at once"
    running.stop()
    with pytest.raises(QueryRefused, match="Stopped by you"):
        running.wait(PATIENCE)
    assert rows(asked, "select 1") == [(1,)]


def test_refused_queries_take_no_place(start_adhoc: Started) -> None:
    asked = start_adhoc(at_once=1)
    for sql in ("drop table waits", "selec", "select $a", "select nope"):
        refusal(asked, sql)
    assert rows(asked, "select 1") == [(1,)]


def test_sizes_are_read_as_duckdb_reads_them() -> None:
    assert [bytes_of(size) for size in ("512MB", "1.5GiB", "2 GB", "1MiB")] == [
        512_000_000,
        1_610_612_736,
        2 * 10**9,
        2**20,
    ]


# The end of a query


def _ended(query: Query) -> QueryRefused:
    with pytest.raises(QueryRefused) as caught:
        query.wait(PATIENCE)
    return caught.value


def test_the_stop_button_ends_a_query(adhoc: AdHoc) -> None:
    query = adhoc.start(ENDLESS)
    assert query.poll() is None
    query.stop()
    assert is_gone(query.pid, 1)
    assert _ended(query).limit == "stopped"


def test_a_query_that_nobody_polls_is_gone(adhoc: AdHoc) -> None:
    query = adhoc.start(ENDLESS)
    assert is_gone(query.pid, adhoc_module.LEASE_SECONDS + 5)
    assert _ended(query).limit == "lease"


def test_a_query_that_is_polled_outlives_the_lease(adhoc: AdHoc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adhoc_module, "LEASE_SECONDS", 1.0)
    query = adhoc.start(ENDLESS)
    for _ in range(15):
        time.sleep(0.2)
        assert query.poll() is None
    query.stop()


PARENT = """
import sys, time
from pathlib import Path
from warehouse.adhoc import AdHoc
from warehouse.settings import Sql
adhoc = AdHoc(Path(sys.argv[1]), Sql())
query = adhoc.start(sys.argv[2])
while not adhoc._spare.done():
    query.poll()
    time.sleep(0.1)
print(query.pid, adhoc._spare.result().pid, flush=True)
while True:
    query.poll()
    time.sleep(0.1)
"""


def test_a_dashboard_that_is_killed_leaves_no_process(data: Path) -> None:
    project = Path(__file__).resolve().parents[1]
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(data), ENDLESS], cwd=project, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    running, spare = map(int, parent.stdout.readline().split())
    assert not is_gone(running, 0.3)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert is_gone(running, 5)
    assert is_gone(spare, 5)


def test_a_process_that_died_while_it_waited_is_replaced(adhoc: AdHoc) -> None:
    spare = adhoc._spare.result()
    spare.kill()
    spare._process.wait()
    assert rows(adhoc, "select 1") == [(1,)]


def test_a_process_that_breaks_off_is_told_as_such(adhoc: AdHoc) -> None:
    query = adhoc.start(ENDLESS)
    os.kill(query.pid, signal.SIGSEGV)
    assert "brought its process down" in str(_ended(query))


def test_closing_leaves_no_process(data: Path) -> None:
    asked = AdHoc(data, Sql())
    spare = asked._spare.result().pid
    asked.close()
    assert is_gone(spare, 1)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_process_that_waits_has_no_environment_and_no_file_open(adhoc: AdHoc) -> None:
    process = Path(f"/proc/{adhoc._spare.result().pid}")
    assert (process / "environ").read_bytes() == b""
    opened = set()
    for link in (process / "fd").iterdir():
        with suppress(FileNotFoundError):
            opened.add(os.readlink(link).split(":")[0])
    assert opened <= {"pipe", "/dev/null"}
