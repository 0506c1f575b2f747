"""A folder of exports on an SFTP server: a real one, with its own users, keys and mishaps."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import asyncssh
import pytest

from pipelines.sources.check import check
from tests import killing
from tests.conftest import Desk
from warehouse.settings import load

CLOCK = 1_769_904_000
HEADER = "ticket_id,created_at,status\n"
LIST = "select ticket_id from tickets order by ticket_id"


class SftpServer:
    """An SFTP server on a local port. Who may in: `password`, or the owner of `user_key`.

    `while_reading(path)` is called before each block of a file is sent; `cut_after` blocks the connection is cut, so many `times`.
    """

    def __init__(self, root: Path) -> None:
        self.root, self.password = root, "a password"
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.user_key = asyncssh.generate_private_key("ssh-ed25519")
        self.while_reading: Callable[[str], None] = lambda path: None
        self.cut_after, self.times, self.connections = 0, 0, 0
        self.read: list[str] = []
        self._ready, self._loop = threading.Event(), asyncio.new_event_loop()

    @property
    def public_key(self) -> str:
        return self.host_key.export_public_key().decode().strip()

    def __enter__(self) -> Self:
        threading.Thread(target=self._run, daemon=True).start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *raised: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()

    async def _listen(self) -> None:
        server = self

        class Door(asyncssh.SSHServer):
            def connection_made(self, conn: Any) -> None:
                server.connections += 1

            def password_auth_supported(self) -> bool:
                return True

            def validate_password(self, username: str, password: str) -> bool:
                return (username, password) == ("desk", server.password)

            def public_key_auth_supported(self) -> bool:
                return True

            def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
                return username == "desk" and key.public_data == server.user_key.public_data

        class Files(asyncssh.SFTPServer):
            def __init__(self, chan: Any) -> None:
                super().__init__(chan, chroot=os.fsencode(server.root))

            def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
                server.read.append(os.fsdecode(path))
                return super().open(path, pflags, attrs)

            def read(self, file_obj: Any, offset: int, size: int) -> Any:
                server.while_reading(os.fsdecode(file_obj.name))
                if server.times and offset >= server.cut_after:
                    server.times -= 1
                    self.channel.get_connection().abort()
                return super().read(file_obj, offset, size)

        self._acceptor = await asyncssh.listen(
            "127.0.0.1", 0, server_factory=Door, server_host_keys=[self.host_key], sftp_factory=Files
        )
        self.port = self._acceptor.get_port()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SftpServer]:
    monkeypatch.setenv("SUPPORT_DESK_PASSWORD", "a password")
    (tmp_path / "there" / "out").mkdir(parents=True)
    with SftpServer(tmp_path / "there") as server:
        yield server


@pytest.fixture
def desk(tmp_path: Path, server: SftpServer) -> Desk:
    return _desk(tmp_path / "desk", server)


def _desk(folder: Path, server: SftpServer, more: str = "") -> Desk:
    folder.mkdir(exist_ok=True)
    section = f"""
[sources.desk]
kind = "sftp"
address = "sftp://127.0.0.1:{server.port}/out"
user = "desk"
host_key = "{server.public_key}"
rows = "ticket"
first_wait = 0.01
{more}
"""
    return Desk(folder, [section])


def _put(server: SftpServer, name: str, *tickets: str, at: int = CLOCK) -> Path:
    """An export with these tickets, as old as the first second of February 2026 and so many more."""
    path = server.root / "out" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + "".join(f"{ticket},2026-01-05T10:00:00Z,open\n" for ticket in tickets), encoding="utf-8")
    os.utime(path, (at, at))
    return path


def _tickets(desk: Desk) -> list[str]:
    return [ticket for (ticket,) in desk.ask(LIST)]


def test_every_export_of_the_folder_is_pulled_once(desk: Desk, server: SftpServer) -> None:
    _put(server, "a.csv", "1", "2")
    _put(server, "b.csv", "3")
    assert desk.run().problems == []
    assert _tickets(desk) == ["1", "2", "3"]
    again = desk.run()
    assert (again.arrived, again.problems, len(server.read)) == (0, [], 2)


def test_new_and_changed_exports_are_pulled_whatever_their_age(desk: Desk, server: SftpServer) -> None:
    _put(server, "a.csv", "1", at=CLOCK + 500)
    desk.run()
    _put(server, "late.csv", "2", at=CLOCK - 500)
    _put(server, "a.csv", "1", "3", at=CLOCK + 600)
    assert desk.run().problems == []
    assert _tickets(desk) == ["1", "2", "3"]


def test_of_two_versions_of_a_row_the_one_in_the_newer_file_counts(desk: Desk, server: SftpServer) -> None:
    newer = _put(server, "a.csv", "1")
    newer.write_text(HEADER + "1,2026-01-05T10:00:00Z,solved\n", encoding="utf-8")
    os.utime(newer, (CLOCK, CLOCK))
    desk.run()
    _put(server, "z.csv", "1", at=CLOCK - 60)  # arrives later, is older
    desk.run()
    assert desk.ask("select status from tickets") == [("solved",)]


def test_files_of_one_name_in_different_folders_are_different_files(tmp_path: Path, server: SftpServer) -> None:
    desk = _desk(tmp_path / "deep", server, 'pattern = "**/*.csv"')
    for number, folder in enumerate(("", "2025/", "2026/", "2026/05/")):
        _put(server, f"{folder}tickets.csv", str(number))
    assert desk.run().problems == []
    assert _tickets(desk) == ["0", "1", "2", "3"]


def test_odd_names_are_safe(desk: Desk, server: SftpServer) -> None:
    names = [
        "%2E%2E%2Fx.csv",
        "a b ü.csv",
        "x" * 240 + ".csv",
        "y" + "x" * 239 + ".csv",
        "$(reboot);'.csv",
        "new\nline.csv",
    ]
    for number, name in enumerate(names):
        _put(server, name, str(number))
    (server.root / "out" / os.fsdecode(b"latin\xe9.csv")).write_text(HEADER + "9,2026-01-05T10:00:00Z,open\n")
    assert desk.run().problems == []
    assert _tickets(desk) == ["0", "1", "2", "3", "4", "5", "9"]


def test_only_what_the_pattern_names_and_is_finished_is_pulled(tmp_path: Path, server: SftpServer) -> None:
    desk = _desk(tmp_path / "some", server, 'pattern = "tickets-*.csv"\nsince = 2026-01-01')
    for name in ("tickets-1.csv.part", ".tickets-2.csv", "agents.csv", "old/tickets-3.csv", "tickets-4.csv.tmp"):
        _put(server, name, "unwanted")
    _put(server, "tickets-old.csv", "too old", at=CLOCK - 40 * 86_400)
    _put(server, "tickets-5.csv", "5")
    desk.run()
    assert _tickets(desk) == ["5"]
    assert len(server.read) == 1


def test_a_file_that_still_grows_is_left_for_the_next_pull(desk: Desk, server: SftpServer) -> None:
    path = _put(server, "a.csv", "1")
    os.utime(path)
    stop, line = threading.Event(), "2,2026-01-05T10:00:00Z,open\n"

    def grow() -> None:
        while not stop.wait(0.05):
            with path.open("a", encoding="utf-8") as file:
                file.write(line)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        desk.run()
    finally:
        stop.set()
        writer.join()
    assert server.read == []
    desk.run()
    assert _tickets(desk) == ["1", "2"]


def test_a_file_that_vanishes_while_it_is_read_stops_no_other(desk: Desk, server: SftpServer) -> None:
    gone = _put(server, "a.csv", *(str(number) for number in range(60_000)))
    _put(server, "b.csv", "b", at=CLOCK + 60)
    server.while_reading = lambda path: gone.unlink(missing_ok=True) if "a.csv" in path else None
    assert desk.run().problems == []
    assert _tickets(desk) == ["b"]


def test_a_file_that_is_replaced_while_it_is_read_is_pulled_again(desk: Desk, server: SftpServer) -> None:
    changed = _put(server, "a.csv", "1")
    server.while_reading = lambda path: os.utime(changed, (CLOCK + 5, CLOCK + 5))
    desk.run()
    assert _tickets(desk) == []
    desk.run()
    assert _tickets(desk) == ["1"]


def test_a_connection_that_is_cut_within_a_file_is_made_again(desk: Desk, server: SftpServer) -> None:
    numbers = [f"{number:06}" for number in range(100_000)]
    _put(server, "a.csv", "first")
    _put(server, "b.csv", *numbers, at=CLOCK + 60)
    server.cut_after, server.times = 1_500_000, 2
    assert desk.run().problems == []
    assert desk.ask("select count(*) from tickets") == [(100_001,)]
    assert (server.connections, server.read.count("/out/a.csv")) == (3, 1)


def test_a_server_that_always_cuts_is_said_and_what_was_whole_is_there(desk: Desk, server: SftpServer) -> None:
    _put(server, "a.csv", "first")
    _put(server, "b.csv", *(str(number) for number in range(100_000)), at=CLOCK + 60)
    server.cut_after, server.times = 1_500_000, 100
    (problem,) = desk.run().problems
    assert "127.0.0.1" in problem
    assert "asked 6 times" in problem
    assert _tickets(desk) == ["first"]


def test_another_host_key_than_the_one_named_is_refused(tmp_path: Path, server: SftpServer) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    desk = _desk(tmp_path / "wrong", server)
    desk.sections[0] = desk.sections[0].replace(server.public_key, other.export_public_key().decode().strip())
    _put(server, "a.csv", "1")
    (problem,) = desk.run().problems
    assert f"shows the host key {server.host_key.get_fingerprint()}" in problem
    assert server.read == []


def test_a_host_key_of_another_kind_is_refused(tmp_path: Path, server: SftpServer) -> None:
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    desk = _desk(tmp_path / "wrong", server)
    desk.sections[0] = desk.sections[0].replace(server.public_key, other.export_public_key().decode().strip())
    (problem,) = desk.run().problems
    assert "host_key of its source" in problem


def test_a_wrong_password_is_said_without_it(desk: Desk, server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORT_DESK_PASSWORD", "a wrong one")
    (problem,) = desk.run().problems
    assert "refuses the user of this source" in problem
    assert "a wrong one" not in problem
    assert server.connections == 1


@pytest.mark.parametrize("kind", ["text", "path"])
def test_a_private_key_lets_in_as_text_and_as_a_file(
    desk: Desk, server: SftpServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    monkeypatch.delenv("SUPPORT_DESK_PASSWORD")
    text = server.user_key.export_private_key().decode()
    (tmp_path / "key").write_text(text)
    monkeypatch.setenv("SUPPORT_DESK_KEY", text if kind == "text" else str(tmp_path / "key"))
    _put(server, "a.csv", "1")
    assert desk.run().problems == []
    assert _tickets(desk) == ["1"]


def test_time_that_is_up_within_a_file_ends_the_pull_and_loses_nothing(tmp_path: Path, server: SftpServer) -> None:
    desk = _desk(tmp_path / "short", server, "longest_pull = 1.0")
    _put(server, "a.csv", "first")
    _put(server, "b.csv", *(str(number) for number in range(100_000)), at=CLOCK + 60)
    slow = threading.Event()
    server.while_reading = lambda path: slow.wait(0.5) and None if "b.csv" in path else None
    desk.run()
    assert _tickets(desk) == ["first"]
    slow.set()
    server.while_reading = lambda path: None
    desk.run()
    assert desk.ask("select count(*) from tickets") == [(100_001,)]


def test_killed_at_any_step_no_export_is_lost(tmp_path: Path, server: SftpServer) -> None:
    for number in range(4):
        _put(server, f"{number}.csv", str(number), at=CLOCK + number)
    code, steps = killing.run(0, _desk(tmp_path / "counted", server).settings_file(), {})
    assert (code, steps > 10) == (0, True)
    for step in killing.spread(steps, 4):
        desk = _desk(tmp_path / str(step), server)
        killing.run(step, desk.settings_file(), {})
        assert desk.run().problems == []
        assert _tickets(desk) == ["0", "1", "2", "3"]


def test_check_says_what_is_there_and_what_is_not(
    desk: Desk, server: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check(load(desk.settings_file())).is_good
    _put(server, "a.csv", "1")
    assert check(load(desk.settings_file())).is_good
    assert server.read == []
    monkeypatch.delenv("SUPPORT_DESK_PASSWORD")
    assert "desk_key is missing" in "".join(check(load(desk.settings_file())).lines())


def test_a_file_without_a_sensible_date_is_pulled_like_any_other(desk: Desk, server: SftpServer) -> None:
    _put(server, "a.csv", "1", at=0)
    desk.run()
    assert _tickets(desk) == ["1"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("ssh-ed25519 AAAA", "ssh-ed25519 BBBB", "host_key is no public key"),
        ("sftp://", "sftp://me@", "is written sftp://host/folder"),
        ("sftp://", "ftp://", "is written sftp://host/folder"),
    ],
)
def test_settings_that_cannot_be_right_are_said(desk: Desk, server: SftpServer, old: str, new: str, said: str) -> None:
    desk.sections[0] = desk.sections[0].replace(old, new)
    assert said in "".join(check(load(desk.settings_file())).lines())
    assert server.connections == 0


def test_a_folder_that_is_not_there_is_said(tmp_path: Path, server: SftpServer) -> None:
    desk = _desk(tmp_path / "other", server)
    desk.sections[0] = desk.sections[0].replace("/out", "/elsewhere")
    (problem,) = desk.run().problems
    assert "no such folder" in problem
