"""Upkeep puts rows in order and gives space back; no row changes, runs go on meanwhile, and it may be killed at any moment."""

from __future__ import annotations

import logging
import shutil
import signal
import subprocess
import sys
import threading
from collections import namedtuple
from pathlib import Path

import duckdb
import pytest

from pipelines import schedule
from pipelines.__main__ import main
from pipelines.refresh import Pipelines
from tests.bench import made_up
from tests.comparing import same_tables, tables
from tests.conftest import Desk
from warehouse import upkeep
from warehouse.building import create_schema
from warehouse.connection import open_for_writing
from warehouse.errors import FolderError
from warehouse.settings import load

PROJECT = Path(__file__).resolve().parents[1]
TICKETS = 3_000
# Upkeep as of a small desk: says "step" after each, and goes on.
KEEPING_UP = """
import sys
from pathlib import Path
from pipelines.refresh import Pipelines
from warehouse import upkeep
from warehouse.settings import load
upkeep.ROWS_A_GROUP = 1024
pipelines = Pipelines(load(Path(sys.argv[1])))
while pipelines.keep_up() is None:
    print("step", flush=True)
"""


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small desk has as many slices as a large one."""
    monkeypatch.setattr(upkeep, "ROWS_A_GROUP", 512)


@pytest.fixture(scope="module")
def changed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("changed")
    desk = Desk(folder, [made_up.SETTINGS])
    made_up.write_history(folder / "exports", TICKETS, events=3)
    desk.run()
    for number in range(1, 4):
        made_up.write_batch(folder / "exports", TICKETS, number, size=800)
        desk.run()
    return folder


@pytest.fixture
def changed_desk(changed_once: Path, tmp_path: Path) -> Desk:
    """A desk whose tickets were changed over and over: their rows lie anywhere."""
    shutil.copytree(changed_once, tmp_path / "desk")
    return Desk(tmp_path / "desk", [made_up.SETTINGS])


def _keep_up(pipelines: Pipelines) -> upkeep.Done:
    done = None
    while not done:
        done = pipelines.keep_up()
    return done


def _stretches_too_many(desk: Desk, table: str) -> int:
    """How many stretches of 512 rows the rows of one month lie in, beyond what they fill."""
    column = upkeep.ORDERED_BY[table][0]
    month = f"{column} >= timestamp '{made_up.END}' - interval 180 days and {column} < timestamp '{made_up.END}' - interval 150 days"
    with duckdb.connect(str(desk.folder / "data" / "loading.duckdb"), read_only=True) as connection:
        ((count, rows),) = connection.execute(
            f"select count(distinct rowid // 512), count(*) from {table} where {month}"
        ).fetchall()
    return int(count - rows // 512 - 1)


@pytest.mark.usefixtures("small_slices")
def test_every_table_holds_the_same_rows_after_upkeep_and_readers_get_them_in_order(
    changed_desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tables(changed_desk)
    version = changed_desk.ask("select max(version) from runs")
    assert main(["upkeep", "--settings", str(changed_desk.settings_file())]) == 0
    assert "put in order" in capsys.readouterr().out
    assert changed_desk.ask("select max(version) from runs") > version
    same_tables(tables(changed_desk), before)


@pytest.mark.usefixtures("small_slices")
def test_a_month_lies_together_again_that_batches_scattered(changed_desk: Desk) -> None:
    scattered = ("store.tickets", "store.waits", "ticket_events", "store.event_rows", "messages")
    before = [_stretches_too_many(changed_desk, table) for table in scattered]
    pipelines = Pipelines(load(changed_desk.settings_file()))
    _keep_up(pipelines)
    pipelines.close()
    after = [_stretches_too_many(changed_desk, table) for table in scattered]
    assert max(after) <= 1 < min(before), (before, after)


def test_an_upkeep_right_after_another_moves_nothing_and_says_so(changed_desk: Desk) -> None:
    pipelines = Pipelines(load(changed_desk.settings_file()))
    first, second = _keep_up(pipelines), _keep_up(pipelines)
    noted = pipelines.connection.execute("select slices, rows from upkeeps").fetchall()
    pipelines.close()
    assert first.slices > 4
    assert second.slices == 0
    assert "all is in order" in second.line()
    assert noted == [(first.slices, first.rows)]


@pytest.mark.parametrize("steps", [2, 25, 45])
def test_an_upkeep_that_is_killed_leaves_every_row_and_the_next_one_goes_on(changed_desk: Desk, steps: int) -> None:
    before = tables(changed_desk)
    command = [sys.executable, "-c", KEEPING_UP, str(changed_desk.settings_file())]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert [process.stdout.readline() for _ in range(steps)] == ["step\n"] * steps
        process.kill()
    assert process.returncode == -signal.SIGKILL
    for path in (changed_desk.folder / "data").glob("warehouse*.duckdb"):
        path.unlink()
    changed_desk.run()
    same_tables(tables(changed_desk), before)
    assert main(["upkeep", "--settings", str(changed_desk.settings_file())]) == 0
    same_tables(tables(changed_desk), before)


def test_runs_go_on_between_the_steps_of_an_upkeep(changed_desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pipelines")
    pipelines, turn = Pipelines(load(changed_desk.settings_file())), threading.Lock()
    keeping_up = threading.Thread(target=schedule.keep_up, args=(pipelines, turn, threading.Event()))
    keeping_up.start()
    under_way = []
    for number in range(10, 13):
        made_up.write_batch(changed_desk.folder / "exports", TICKETS, number, size=50)
        with turn:
            report = pipelines.run("test")
            under_way.append(keeping_up.is_alive())
        assert report is not None
        assert (report.state, report.problems) == ("done", [])
    keeping_up.join()
    pipelines.close()
    assert under_way[0]
    assert any("put in order" in message for message in caplog.messages)


def test_the_space_of_dropped_rows_is_given_back_to_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "loading.duckdb"
    with open_for_writing(path) as connection:
        create_schema(connection, "UTC")
        _insert_messages(connection, 0, 600_000)
        _insert_messages(connection, 600_000, 700_000)
        connection.execute("checkpoint; delete from messages where hash(ticket_id) % 4 > 0; checkpoint")
        before = path.stat().st_size
        keeping_up = upkeep.Upkeep(connection, path)
        while keeping_up.step():
            pass
        ((total, used),) = connection.execute("select total_blocks, used_blocks from pragma_database_size()").fetchall()
    assert total <= 1.34 * used
    assert path.stat().st_size < before / 2


def _insert_messages(connection: duckdb.DuckDBPyConnection, first: int, end: int) -> None:
    connection.execute(
        "insert into messages by name select 'desk' as source, 'T' || range as ticket_id, 'M' || hash(range) as message_id,"
        f" timestamp '2026-01-01' + to_seconds(range) as sent_at from range({first}, {end})"
    )


def test_upkeep_of_a_nearly_full_disk_is_one_line_and_moves_nothing(
    changed_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(upkeep, "disk_usage", lambda path: usage(10**12, 10**12 - 1000, 1000))
    pipelines = Pipelines(load(changed_desk.settings_file()))
    with pytest.raises(FolderError, match="upkeep waits until there is more"):
        next(filter(None, iter(pipelines.keep_up, object())))
    pipelines.close()
