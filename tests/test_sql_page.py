"""The SQL page: what is written into fields, the quick chart, and the page as a visitor with a link finds it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest

from pages.elements import sql_charts, sql_values
from pages.elements.palette import LIGHT
from warehouse.ask import known_questions


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
