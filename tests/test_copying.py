"""A published version is the loading file byte for byte, however little of it was written, and nobody's version changes under them."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from warehouse import copying
from warehouse.blocks import BLOCK, CHECKSUM, HEADERS, begin_of, last_checkpoint, written
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


def test_words_in_another_order_are_told_in_a_file_that_tells_of_no_checkpoint(tmp_path: Path) -> None:
    """Files of no database: three blocks of which one has two words exchanged between two versions, its first eight bytes as before."""
    chance = random.Random(1)
    content = bytearray(chance.randbytes(3 * 4096 + 3 * BLOCK))
    (tmp_path / "loading.duckdb").write_bytes(content)
    _copy(tmp_path, "0.duckdb")
    for number, begin in enumerate((HEADERS + BLOCK + 8, HEADERS + 16, 400), start=1):
        one, other = slice(begin, begin + 8), slice(begin + 80, begin + 88)
        content[one], content[other] = content[other], content[one]
        (tmp_path / "loading.duckdb").write_bytes(content)
        made = _copy(tmp_path, f"{number}.duckdb", f"{number - 1}.duckdb")
        assert made.read_bytes() == content


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


def test_a_block_used_again_for_the_same_words_in_another_order_is_written_over(tmp_path: Path) -> None:
    """Two values change places, again and again: DuckDB writes by turns to two places, and the checksum of what stands there stays the same."""
    connection = open_for_writing(tmp_path / "loading.duckdb")
    connection.execute("pragma force_compression = 'uncompressed'")
    connection.execute("create table rows as select range as number, hash(range) as value from range(122880)")
    original = (tmp_path / "loading.duckdb").open("rb", buffering=0)  # closing it would drop DuckDB's lock
    seen: list[bytes] = []
    for number in range(5):
        swapped = f"case number when {number} then {number + 10} when {number + 10} then {number} else number end"
        connection.execute(f"update rows set value = hash({swapped})")
        connection.execute("checkpoint")
        made = _copy(tmp_path, f"{number}.duckdb", f"{number - 2}.duckdb" if number > 1 else None)
        original.seek(0)
        seen.append(original.read())
        assert made.read_bytes() == seen[-1]
    old, new = seen[-3], seen[-1]
    both = range(min(len(old), len(new)) // BLOCK)
    assert any(
        _block(old, block)[:CHECKSUM] == _block(new, block)[:CHECKSUM] and _block(old, block) != _block(new, block)
        for block in both
    )


CHANGES = (
    "insert into rows by name select -range as number, hash(range, {chance}) as text, 'new' as word from range({many})",
    "delete from rows where hash(number, {chance}) % 20 = 0",
    "update rows set text = hash(number, {chance}) where hash(number, {chance}) % 3000 = 0",
    "update rows set word = 'changed' || {chance} where number % 50 = {chance} % 50",
    "create or replace table other as select * from rows where number % 3 = {chance} % 3",
    "drop table if exists other",
    "begin; insert into rows by name select range as number, range as text from range(200000); rollback",
    "alter table rows add column if not exists more varchar; update rows set more = word where number % 7 = 0",
    "alter table rows drop column if exists more",
    "create or replace table ordered as from rows order by hash(number, {chance}); drop table rows; alter table ordered rename to rows",
)


@pytest.mark.parametrize("seed", range(4))
def test_a_block_in_use_that_changed_is_one_that_checkpoints_tell(tmp_path: Path, seed: int) -> None:
    """What `blocks` says that DuckDB wrote, against all of the file's content before and after."""
    chance = random.Random(seed)
    connection = open_for_writing(tmp_path / "loading.duckdb")
    columns = "range as number, hash(range) as text, 'w' || range % 99 as word"
    connection.execute(f"create table rows as select {columns} from range({ROWS})")
    connection.execute("checkpoint")
    file = (tmp_path / "loading.duckdb").open("rb", buffering=0)
    before, content = last_checkpoint(file), file.read()
    for _ in range(30):
        statement = chance.choice(CHANGES).format(chance=chance.randrange(1000), many=chance.randrange(30_000))
        connection.execute(statement)
        connection.execute("checkpoint")
        file.seek(0)
        now, new_content = last_checkpoint(file), file.read()
        assert before
        assert now
        wrote = written(before, now)
        assert wrote is not None
        changed = {block for block in now.used if _block(content, block) != _block(new_content, block)}
        assert changed <= wrote, statement
        before, content = now, new_content


def _block(content: bytes, block: int) -> bytes:
    return content[begin_of(block) : begin_of(block + 1)]


def test_a_missed_checkpoint_is_told(loading: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = (tmp_path / "loading.duckdb").open("rb", buffering=0)
    seen = [last_checkpoint(file)]
    for number in (1, 2):
        _change(loading, number)
        seen.append(last_checkpoint(file))
    first, second, third = seen
    assert first
    assert second
    assert third
    assert written(first, third) is None
    assert written(second, third)
    assert written(third, third) == third.metadata


def test_a_copy_is_compared_whole_only_where_what_was_written_since_is_not_known(
    loading: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []
    differing = copying._differing
    monkeypatch.setattr(copying, "_differing", lambda *given: [compared.append(given[2]), differing(*given)][1])
    known, unknown = _copy(tmp_path, "known.duckdb"), tmp_path / "unknown.duckdb"
    spare = tmp_path / "spare.duckdb"
    for again in (spare, unknown):
        again.write_bytes(known.read_bytes())
    copying.copied_again(known, spare)
    for number, older in enumerate(("known", "spare", "unknown"), start=1):
        _change(loading, number)
        made = _copy(tmp_path, f"{number}.duckdb", f"{older}.duckdb")
        assert made.read_bytes() == (tmp_path / "loading.duckdb").read_bytes()
    assert compared == [CHECKSUM, CHECKSUM, BLOCK]
    _change(loading, 4)
    _change(loading, 5)
    _copy(tmp_path, "5.duckdb", "3.duckdb")  # of which two checkpoints, and so not all of what was written, are known
    assert compared[3:] == [BLOCK]
