"""python -m pipelines rebuild and a damaged loading file: the warehouse is made again from what was delivered, and is the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines import rebuild as rebuilding
from pipelines import rebuilt, refresh
from pipelines.__main__ import main
from tests.comparing import same_rows
from tests.conftest import Desk
from tests.test_forget import NAME, busy, found_in
from tests.test_privacy import KEY
from warehouse import damage

__all__ = ["busy"]
PROJECT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "pipelines"]
# What tells when, and in which run, something was done.
OF_RUNS = {"runs", "check_results", "memory", "looked", "upkeeps"}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORT_PRIVACY_KEY", KEY)


def everything(desk: Desk) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table and view; of files all but the run."""
    names = desk.ask(
        "select schema_name, table_name from duckdb_tables() where not internal"
        " union all select schema_name, view_name from duckdb_views() where not internal order by all"
    )
    return {
        name: desk.ask(f"select {'* exclude (run_id)' if name == 'files' else '*'} from {schema}.{name}")
        for schema, name in names
        if name not in OF_RUNS
    }


def same(found: dict[str, list[tuple[object, ...]]], expected: dict[str, list[tuple[object, ...]]]) -> None:
    assert found.keys() == expected.keys()
    for name, rows in expected.items():
        same_rows(name, [tuple(map(repr, row)) for row in found[name]], [tuple(map(repr, row)) for row in rows])


def waited_for(is_so: Callable[[], bool], seconds: float = 240) -> bool:
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.1)
    return is_so()


def rebuild(desk: Desk) -> int:
    return main(["rebuild", "--settings", str(desk.settings_file())])


def test_a_rebuild_gives_the_same_tables_and_numbers_go_on(busy: Desk) -> None:
    busy.run()
    busy.deliver(
        "tickets/b.csv", "ticket_id,created_at,status,customer\nT2,2026-01-05T10:00:00Z,solved,Somebody Else\nT3,no,,\n"
    )
    busy.run()
    before = everything(busy)
    assert len(before["tickets"]) == 2
    assert len(before["rejected_rows"]) == 1
    assert rebuild(busy) == 0
    same(everything(busy), before)
    runs = busy.ask("select run_id, trigger, state, files, version from runs order by run_id")
    assert runs[:3] == [(1, "test", "done", 4, 1), (2, "test", "done", 1, 2), (3, "rebuild", "done", 5, None)]
    assert runs[-1][-1] == 3
    assert busy.ask("select distinct run_id from files") == [(3,)]
    assert not rebuilt.workspace(busy.folder / "data").exists()


def test_while_the_pipelines_serve_they_swap_it_in_and_take_in_what_came_meanwhile(busy: Desk) -> None:
    busy.setting('[schedule]\nrefresh = "1s"')
    busy.run()
    settings = str(busy.settings_file())
    serving = subprocess.Popen([*COMMAND, "serve", "--settings", settings], cwd=PROJECT, stderr=subprocess.DEVNULL)
    try:
        rebuild_ = subprocess.Popen(
            [*COMMAND, "rebuild", "--settings", settings], cwd=PROJECT, stdout=subprocess.PIPE, text=True
        )
        assert waited_for(lambda: (rebuilt.workspace(busy.folder / "data") / "landing").exists())
        busy.deliver("tickets/late.csv", "ticket_id,created_at,status\nT9,2026-01-06T10:00:00Z,open\n")
        said, _ = rebuild_.communicate(timeout=400)
        assert rebuild_.returncode == 0
        assert "rebuilt from what was delivered" in said
        assert waited_for(lambda: busy.ask("select count(*) from tickets") == [(3,)])
        assert waited_for(lambda: busy.ask("select count(*) from runs where trigger = 'rebuild'") == [(1,)])
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.wait(120)


def test_killed_half_way_the_old_one_stays_and_what_is_left_is_swept(busy: Desk) -> None:
    busy.run()
    settings = str(busy.settings_file())
    rebuild_ = subprocess.Popen([*COMMAND, "rebuild", "--settings", settings], cwd=PROJECT, stderr=subprocess.DEVNULL)
    assert waited_for(lambda: rebuilt.loading_of(busy.folder / "data").exists())
    rebuild_.kill()
    rebuild_.wait()
    before = everything(busy)
    assert busy.run().state == "done"
    same(everything(busy), before)
    assert not rebuilt.workspace(busy.folder / "data").exists()


@pytest.mark.parametrize("step", ["rebuilding.settle", "sync_folder"])
def test_killed_while_it_is_swapped_in_the_next_run_ends_it(
    busy: Desk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    busy.run()
    before = everything(busy)
    with monkeypatch.context() as broken:

        def die(*_: object) -> None:
            if step != "sync_folder" or not rebuilt.loading_of(busy.folder / "data").exists():
                raise KeyboardInterrupt

        broken.setattr(f"pipelines.rebuilt.{step}", die)
        assert rebuild(busy) == 130
    busy.run()
    same(everything(busy), before)
    assert busy.ask("select count(*) from runs where trigger = 'rebuild' and files > 0") == [(1,)]


def test_who_is_erased_during_a_rebuild_does_not_come_back_with_it(busy: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    busy.run()
    real, erased = rebuilding.rebuilt.say_ready, []

    def erase_first(folder: Path, known: str) -> None:
        if not erased:
            erased.append(main(["forget", NAME, "--settings", str(busy.settings_file())]))
        real(folder, known)

    monkeypatch.setattr(rebuilding.rebuilt, "say_ready", erase_first)
    assert rebuild(busy) == 0
    assert erased == [0]
    assert found_in(busy.folder / "data") == []
    assert busy.ask("select count(*), count(customer) from tickets") == [(2, 1)]


def test_a_rebuilt_file_that_cannot_be_put_in_place_is_said_and_made_once_more(
    busy: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy.run()
    real, full = rebuilt.swap_in, [OSError(28, "No space left on device")]

    def swap_in(*arguments: object) -> None:
        if full:
            raise full.pop()
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("pipelines.rebuilt.swap_in", swap_in)
    assert rebuild(busy) == 0
    said = busy.ask("select message from runs where message like '%not swapped in%'")
    assert [message for (message,) in said] == [
        "the rebuilt warehouse is not swapped in: [Errno 28] No space left on device"
    ]


def rubbish(path: Path) -> None:
    """Bytes of a block that holds rows of tickets."""
    content = bytearray(path.read_bytes())
    at = content.find(b"Wacholder")
    content[at : at + 4000] = os.urandom(4000)
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no database": lambda path: path.write_bytes(b"<html>no database" * 1000),
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_loading_file_is_kept_aside_and_made_again_without_a_hand(busy: Desk, kind: str) -> None:
    busy.run()
    before = everything(busy)
    DAMAGES[kind](busy.folder / "data" / "loading.duckdb")
    report = busy.run()
    assert report.state == "done"
    assert "loading.duckdb was damaged (" in report.problems[0]
    (aside,) = (busy.folder / "data").glob("damaged-loading-2*.duckdb")
    assert aside.name in report.problems[0]
    same(everything(busy), before)
    runs = busy.ask("select run_id, trigger, state, message is not null from runs order by 1")
    assert runs == [(1, "test", "done", False), (2, "repair", "failed", True), (3, "test", "done", True)]


def test_rubbish_in_the_middle_is_noticed_by_the_run_that_meets_it(busy: Desk) -> None:
    busy.run()
    pipelines = refresh.Pipelines(refresh_settings(busy))
    pipelines.connection.execute("checkpoint")
    pipelines._disconnect()
    rubbish(busy.folder / "data" / "loading.duckdb")
    assert damage.found_in(busy.folder / "data" / "loading.duckdb")
    pipelines._connect()
    busy.deliver(
        "tickets/b.csv", "ticket_id,created_at,status,customer\nT2,2026-01-05T10:00:00Z,solved,Somebody Else\n"
    )
    report = pipelines.run("test", only_if_new=True)
    pipelines.close()
    assert report
    assert report.state == "done"
    assert "was damaged (" in report.problems[0]
    assert busy.ask("select ticket_id, status from tickets order by 1") == [("T1", "solved"), ("T2", "solved")]


def refresh_settings(desk: Desk):  # type: ignore[no-untyped-def]
    from warehouse.settings import load

    return load(desk.settings_file())


def test_a_lock_and_want_of_memory_are_no_damage() -> None:
    assert not damage.is_suspected(duckdb.OutOfMemoryException("could not allocate block; a corrupt thought"))
    assert not damage.is_suspected(duckdb.IOException('Could not set lock on file "loading.duckdb"'))
    assert not damage.is_suspected(duckdb.IOException("Cannot open file: Permission denied"))
    assert damage.is_suspected(duckdb.FatalException("database has been invalidated"))


def test_a_run_that_duckdb_gives_up_on_for_another_reason_fails_and_the_next_goes_on(
    busy: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy.run()
    pipelines = refresh.Pipelines(refresh_settings(busy))
    with monkeypatch.context() as broken:

        def give_up(*_: object) -> None:
            raise duckdb.FatalException("FATAL Error: no memory left, the database has been invalidated")

        broken.setattr("pipelines.refresh.run_checks", give_up)
        busy.deliver("tickets/b.csv", "ticket_id,created_at,status\nT9,2026-01-05T10:00:00Z,open\n")
        report = pipelines.run("test")
    assert report
    assert (report.state, report.run_id) == ("failed", 2)
    assert "no memory left" in report.problems[0]
    report = pipelines.run("test")
    pipelines.close()
    assert report
    assert report.state == "done"
    assert busy.ask("select state, message is null from runs order by run_id") == [
        ("done", True),
        ("failed", False),
        ("done", True),
    ]
    assert list((busy.folder / "data").glob("damaged-*")) == []
