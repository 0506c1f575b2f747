"""Full disks, folders that cannot be written to, files that go away, wrong clocks, little memory: each is one clear line, the last good
version stays, and when the world is well again the next run goes on by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from pipelines.refresh import Pipelines
from pipelines.sources import files
from tests import crashing, worlds
from tests.conftest import Desk
from tests.crashing import Moment, Starter
from tests.test_pages import text, visit
from warehouse.ask import Warehouse
from warehouse.settings import load

TICKETS = "ticket_id,created_at,status,customer\n"
# Steps that cannot do without room. The others may: the write-ahead log has some, and a copy uses up an older version.
NEED_ROOM = ("opening", "landing", "loading", "building", "upkeep")


def deliver(desk: Desk, name: str, tickets: int = 5) -> None:
    rows = [f"{name}-{row},2026-01-01T10:{row % 60:02}:00Z,open,c{name}" for row in range(tickets)]
    desk.deliver(f"tickets/{name}.csv", TICKETS + "\n".join(rows) + "\n")


def tickets(desk: Desk) -> int:
    """How many tickets readers see now."""
    return len(published(desk, "from tickets"))


def published(desk: Desk, sql: str) -> list[tuple[object, ...]]:
    folder = load(desk.settings_file()).data.folder
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def one_line(said: str) -> str:
    """What was said, which is no traceback and says something."""
    assert said.strip()
    assert "Traceback" not in said, said
    return said.strip().splitlines()[0]


# A full disk ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    with crashing.starter(tmp_path_factory.mktemp("starter")) as made:
        yield made


@pytest.fixture(scope="module")
def small_disk() -> Iterator[Path]:
    with worlds.small_disk(megabytes=100) as folder:
        yield folder


@pytest.fixture(scope="module")
def crowded(small_disk: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk whose data folder is on a small disk, and its exports are not."""
    desk = Desk(tmp_path_factory.mktemp("crowded"))
    desk.setting(f'[data]\nfolder = "{small_disk}/data"\n')
    desk.source("tickets", "ticket")
    deliver(desk, "first")
    desk.run()
    return desk


@pytest.fixture
def ballast(small_disk: Path) -> Iterator[Path]:
    """The path of a file that fills the disk until it is removed."""
    path = small_disk / "ballast"
    yield path
    path.unlink(missing_ok=True)


@pytest.mark.parametrize("step", [*NEED_ROOM, "checking", "noting", "checkpoint", "copying", "proving", "renaming"])
def test_a_disk_that_fills_in_any_step_keeps_the_last_good_version_and_the_next_run_goes_on(
    crowded: Desk, starter: Starter, ballast: Path, step: str
) -> None:
    before = tickets(crowded)
    deliver(crowded, step)
    line = ["upkeep" if step == "upkeep" else "run", "--settings", str(crowded.settings_file())]
    ended = starter.run(line, Moment(step, ballast=str(ballast)))
    assert ballast.stat().st_size > 1_000_000
    assert ended.code == 1 or step not in NEED_ROOM, ended.said
    if ended.code:
        assert "the disk is full" in ended.said or "MB free" in ended.said
        assert one_line(ended.said)
    # What is published before the disk is full, or without room, is whole.
    assert tickets(crowded) == before or (step not in NEED_ROOM and tickets(crowded) == before + 5)
    ballast.unlink()
    ended = starter.run(["run", "--settings", str(crowded.settings_file())])
    assert (ended.code, tickets(crowded)) == (0, before + 5), ended.said
    assert published(crowded, "from runs where state = 'running' or (state = 'failed' and message is null)") == []


def test_a_run_that_could_not_even_note_its_failure_is_noted_by_the_next_one_of_the_same_process(
    crowded: Desk, ballast: Path
) -> None:
    before = tickets(crowded)
    pipelines = Pipelines(load(crowded.settings_file()))
    deliver(crowded, "unnoted")
    crashing.fill(ballast)
    full = pipelines.run("schedule", only_if_new=True)
    ballast.unlink()
    again = pipelines.run("schedule", only_if_new=True)
    pipelines.close()
    assert full
    assert full.state == "failed"
    assert "the disk is full" in full.problems[-1]
    assert again
    assert (again.state, tickets(crowded)) == ("done", before + 5)


# Folders and files ---------------------------------------------------------------------------------------------------


def test_a_data_folder_that_can_only_be_read_is_one_line_and_pages_go_on_answering(ticket_desk: Desk) -> None:
    deliver(ticket_desk, "a")
    ticket_desk.run()
    with worlds.seen_elsewhere(ticket_desk.folder / "data", is_read_only=True) as other:
        ticket_desk.setting(f'[data]\nfolder = "{other}"\n')
        done = worlds.run("run", "--settings", ticket_desk.settings_file())
        assert (done.returncode, done.stdout) == (1, "")
        assert f"cannot write in {other}: Read-only file system" in one_line(done.stderr)
        assert len(Warehouse(other).ask("sources_as_of")) == 1


def test_exports_that_can_only_be_read_are_loaded(ticket_desk: Desk) -> None:
    deliver(ticket_desk, "a")
    with worlds.seen_elsewhere(ticket_desk.folder / "exports" / "tickets", is_read_only=True) as other:
        ticket_desk.sections[0] = f'[sources.tickets]\npath = "{other}"\nrows = "ticket"\n'
        assert ticket_desk.run().state == "done"
    assert tickets(ticket_desk) == 5


def test_an_export_that_is_taken_away_while_it_is_read_leaves_the_others_and_is_loaded_when_it_is_back(
    ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(ticket_desk, "a")
    deliver(ticket_desk, "b")
    leaving = ticket_desk.folder / "exports" / "tickets" / "a.csv"
    content, copy = leaving.read_bytes(), files._copy
    monkeypatch.setattr(
        files, "_copy", lambda origin, target: (leaving.unlink(missing_ok=True), copy(origin, target))[1]
    )
    report = ticket_desk.run()
    monkeypatch.undo()
    assert (report.state, report.arrived, tickets(ticket_desk)) == ("done", 1, 5)
    assert "a.csv cannot be copied" in report.problems[0]
    leaving.write_bytes(content)
    assert ticket_desk.run().problems == []
    assert tickets(ticket_desk) == 10


def test_a_landed_file_that_was_taken_away_before_it_was_loaded_is_refused_and_stops_nothing(
    ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        deliver(ticket_desk, name)
    monkeypatch.setattr(Pipelines, "_work", lambda self, report: (_ for _ in ()).throw(OSError("stopped here")))
    assert ticket_desk.run().state == "failed"
    monkeypatch.undo()
    next((ticket_desk.folder / "data" / "landing" / "tickets").glob("*a.csv")).unlink()
    report = ticket_desk.run()
    assert (report.state, tickets(ticket_desk)) == ("done", 5), report.problems
    ((reason,),) = ticket_desk.ask("select reason from files where state = 'refused'")
    assert "a.csv" in str(reason)


def test_an_export_that_may_not_be_read_is_said_and_loaded_once_it_may(ticket_desk: Desk) -> None:
    before = worlds.held_to_permissions(ticket_desk.folder)
    deliver(ticket_desk, "a")
    deliver(ticket_desk, "b")
    closed = ticket_desk.folder / "exports" / "tickets" / "a.csv"
    closed.chmod(0o000)
    done = worlds.run("run", "--settings", ticket_desk.settings_file(), before=before)
    assert (done.returncode, tickets(ticket_desk)) == (0, 5), done.stderr
    assert "a.csv cannot be copied" in done.stdout
    assert "Permission denied" in done.stdout
    closed.chmod(0o644)
    done = worlds.run("run", "--settings", ticket_desk.settings_file(), before=before)
    assert (done.returncode, tickets(ticket_desk)) == (0, 10), done.stderr


def test_what_cannot_be_landed_is_said_once_by_a_service_though_nothing_else_is_new(ticket_desk: Desk) -> None:
    deliver(ticket_desk, "a")
    pipelines = Pipelines(load(ticket_desk.settings_file()))
    assert pipelines.run("schedule", only_if_new=True)
    landing = ticket_desk.folder / "data" / "landing" / "tickets"
    landing.rename(ticket_desk.folder / "elsewhere")
    landing.write_text("a file, not a folder")
    deliver(ticket_desk, "b")
    first, second = (pipelines.run("schedule", only_if_new=True) for _ in range(2))
    pipelines.close()
    assert first
    assert "[sources.tickets]" in first.problems[0]
    assert second is None


@pytest.mark.parametrize(
    "name", ["pipelines.lock", "loading.duckdb", "landing", "landing/tickets", "scratch", "privacy.key"]
)
def test_what_may_not_be_touched_in_the_data_folder_is_one_line_and_the_last_version_stays(
    ticket_desk: Desk, name: str
) -> None:
    before = worlds.held_to_permissions(ticket_desk.folder)
    deliver(ticket_desk, "a")
    ticket_desk.run()
    closed = ticket_desk.folder / "data" / name
    mode = closed.stat().st_mode
    closed.chmod(0o000)
    deliver(ticket_desk, "b")
    done = worlds.run("run", "--settings", ticket_desk.settings_file(), before=before)
    assert (done.returncode == 1 or "landing" in name, tickets(ticket_desk)) == (True, 5), done.stdout
    assert "ermission denied" in one_line(done.stderr + done.stdout)
    closed.chmod(mode)
    assert worlds.run("run", "--settings", ticket_desk.settings_file(), before=before).returncode == 0
    assert tickets(ticket_desk) == 10


# Clocks --------------------------------------------------------------------------------------------------------------


def test_a_clock_that_was_set_back_changes_neither_the_order_of_runs_nor_what_is_loaded(ticket_desk: Desk) -> None:
    behind = worlds.clock_off_by("-400d")
    settings = ticket_desk.settings_file()
    for number, environment in enumerate((None, behind, None)):
        rows = f"T,2026-01-01T10:00:00Z,{('new', 'open', 'solved')[number]},c\n"
        ticket_desk.deliver(f"tickets/{number}.csv", TICKETS + rows)
        done = worlds.run("run", "--settings", settings, environment=environment)
        assert done.returncode == 0, done.stderr
    assert ticket_desk.ask("select run_id, state, version from runs order by 1") == [
        (number, "done", number) for number in (1, 2, 3)
    ]
    assert ticket_desk.ask("select status from tickets") == [("solved",)]
    assert ticket_desk.ask("select bool_and(finished_at >= started_at) from runs where finished_at is not null") == [
        (True,)
    ]


def test_a_service_goes_on_looking_though_its_clock_is_set_back_by_a_day(ticket_desk: Desk, tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("+0")
    environment = worlds.clock_off_by("+0") | {"FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}
    del environment["FAKETIME"]
    ticket_desk.setting('[schedule]\nrefresh = "1s"\n')
    deliver(ticket_desk, "a")
    with serving(ticket_desk, environment):
        wait_until(lambda: is_published(ticket_desk) and tickets(ticket_desk) == 5)
        clock.write_text("-1d")
        deliver(ticket_desk, "b")
        wait_until(lambda: tickets(ticket_desk) == 10)


class serving:
    """`python -m pipelines serve` while the block runs; it must end well."""

    def __init__(self, desk: Desk, environment: dict[str, str] | None = None) -> None:
        command = [sys.executable, "-m", "pipelines", "serve", "--settings", str(desk.settings_file())]
        self.process = subprocess.Popen(
            command,
            cwd=worlds.PROJECT,
            env=os.environ | (environment or {}),
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> subprocess.Popen[str]:
        return self.process

    def __exit__(self, *raised: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            _, said = self.process.communicate(timeout=120)
        finally:
            self.process.kill()
        assert (self.process.returncode, "Traceback" in said) == (0, False), said


def wait_until(is_so: object, seconds: float = 180.0) -> None:
    assert callable(is_so)
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.2)


def is_published(desk: Desk) -> bool:
    return (desk.folder / "data" / "warehouse.duckdb").exists()


# Two pipelines -------------------------------------------------------------------------------------------------------


def test_a_second_process_on_the_same_folder_by_whatever_path_is_refused_and_forget_is_served(
    ticket_desk: Desk,
) -> None:
    ticket_desk.setting('[schedule]\nrefresh = "1s"\n[privacy]\nkeep = ["customer"]\n')
    deliver(ticket_desk, "a")
    ticket_desk.run()
    settings = ticket_desk.settings_file()
    linked = ticket_desk.folder / "linked"
    linked.symlink_to(ticket_desk.folder / "data")
    with serving(ticket_desk), worlds.seen_elsewhere(ticket_desk.folder / "data") as mounted:
        deliver(ticket_desk, "b")
        wait_until(lambda: tickets(ticket_desk) == 10)
        for number, folder in enumerate((ticket_desk.folder / "data", linked, mounted)):
            other = ticket_desk.folder / f"other-{number}.toml"
            other.write_text(f'[data]\nfolder = "{folder}"\n' + settings.read_text(encoding="utf-8"), encoding="utf-8")
            for command in ("run", "upkeep"):
                done = worlds.run(command, "--settings", other)
                assert done.returncode == 1
                assert "already runs the pipelines" in one_line(done.stderr)
        done = worlds.run("forget", "ca", "--settings", settings)
        assert (done.returncode, "erased from rows" in done.stdout) == (0, True), done.stderr
    assert ticket_desk.ask("select count(*), count(customer) from tickets") == [(10, 5)]


def test_of_runs_that_start_at_once_each_works_alone_or_is_refused(ticket_desk: Desk) -> None:
    deliver(ticket_desk, "a")
    command = [sys.executable, "-m", "pipelines", "run", "--settings", str(ticket_desk.settings_file())]
    started = [subprocess.Popen(command, cwd=worlds.PROJECT, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    said = [process.communicate()[1] for process in started]
    assert all(
        process.returncode == 0 or "already runs" in one_line(words)
        for process, words in zip(started, said, strict=True)
    )
    assert 0 in {process.returncode for process in started}
    assert ticket_desk.ask("select count(*) from files") == [(1,)]
    assert tickets(ticket_desk) == 5


# Little memory -------------------------------------------------------------------------------------------------------


def test_memory_that_is_used_up_fails_the_run_in_one_line_and_more_of_it_mends_that(ticket_desk: Desk) -> None:
    deliver(ticket_desk, "a")
    ticket_desk.run()
    deliver(ticket_desk, "b", tickets=60_000)
    ticket_desk.setting('[data]\nmemory_limit = "12MB"\n')
    done = worlds.run("run", "--settings", ticket_desk.settings_file())
    assert (done.returncode, tickets(ticket_desk)) == (1, 5), done.stdout
    assert "the memory is used up" in done.stdout + done.stderr
    assert "memory_limit under [data]" in done.stdout + done.stderr
    one_line(done.stdout + done.stderr)
    del ticket_desk.sections[0]
    assert ticket_desk.run().state == "done"
    assert tickets(ticket_desk) == 60_005
    assert ticket_desk.ask("select count(*) from runs where state = 'failed' and message like '%memory%'") == [(1,)]


# A source that says nothing, or the same -----------------------------------------------------------------------------


def test_the_same_file_delivered_for_days_makes_no_version_no_run_and_no_larger_file(ticket_desk: Desk) -> None:
    deliver(ticket_desk, "a")
    pipelines = Pipelines(load(ticket_desk.settings_file()))
    assert pipelines.run("schedule", only_if_new=True)
    size = disk_used(ticket_desk)
    for _ in range(300):
        deliver(ticket_desk, "a")
        assert pipelines.run("schedule", only_if_new=True) is None
    assert pipelines.connection.execute("select count(*), max(version) from runs").fetchall() == [(1, 1)]
    pipelines.close()
    assert disk_used(ticket_desk) < size + 1_000_000


def disk_used(desk: Desk) -> int:
    return sum(path.stat().st_size for path in (desk.folder / "data").rglob("*") if path.is_file())


def test_a_source_that_went_silent_or_sends_the_same_is_late_on_data_health(
    ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket_desk.setting('[clock]\nas_of = "2026-02-04T00:00:00Z"\n')
    for number in range(6):
        ticket_desk.deliver(f"tickets/{number}.csv", TICKETS + f"T{number},2026-02-01T00:0{number}:00Z,open,c\n")
    ticket_desk.run()
    ticket_desk.deliver("tickets/5.csv", TICKETS + "T5,2026-02-01T00:05:00Z,open,c\n", age=2 * 86_400)
    assert ticket_desk.run().version is None
    app: AppTest = visit(ticket_desk.settings_file(), "data_health.py", monkeypatch)
    assert "is stale" in text(app)


# Opens a folder as pages do, says so, and stays until its input ends.
READER = """
import sys
from pathlib import Path
from warehouse.connection import reader
reader(Path(sys.argv[1]))
print("up", flush=True)
sys.stdin.read()
"""


def reader(data: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", READER, str(data)]
    process = subprocess.Popen(command, cwd=worlds.PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "up\n"
    return process


def test_reading_processes_share_no_temp_folder_and_what_a_killed_one_left_is_removed(tmp_path: Path) -> None:
    killed, living = reader(tmp_path), reader(tmp_path)
    before = set(tmp_path.iterdir())
    killed.kill()
    killed.communicate()
    another = reader(tmp_path)
    after = set(tmp_path.iterdir())
    assert (len(before), len(after), len(before & after)) == (2, 2, 1)
    for process in (living, another):
        process.communicate("")
    assert set(tmp_path.iterdir()) == set()


def test_what_a_killed_pipeline_had_no_memory_for_is_removed_by_the_next(ticket_desk: Desk) -> None:
    deliver(ticket_desk, "a")
    ticket_desk.run()
    left = [ticket_desk.folder / "data" / name for name in ("loading.duckdb.tmp", ".rewriting.duckdb.tmp")]
    for folder in left:
        folder.mkdir()
        (folder / "duckdb_temp_storage_DEFAULT-0.tmp").write_bytes(b"half a sort")
    assert ticket_desk.run().state == "done"
    assert not any(folder.exists() for folder in left)
