"""Every metric says what it means, and docs/metrics.md and the glossary page say the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.small_warehouse import NOON, SmallWarehouse
from warehouse import glossary
from warehouse.ask import Warehouse
from warehouse.building import create_schema

PROJECT = Path(__file__).resolve().parents[1]
EXAMPLES = dict(glossary.of_this_code()[["name", "example"]].itertuples(index=False))


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_schema(connection, "UTC")
        yield connection


@pytest.fixture(scope="module")
def macros(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return glossary.read(connection)


@pytest.mark.parametrize("field", glossary.REQUIRED)
def test_every_macro_says(field: str, macros: pd.DataFrame) -> None:
    assert len(macros) > 40
    assert macros.loc[macros[field].isna(), "name"].tolist() == []


def test_a_macro_without_a_comment_is_in_the_glossary_with_nothing_said() -> None:
    with duckdb.connect() as connection:
        connection.execute("create macro bare(seconds) as avg(seconds)")
        connection.execute("create macro half(seconds) as avg(seconds) / 2")
        connection.execute("comment on macro half is 'definition: Half of it.\nunit:\nfamily: time'")
        macros = glossary.read(connection).set_index("name")
    assert macros.loc["bare", list(glossary.REQUIRED)].isna().all()
    assert macros.loc["half", "definition"] == "Half of it."
    assert macros.loc["half", ["unit", "clock", "population", "date", "direction"]].isna().all()


def test_clock_direction_and_family_are_words_of_a_fixed_list(macros: pd.DataFrame) -> None:
    clocks = macros["clock"].str.split(",").str[0]
    assert set(clocks) <= set(glossary.CLOCKS)
    assert set(macros["direction"]) <= set(glossary.DIRECTIONS)
    assert set(macros["family"]) == set(glossary.FAMILIES)


def test_calls_name_the_parameters_that_the_macro_has(macros: pd.DataFrame) -> None:
    for row in macros.itertuples():
        inside = str(row.call).removeprefix(f"{row.name}(").removesuffix(")")
        named = [part.split(":=")[0].strip() for part in inside.split(", ")] if inside else []
        assert named == list(row.parameters), row.name


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of(name: str, connection: duckdb.DuckDBPyConnection) -> None:
    assert f"{name}(" in EXAMPLES[name]
    connection.execute(EXAMPLES[name])


def test_the_comments_are_in_the_published_file(tmp_path: Path, macros: pd.DataFrame) -> None:
    small = SmallWarehouse(tmp_path)
    small.wait(NOON, 60)
    small.publish()
    published = Warehouse(tmp_path / "data").read(glossary.read)
    pd.testing.assert_frame_equal(published, macros)


def test_the_written_page_is_current(macros: pd.DataFrame) -> None:
    written = (PROJECT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert written == glossary.markdown(macros), "run python -m warehouse.glossary docs/metrics.md"


def test_the_written_page_names_every_macro_and_every_statistic(macros: pd.DataFrame) -> None:
    written = (PROJECT / "docs" / "metrics.md").read_text(encoding="utf-8")
    for name in (*macros["name"], "shrunk_values", "chance_of_waiting_longer"):
        assert f"### `{name}(" in written


def test_searching_wants_every_word_in_any_order_and_case(macros: pd.DataFrame) -> None:
    assert "nps_margin" in set(glossary.search(macros, "MARGIN promoter")["name"])
    assert "csat" not in set(glossary.search(macros, "MARGIN promoter")["name"])
    assert len(glossary.search(macros, "  ")) == len(macros)
    assert glossary.search(macros, "zebra").empty


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("SUPPORT_SETTINGS", str(SmallWarehouse(tmp_path).settings_file()))
    yield AppTest.from_file(str(PROJECT / "pages" / "glossary.py"), default_timeout=30)
    st.cache_data.clear()
    st.cache_resource.clear()


def test_the_page_shows_every_metric_before_anything_was_loaded(page: AppTest, macros: pd.DataFrame) -> None:
    page.run()
    assert not page.exception
    assert page.dataframe[0].value["Metric"].tolist() == macros["name"].tolist()
    assert page.dataframe[0].value["Means"].tolist() == macros["definition"].tolist()


def test_the_page_finds_what_is_searched_and_says_when_it_finds_nothing(page: AppTest) -> None:
    page.run()
    page.text_input[0].set_value("wilson lower").run()
    assert page.dataframe[0].value["Metric"].tolist() == ["wilson_low"]
    page.text_input[0].set_value("zebra").run()
    assert not page.exception
    assert not page.dataframe
    assert "No metric says that" in page.markdown[-1].value
