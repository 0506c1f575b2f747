"""Pages that follow the data: redrawn for everyone who has them open when a newer version is published, without being asked for."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime import RuntimeState

from pages.elements import following, timers
from pages.elements.following import Follower, Shown
from tests import scoped_desk
from tests.bench.serving import published
from tests.browsing import PROJECT, dashboard
from warehouse.connection import newest_version

# A browser would ask after ten seconds, should the server not have redrawn the page by itself.
SOON_SECONDS = 6
VIEWERS = 4


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scoped_desk.publish(tmp_path_factory.mktemp("following"))


@pytest.fixture(scope="module")
def address(desk: Path) -> Iterator[str]:
    with dashboard(desk) as served:
        yield served


def watched(address: str, data: Path, *more: str, seconds: float = 20) -> dict[str, Any]:
    """What viewers of a page were sent meanwhile, and when versions were published (see tests/bench/audience.py)."""
    command = [sys.executable, "-m", "tests.bench.audience", address, "--data", str(data), "--viewers", str(VIEWERS)]
    command += ["--seconds", str(seconds), *more]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("page", ["", "data_health"])
def test_a_page_is_redrawn_for_everyone_soon_after_a_newer_version(page: str, desk: Path, address: str) -> None:
    data = desk.parent / "data"
    version = data / f"warehouse-{newest_version(data)}.duckdb"
    kept = data.parent / f"kept-{page}.duckdb"
    os.link(version, kept)
    with published(data, [kept], every_seconds=8):
        told = watched(address, data, "--page", page)
    first_published = min(told["published"].values())
    for viewer in told["viewers"]:
        assert viewer["problems"] == []
        redrawn = [redraw["ended"] - first_published for redraw in viewer["redraws"]]
        assert min(seconds for seconds in redrawn if seconds > 0) < SOON_SECONDS


def test_a_page_is_not_redrawn_without_a_newer_version(desk: Path, address: str) -> None:
    told = watched(address, desk.parent / "data", seconds=14)
    assert [len(viewer["redraws"]) for viewer in told["viewers"]] == [1] * VIEWERS


def test_viewers_who_left_do_not_hold_up_those_who_stay(desk: Path, address: str) -> None:
    data = desk.parent / "data"
    watched(address, data, seconds=4)
    kept = data.parent / "kept-after.duckdb"
    os.link(data / f"warehouse-{newest_version(data)}.duckdb", kept)
    with published(data, [kept], every_seconds=6):
        told = watched(address, data, seconds=15)
    first_published = min(told["published"].values())
    for viewer in told["viewers"]:
        assert (
            min(redraw["ended"] for redraw in viewer["redraws"] if redraw["began"] > first_published) - first_published
            < 4
        )


def test_memory_is_given_back_once_after_nobody_has_looked_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process without a server its sessions are told to it."""
    somebody, nobody = RuntimeState.ONE_OR_MORE_SESSIONS_CONNECTED, RuntimeState.NO_SESSIONS_CONNECTED
    states = iter([nobody, somebody, nobody, nobody, nobody, nobody, somebody, nobody, nobody, nobody])
    looked: list[RuntimeState] = []
    rested: list[int] = []

    def look() -> SimpleNamespace:
        looked.append(next(states, somebody))
        return SimpleNamespace(state=looked[-1])

    async def watched() -> None:
        task = asyncio.create_task(following.rest_when_alone())
        while len(rested) < 2:
            await asyncio.sleep(0)
        task.cancel()

    monkeypatch.setattr(following, "get_instance", look)
    monkeypatch.setattr(following, "ALONE_SECONDS", 3)
    monkeypatch.setattr(following, "ALONE_LOOK_SECONDS", 0)
    monkeypatch.setattr(following.data, "rest", lambda: rested.append(len(looked)))
    asyncio.run(watched())
    assert rested == [5, 10]


def test_a_visitor_whose_page_does_not_answer_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two versions come while one page is still waited for; the others are redrawn for both."""
    shown = [Shown(1, None)]
    redrawn: list[tuple[str, int | None]] = []

    class Server:
        def is_active_session(self, session: str) -> bool:
            return True

        def handle_backmsg(self, session: str, ask: BackMsg) -> None:
            if session != "stuck":
                redrawn.append((session, shown[0].version))
                following._followers[session] = Follower(shown[0], BackMsg())

    async def looked_at() -> None:
        following_data = asyncio.create_task(following.keep_redrawing())
        for version in (2, 3):
            shown[0] = Shown(version, None)
            await asyncio.sleep(4 * following.LOOK_SECONDS)
        following_data.cancel()
        with suppress(asyncio.CancelledError):
            await following_data

    pages = {session: Follower(shown[0], BackMsg()) for session in ("stuck", "one", "other")}
    monkeypatch.setattr(following, "_followers", pages)
    monkeypatch.setattr(following, "newest", lambda: shown[0])
    monkeypatch.setattr(following, "get_instance", Server)
    monkeypatch.setattr(timers, "is_busy", lambda session: False)
    asyncio.run(looked_at())
    assert sorted(redrawn) == [("one", 2), ("one", 3), ("other", 2), ("other", 3)]
