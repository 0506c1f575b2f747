"""What is delivered is taken in when it comes, and what was moved into the folder is known to be whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.doorbell import Doorbell
from pipelines.refresh import Pipelines
from pipelines.schedule import serve
from pipelines.sources import files
from tests.conftest import Desk
from warehouse.settings import load

PROJECT = Path(__file__).resolve().parents[1]
PATIENCE = 30.0
HEAD = "ticket_id,created_at\n"


@pytest.fixture
def rung(ticket_desk: Desk) -> Iterator[tuple[Doorbell, threading.Event, Path]]:
    """A doorbell at the folder of the desk's tickets, what it sets when it rings, and the folder."""
    folder = ticket_desk.folder / "exports" / "tickets"
    folder.mkdir(parents=True, exist_ok=True)
    rings = threading.Event()
    doorbell = Doorbell(load(ticket_desk.settings_file()), rings.set)
    doorbell.start()
    yield doorbell, rings, folder
    doorbell.stop()


def _until(happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.01)
    return happened()


def _waits(look_at: Path, moved_in: Doorbell) -> list[float]:
    """What `settled` waits for, asked about the files of a folder."""
    waits: list[float] = []
    files.settled(files.look_over(look_at), moved_in, waits.append)
    return waits


def test_a_file_moved_in_from_elsewhere_rings_and_is_not_waited_for(
    rung: tuple[Doorbell, threading.Event, Path],
) -> None:
    doorbell, rings, folder = rung
    beside = folder.parent / "a.csv"
    beside.write_text(HEAD)
    beside.rename(folder / "a.csv")
    assert rings.wait(PATIENCE)
    assert folder / "a.csv" in doorbell
    assert _waits(folder, doorbell) == []


def test_a_file_renamed_within_the_folder_is_known_by_its_new_name(
    rung: tuple[Doorbell, threading.Event, Path],
) -> None:
    doorbell, _, folder = rung
    (folder / "a.csv.part").write_text(HEAD)
    (folder / "a.csv.part").rename(folder / "a.csv")
    assert _until(lambda: folder / "a.csv" in doorbell)
    assert _waits(folder, doorbell) == []


def test_a_file_written_in_place_rings_when_it_is_closed_and_is_looked_at_twice(
    rung: tuple[Doorbell, threading.Event, Path],
) -> None:
    doorbell, rings, folder = rung
    with (folder / "a.csv").open("w") as write:
        write.write(HEAD)
        write.flush()
        assert not rings.wait(0.5)
    assert rings.wait(PATIENCE)
    os.utime(folder / "a.csv")
    assert _waits(folder, doorbell) == [files.SETTLE_SECONDS]


def test_a_file_moved_in_and_then_written_to_is_looked_at_twice(rung: tuple[Doorbell, threading.Event, Path]) -> None:
    doorbell, _, folder = rung
    (folder.parent / "a.csv").write_text(HEAD)
    (folder.parent / "a.csv").rename(folder / "a.csv")
    assert _until(lambda: folder / "a.csv" in doorbell)
    with (folder / "a.csv").open("a") as write:
        write.write("T1,2026-01-01T10:00:00Z\n")
    assert _until(lambda: folder / "a.csv" not in doorbell)
    os.utime(folder / "a.csv")
    assert _waits(folder, doorbell) == [files.SETTLE_SECONDS]


def test_folders_within_a_pattern_are_watched_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.source("tickets", "ticket", path="exports/*/tickets/*.csv")
    folder = tmp_path / "exports" / "north" / "tickets"
    folder.mkdir(parents=True)
    rings = threading.Event()
    doorbell = Doorbell(load(desk.settings_file()), rings.set)
    doorbell.start()
    (tmp_path / "a.csv").write_text(HEAD)
    (tmp_path / "a.csv").rename(folder / "a.csv")
    assert rings.wait(PATIENCE)
    assert _until(lambda: folder / "a.csv" in doorbell)
    doorbell.stop()


def test_a_folder_that_is_not_there_yet_hinders_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.source("tickets", "ticket")
    (tmp_path / "exports" / "tickets").rmdir()
    doorbell = Doorbell(load(desk.settings_file()), lambda: None)
    doorbell.start()
    doorbell.stop()


def test_serve_takes_in_what_is_moved_in_long_before_its_next_look(ticket_desk: Desk) -> None:
    """Looks are an hour apart here; a second file comes while the first is perhaps still at work, and is not forgotten either."""
    ticket_desk.setting('[schedule]\nrefresh = "1h"\n')
    ticket_desk.deliver("tickets/a.csv", f"{HEAD}T1,2026-01-01T10:00:00Z\n")
    command = [sys.executable, "-m", "pipelines", "serve", "--settings", str(ticket_desk.settings_file())]
    server = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE)
    try:
        assert _until(lambda: _tickets(ticket_desk) == 1)
        for number in (2, 3):
            part = ticket_desk.folder / "exports" / "tickets" / f"{number}.csv.part"
            part.write_text(f"{HEAD}T{number},2026-01-01T11:00:00Z\n")
            part.rename(part.with_suffix(""))
            time.sleep(0.3)
        assert _until(lambda: _tickets(ticket_desk) == 3)
    finally:
        server.send_signal(signal.SIGTERM)
        errors = server.communicate(timeout=30)[1]
    assert server.returncode == 0, errors
    assert b"Traceback" not in errors


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """What ends `serve`: set by the first run, which puts its publication off and says so a second later."""
    stop = threading.Event()

    def put_off(_: Pipelines) -> float:
        stop.set()
        time.sleep(1.0)
        return 60.0

    monkeypatch.setattr(Pipelines, "seconds_to_publication", put_off)
    return stop


def test_serve_ends_though_it_is_stopped_while_a_run_puts_its_publication_off(
    ticket_desk: Desk, stop: threading.Event
) -> None:
    ticket_desk.deliver("tickets/a.csv", f"{HEAD}T1,2026-01-01T10:00:00Z\n")
    pipelines = Pipelines(load(ticket_desk.settings_file()))
    serving = threading.Thread(target=serve, args=(pipelines, stop), daemon=True)
    serving.start()
    serving.join(PATIENCE)
    assert not serving.is_alive()
    pipelines.close()


def _tickets(desk: Desk) -> int:
    path = desk.folder / "data" / "warehouse.duckdb"
    if not path.exists():
        return 0
    with duckdb.connect(str(path), read_only=True) as connection:
        ((found,),) = connection.execute("select count(*) from tickets").fetchall()
    return int(found)
