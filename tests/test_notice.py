"""While no newer figures get through, every page says what failed, since when, and which version it shows."""

from __future__ import annotations

import errno
import os
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.elements import notice
from pages.elements.notice import Trouble
from pages.elements.sitemap import ENTRIES
from pipelines import schedule
from pipelines.refresh import Pipelines
from tests.conftest import Desk
from tests.test_pages import text, visit
from warehouse import checking, copying, state
from warehouse.settings import load

HEADER = "ticket_id,created_at\n"
NEVER = checking.Check(
    "never", "error", "tickets are never good", "select source, ticket_id as example from store.tickets"
)


def _deliver(desk: Desk, number: int) -> None:
    desk.deliver(f"tickets/{number}.csv", f"{HEADER}T{number},2026-01-01T10:00:00Z\n")


def _page(desk: Desk, monkeypatch: pytest.MonkeyPatch, page: str = "live.py") -> str:
    return _plain(visit(desk.settings_file(), page, monkeypatch))


def _plain(app: AppTest) -> str:
    return text(app).replace("\\", "").replace(":small[]", "")


@pytest.fixture
def held_back(ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose second run found an error."""
    _deliver(ticket_desk, 1)
    ticket_desk.run()
    _deliver(ticket_desk, 2)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(checking, "checks", lambda: [NEVER])
        assert ticket_desk.run().state == "failed"
    return ticket_desk


def test_every_page_says_that_a_check_keeps_new_data_back(held_back: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for entry in ENTRIES:
        said = _page(held_back, monkeypatch, entry.script)
        assert "New data has been held back since" in said, entry.path
        assert "Tickets are never good (tickets). Figures are those of version 1 of" in said, entry.path


def test_data_health_shows_what_was_found_though_no_version_holds_it(
    held_back: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(held_back.settings_file(), "data_health.py", monkeypatch)
    found = [frame.value for frame in app.dataframe if "Such as" in frame.value.columns]
    assert found[0][["What", "Severity", "Such as"]].values.tolist() == [["tickets are never good", "error", "T1, T2"]]


def test_the_notice_goes_when_the_error_does(held_back: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert held_back.run().version == 2
    assert "held back" not in _page(held_back, monkeypatch)


def test_a_run_that_fails_otherwise_is_said_with_why(ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _deliver(ticket_desk, 1)
    ticket_desk.run()
    _deliver(ticket_desk, 2)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(copying, "copy", full)
        ticket_desk.run()
    said = _page(ticket_desk, monkeypatch)
    assert "New data has not come through since" in said
    assert (
        "No space left on device. Free some of it: the next run goes on by itself. Figures are those of version 1 of"
        in said
    )


def test_before_anything_is_published_an_error_is_said_too(ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _deliver(ticket_desk, 1)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(checking, "checks", lambda: [NEVER])
        ticket_desk.run()
    assert "New data has been held back since" in _page(ticket_desk, monkeypatch)


def test_a_warning_is_no_reason_for_a_notice(ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket_desk.deliver("tickets/1.csv", "ticket_id,created_at,channel\nT1,2026-01-01T10:00:00Z,pigeon\n")
    assert [finding.severity for finding in ticket_desk.run().findings] == ["warning"]
    app = visit(ticket_desk.settings_file(), "live.py", monkeypatch)
    assert notice.trouble() is None
    assert any("1 check found something odd" in element.proto.help for element in app.markdown)


@pytest.mark.parametrize(("silent", "is_said"), [(50, False), (70, True)])
def test_pipelines_that_give_no_sign_of_life_are_said(
    ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch, silent: float, is_said: bool
) -> None:
    _deliver(ticket_desk, 1)
    ticket_desk.run()
    folder = ticket_desk.folder / "data"
    state.give_sign_of_life(folder, 10)
    seen_at = time.time() - silent
    os.utime(folder / state.NAME, (seen_at, seen_at))
    assert ("The pipelines have not run since" in _page(ticket_desk, monkeypatch)) is is_said


def test_serving_pipelines_give_signs_of_life(ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _deliver(ticket_desk, 1)
    monkeypatch.setattr(schedule, "SIGN_SECONDS", 0.1)
    pipelines, stop = Pipelines(load(ticket_desk.settings_file())), threading.Event()
    serving = threading.Thread(target=schedule.serve, args=(pipelines, stop))
    serving.start()
    seen: set[datetime | None] = set()
    until = time.monotonic() + 120
    while len(seen) < 4 and time.monotonic() < until:
        found, at = state.read(pipelines.folder), state.alive_at(pipelines.folder)
        seen |= {at} if found and found.every_seconds else set()
        time.sleep(0.05)
    stop.set()
    serving.join()
    pipelines.close()
    assert len(seen) >= 4


def test_a_published_file_that_is_gone_is_said_and_what_is_open_stays(
    ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _deliver(ticket_desk, 1)
    ticket_desk.run()
    _page(ticket_desk, monkeypatch)
    (ticket_desk.folder / "data" / "warehouse-1.duckdb").unlink()
    app = visit(ticket_desk.settings_file(), "queue_volume.py", monkeypatch)
    assert "The newest published file is damaged or gone." in _plain(app)
    assert app.metric


def test_nothing_but_a_damaged_file_is_said_and_not_that_there_is_no_data_yet(
    ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _deliver(ticket_desk, 1)
    ticket_desk.run()
    path = ticket_desk.folder / "data" / "warehouse-1.duckdb"
    path.chmod(0o644)
    path.write_bytes(b"rubbish" * 10_000)
    _page(ticket_desk, monkeypatch)
    said = _page(ticket_desk, monkeypatch)
    assert "The newest published file is damaged or gone." in said
    assert "There is no data yet" not in said


def test_why_is_said_only_to_those_who_may_see_it() -> None:
    found = Trouble("failure", datetime(2026, 1, 1, 9, 14), "/srv/data is full", None)
    assert notice.words(found, "UTC", with_reason=True)[1] == "/srv/data is full."
    assert notice.words(found, "UTC", with_reason=False)[1] == ""
    assert "since 1 Jan 2026, 10:14:" in notice.words(found, "Europe/Berlin", with_reason=False)[0]


# The file that says it ------------------------------------------------------------------------------------------------


def test_failures_in_a_row_go_on_since_the_first(tmp_path: Path) -> None:
    def held_since(held_by: state.HeldBy | None) -> str | None:
        return state.ended(tmp_path, 1, "failed" if held_by else "done", [], [], {}, held_by).held_since

    first = held_since("check")
    assert first
    assert held_since("check") == first
    assert held_since("failure") != first
    assert held_since(None) is None
    assert held_since("check") != first


def test_a_full_disk_is_said_in_place_of_what_was_said_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state.ended(tmp_path, 1, "done", [], [], {})

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(state.os, "fsync", full)
    inode = (tmp_path / state.NAME).stat().st_ino
    state.ended(tmp_path, 2, "failed", ["No space left on device"], [], {}, "failure")
    found = state.read(tmp_path)
    assert found
    assert found.reason == "No space left on device"
    assert (tmp_path / state.NAME).stat().st_ino == inode
    assert [path.name for path in tmp_path.iterdir()] == [state.NAME]


def test_however_much_is_found_the_file_keeps_its_length(tmp_path: Path) -> None:
    findings = [checking.Finding("odd", "error", "é" * 900, "desk", 1, "T1")] * 50
    state.ended(tmp_path, 1, "failed", ["x" * 5000] * 50, findings, {}, "check")
    assert (tmp_path / state.NAME).stat().st_size == state.LENGTH
    found = state.read(tmp_path)
    assert found
    assert found.findings


def test_rubbish_in_its_place_is_no_trouble_of_a_page(ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _deliver(ticket_desk, 1)
    ticket_desk.run()
    for rubbish in ("", "{", "[]", '{"unknown": 2}'):
        (ticket_desk.folder / "data" / state.NAME).write_text(rubbish)
        assert "New data" not in _page(ticket_desk, monkeypatch)
