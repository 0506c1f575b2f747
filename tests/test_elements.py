"""What pages share: how visitors write, spans of days, where marks lead, files that say what they are."""

from __future__ import annotations

from datetime import date, datetime
from io import BytesIO
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest

from pages.elements import downloads, figure, format, habits, leads, links, periods, tiles, wall
from pages.elements.data import View
from pages.elements.palette import LIGHT
from pages.elements.sitemap import ENTRIES, PAGES
from tests.test_charts import days
from warehouse.ask import Filters
from warehouse.scope import EVERYTHING

SATURDAY = datetime(2026, 11, 21, 14, 5)


@pytest.mark.parametrize(
    ("locale", "count", "day", "clock"),
    [
        (None, "12,345", "Sat 21 Nov", "14:05"),
        ("en-GB", "12,345", "Sat 21 Nov", "14:05"),
        ("en-US", "12,345", "Sat, Nov 21", "2:05 pm"),
        ("en-US-u-hc-h12", "12,345", "Sat, Nov 21", "2:05 pm"),
        ("de-DE", "12.345", "Sat 21 Nov", "14:05"),
        ("de-CH", "12’345", "Sat 21 Nov", "14:05"),
        ("no such", "12,345", "Sat 21 Nov", "14:05"),
    ],
)
def test_numbers_and_times_are_written_as_the_visitor_writes_them(
    locale: str | None, count: str, day: str, clock: str
) -> None:
    format.use(habits.of(locale))
    assert (format.count(12345), format.day(SATURDAY), format.clock(SATURDAY)) == (count, day, clock)


def test_midnight_and_noon_are_twelve_on_a_clock_of_twelve_hours() -> None:
    format.use(habits.of("en-US"))
    moments = [SATURDAY.replace(hour=hour, minute=0) for hour in (0, 12, 23)]
    assert [format.clock(moment) for moment in moments] == ["12:00 am", "12:00 pm", "11:00 pm"]


def test_figures_mark_numbers_as_the_visitor_does() -> None:
    format.use(habits.of("de-DE"))
    drawn = figure.draw(LIGHT, [{"type": "scatter", "x": [1], "y": [2]}], "a point")
    assert drawn.figure.layout.separators == ",."


def test_chosen_days_are_whole_days_compared_with_the_same_weekdays_before() -> None:
    period = periods.of_days(date(2026, 11, 2), date(2026, 11, 11), SATURDAY, datetime(2026, 1, 1), "Europe/Berlin")
    assert (period.start, period.end) == (datetime(2026, 11, 1, 23), datetime(2026, 11, 11, 23))
    # Ten days fit into two weeks: the days two weeks earlier, before the clocks went back, are an hour off in UTC.
    assert (period.previous_start, period.previous_end) == (datetime(2026, 10, 18, 22), datetime(2026, 10, 28, 23))
    assert period.grain == "day"


def test_chosen_days_end_where_the_data_ends() -> None:
    period = periods.of_days(date(2026, 11, 20), date(2026, 11, 30), SATURDAY, None, "UTC")
    assert period.end == datetime(2026, 11, 21, 14, 5, 1)
    assert period.previous_start is None


@pytest.mark.parametrize(
    ("start", "grain", "hours"),
    [
        (datetime(2026, 3, 29), "day", 23),
        (datetime(2026, 10, 25), "day", 25),
        (datetime(2026, 10, 19), "week", 169),
        (datetime(2026, 12, 1), "month", 31 * 24),
    ],
)
def test_a_bin_lasts_as_long_as_the_clocks_say(start: datetime, grain: str, hours: int) -> None:
    first, end = periods.bin_span(start, grain, "Europe/Berlin")
    assert (end - first).total_seconds() == hours * 3600


def view(**filters: tuple[str, ...]) -> View:
    span = periods.period("7 days", SATURDAY, None, "UTC")
    return View("x", 1, Filters(span.start, span.end, **filters), span, (), SATURDAY, "UTC", "light", scope=EVERYTHING)


def test_a_lead_takes_filters_and_period_from_its_view_and_says_more_itself() -> None:
    page, query = links.query_of(
        view(channels=("email", "chat"), teams=("A & B",)), leads.tickets("missed", channel="phone")
    )
    assert page == "tickets"
    assert query == {
        "channel": ["phone"],
        "team": ["A & B"],
        "which": ["missed"],
        "from": ["2026-11-15T00:00:00"],
        "to": ["2026-11-21T14:05:01"],
    }


def test_a_lead_to_another_page_takes_the_period_by_its_name() -> None:
    assert links.query_of(view(), leads.lead("agents", agent="Ada")) == (
        "agents",
        {"period": ["7 days"], "agent": ["Ada"]},
    )


def test_a_ticket_is_found_whatever_its_number_holds() -> None:
    assert links.query_of(view(), leads.ticket("a&b", "7/ü?=")) == ("ticket", {"source": ["a&b"], "id": ["7/ü?="]})


def test_a_part_that_is_not_given_is_asked_for_as_such() -> None:
    assert leads.part("team", None) == {"none": "team"}
    assert leads.part("team", "Billing") == {"team": "Billing"}


HOSTILE = pd.DataFrame(
    {
        "subject": ["=1+1", "+49 30", "-2", "@sum(a1)", "\t=1", "plain", None, "a\nb"],
        "seconds": [-1.5, 2, 3, 4, 5, 6, 7, 8],
    }
)


def test_text_never_becomes_a_formula_in_a_file_and_numbers_stay_numbers() -> None:
    lines = downloads.csv(HOSTILE, "what\nit is").decode("utf-8-sig").splitlines()
    assert lines[:3] == ["# what it is", "subject,seconds", "'=1+1,-1.5"]
    assert [line[0] for line in lines[3:6]] == ["'"] * 3
    book = openpyxl.load_workbook(BytesIO(downloads.xlsx(HOSTILE, "what it is")))
    cells = [book["Data"].cell(row, 1) for row in range(2, 10)]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    assert (cells[0].value, book["Data"].cell(2, 2).value) == ("=1+1", -1.5)


def test_parquet_keeps_every_value_and_says_what_it_is() -> None:
    table = pq.read_table(BytesIO(downloads.parquet(HOSTILE, "what it is")))
    assert table.schema.metadata[b"about"] == b"what it is"
    assert table.column("subject").to_pylist() == [*HOSTILE["subject"][:6], None, "a\nb"]


def test_an_annotation_stands_on_a_chart_over_time_and_its_text_is_text() -> None:
    chart = figure.draw(LIGHT, figure.line_with_unfinished_end("n", *_bins(), LIGHT.ink), "n per day", xaxis=_axis())
    marks = (
        figure.Mark(datetime(2026, 3, 3), "App <b>5.2</b>", "release"),
        figure.Mark(datetime(2027, 1, 1), "Later", "holiday"),
    )
    noted = figure.annotated(chart, marks, LIGHT)
    assert [note.text for note in noted.figure.layout.annotations] == ["App &lt;b&gt;5.2&lt;/b&gt;"]
    assert noted.figure.layout.shapes[0].x0 == "2026-03-03T00:00:00"
    assert "Noted on it: App <b>5.2</b> (3 Mar)" in noted.alt
    assert not chart.figure.layout.annotations  # the one that is kept is not changed


def _bins() -> tuple[list[datetime], list[int], list[bool]]:
    frame = days(4)
    return [bin.to_pydatetime() for bin in frame["bin"]], frame["arrived"].tolist(), frame["is_complete"].tolist()


def _axis() -> dict[str, object]:
    return figure.date_axis("day", _bins()[0])


def test_the_unfinished_end_of_a_line_says_and_leads_to_its_own_bins() -> None:
    bins, values, complete = _bins()
    texts, lead_to = figure.said(["a", "b", "c", "d"]), ["1", "2", "3", "4"]
    whole, end = figure.line_with_unfinished_end(
        "n", bins, values, complete, LIGHT.ink, customdata=texts, leads=lead_to
    )
    assert whole["customdata"] == [["a", "1"], ["b", "2"], ["c", "3"]]
    assert end["customdata"] == [["c", "3"], ["d", "4"]]


def test_a_sparkline_has_a_gap_where_nothing_is_known_and_none_for_one_reading() -> None:
    drawn = tiles.sparkline([1, 2, None, 3], "waits")
    assert drawn.count("M") == 2
    assert 'alt="waits"' in drawn
    assert tiles.sparkline([1, None], "waits") == ""


def test_every_page_has_its_script_and_a_wall_leaves_out_what_nobody_looks_at() -> None:
    folder = Path(periods.__file__).parents[1]
    assert [entry.script for entry in ENTRIES if not (folder / entry.script).is_file()] == []
    assert set(wall.NOT_SHOWN) <= set(PAGES)
