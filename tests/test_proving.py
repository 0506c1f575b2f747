"""A copy is proven before it is published: one that does not hold what the pipelines' own file holds is kept aside, and said."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines.refresh import Pipelines
from tests.conftest import Desk
from warehouse import copying, proving
from warehouse.blocks import BLOCK, HEADERS
from warehouse.connection import open_for_writing
from warehouse.errors import CopyDamaged
from warehouse.proving import Rereading, Written, prove
from warehouse.settings import load

HEADER = "ticket_id,created_at,topic\n"
ROWS = 300_000
Damage = Callable[[Path], None]


def _deliver(desk: Desk, number: int) -> None:
    desk.deliver(f"tickets/{number}.csv", f"{HEADER}T{number},2026-01-01T10:00:00Z,Invoice\n")


def _by(sql: str) -> Damage:
    def damage(copy: Path) -> None:
        with open_for_writing(copy) as connection:
            connection.execute(sql)
            connection.execute("checkpoint")

    return damage


def _flip_a_byte_of(table: str) -> Damage:
    """Of the block that the table's first column is in."""

    def damage(copy: Path) -> None:
        with duckdb.connect(str(copy), read_only=True) as connection:
            info = f"select block_id, block_offset from pragma_storage_info('{table}') where block_id >= 0 limit 1"
            found = connection.execute(info).fetchone()
        assert found
        with copy.open("rb+") as file:
            file.seek(HEADERS + found[0] * BLOCK + 8 + found[1])
            byte = file.read(1)
            file.seek(-1, 1)
            file.write(bytes([byte[0] ^ 0xFF]))

    return damage


DAMAGES: dict[str, Damage] = {
    "store.tickets has other values in topic": _by("update store.tickets set topic = 'Refund' where ticket_id = 'T2'"),
    "store.tickets has 1 rows instead of 2": _by("delete from store.tickets where ticket_id = 'T2'"),
    "main.agents is missing": _by("drop table agents"),
    "it cannot be read": lambda copy: copy.write_bytes(b"rubbish" * 10_000),
    "store.ticket_rows": _flip_a_byte_of("store.ticket_rows"),
}


@pytest.mark.parametrize("said", DAMAGES)
def test_a_damaged_copy_is_kept_aside_and_said_and_the_next_run_publishes_a_good_one(
    ticket_desk: Desk, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _deliver(ticket_desk, 1)
    ticket_desk.run()
    _deliver(ticket_desk, 2)
    whole = copying.copy
    monkeypatch.setattr(
        copying, "copy", lambda origin, target, spare: [whole(origin, target, spare), DAMAGES[said](target)]
    )
    report = ticket_desk.run()
    assert report.state == "failed"
    assert said in report.problems[-1]
    assert "kept as damaged-warehouse-2.duckdb" in report.problems[-1]
    assert ticket_desk.ask("select count(*) from tickets") == [(1,)]
    monkeypatch.undo()
    assert ticket_desk.run().version == 2
    assert ticket_desk.ask("select count(*) from tickets") == [(2,)]
    assert (ticket_desk.folder / "data" / "damaged-warehouse-2.duckdb").exists()


@pytest.fixture
def large(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """A table of several row groups in the writer's file, and another that does not matter."""
    connection = open_for_writing(tmp_path / "loading.duckdb")
    connection.execute(f"create table rows as select range as number, hash(range)::varchar as text from range({ROWS})")
    connection.execute("create table empty (number bigint); checkpoint")
    shutil.copy(tmp_path / "loading.duckdb", tmp_path / "warehouse-1.duckdb")
    return connection


@pytest.mark.parametrize(("number", "rows"), [(ROWS - 1, 0), (ROWS - 50_000, 45_000)])
def test_of_a_large_table_what_was_written_is_read(
    large: duckdb.DuckDBPyConnection, tmp_path: Path, number: int, rows: int
) -> None:
    copy = tmp_path / "warehouse-1.duckdb"
    prove(large, copy, Written(rows, 0))
    _by(f"update rows set text = 'other' where number = {number}")(copy)
    with pytest.raises(CopyDamaged, match="rows has other values in text"):
        prove(large, copy, Written(rows, 0))


def test_how_much_of_it_goes_by_the_share_of_tickets_that_were_built(
    large: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    _by(f"update rows set text = 'other' where number = {ROWS // 2}")(tmp_path / "warehouse-1.duckdb")
    prove(large, tmp_path / "warehouse-1.duckdb", Written(0, 0.1))
    with pytest.raises(CopyDamaged):
        prove(large, tmp_path / "warehouse-1.duckdb", Written(0, 0.3))


@pytest.mark.parametrize("damage", [_by("update rows set text = 'other' where number = 7"), _flip_a_byte_of("rows")])
def test_at_night_every_row_of_the_published_file_is_read_in_steps(
    large: duckdb.DuckDBPyConnection, tmp_path: Path, damage: Damage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proving, "ROWS_A_STEP", 70_000)
    sound = Rereading(large, tmp_path)
    assert [sound.step(True) for _ in range(6)] == [True] * 5 + [False]  # 300,000 rows are five times 70,000
    damage(tmp_path / "warehouse-1.duckdb")
    with pytest.raises(CopyDamaged, match=r"warehouse-1\.duckdb is damaged: main\.rows"):
        Rereading(large, tmp_path).step(True)


def test_at_night_what_was_written_since_is_waited_for_and_then_read_alone(
    large: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proving, "MOST_WAITS", 3)
    large.execute("update rows set text = 'newer'")
    steps = Rereading(large, tmp_path)
    assert [steps.step(False) for _ in range(6)] == [True] * 5 + [False]  # three waits, two stretches


def _keep_up(pipelines: Pipelines) -> None:
    while pipelines.keep_up() is None:
        pass


def test_a_version_found_damaged_at_night_is_kept_aside_and_published_again(ticket_desk: Desk) -> None:
    _deliver(ticket_desk, 1)
    ticket_desk.run()
    data = ticket_desk.folder / "data"
    pipelines = Pipelines(load(ticket_desk.settings_file()))
    _keep_up(pipelines)
    _flip_a_byte_of("store.ticket_rows")(data / "warehouse-1.duckdb")
    with pytest.raises(CopyDamaged, match=r"store.ticket_rows.* kept as damaged-warehouse-1.duckdb"):
        _keep_up(pipelines)
    report = pipelines.run("test", only_if_new=True)
    pipelines.close()
    assert report is not None
    assert report.version == 2
    assert ticket_desk.ask("select count(*) from tickets") == [(1,)]


def test_texts_too_long_for_the_memory_are_no_damage(ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "READER_MEMORY", "16MB")
    chance = random.Random(7)
    rows = (f"T{place},2026-01-01T10:00:00Z,{chance.randbytes(50_000).hex()}\n" for place in range(300))
    ticket_desk.deliver("tickets/1.csv", HEADER + "".join(rows))
    report = ticket_desk.run()
    assert (report.state, report.version) == ("done", 1), report.problems
