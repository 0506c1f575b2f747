"""Files of other versions: every released one is brought up to date and holds what a fresh load holds; a newer one is left alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from pipelines import __main__ as program
from tests.browsing import PROJECT
from tests.comparing import same_tables, tables
from tests.conftest import Desk
from tests.released.make import HERE, KEYS
from tests.small_warehouse import SmallWarehouse
from warehouse import __version__, building, rewriting, schema_version
from warehouse.adhoc import AdHoc
from warehouse.ask import Warehouse
from warehouse.building import create_schema
from warehouse.connection import newest_version, numbered_versions
from warehouse.errors import OtherSchema, QueryRefused
from warehouse.settings import Sql

RELEASED = sorted(path.name.removesuffix(".tar.xz") for path in HERE.glob("*.tar.xz"))
SHAPE = HERE / f"schema-{schema_version.SCHEMA_VERSION}.txt"


@dataclass
class Old:
    """A data folder as a released version left it, and one that was loaded anew from what it landed."""

    upgraded: Desk
    fresh: Desk
    expected: dict[str, Any]
    problems: list[str]

    def one(self, sql: str) -> Any:
        return self.upgraded.ask(sql)[0][0]


@pytest.fixture(autouse=True)
def _keys_of_released_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def unpacked(name: str, folder: Path) -> Desk:
    with tarfile.open(HERE / f"{name}.tar.xz") as packed:
        packed.extractall(folder, filter="data")
    for feed in ("tickets", "events", "messages", "calls", "surveys", "annotations", "odd"):
        (folder / "exports" / feed).mkdir(parents=True)
    return Desk(folder, [(folder / "support.toml").read_text(encoding="utf-8")])


_kept: dict[str, Old] = {}


@pytest.fixture(params=RELEASED)
def old(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Old:
    """Opened once by this version, and published by it."""
    name = str(request.param)
    if name not in _kept:
        upgraded, fresh = (unpacked(name, tmp_path_factory.mktemp(name) / which) for which in ("upgraded", "fresh"))
        (fresh.folder / "data" / "loading.duckdb").unlink()
        reports = [desk.run() for desk in (upgraded, fresh)]
        assert [report.state for report in reports] == ["done", "done"], reports
        expected = json.loads((upgraded.folder / "expected.json").read_text(encoding="utf-8"))
        _kept[name] = Old(upgraded, fresh, expected, reports[0].problems)
    return _kept[name]


def test_a_released_versions_file_becomes_what_a_fresh_load_gives(old: Old) -> None:
    same_tables(tables(old.upgraded), tables(old.fresh))


def test_no_delivered_row_of_a_released_versions_file_is_lost(old: Old) -> None:
    kinds = old.expected["kinds"]
    found = {kind: old.one(f"select count(*) from store.{kind[:-1]}_rows where source = 'desk'") for kind in kinds}
    assert found == kinds
    assert old.one("select count(*) from rejected_rows") == 1
    assert old.one("select count(*) from files where state = 'refused'") == 1
    assert old.one("select count(*) from runs where run_id <= 2 and state = 'done'") == 2


def test_what_people_wrote_is_there_after_an_upgrade(old: Old) -> None:
    if not old.expected["can"]["write"]:
        pytest.skip("that version could not write")
    assert old.one("select count(*) from annotations where label = 'App 5.2' and source = 'written'") == 1
    assert old.one("select body from agent_notes") == "Well done"
    assert old.one("select name from saved_views") == "Mondays"


def test_who_was_erased_stays_so_after_an_upgrade(old: Old) -> None:
    if not old.expected["can"]["forget"]:
        pytest.skip("that version could not forget")
    assert old.one("select count(distinct pseudonym) from erasures") == 1
    told = old.upgraded.folder / "data" / "erasures.jsonl"
    (pseudonym,) = (json.loads(line)["pseudonym"] for line in told.read_text(encoding="utf-8").splitlines())
    assert old.one(f"select count(*) from tickets where customer = '{pseudonym}'") == 0


def test_a_pull_goes_on_where_the_version_before_left_off(old: Old) -> None:
    if not old.expected["can"]["pull"]:
        pytest.skip("that version could not pull")
    assert old.one("select count(*) from survey_responses where source = 'nps'") == 11
    assert old.one("select pages from pulls where name = 'nps'") >= 1
    cursors = [json.loads(path.read_text(encoding="utf-8")) for path in old.upgraded.folder.rglob("progress.json")]
    assert len(cursors) == 1
    assert any(
        problem.startswith("[sources.nps]") for problem in old.problems
    )  # the service is gone, and only that is said


def test_an_upgraded_file_says_what_it_is_and_is_opened_again_as_it_is(old: Old) -> None:
    assert old.upgraded.ask("select * from about") == [(schema_version.SCHEMA_VERSION, __version__)]
    before = tables(old.upgraded)
    said: list[str] = []
    program.Pipelines(program.load(old.upgraded.settings_file()), said.append).close()
    assert not any("up to this version" in line for line in said)
    old.upgraded.run()
    same_tables(tables(old.upgraded), before)


# --- steps ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def loaded(ticket_desk: Desk) -> Desk:
    ticket_desk.deliver("tickets/a.csv", "ticket_id,created_at,status\nT1,2026-01-05T09:00:00Z,new\n")
    ticket_desk.run()
    return ticket_desk


@pytest.fixture
def next_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The schema after this one, with a step that leaves a trace each time it is taken."""
    steps = tmp_path / "migrations"
    steps.mkdir()
    number = schema_version.SCHEMA_VERSION + 1
    text = "update runs set trigger = trigger || ' moved' where run_id in (select run_id from before.runs);"
    (steps / f"{number:04}_moved.sql").write_text(text, encoding="utf-8")
    (steps / f"{number - 1:04}_taken_before.sql").write_text("select error('taken twice');", encoding="utf-8")
    monkeypatch.setattr(rewriting, "MIGRATIONS", steps)
    monkeypatch.setattr(schema_version, "SCHEMA_VERSION", number)
    monkeypatch.setattr(schema_version, "OLDEST_READ", number)
    return steps


def test_a_step_is_taken_once_and_published_though_nothing_was_delivered(loaded: Desk, next_schema: Path) -> None:
    pipelines = program.Pipelines(program.load(loaded.settings_file()))
    try:
        report = pipelines.run("schedule", only_if_new=True)
        assert report is not None
        assert report.version is not None
        assert pipelines.run("schedule", only_if_new=True) is None
    finally:
        pipelines.close()
    program.Pipelines(program.load(loaded.settings_file())).close()
    assert loaded.ask("select trigger from runs order by run_id") == [("test moved",), ("schedule",)]
    assert loaded.ask("select schema_version from about") == [(schema_version.SCHEMA_VERSION,)]


def test_a_step_that_fails_leaves_the_file_as_it_was(loaded: Desk, next_schema: Path) -> None:
    file = loaded.folder / "data" / "loading.duckdb"
    before = file.read_bytes()
    (next_schema / "0009_wrong.sql").write_text("select error('no such thing');", encoding="utf-8")
    with pytest.raises(
        Exception, match=r"loading.duckdb cannot be brought up to this version, and is as it was: .*no such thing"
    ):
        program.Pipelines(program.load(loaded.settings_file()))
    assert file.read_bytes() == before
    (next_schema / "0009_wrong.sql").unlink()
    assert loaded.run().state == "done"


KILLED = """
import os, signal
from pathlib import Path
from warehouse import rewriting, schema_version
rewriting.MIGRATIONS, schema_version.SCHEMA_VERSION = Path({steps!r}), {number}
moment = {moment!r}
real = getattr(rewriting, moment) if moment != "replace" else Path.replace
def die(*given, **named):
    if moment == "_migrate":
        real(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)
if moment == "replace":
    Path.replace = die
else:
    setattr(rewriting, moment, die)
from pipelines import __main__ as program
program.main(["run", "--settings", {settings!r}])
"""


@pytest.mark.parametrize("moment", ["create_schema", "_migrate", "replace"])
def test_an_upgrade_that_is_killed_is_begun_anew(moment: str, loaded: Desk, next_schema: Path) -> None:
    number = schema_version.SCHEMA_VERSION
    settings = str(loaded.settings_file())
    code = KILLED.format(steps=str(next_schema), number=number, moment=moment, settings=settings)
    ended = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, env=os.environ, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert loaded.run().state == "done"
    assert loaded.ask("select trigger from runs where run_id = 1") == [("test moved",)]
    assert not list((loaded.folder / "data").glob(".rewriting*"))


def shape() -> str:
    """Every table of a file that this code makes, with its columns and their types."""
    with duckdb.connect() as connection:
        create_schema(connection, "UTC")
        rows = connection.execute(
            "select schema_name || '.' || table_name || '.' || column_name || ' ' || data_type from duckdb_columns()"
            " inner join duckdb_tables() using (database_name, schema_name, table_name)"
            " where database_name = current_database() and not duckdb_columns.internal order by schema_name, table_name, column_index"
        ).fetchall()
    return "".join(f"{line}\n" for (line,) in rows)


def test_another_shape_of_a_table_is_another_schema_version() -> None:
    """After a change: raise SCHEMA_VERSION, write a step where copying by name is not enough, and `python -m tests.test_upgrades`."""
    assert shape() == SHAPE.read_text(encoding="utf-8")


def test_views_and_macros_of_a_new_version_are_published_though_nothing_else_is_new(
    loaded: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sql = tmp_path / "sql"
    shutil.copytree(building.SQL_FOLDER, sql)
    (sql / "metrics" / "zz.sql").write_text("create or replace macro twice(value) as 2 * value;", encoding="utf-8")
    monkeypatch.setattr(building, "SQL_FOLDER", sql)
    reports = []
    for _ in range(2):
        pipelines = program.Pipelines(program.load(loaded.settings_file()))
        reports.append(pipelines.run("schedule", only_if_new=True))
        pipelines.close()
    assert [report and report.version for report in reports] == [2, None]
    assert loaded.ask("select twice(21)") == [(42,)]


def test_how_long_tickets_were_open_is_found_where_much_happened_at_one_instant() -> None:
    changes = {
        "A": [("10:00", "arrived", "10:00"), ("10:00", "solved", "10:00"), ("10:00", "reopened", None)],
        "B": [
            ("09:00", "arrived", "10:00"),
            ("10:00", "solved", "10:00"),
            ("10:00", "reopened", "11:00"),
            ("11:00", "solved", None),
        ],
        "C": [
            ("09:00", "arrived", "10:00"),
            ("10:00", "solved", "10:00"),
            ("10:00", "reopened", "10:00"),
            ("10:00", "solved", None),
        ],
        "D": [("09:00", "arrived", "09:00"), ("09:00", "removed", None)],
    }
    expected = [
        (ticket, at, change, until, rows[0][0]) for ticket, rows in changes.items() for at, change, until in rows
    ]
    with duckdb.connect() as connection:
        create_schema(connection, "UTC")
        for ticket, at, change, _, _ in reversed(expected):
            sign = 1 if change in ("arrived", "reopened") else -1
            connection.execute(
                "insert into backlog_changes (source, ticket_id, happened_at, change, open_change) values ('desk', ?, ?, ?, ?)",
                [ticket, f"2026-01-05 {at}", change, sign],
            )
        connection.execute(next(rewriting.MIGRATIONS.glob("0003_*.sql")).read_text(encoding="utf-8"))
        found = connection.execute(
            "select ticket_id, strftime(happened_at, '%H:%M'), change, strftime(until_at, '%H:%M'), strftime(created_at, '%H:%M') from backlog_changes"
        ).fetchall()
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_waits_are_due_when_they_were_whatever_clock_counts(tmp_path: Path) -> None:
    file = unpacked("8-how-long-tickets-were-open", tmp_path).folder / "data" / "loading.duckdb"
    with duckdb.connect(str(file)) as connection:
        numbered = "from (select rowid as row_no, row_number() over (order by rowid) as place from store.waits) as rows where row_no = waits.rowid and place"
        connection.execute(
            f"update store.waits as waits set target_seconds = 14400, is_business_time = place = 1 {numbered} < 3"
        )
        connection.execute(
            f"update store.waits as waits set business_due_at = timestamp '2026-01-05 09:00' {numbered} = 1"
        )
        rows = connection.execute("select ticket_id, turn, began_at from store.waits order by rowid").fetchall()
    rewriting.upgrade(file, "UTC")
    expected = {row[:2]: None for row in rows}
    expected |= {rows[0][:2]: datetime(2026, 1, 5, 9, 0), rows[1][:2]: rows[1][2] + timedelta(hours=4)}
    with duckdb.connect(str(file)) as connection:
        found = connection.execute("select ticket_id, turn, due_at from store.waits").fetchall()
    assert {row[:2]: row[2] for row in found} == expected


# --- newer files ------------------------------------------------------------------------------------------------------------


def newer(file: Path) -> None:
    file.chmod(0o600)
    with duckdb.connect(str(file)) as connection:
        connection.execute("update about set schema_version = 99, product_version = '7.3'")


def test_a_newer_loading_file_is_refused_in_one_line_and_left_alone(
    loaded: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    file = loaded.folder / "data" / "loading.duckdb"
    newer(file)
    before = file.read_bytes()
    assert program.main(["run", "--settings", str(loaded.settings_file())]) == 1
    said = capsys.readouterr().err.strip()
    assert "\n" not in said
    assert "loading.duckdb was written by version 7.3, which is newer than this one" in said
    assert "Start version 7.3 or a later one" in said
    assert file.read_bytes() == before


@pytest.fixture
def newer_desk(tmp_path: Path) -> SmallWarehouse:
    desk = SmallWarehouse(tmp_path)
    desk.publish()
    newer(tmp_path / "data" / "warehouse-1.duckdb")
    return desk


def test_a_newer_published_file_is_refused_to_questions_and_to_ad_hoc_sql(newer_desk: SmallWarehouse) -> None:
    data = newer_desk.folder / "data"
    with pytest.raises(OtherSchema, match=r"warehouse-1.duckdb was written by version 7.3"):
        Warehouse(data).ask("filter_choices")
    adhoc = AdHoc(data, Sql())
    try:
        with pytest.raises(QueryRefused, match=r"written by version 7.3"):
            adhoc.start("select 1").wait(60)
    finally:
        adhoc.close()


@pytest.mark.parametrize("page", ["live", "data_health", "sql"])
def test_a_page_says_that_the_file_is_newer_and_fills_once_it_can_read_one(
    page: str, newer_desk: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPPORT_SETTINGS", str(newer_desk.settings_file()))
    run = AppTest.from_file(str(PROJECT / "pages" / f"{page}.py"), default_timeout=120).run()
    assert not run.exception
    assert [error.value for error in run.error if "newer than this one" in error.value]
    newer_desk.publish()
    run.run()
    assert not run.exception
    assert not run.error


@pytest.mark.parametrize("page", ["glossary", "dictionary"])
def test_what_metrics_and_tables_mean_is_there_though_the_file_is_newer(
    page: str, newer_desk: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPPORT_SETTINGS", str(newer_desk.settings_file()))
    run = AppTest.from_file(str(PROJECT / "pages" / f"{page}.py"), default_timeout=120).run()
    assert not run.exception


def test_a_file_published_before_schemas_had_numbers_asks_for_the_pipelines(loaded: Desk) -> None:
    data = loaded.folder / "data"
    file = numbered_versions(data)[newest_version(data)]
    file.chmod(0o600)
    with duckdb.connect(str(file)) as connection:
        connection.execute("drop table about")
    with pytest.raises(OtherSchema, match=r"published by an older version .* start the pipelines"):
        Warehouse(data).ask("filter_choices")


def test_the_version_is_said_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        program.main(["--version"])
    assert __version__ in capsys.readouterr().out


def test_a_data_folder_whose_loading_file_was_moved_away_is_loaded_anew(loaded: Desk) -> None:
    before = tables(loaded)
    shutil.move(loaded.folder / "data" / "loading.duckdb", loaded.folder / "aside.duckdb")
    loaded.run()
    same_tables(tables(loaded), before)


if __name__ == "__main__":
    SHAPE.write_text(shape(), encoding="utf-8")
