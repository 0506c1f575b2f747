"""What DuckDB 2.0 writes, DuckDB 1.5 reads: every table, view, macro and comment, with the same answers."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests import made_up_warehouse, older_client
from warehouse import dictionary

THIS = dictionary.of_this_code().entries
TABLES = THIS[THIS["kind"] != "macro"]["name"].tolist()
COMMENTS = """
select schema_name, table_name, null, comment from duckdb_tables() where not internal
union all
select schema_name, view_name, null, comment from duckdb_views() where not internal
union all
select schema_name, table_name, column_name, comment from duckdb_columns() where not internal
union all
select schema_name, function_name, function_type, comment from duckdb_functions() where not internal
order by all"""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up_warehouse.publish(tmp_path_factory.mktemp("made_up"))


def _answers(published: Path, folder: Path, queries: dict[str, str]) -> dict[str, tuple[list[str], list[str]]]:
    """The rows of each query as CSV lines in order, of DuckDB 2.0 and of 1.5."""
    for version in ("here", "older"):
        (folder / version).mkdir()
    written = {
        version: "".join(
            f"copy ({sql}) to '{folder / version / name}.csv' (format csv, header);\n" for name, sql in queries.items()
        )
        for version in ("here", "older")
    }
    # Sums of fractions depend on the order of rows, so on how many threads there are.
    with duckdb.connect(str(published), read_only=True, config={"threads": 1}) as connection:
        connection.execute(f"set TimeZone = 'UTC'; {written['here']}")
    older_client.run(published, f"set threads = 1; set TimeZone = 'UTC'; {written['older']}")
    return {name: (_lines(folder / "here" / name), _lines(folder / "older" / name)) for name in queries}


def _lines(path: Path) -> list[str]:
    return sorted(path.with_name(f"{path.name}.csv").read_text(encoding="utf-8").splitlines())


def test_the_older_client_is_older_than_what_wrote_the_file(published: Path) -> None:
    assert older_client.run(published, "select version()") == "v1.5.6\n"
    assert duckdb.__version__.startswith("2.")


def test_every_macro_answers_in_the_older_client_as_it_does_here(published: Path, tmp_path: Path) -> None:
    examples = dict(THIS[THIS["kind"] == "macro"][["name", "example"]].itertuples(index=False))
    answers = _answers(published, tmp_path, examples)
    assert len(answers) > 50
    assert {name: pair for name, pair in answers.items() if pair[0] != pair[1]} == {}


def test_every_table_and_view_holds_in_the_older_client_what_it_holds_here(published: Path, tmp_path: Path) -> None:
    answers = _answers(published, tmp_path, {name: f"select * from {name}" for name in TABLES})
    assert len(answers) == len(TABLES) > 45
    assert len(answers["tickets"][0]) > 300
    assert {name: pair for name, pair in answers.items() if pair[0] != pair[1]} == {}


def test_the_example_of_every_table_runs_in_the_older_client(published: Path, tmp_path: Path) -> None:
    examples = dict(THIS[THIS["kind"] != "macro"][["name", "example"]].itertuples(index=False))
    assert {name: pair for name, pair in _answers(published, tmp_path, examples).items() if pair[0] != pair[1]} == {}


def test_every_comment_is_read_by_the_older_client(published: Path, tmp_path: Path) -> None:
    ((_, (here, older)),) = _answers(published, tmp_path, {"comments": COMMENTS}).items()
    assert len(here) > 750
    assert here == older
