"""python -m pipelines backup and restore: a data folder in one file, and back; a cut or altered file is refused."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tarfile
from pathlib import Path

import pytest

from pipelines.__main__ import main
from tests.conftest import Desk
from tests.test_forget import NAME, busy, found_in
from tests.test_privacy import KEY
from tests.test_rebuilding import COMMAND, PROJECT, everything, same, waited_for
from warehouse.writing import write

__all__ = ["busy"]
WORDS = {"kind": "release", "label": "App 5.2", "happened_at": "2026-01-05T09:00:00Z"}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORT_PRIVACY_KEY", KEY)


def backup(desk: Desk) -> Path:
    path = desk.folder / "backup.tar"
    assert main(["backup", str(path), "--settings", str(desk.settings_file())]) == 0
    return path


def restore(desk: Desk, path: Path) -> int:
    return main(["restore", str(path), "--settings", str(desk.settings_file())])


def lose(desk: Desk) -> None:
    shutil.rmtree(desk.folder / "data")


def test_a_restored_folder_runs_and_shows_the_same(busy: Desk) -> None:
    write(busy.folder / "data", "annotation", WORDS)
    received = busy.folder / "data" / "received" / "desk" / "tickets"
    received.mkdir(parents=True)
    (received / "page.jsonl.gz").write_bytes(b"a page that no run took in yet")
    (received.parent / "progress.json").write_text("{}")
    busy.run()
    before, path = everything(busy), backup(busy)
    assert [entry.name for entry in (busy.folder / "data").iterdir() if entry.name.startswith(".")] == []
    assert path.stat().st_mode & 0o077 == 0
    lose(busy)
    assert restore(busy, path) == 0
    assert (received / "page.jsonl.gz").read_bytes() == b"a page that no run took in yet"
    assert len(list((busy.folder / "data" / "written").rglob("*.jsonl"))) == 1
    report = busy.run()
    assert (report.state, report.arrived, report.version) == ("done", 0, 2)
    same(everything(busy), before)
    assert busy.ask("select count(*) from annotations") == [(1,)]


def test_a_backup_while_the_pipelines_serve_holds_what_was_published(busy: Desk) -> None:
    busy.setting('[schedule]\nrefresh = "1s"')
    settings = str(busy.settings_file())
    serving = subprocess.Popen([*COMMAND, "serve", "--settings", settings], cwd=PROJECT, stderr=subprocess.DEVNULL)
    try:
        assert waited_for((busy.folder / "data" / "warehouse.duckdb").exists)
        path = backup(busy)
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.wait(120)
    before = everything(busy)
    lose(busy)
    assert restore(busy, path) == 0
    busy.run()
    same(everything(busy), before)


@pytest.fixture
def small(tmp_path: Path) -> tuple[Desk, Path]:
    """A backup of a folder that looks like one that was published."""
    desk = Desk(tmp_path)
    data = tmp_path / "data"
    (data / "landing" / "tickets").mkdir(parents=True)
    (data / "landing" / "tickets" / f"00000001-{'0' * 32}-a.csv").write_bytes(os.urandom(30_000))
    (data / "warehouse-7.duckdb").write_bytes(os.urandom(50_000))
    return desk, backup(desk)


def test_any_tar_reads_it(small: tuple[Desk, Path]) -> None:
    with tarfile.open(small[1]) as archive:
        assert archive.getnames() == [
            "landing",
            "landing/tickets",
            f"landing/tickets/00000001-{'0' * 32}-a.csv",
            "loading.duckdb",
        ]


@pytest.mark.parametrize("place", [0, 0.1, 0.5, 0.99, 1])
def test_an_altered_backup_is_refused_and_nothing_is_touched(
    small: tuple[Desk, Path], capsys: pytest.CaptureFixture[str], place: float
) -> None:
    desk, path = small
    lose(desk)
    content = bytearray(path.read_bytes())
    at = min(int(place * len(content)), len(content) - 5)
    content[at] = ord("0") if content[at] != ord("0") else ord("1")  # a digit, so that a checksum still looks like one
    path.write_bytes(content)
    assert restore(desk, path) == 1
    assert "backup.tar is altered: its SHA-256 is not what its last line says" in capsys.readouterr().err
    assert not (desk.folder / "data").exists()


@pytest.mark.parametrize("bytes_left", [0, 1, 40_000, -1])
def test_a_cut_backup_is_refused_and_nothing_is_touched(
    small: tuple[Desk, Path], capsys: pytest.CaptureFixture[str], bytes_left: int
) -> None:
    desk, path = small
    lose(desk)
    os.truncate(path, bytes_left if bytes_left >= 0 else path.stat().st_size - 1)
    assert restore(desk, path) == 1
    assert "is cut, or no backup" in capsys.readouterr().err
    assert not (desk.folder / "data").exists()


def test_a_folder_that_holds_something_is_not_restored_into(
    small: tuple[Desk, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    desk, path = small
    before = sorted((desk.folder / "data").rglob("*"))
    assert restore(desk, path) == 1
    assert "data is not empty (it has: landing, warehouse-7.duckdb): move it away" in capsys.readouterr().err
    assert sorted((desk.folder / "data").rglob("*")) == before


def test_a_restore_that_was_killed_is_repeated_before_anything_runs(
    small: tuple[Desk, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, path = small
    before = {file.name: file.read_bytes() for file in (desk.folder / "data").rglob("0*")}
    lose(desk)
    desk.source("tickets", "ticket")
    with monkeypatch.context() as broken:
        broken.setattr("pipelines.backup.sync_folder", _die)
        assert restore(desk, path) == 130
    assert main(["run", "--settings", str(desk.settings_file())]) == 1
    assert "did not end: repeat it" in capsys.readouterr().err
    assert restore(desk, path) == 0
    assert {file.name: file.read_bytes() for file in (desk.folder / "data").rglob("0*")} == before
    assert sorted(entry.name for entry in (desk.folder / "data").iterdir()) == [
        "landing",
        "loading.duckdb",
        "pipelines.lock",
    ]


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_backup_that_cannot_be_written_leaves_the_one_before(
    small: tuple[Desk, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, path = small
    before = path.read_bytes()
    monkeypatch.setattr("pipelines.backup._digest", _full)
    assert main(["backup", str(path), "--settings", str(desk.settings_file())]) == 1
    assert path.read_bytes() == before
    assert [entry.name for entry in desk.folder.iterdir() if entry.name.startswith(".")] == []
    assert not (desk.folder / "data" / ".backup").exists()


def _full(*_: object) -> str:
    raise OSError(28, "No space left on device")


def test_who_was_erased_after_the_backup_is_erased_again(busy: Desk) -> None:
    busy.run()
    path = backup(busy)
    assert main(["forget", NAME, "--settings", str(busy.settings_file())]) == 0
    data = busy.folder / "data"
    register = {name: (data / name).read_bytes() for name in ("erasures.jsonl", "erased_tickets.jsonl")}
    lose(busy)
    data.mkdir()
    for name, content in register.items():
        (data / name).write_bytes(content)
    assert restore(busy, path) == 0
    assert found_in(data / "landing") != []
    assert busy.run().state == "done"
    assert found_in(data) == []
    assert busy.ask("select count(*), count(customer) from tickets") == [(2, 1)]


def test_another_key_than_the_backups_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk, data = Desk(tmp_path), tmp_path / "data"
    data.mkdir()
    (data / "warehouse-1.duckdb").write_bytes(b"a version")
    (data / "privacy.key").write_text("the key that it was made with")
    path = backup(desk)
    lose(desk)
    data.mkdir()
    (data / "privacy.key").write_text("another key, as long as that")
    assert restore(desk, path) == 1
    assert "is another key than the backup's" in capsys.readouterr().err
    assert not (data / "loading.duckdb").exists()
