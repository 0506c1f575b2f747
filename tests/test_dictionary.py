"""Everything in the published file says what it is, with a query that works, and docs/dictionary.md and the page say the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from tests import made_up_warehouse
from tests.conftest import Desk
from tests.small_warehouse import NOON, SmallWarehouse
from tests.test_pages import text, visit
from warehouse import dictionary
from warehouse.building import create_schema

PROJECT = Path(__file__).resolve().parents[1]
THIS = dictionary.of_this_code()
EXAMPLES = dict(THIS.entries[["name", "example"]].itertuples(index=False))
# What the made-up help desk has none of: schedules of a source, names for ids, findings of checks, nothing left to build, nobody erased, no upkeep yet.
WITHOUT_ROWS = {
    "check_results",
    "store.touched",
    "store.touched_responses",
    "store.schedule_rows",
    "store.holiday_rows",
    "store.name_rows",
    "store.names_shown",
}
WITHOUT_ROWS |= {"store.target_rows", "erasures", "pulls", "upkeeps"}
UNSAID = """
select 'table ' || schema_name || '.' || table_name as what, comment from duckdb_tables() where not internal
union all
select 'view ' || schema_name || '.' || view_name, comment from duckdb_views() where not internal
union all
select 'column ' || schema_name || '.' || table_name || '.' || column_name, comment from duckdb_columns() where not internal
union all
select function_type || ' ' || function_name, comment from duckdb_functions() where not internal
union all
select 'sequence ' || schema_name || '.' || sequence_name, comment from duckdb_sequences()"""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    path = made_up_warehouse.publish(tmp_path_factory.mktemp("made_up"))
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


def test_everything_in_the_published_file_carries_a_comment(published: duckdb.DuckDBPyConnection) -> None:
    said = published.execute(UNSAID).fetchall()
    assert len(said) > 750
    assert [what for what, comment in said if not (comment or "").strip()] == []


def test_a_column_says_more_than_its_name(published: duckdb.DuckDBPyConnection) -> None:
    columns = published.execute("select column_name, comment from duckdb_columns() where not internal").fetchall()
    bare = [name for name, comment in columns if comment.lower().strip(" .") in (name, name.replace("_", " "))]
    assert bare == []


def test_a_column_in_which_something_is_null_says_what_null_means(published: duckdb.DuckDBPyConnection) -> None:
    unsaid = []
    for entry, columns in dictionary.read(published).columns.groupby("entry"):
        counts = ", ".join(f'count(*) filter (where "{name}" is null)' for name in columns["name"])
        (nulls,) = published.execute(f"select {counts} from {entry}").fetchall()
        for name, meaning, found in zip(columns["name"], columns["meaning"], nulls, strict=True):
            if found and "null" not in meaning.lower() and not str(entry).endswith("_rows"):
                unsaid.append(f"{entry}.{name}")
    assert unsaid == []


def test_a_file_made_before_gets_its_comments_at_the_next_start(ticket_desk: Desk) -> None:
    ticket_desk.deliver("tickets/a.csv", "ticket_id,created_at\nT1,2026-01-01T10:00:00Z\n")
    ticket_desk.run()
    with duckdb.connect(str(ticket_desk.folder / "data" / "loading.duckdb")) as loading:
        loading.execute("comment on table runs is null; comment on column runs.state is null")
        loading.execute("comment on column store.tickets.channel is null; comment on macro csat is null")
    ticket_desk.deliver("tickets/b.csv", "ticket_id,created_at\nT2,2026-01-01T11:00:00Z\n")
    ticket_desk.run()
    assert [what for what, comment in ticket_desk.ask(UNSAID) if comment is None] == []


def test_the_store_says_of_a_column_what_the_view_says_that_shows_it(published: duckdb.DuckDBPyConnection) -> None:
    said = "select comment from duckdb_columns() where table_name = 'waits' and column_name = 'outcome'"
    assert published.execute(f"select count(*), count(distinct comment) from ({said})").fetchall() == [(2, 1)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of(name: str, published: duckdb.DuckDBPyConnection) -> None:
    assert name in EXAMPLES[name]
    assert published.execute(EXAMPLES[name]).fetchall() or name in WITHOUT_ROWS


def test_the_dictionary_has_every_table_column_and_macro_of_the_file(published: duckdb.DuckDBPyConnection) -> None:
    known = dictionary.read(published)
    said = [what.removeprefix("column ").removeprefix("main.") for what, _ in published.execute(UNSAID).fetchall()]
    assert {f"{row.entry}.{row.name}" for row in known.columns.itertuples(index=False)} <= set(said)
    assert len(known.entries) + len(known.columns) == len(said)
    assert known.columns_of("teams")["name"].tolist() == ["source", "team", "agents", "tickets"]
    assert known.columns_of("csat").empty


def test_a_table_without_a_comment_is_in_the_dictionary_with_nothing_said() -> None:
    with duckdb.connect() as connection:
        connection.execute("create table bare (amount integer); create table half (amount integer)")
        connection.execute("comment on table half is 'One row per half.'")
        entries = dictionary.read(connection).entries.set_index("name")
    assert entries.loc["bare", ["meaning", "example"]].isna().all()
    assert entries.loc["half", "meaning"] == "One row per half."
    assert entries["example"].isna().all()


def test_searching_finds_a_word_in_a_column_and_names_the_column() -> None:
    found = dictionary.search(THIS, "CENSUS")
    assert found.empty
    found = dictionary.search(THIS, "Blake2b").set_index("name")
    assert found.index.tolist() == ["files"]
    assert found.loc["files", "columns"] == "content_id"
    assert len(dictionary.search(THIS, " ")) == len(THIS.entries)


def test_the_written_page_is_current() -> None:
    written = (PROJECT / "docs" / "dictionary.md").read_text(encoding="utf-8")
    assert written == dictionary.markdown(THIS), "run python -m warehouse.dictionary docs/dictionary.md"


def test_the_written_page_holds_every_table_and_column_of_the_comments() -> None:
    written = (PROJECT / "docs" / "dictionary.md").read_text(encoding="utf-8")
    with duckdb.connect() as connection:
        create_schema(connection, "UTC")
        columns = connection.execute("select column_name, comment from duckdb_columns() where not internal").fetchall()
        tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'main'").fetchall()
    assert [name for name, comment in columns if f"| `{name}` | " not in written or comment not in written] == []
    assert [name for (name,) in tables if f"### `{name}`" not in written] == []


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    desk = SmallWarehouse(tmp_path)
    desk.wait(NOON, 60)
    return desk.publish()


def test_a_link_opens_a_table_with_its_columns_and_a_query(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(settings, "dictionary.py", monkeypatch, table="waits")
    columns = app.dataframe[0].value
    assert columns["Column"].tolist()[:2] == ["source", "ticket_id"]
    assert dict(columns[["Column", "Type"]].itertuples(index=False))["began_at"] == "timestamp"
    assert "from turning to us until an agent answers" in text(app)
    assert app.code[0].value.startswith("select ticket_id, channel, waited_seconds")


def test_a_macro_opens_too_and_leads_to_the_glossary(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(settings, "dictionary.py", monkeypatch, table="csat")
    assert "csat(" in app.code[0].value
    app.button(key="to_glossary_In the glossary").click().run()
    assert app.query_params["metric"] == "csat"
    assert app.subheader[0].value == "Glossary"


def test_the_query_of_a_table_can_be_tried_on_the_sql_page(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "to_sql_Try it in SQL" in _buttons(visit(settings, "dictionary.py", monkeypatch, table="teams"))


def _buttons(app: AppTest) -> list[str | None]:
    return [button.key for button in app.button]


def test_the_page_finds_a_column_and_says_when_it_finds_nothing(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(settings, "dictionary.py", monkeypatch, words="little-known")
    assert not app.dataframe
    assert "Nothing says that" in text(app)
    app.text_input[0].set_value("reopened queue").run()
    found = app.dataframe[0].value
    assert "queue_hours" in found["Name"].tolist()


def test_a_table_that_there_is_not_is_named(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(settings, "dictionary.py", monkeypatch, table="*bobby*")
    assert r"There is no table or macro called \*bobby\*" in text(app)


def test_the_page_shows_this_codes_tables_before_anything_was_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(SmallWarehouse(tmp_path).settings_file(), "dictionary.py", monkeypatch)
    assert app.dataframe[0].value["Name"].tolist() == THIS.entries["name"].tolist()
