"""The commands, as a person types them."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from pipelines.__main__ import main
from tests.conftest import Desk

PROJECT = Path(__file__).resolve().parents[1]


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pipelines", *arguments]


def test_run_prints_what_it_did(ticket_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    ticket_desk.deliver("tickets/a.csv", "ticket_id,created_at\nT1,2026-01-01T10:00:00Z\nT2,yesterday\n")
    assert main(["run", "--settings", str(ticket_desk.settings_file())]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("run 1 done: 1 new files, 1 tickets built, version 1")
    assert lines[2].split() == ["tickets", "1", "2", "1", "0", "0", "1"]
    assert any(line.startswith("rejected 1: created_at: yesterday is not a date") for line in lines)


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert (
            main(
                [
                    "sample",
                    "--settings",
                    str(PROJECT / "support.toml"),
                    "--days",
                    "5",
                    "--tickets",
                    "300",
                    "--seed",
                    "7",
                    "--out",
                    str(tmp_path / name),
                ]
            )
            == 0
        )
    files = {path.relative_to(tmp_path / "one"): path.read_bytes() for path in (tmp_path / "one").rglob("*.*")}
    assert len(files) > 20
    assert {path.relative_to(tmp_path / "two"): path.read_bytes() for path in (tmp_path / "two").rglob("*.*")} == files


def test_serve_takes_in_a_new_export_and_stops_on_a_signal(ticket_desk: Desk) -> None:
    ticket_desk.setting('[schedule]\nrefresh = "0.2s"\n'.replace('"0.2s"', "0.2"))
    ticket_desk.deliver("tickets/a.csv", "ticket_id,created_at\nT1,2026-01-01T10:00:00Z\n")
    server = subprocess.Popen(
        _command("serve", "--settings", str(ticket_desk.settings_file())), cwd=PROJECT, stderr=subprocess.PIPE
    )
    try:
        _wait_for_tickets(ticket_desk, 1)
        (ticket_desk.folder / "exports/tickets/b.csv").write_text("ticket_id,created_at\nT2,2026-01-01T11:00:00Z\n")
        _wait_for_tickets(ticket_desk, 2)
    finally:
        server.send_signal(signal.SIGTERM)
        errors = server.communicate(timeout=30)[1]
    assert server.returncode == 0, errors


def _wait_for_tickets(desk: Desk, expected: int, patience: float = 60) -> None:
    path = desk.folder / "data" / "warehouse.duckdb"
    deadline = time.monotonic() + patience
    found: object = None
    while time.monotonic() < deadline:
        if path.exists():
            with duckdb.connect(str(path), read_only=True) as connection:
                found = connection.execute("select count(*) from tickets").fetchall()[0][0]
            if found == expected:
                return
        time.sleep(0.1)
    raise AssertionError(f"{found} tickets, not {expected}, after {patience} s")


def test_a_taken_port_is_one_line(ticket_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ticket_desk.setting(f"[dashboard]\nport = {port}\n")
        assert main(["start", "--settings", str(ticket_desk.settings_file())]) == 1
    message = capsys.readouterr().err
    assert f"cannot listen on 127.0.0.1:{port}" in message
    assert message.count("\n") == 1


def test_a_data_folder_that_nobody_can_write_is_one_line(ticket_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    ticket_desk.setting('[data]\nfolder = "/proc/support"\n')
    for command in ("run", "serve", "start"):
        assert main([command, "--settings", str(ticket_desk.settings_file())]) == 1
        message = capsys.readouterr().err
        assert "cannot write in /proc/support" in message
        assert message.count("\n") == 1
