"""A published version is the loading file byte for byte, however little of it was written, and nobody's version changes under them."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from warehouse import copying
from warehouse.connection import open_for_writing

pytestmark = pytest.mark.usefixtures("no_clones")
ROWS = 300_000
READER = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True); input(); print(c.execute('select sum(number) from rows').fetchone()[0])"


@pytest.fixture
def loading(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    connection = open_for_writing(tmp_path / "loading.duckdb")
    connection.execute(f"create table rows as select range as number, hash(range) as text from range({ROWS})")
    connection.execute("checkpoint")
    return connection


def _change(connection: duckdb.DuckDBPyConnection, number: int) -> None:
    connection.execute(f"delete from rows where number % 100 = {number}")
    connection.execute(f"insert into rows select -{number}, hash(range, {number}) from range(2000)")
    connection.execute("checkpoint")


def _copy(folder: Path, name: str, spare: str | None = None) -> Path:
    copying.copy(folder / "loading.duckdb", folder / name, folder / spare if spare else None)
    return folder / name


def test_a_version_made_of_an_older_one_is_the_same_byte_for_byte(
    loading: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    spare = _copy(tmp_path, "0.duckdb")
    inode = spare.stat().st_ino
    for number in range(1, 6):
        _change(loading, number)
        made = _copy(tmp_path, f"{number}.duckdb", f"{number - 1}.duckdb")
        assert made.read_bytes() == (tmp_path / "loading.duckdb").read_bytes()
        assert made.stat().st_ino == inode
        assert not (tmp_path / f"{number - 1}.duckdb").exists()


def test_blocks_that_have_the_same_checksum_and_differ_are_written_over(
    loading: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """DuckDB's checksum of a block, its first eight bytes, does not tell in which order the others stand."""
    spare = _copy(tmp_path, "0.duckdb")
    content = bytearray(spare.read_bytes())
    first, second = (slice(begin, begin + 8) for begin in (3 * 4096 + 800, 3 * 4096 + 1600))
    assert content[first] != content[second]
    content[first], content[second] = content[second], content[first]
    spare.write_bytes(content)
    with duckdb.connect(str(spare), read_only=True) as changed:
        changed.execute("select sum(number), max(text) from rows")
    made = _copy(tmp_path, "1.duckdb", "0.duckdb")
    assert made.read_bytes() == (tmp_path / "loading.duckdb").read_bytes()


def test_words_in_another_order_are_told_where_the_older_copy_is_remembered(tmp_path: Path) -> None:
    """Files of no database: three blocks of which one has two words exchanged between two versions, its first eight bytes as before."""
    chance = random.Random(1)
    content = bytearray(chance.randbytes(3 * 4096 + 3 * copying.BLOCK))
    (tmp_path / "loading.duckdb").write_bytes(content)
    _copy(tmp_path, "0.duckdb")
    for number, begin in enumerate((copying.HEADERS + copying.BLOCK + 8, copying.HEADERS + 16, 400), start=1):
        one, other = slice(begin, begin + 8), slice(begin + 80, begin + 88)
        content[one], content[other] = content[other], content[one]
        (tmp_path / "loading.duckdb").write_bytes(content)
        made = _copy(tmp_path, f"{number}.duckdb", f"{number - 1}.duckdb")
        assert made.read_bytes() == content
        assert copying._known


def test_a_file_that_became_smaller_is_copied_as_small(loading: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    before = _copy(tmp_path, "0.duckdb").stat().st_size
    loading.execute("delete from rows where number > 10; checkpoint; insert into rows values (1, 1); checkpoint")
    made = _copy(tmp_path, "1.duckdb", "0.duckdb")
    assert made.stat().st_size < before
    assert made.read_bytes() == (tmp_path / "loading.duckdb").read_bytes()


def test_a_version_that_another_process_reads_stays_as_it_is_for_it(
    loading: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    spare = _copy(tmp_path, "0.duckdb")
    command = [sys.executable, "-c", READER, str(spare)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout
        assert reader.stdout.readline() == "open\n"
        _change(loading, 1)
        made = _copy(tmp_path, "1.duckdb", "0.duckdb")
        assert reader.communicate("\n")[0].strip() == str(ROWS * (ROWS - 1) // 2)
    assert made.read_bytes() == (tmp_path / "loading.duckdb").read_bytes()


def test_a_version_that_this_process_reads_stays_as_it_is_too(
    loading: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    with duckdb.connect(str(_copy(tmp_path, "0.duckdb")), read_only=True) as reader:
        _change(loading, 1)
        _copy(tmp_path, "1.duckdb", "0.duckdb")
        assert reader.execute("select sum(number) from rows").fetchone() == (ROWS * (ROWS - 1) // 2,)
