"""The SQL page: what is written into fields, the quick chart, and the page as a visitor with a link finds it."""

from __future__ import annotations

import io
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from pages.elements import downloads, sql_charts, sql_values
from pages.elements.palette import LIGHT
from tests.small_warehouse import NOON, SmallWarehouse
from tests.test_pages import PROJECT, alts, text, visit
from warehouse.ask import known_questions, question_sql

LONG = "select count(*) from range(100000) as a, range(100000) as b, range(100000) as c"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("", None),
        ("  null ", None),
        ("12", 12),
        ("-0.5", -0.5),
        ("1e3", 1000.0),
        ("nan", "nan"),
        ("True", True),
        ("2026-11-25", datetime(2026, 11, 25)),
        ("2026-11-25 09:00+02:00", datetime(2026, 11, 25, 7)),
        ("20261125", 20261125),
        ("email", "email"),
        ("'12'", "12"),
        ("''", ""),
        ("[email, 'a b', 3]", ["email", "a b", 3]),
        ("[]", []),
        ("2026-99-99", "2026-99-99"),
        ("'", "'"),
    ],
)
def test_what_is_written_into_a_field_is_read_as_what_it_looks_like(written: str, value: object) -> None:
    assert sql_values.read(written) == value
    assert type(sql_values.read(written)) is type(value)


def test_every_question_says_what_it_answers() -> None:
    known = known_questions()
    assert known["schema_columns"].startswith("One row per column of the tables and views")
    assert [name for name, said in known.items() if not said] == []


def _rows(count: int) -> pd.DataFrame:
    start = datetime(2026, 1, 1)
    return pd.DataFrame(
        {
            "day": [start + timedelta(days=number) for number in reversed(range(count))],
            "team": [f"Team {number}" for number in range(count)],
            "waits": range(count),
            "share": [Decimal(number) / 10 for number in range(count)],
        }
    )


def test_the_quick_chart_proposes_days_as_a_line_names_as_bars_and_two_numbers_as_points() -> None:
    rows = _rows(5)
    assert sql_charts.proposal(rows) == ("day", "waits", "line")
    assert sql_charts.proposal(rows[["waits", "team"]]) == ("team", "waits", "bar")
    assert sql_charts.proposal(rows[["waits", "share"]]) == ("waits", "share", "scatter")
    assert sql_charts.proposal(rows[["day", "team"]]) is None


def test_a_line_runs_forward_in_time_and_says_what_it_shows() -> None:
    drawn = sql_charts.chart(_rows(5), "day", "waits", "line", LIGHT)
    assert list(drawn.figure.data[0].x) == [f"2026-01-0{day}T00:00:00" for day in range(1, 6)]
    assert list(drawn.figure.data[0].y) == [4, 3, 2, 1, 0]
    assert drawn.alt == "Line of waits by day: 5 points, waits from 0 to 4"


def test_bars_keep_the_order_of_the_rows_begin_at_zero_and_have_colours_for_channels_alone() -> None:
    rows = pd.DataFrame({"channel": ["phone", "email"], "team": ["B", "A"], "waits": [90, 95]})
    by_channel = sql_charts.chart(rows, "channel", "waits", "bar", LIGHT).figure
    assert list(by_channel.data[0].marker.color) == [LIGHT.phone, LIGHT.email]
    assert list(by_channel.layout.xaxis.ticktext) == ["phone", "email"]
    assert by_channel.layout.yaxis.rangemode == "tozero"
    assert sql_charts.chart(rows, "team", "waits", "bar", LIGHT).figure.data[0].marker.color == LIGHT.line


def test_the_quick_chart_draws_at_most_500_rows_and_none_without_a_value() -> None:
    rows = _rows(900)
    rows.loc[0, "waits"] = None
    drawn = sql_charts.chart(rows, "day", "waits", "scatter", LIGHT)
    assert len(drawn.figure.data[0].y) == 500
    empty = sql_charts.chart(rows.head(1), "day", "waits", "line", LIGHT)
    assert empty.alt == "Line of waits by day: no row has both"


def test_names_in_a_quick_chart_are_text_and_nothing_else() -> None:
    rows = pd.DataFrame({"<b>x</b>": ["<a href='//evil'>me</a>"], "<i>y</i>": [1]})
    layout = sql_charts.chart(rows, "<b>x</b>", "<i>y</i>", "bar", LIGHT).figure.layout
    assert layout.xaxis.title.text == "&lt;b&gt;x&lt;/b&gt;"
    assert layout.yaxis.title.text == "&lt;i&gt;y&lt;/i&gt;"
    assert "<" not in layout.xaxis.ticktext[0]


def _odd() -> pd.DataFrame:
    """A result as DuckDB can give it: lists, structs, bytes, a zone, a column called like a formula."""
    moment = datetime(2026, 1, 1, 9, tzinfo=UTC)
    row = {"list": np.array(["=a", "b"]), "struct": {"a": 1}, "bytes": b"\x00a", "at": moment, "=1+1": "=2+2"}
    return pd.DataFrame([row, dict.fromkeys(row)])


def test_odd_values_of_a_result_become_text_in_csv_and_never_a_formula() -> None:
    lines = downloads.csv(_odd(), "a\nb").decode("utf-8-sig").splitlines()
    assert lines[0] == "# a b"
    assert lines[1] == "list,struct,bytes,at,'=1+1"
    assert lines[2] == """"[""=a"", ""b""]","{""a"": 1}",0061,2026-01-01T09:00:00,'=2+2"""


def test_odd_values_of_a_result_open_as_a_sheet_and_as_parquet() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(downloads.xlsx(_odd(), "about")))["Data"]
    cells = [cell.value for cell in sheet[2]]
    assert cells == ['["=a", "b"]', '{"a": 1}', "0061", datetime(2026, 1, 1, 9), "=2+2"]
    assert {cell.data_type for row in sheet for cell in row} <= {"s", "d", "n"}
    assert pq.read_table(io.BytesIO(downloads.parquet(_odd(), "about"))).column("list").to_pylist() == [
        ["=a", "b"],
        None,
    ]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """The page on a desk of five waits, as a visitor with this link finds it."""
    desk = SmallWarehouse(tmp_path)
    for number, channel in enumerate(("email", "email", "chat", "phone", "chat")):
        desk.wait(NOON - timedelta(hours=number), 60 * number, channel=channel)
    desk.change(NOON)
    settings = desk.publish()
    return lambda **query: visit(settings, "sql.py", monkeypatch, **query)


def _run(app: AppTest) -> AppTest:
    app.button(key="sql_run").click().run()
    for _ in range(50):
        if not [button for button in app.button if button.key == "sql_stop"]:
            break
        time.sleep(0.2)
        app.run()
    assert not app.exception, app.exception[0].message
    return app


def test_a_query_that_came_with_the_address_runs_only_when_asked(opened: Callable[..., AppTest]) -> None:
    app = opened(q="select channel, count(*) as waits from waits group by all order by all")
    assert "came with the address and has not run" in text(app)
    assert "**3 rows" not in text(app)
    _run(app)
    assert "came with the address" not in text(app)
    assert "**3 rows, 2 columns**" in text(app)
    assert app.dataframe[0].value.values.tolist() == [["chat", 2], ["email", 2], ["phone", 1]]


def test_parameters_become_fields_and_travel_in_the_address(opened: Callable[..., AppTest]) -> None:
    app = opened(q="select $least as least, $channels as channels, $start as start", p_least="2.5", p_channels=["chat"])
    assert app.text_input(key="sql_p_start").value == "2026-02-04 00:00:00"
    app.text_input(key="sql_p_least").set_value("'7'").run()
    assert app.query_params["p_least"] == "'7'"
    assert app.query_params["p_channels"] == "chat"
    row = _run(app).dataframe[0].value.iloc[0]
    assert (row["least"], list(row["channels"]), row["start"]) == ("7", ["chat"], pd.Timestamp("2026-02-04"))


def test_an_error_names_its_line_and_column_and_shows_the_line(opened: Callable[..., AppTest]) -> None:
    app = _run(opened(q="select\n    channel\nfrom wats"))
    assert app.error[0].value.startswith("**Line 3, column 6:**")
    assert app.code[0].value == "from wats\n     ^"


def test_text_of_an_error_is_text_and_nothing_else(opened: Callable[..., AppTest]) -> None:
    app = _run(opened(q='select 1 from "**[x](//evil)**"'))
    assert "\\*\\*\\[x\\]" in app.error[0].value


def test_no_rows_say_so_and_name_the_columns(opened: Callable[..., AppTest]) -> None:
    app = _run(opened(q="select channel, team from waits where false"))
    assert "**0 rows, 2 columns**" in text(app)
    assert "The columns would be: channel, team" in text(app)


def test_more_rows_than_the_limit_are_cut_and_it_is_said(opened: Callable[..., AppTest]) -> None:
    app = _run(opened(q="select * from range(20000)"))
    assert "**10,000 rows, 1 column**" in text(app)
    assert "Only the first 10,000 rows: more would pass the limit of rows." in text(app)


def test_history_keeps_the_newest_first_and_no_rows(opened: Callable[..., AppTest]) -> None:
    app = _run(opened(q="select 1 as a"))
    app.session_state["sql_sheet"].choose("select b from nothing")
    _run(app)
    app.segmented_control(key="sql_shelf").set_value("History").run()
    shown = app.dataframe[-1].value
    assert shown["Query"].tolist() == ["select b from nothing", "select 1 as a"]
    assert shown["Gave"].tolist()[0] == "refused"
    assert shown["Gave"].tolist()[1].startswith("1 row, ")
    assert [len(past.result.frame) for past in app.session_state["sql_sheet"].past if past.result] == [0]


def test_tables_columns_and_macros_are_found_by_a_word(opened: Callable[..., AppTest]) -> None:
    app = opened()
    app.text_input(key="sql_words").set_value("tickets").run()
    assert app.dataframe[0].value["Name"].tolist()[0] == "tickets"
    app.text_input(key="sql_words").set_value("kaplan").run()
    assert "censored_percentile" in app.dataframe[0].value["Name"].tolist()
    app.text_input(key="sql_words").set_value("xylophone").run()
    assert "No table, column or macro says that." in text(app)


def test_a_result_is_drawn_as_a_chart_of_chosen_columns(opened: Callable[..., AppTest]) -> None:
    app = _run(
        opened(q="select channel, count(*) as waits, sum(wait_seconds) as waited from waits group by all order by all")
    )
    app.segmented_control(key="sql_shown").set_value("Chart").run()
    assert alts(app) == ["Bars of waits by channel: 3 points, waits from 1 to 2"]
    app.selectbox(key="sql_y").set_value("waited").run()
    app.segmented_control(key="sql_kind").set_value("scatter").run()
    assert alts(app) == ["Points of waited by channel: 3 points, waited from 60 to 360"]
    assert not app.exception


def test_a_running_query_can_be_stopped(opened: Callable[..., AppTest]) -> None:
    app = opened(q=LONG)
    app.button(key="sql_run").click().run()
    assert "Running" in text(app)
    app.button(key="sql_stop").click().run()
    for _ in range(20):
        if "Stopped after" in text(app):
            break
        time.sleep(0.2)
        app.run()
    assert "Stopped after" in text(app)
    assert not app.exception


def test_running_again_ends_the_query_before_where_one_may_run_at_once(
    opened: Callable[..., AppTest], tmp_path: Path
) -> None:
    with (tmp_path / "support.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n[sql]\nat_once = 1\n")
    app = opened(q=LONG)
    app.button(key="sql_run").click().run()
    sheet = app.session_state["sql_sheet"]
    first = sheet.query.pid
    sheet.choose("select 1 as one")
    assert "**1 row, 1 column**" in text(_run(app))
    assert not Path(f"/proc/{first}").exists()


def test_what_ran_is_remembered_though_the_text_was_changed_meanwhile(opened: Callable[..., AppTest]) -> None:
    app = opened(q=LONG)
    app.button(key="sql_run").click().run()
    sheet = app.session_state["sql_sheet"]
    sheet.text = "select 2 as two"
    app.button(key="sql_stop").click().run()
    assert [past.asked.text for past in sheet.past] == [LONG]


def test_every_question_of_the_pages_can_be_run_from_the_page(opened: Callable[..., AppTest]) -> None:
    app = opened()
    refused = {}
    for name in ("live_queue", "within_target", "wait_times", "volume_total", "agents_table"):
        app.session_state["sql_sheet"].choose(question_sql(name))
        if errors := _run(app).error:
            refused[name] = errors[0].value
    assert refused == {}


def test_a_text_too_long_for_an_address_says_so_and_runs_all_the_same(opened: Callable[..., AppTest]) -> None:
    app = opened()
    app.session_state["sql_sheet"].choose(f"select 1 as a -- {'x' * 7000}")
    app.run()
    assert "q" not in app.query_params
    assert "cannot be sent as a link" in text(app)
    assert "**1 row, 1 column**" in text(_run(app))


def test_before_the_first_run_of_the_pipelines_the_page_says_how_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(SmallWarehouse(tmp_path).settings_file(), "sql.py", monkeypatch)
    assert "python -m pipelines run" in text(app)
    assert not app.button


def test_a_warehouse_without_data_can_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = SmallWarehouse(tmp_path, answers_known={}).publish()
    assert "**1 row, 1 column**" in text(_run(visit(settings, "sql.py", monkeypatch, q="select count(*) from tickets")))


def test_the_editor_that_is_served_is_built_from_its_source(tmp_path: Path) -> None:
    folder = PROJECT / "pages" / "editor"
    if not (folder / "node_modules").is_dir():
        pytest.skip("what the editor is built from is not at hand: `make editor` fetches it (needs Node)")
    built = tmp_path / "editor.js"
    subprocess.run(["npm", "run", "build", "--", f"--outfile={built}"], cwd=folder, check=True, capture_output=True)
    assert built.read_bytes() == (PROJECT / "pages" / "static" / "sql_editor" / "editor.js").read_bytes()
