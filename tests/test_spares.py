"""The next version is made of one that nobody needs any more, or of a spare that was copied meanwhile, and of nothing that must not stay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.refresh import Pipelines
from tests.conftest import Desk
from warehouse import published, spares
from warehouse.connection import numbered_versions
from warehouse.settings import load

PROJECT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.usefixtures("no_clones")
PATIENCE = 60.0
HEAD = "ticket_id,created_at,updated_at,customer\n"


@pytest.fixture
def pipelines(ticket_desk: Desk) -> Iterator[Pipelines]:
    opened = Pipelines(load(ticket_desk.settings_file()))
    yield opened
    opened.close()


def _publish(desk: Desk, pipelines: Pipelines, number: int) -> Path:
    """One more ticket, published; the version's file."""
    desk.deliver(f"tickets/{number}.csv", f"{HEAD}T{number},2026-01-01T10:00:00Z,2026-01-01T10:00:00Z,Zoe\n")
    pipelines._published_at = 0.0  # no pause after the last one
    report = pipelines.run("test")
    assert report
    assert (report.state, report.version) == ("done", number)
    return numbered_versions(pipelines.folder)[number]


def _spare(pipelines: Pipelines) -> Path:
    """A spare of the newest version, as `serve` makes it."""
    origin = pipelines.wanted_spare()
    assert origin
    spares.make(origin)
    spares.keep(origin)
    found = spares.found(pipelines.connection, pipelines.folder, 3)
    assert found
    return found


def test_the_second_version_is_made_of_a_spare_and_the_fourth_of_the_first(
    ticket_desk: Desk, pipelines: Pipelines
) -> None:
    first = _publish(ticket_desk, pipelines, 1)
    spare = _spare(pipelines).stat().st_ino
    assert pipelines.wanted_spare() is None
    second = _publish(ticket_desk, pipelines, 2)
    assert second.stat().st_ino == spare
    assert ticket_desk.ask("select count(*) from tickets") == [(2,)]
    _publish(ticket_desk, pipelines, 3)
    assert pipelines.wanted_spare() is None
    inode = first.stat().st_ino
    assert _publish(ticket_desk, pipelines, 4).stat().st_ino == inode


def test_a_version_that_somebody_keeps_under_another_name_is_not_written_over(
    ticket_desk: Desk, pipelines: Pipelines, tmp_path: Path
) -> None:
    first = _publish(ticket_desk, pipelines, 1)
    for number in (2, 3):
        _publish(ticket_desk, pipelines, number)
    os.link(first, tmp_path / "kept.duckdb")
    before = first.read_bytes()
    assert pipelines.wanted_spare() == numbered_versions(pipelines.folder)[3]
    _publish(ticket_desk, pipelines, 4)
    assert (tmp_path / "kept.duckdb").read_bytes() == before


def test_versions_from_before_the_machine_was_started_anew_are_never_what_the_next_is_made_of(
    ticket_desk: Desk, pipelines: Pipelines, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        _publish(ticket_desk, pipelines, number)
    monkeypatch.setattr(published, "_boot", lambda: "another")
    for number in (4, 5):
        _publish(ticket_desk, pipelines, number)
        assert spares.found(pipelines.connection, pipelines.folder, 3) is None
    _publish(ticket_desk, pipelines, 6)
    assert spares.found(pipelines.connection, pipelines.folder, 3) == numbered_versions(pipelines.folder)[4]


def test_where_nothing_of_what_was_may_stay_no_spare_does(ticket_desk: Desk, pipelines: Pipelines) -> None:
    first = _publish(ticket_desk, pipelines, 1)
    spare = _spare(pipelines)
    spares.make(first)  # another copy is under way
    spares.drop(pipelines.folder)
    first.unlink()
    spares.keep(first)
    assert not spare.exists()
    assert not list(pipelines.folder.glob(".publishing-*"))


def test_a_version_that_was_swept_while_it_was_copied_gives_no_spare(ticket_desk: Desk, pipelines: Pipelines) -> None:
    first = _publish(ticket_desk, pipelines, 1)
    spares.make(first)
    first.unlink()
    spares.keep(first)
    assert not list(pipelines.folder.glob(".publishing-*"))


def test_a_disk_without_room_is_left_alone(
    ticket_desk: Desk, pipelines: Pipelines, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _publish(ticket_desk, pipelines, 1)
    free = first.stat().st_size
    monkeypatch.setattr(spares.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": free}))
    assert pipelines.wanted_spare() is None


def test_serve_makes_a_spare_and_takes_it_away_with_an_erased_customer(ticket_desk: Desk) -> None:
    ticket_desk.keep("customer")
    ticket_desk.deliver("tickets/1.csv", f"{HEAD}T1,2026-01-01T10:00:00Z,2026-01-01T10:00:00Z,Zoe\n")
    settings = str(ticket_desk.settings_file())
    folder = ticket_desk.folder / "data"
    command = [sys.executable, "-m", "pipelines", "serve", "--settings", settings]
    server = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE)
    try:
        assert _until_there(folder / ".publishing-spare.duckdb")
        forget = [sys.executable, "-m", "pipelines", "forget", "Zoe", "--settings", settings]
        assert subprocess.run(forget, cwd=PROJECT, capture_output=True, check=False).returncode == 0
        assert not any(b"Zoe" in path.read_bytes() for path in folder.rglob("*.duckdb"))
    finally:
        server.send_signal(signal.SIGTERM)
        errors = server.communicate(timeout=60)[1]
    assert server.returncode == 0, errors


def _until_there(path: Path) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return path.exists()
