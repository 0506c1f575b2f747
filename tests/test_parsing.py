"""SQL texts that are parsed once and run often: they give what running the text gives."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from warehouse.connection import open_for_writing
from warehouse.parsing import parsed


def test_a_text_that_comes_again_is_not_parsed_again() -> None:
    before = parsed.cache_info().misses
    assert parsed("select 41 + $more") is parsed("select 41 + $more")
    assert parsed.cache_info().misses == before + 1


def test_a_statement_runs_with_other_values_and_on_other_connections() -> None:
    for connection in (duckdb.connect(), duckdb.connect()):
        found = [connection.execute(parsed("select 40 + $more"), {"more": more}).fetchall() for more in (1, 2)]
        assert found == [[(41,)], [(42,)]]


def test_the_writer_sees_tables_as_they_are_now(tmp_path: Path) -> None:
    with open_for_writing(tmp_path / "loading.duckdb") as writer:
        found = []
        for columns in ("1 as a", "'x' as b, 2 as a"):
            writer.execute(f"create or replace temp table changing as select {columns}")
            found.append(writer.execute("from changing").fetchall())
        assert found == [[(1,)], [("x", 2)]]


def test_several_statements_run_all(tmp_path: Path) -> None:
    with open_for_writing(tmp_path / "loading.duckdb") as writer:
        writer.execute("create temp table one as select 1; create temp table two as select 2")
        assert writer.execute("from one union all from two order by all").fetchall() == [(1,), (2,)]


def test_a_mistake_is_said_as_by_duckdb_and_each_time(tmp_path: Path) -> None:
    with open_for_writing(tmp_path / "loading.duckdb") as writer:
        for _ in range(2):
            with pytest.raises(duckdb.ParserException, match="selec"):
                writer.execute("selec 1")


def test_the_writer_closes_its_file_at_the_end_of_a_block(tmp_path: Path) -> None:
    with open_for_writing(tmp_path / "loading.duckdb") as writer:
        writer.execute("select 1")
    with pytest.raises(duckdb.ConnectionException):
        writer.execute("select 1")
