"""Readers always see a whole, checked version, and nobody blocks the writer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines import refresh
from pipelines.__main__ import main
from pipelines.refresh import Pipelines
from tests.conftest import Desk
from warehouse.ask import Warehouse
from warehouse.connection import numbered_versions
from warehouse.errors import FolderError, NoWarehouse
from warehouse.proving import rows_of_tables
from warehouse.settings import load

HEADER = "ticket_id,created_at,status\n"
READER = """
import sys, duckdb
path = sys.argv[1]
for _ in range(int(sys.argv[2])):
    with duckdb.connect(path, read_only=True) as connection:
        tickets, flows = connection.execute("select (select count(*) from tickets), (select coalesce(sum(arrived), 0) from queue_hours)").fetchone()
        assert tickets == flows, (tickets, flows)
"""


def _grow(desk: Desk, number: int) -> None:
    desk.deliver(
        f"tickets/{number}.csv", HEADER + "".join(f"T{number}-{row},2026-01-01T10:00:00Z,open\n" for row in range(50))
    )


def test_readers_in_other_processes_keep_working_while_runs_go_on(ticket_desk: Desk) -> None:
    _grow(ticket_desk, 0)
    ticket_desk.run()
    path = ticket_desk.folder / "data" / "warehouse.duckdb"
    readers = [
        subprocess.Popen([sys.executable, "-c", READER, str(path), "60"], stderr=subprocess.PIPE) for _ in range(2)
    ]
    pipelines = Pipelines(load(ticket_desk.settings_file()))
    number = 1
    while any(reader.poll() is None for reader in readers) and number < 200:
        _grow(ticket_desk, number)
        report = pipelines.run("test")
        assert report is not None
        assert report.state == "done"
        number += 1
    pipelines.close()
    assert [reader.communicate()[1] for reader in readers] == [b"", b""]
    assert number > 2


def test_no_other_process_opens_the_pipelines_own_file_after_a_publication_either(ticket_desk: Desk) -> None:
    _grow(ticket_desk, 0)
    pipelines = Pipelines(load(ticket_desk.settings_file()))
    assert pipelines.run("test") is not None
    script = f"import duckdb; duckdb.connect({str(pipelines.loading)!r})"
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    pipelines.close()
    assert "Could not set lock" in other.stderr
    assert ticket_desk.ask("select count(*) from tickets") == [(50,)]


def test_a_published_version_cannot_be_written_to(ticket_desk: Desk) -> None:
    _grow(ticket_desk, 0)
    ticket_desk.run()
    for name in ("warehouse.duckdb", "warehouse-1.duckdb"):
        assert (ticket_desk.folder / "data" / name).stat().st_mode & 0o222 == 0


def test_an_open_reader_keeps_its_version_and_a_new_one_gets_the_new(ticket_desk: Desk) -> None:
    _grow(ticket_desk, 0)
    ticket_desk.run()
    warehouse = Warehouse(ticket_desk.folder / "data")
    before = duckdb.connect(str(ticket_desk.folder / "data" / "warehouse-1.duckdb"), read_only=True)
    _grow(ticket_desk, 1)
    ticket_desk.run()
    assert before.execute("select count(*) from tickets").fetchall() == [(50,)]
    assert warehouse.version() == 2
    assert ticket_desk.ask("select count(*) from tickets") == [(100,)]
    before.close()


def test_only_the_newest_versions_are_kept(ticket_desk: Desk) -> None:
    for number in range(5):
        _grow(ticket_desk, number)
        ticket_desk.run()
    folder = ticket_desk.folder / "data"
    assert sorted(numbered_versions(folder)) == [3, 4, 5]
    assert (folder / "warehouse.duckdb").stat().st_ino == (folder / "warehouse-5.duckdb").stat().st_ino


def test_a_publication_that_is_put_off_is_no_work_until_its_time(
    ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket_desk.deliver("tickets/a.csv", "ticket_id,created_at\nT1,2026-01-01T10:00:00Z\n")
    pipelines = Pipelines(load(ticket_desk.settings_file()))
    versions = [pipelines.run("test")]
    monkeypatch.setattr(refresh, "PUBLISHING_SHARE", 10**9)
    ticket_desk.deliver("tickets/b.csv", "ticket_id,created_at\nT2,2026-01-01T11:00:00Z\n")
    versions += [pipelines.run("test", only_if_new=True) for _ in range(2)]
    monkeypatch.setattr(refresh, "PUBLISHING_SHARE", 1)
    versions.append(pipelines.run("test", only_if_new=True))
    pipelines.close()
    assert [report and report.version for report in versions] == [1, None, None, 2]
    assert versions[1]
    assert not versions[2]


def test_a_failing_check_keeps_the_last_good_version(
    ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from warehouse import checking

    _grow(ticket_desk, 0)
    ticket_desk.run()
    wrong = checking.Check(
        "never", "error", "tickets are never good", "select source, ticket_id as example from store.tickets"
    )
    monkeypatch.setattr(checking, "checks", lambda: [wrong])
    _grow(ticket_desk, 1)
    report = ticket_desk.run()
    assert report.state == "failed"
    assert "tickets are never good" in report.problems[0]
    assert ticket_desk.ask("select count(*) from tickets") == [(50,)]


def test_a_second_pipeline_on_one_folder_is_refused_in_one_line(
    ticket_desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ticket_desk.settings_file()
    first = Pipelines(load(settings))
    try:
        assert main(["run", "--settings", str(settings)]) == 1
    finally:
        first.close()
    message = capsys.readouterr().err
    assert "already runs the pipelines" in message
    assert message.count("\n") == 1


def test_a_folder_that_cannot_be_written_is_one_line(ticket_desk: Desk) -> None:
    (ticket_desk.folder / "data").write_text("a file, not a folder")
    with pytest.raises(FolderError, match="cannot write in"):
        ticket_desk.run()


def test_asking_before_anything_is_published_says_how_to_start(tmp_path: Path) -> None:
    with pytest.raises(NoWarehouse, match="python -m pipelines run"):
        Warehouse(tmp_path).version()


def test_a_run_left_by_a_killed_process_is_marked_failed(ticket_desk: Desk) -> None:
    _grow(ticket_desk, 0)
    ticket_desk.run()
    with duckdb.connect(str(ticket_desk.folder / "data" / "loading.duckdb")) as connection:
        connection.execute("update runs set state = 'running', version = null where run_id = 1")
    ticket_desk.run()
    assert ticket_desk.ask("select run_id, state from runs order by 1") == [(1, "failed"), (2, "done")]


def test_what_was_landed_but_not_noted_is_taken_up_again(ticket_desk: Desk) -> None:
    _grow(ticket_desk, 0)
    ticket_desk.run()
    data = ticket_desk.folder / "data"
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as connection:
        before = rows_of_tables(connection)
    (data / "loading.duckdb").unlink()
    report = ticket_desk.run()
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as connection:
        after = rows_of_tables(connection)
    assert report.arrived == 0
    assert {name: count for name, count in before.items() if name != "main.runs"} == {
        name: count for name, count in after.items() if name != "main.runs"
    }
