"""The archive of what was delivered: packed, once per content, kept for a time, and nothing is lost with what is no longer kept."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import duckdb
import pytest

from pipelines.__main__ import main
from pipelines.archive import EXPIRED
from tests.conftest import Desk
from tests.test_forget import FIGURES, NAME, OTHER, busy, found_in
from warehouse import packing

__all__ = ["busy"]
HEADER = "ticket_id,created_at,status,channel,subject\n"
FIRST = (
    HEADER + "T1,2026-01-01T10:00:00Z,open,email,one\nT2,2026-01-01T11:00:00Z,open,chat,two\nT3,never,open,chat,three\n"
)
SECOND = HEADER + "T2,2026-01-01T11:00:00Z,solved,chat,two again\nT4,2026-01-02T11:00:00Z,open,email,four\n"
TICKETS = "select ticket_id, status, channel, subject from tickets order by all"


def landed(desk: Desk, feed: str = "tickets") -> list[Path]:
    return sorted((desk.folder / "data" / "landing" / feed).iterdir())


def grow_old(desk: Desk) -> None:
    """What was landed so far was landed long ago, and is kept no longer than thirty days."""
    desk.setting('[data]\nkeep_landed = "30d"')
    with duckdb.connect(str(desk.folder / "data" / "loading.duckdb")) as connection:
        connection.execute("update files set landed_at = '2020-01-01'")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "00000001-0123456789abcdef0123456789abcdef-a.csv"
    path.write_text(FIRST * 1000)
    return path


def test_a_packed_file_says_how_long_it_was_and_keeps_its_time(file: Path) -> None:
    before = file.stat()
    assert packing.pack(file)
    assert gzip.decompress(file.read_bytes()).decode() == FIRST * 1000
    assert packing.delivered_bytes(file) == before.st_size
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert file.stat().st_size < before.st_size / 10


def test_what_is_packed_stays_as_it_is(file: Path) -> None:
    for content in (gzip.compress(b"delivered so"), b"PAR1 and so on", b"PK\x03\x04 and so on"):
        file.write_bytes(content)
        assert not packing.pack(file)
        assert file.read_bytes() == content
        assert packing.delivered_bytes(file) == len(content)


def test_what_was_loaded_is_packed_and_its_journal_says_what_was_delivered(ticket_desk: Desk) -> None:
    ticket_desk.deliver("tickets/a.csv", FIRST)
    ticket_desk.run()
    (path,) = landed(ticket_desk)
    assert gzip.decompress(path.read_bytes()).decode() == FIRST
    assert ticket_desk.ask("select bytes from files") == [(len(FIRST),)]


def test_a_content_of_several_feeds_is_on_the_disk_once(desk: Desk) -> None:
    desk.source("tickets", "ticket")
    desk.source("calls", "ticket", path="exports/tickets")
    desk.deliver("tickets/a.csv", FIRST)
    desk.run()
    (one,), (other,) = landed(desk), landed(desk, "calls")
    assert one.stat().st_ino == other.stat().st_ino
    assert gzip.decompress(one.read_bytes()).decode() == FIRST


def test_what_is_no_longer_kept_is_gone_from_the_disk_and_not_from_the_warehouse(ticket_desk: Desk) -> None:
    """Neither a new mapping nor a lost loading file takes out what cannot be read again, and both say so."""
    ticket_desk.deliver("tickets/a.csv", FIRST)
    ticket_desk.run()
    grow_old(ticket_desk)
    ticket_desk.deliver("tickets/b.csv", SECOND)
    ticket_desk.run()
    assert [path.name[-5:] for path in landed(ticket_desk)] == ["b.csv"]
    assert ticket_desk.ask("select name from files where expired_at is not null") == []  # known after it was published
    before = ticket_desk.ask(TICKETS)
    assert [row[:2] for row in before] == [("T1", "open"), ("T2", "solved"), ("T4", "open")]

    ticket_desk.sections[0] = '[data]\nkeep_landed = "forever"'
    ticket_desk.sections[1] += 'constants.channel = "phone"\n'
    report = ticket_desk.run()
    assert "1 of its files are no longer kept (keep_landed): what they said stays as it was read" in str(
        report.problems
    )
    assert [row[2] for row in ticket_desk.ask(TICKETS)] == ["email", "phone", "phone"]
    assert ticket_desk.counts("a.csv") == (3, 2, 0, 0, 1)

    before = ticket_desk.ask(TICKETS)
    (ticket_desk.folder / "data" / "loading.duckdb").unlink()
    report = ticket_desk.run()
    assert "1 delivered files are no longer kept: what they said is taken over as it was read" in report.problems
    assert ticket_desk.ask(TICKETS) == before
    assert ticket_desk.counts("a.csv") == (3, 2, 0, 0, 1)
    assert ticket_desk.ask("select line_no from rejected_rows") == [(3,)]


def test_a_note_that_was_cut_by_a_crash_is_no_note(ticket_desk: Desk) -> None:
    from pipelines import archive

    landing = ticket_desk.folder
    (landing / EXPIRED).write_text(json.dumps(["tickets/a", "2026-01-01T00:00:00"]) + '\n["tickets/b", "202')
    assert archive.expired(landing) == {"tickets/a": "2026-01-01T00:00:00"}
    archive._note(landing, {"tickets/c": "2026-01-02T00:00:00"})
    assert list(archive.expired(landing)) == ["tickets/a", "tickets/c"]


def test_somebody_is_erased_from_rows_whose_files_are_no_longer_kept(busy: Desk) -> None:
    busy.run()
    grow_old(busy)
    busy.run()
    assert list((busy.folder / "data" / "landing").glob("*/*")) == []
    figures = [busy.ask(sql) for sql in FIGURES]
    assert main(["forget", NAME, "--settings", str(busy.settings_file())]) == 0
    assert found_in(busy.folder / "data") == []
    assert [busy.ask(sql) for sql in FIGURES] == figures
    assert busy.ask("select ticket_id, customer, subject from tickets order by 1") == [
        ("T1", None, None),
        ("T2", OTHER, "Wacholder"),
    ]
    assert busy.ask("select author from messages order by message_id") == [(None,), ("Ada",), (OTHER,)]
    assert busy.ask("select count(*), count(key), count(distinct key) from store.event_rows") == [(3, 3, 3)]
    assert busy.ask("select kind, rows from erasures order by all") == [
        ("event", 3),
        ("message", 2),
        ("survey", 1),
        ("ticket", 1),
    ]
