"""Trends: what its charts draw, what its sentences say, what the page shows and keeps in the address, and what people note."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scipy.stats import binomtest
from streamlit.testing.v1 import AppTest

from pages.elements import trend_charts, trend_scales, trend_words
from pages.elements.figure import Chart
from pages.elements.palette import DARK, LIGHT
from tests.conftest import Desk
from tests.small_warehouse import NOON, SmallWarehouse, minutes
from tests.test_pages import alts, text, tiles, visit
from warehouse.ask import Filters, Warehouse
from warehouse.catalogue import CATALOGUE
from warehouse.difference import difference
from warehouse.writing import remove, write

MONDAY = datetime(2026, 3, 2)
FRT, CSAT, ARRIVED, NPS = (CATALOGUE[name] for name in ("first_response_time", "csat", "arrived", "nps"))


def readings(values: list[float | None], unfinished: bool = False, **columns: Any) -> pd.DataFrame:
    """Daily readings of one part, as Warehouse.series gives them."""
    amount = len(values)
    frame = pd.DataFrame(
        {
            "part": [None] * amount,
            "bin": [MONDAY + timedelta(days=place) for place in range(amount)],
            "is_complete": [True] * (amount - 1) + [not unfinished],
            "value": pd.Series(values, dtype=float),
            "n": [10] * amount,
            "hits": [None] * amount,
            "low": [None] * amount,
            "high": [None] * amount,
            "is_known": [True] * amount,
        }
    )
    return frame.assign(**columns)


def limited(values: list[float | None], signals: dict[int, str] | None = None, **columns: Any) -> pd.DataFrame:
    """The readings with an average of 60 and limits of 30 and 90."""
    given = signals or {}
    frame = readings(values, **columns)
    named = [given.get(place) for place in range(len(values))]
    since = [frame["bin"].iloc[place] if place in given else pd.NaT for place in range(len(values))]
    return frame.assign(centre=60.0, low_limit=30.0, high_limit=90.0, signal=named, since=since)


def trace(chart: Chart, name: str) -> dict[str, Any]:
    (found,) = [shown.to_plotly_json() for shown in chart.figure.data if shown.name == name]
    return dict(found)


def names(chart: Chart) -> list[str]:
    return [shown.name for shown in chart.figure.data]


def labels(chart: Chart) -> list[str]:
    return [note.text for note in chart.figure.layout.annotations]


# Charts


def test_a_trend_is_an_ink_line_over_the_band_in_which_chance_lets_it_lie() -> None:
    chart = trend_charts.trend(limited([50.0, 60.0, 70.0]), FRT, "day", LIGHT, 300)
    assert names(chart) == ["limits", "average", FRT.title, "marks"]
    assert trace(chart, FRT.title)["line"]["color"] == LIGHT.ink
    assert list(trace(chart, FRT.title)["y"]) == [50, 60, 70]
    assert trace(chart, "limits")["y"] == [90, 90, 90, 30, 30, 30]
    assert trace(chart, "limits")["fillcolor"] == LIGHT.grid
    assert labels(chart) == ["average", "1m 10s"]


def test_a_trend_takes_the_colour_it_is_given_and_its_name_stands_above_it() -> None:
    chart = trend_charts.trend(readings([50.0, 60.0]), FRT, "day", DARK, 200, color=DARK.phone, name="Phone <b>")
    assert trace(chart, "Phone &lt;b&gt;")["line"]["color"] == DARK.phone
    assert labels(chart) == ["1m", "<b>Phone &lt;b&gt;</b>"]


def test_the_unfinished_last_bin_of_a_trend_is_dotted_and_hollow_and_a_count_says_so_far() -> None:
    chart = trend_charts.trend(readings([5.0, 6.0, 2.0], unfinished=True), ARRIVED, "day", LIGHT, 300)
    end = trace(chart, "Arrived, unfinished")
    assert end["line"]["dash"] == "dot"
    assert end["marker"]["symbol"][-1] == "circle-open"
    assert list(trace(chart, "Arrived")["y"]) == [5, 6]
    assert labels(chart) == ["2 so far"]
    assert chart.alt.endswith("the last day is not over yet")


def test_a_first_bin_that_began_before_the_period_is_dotted_too() -> None:
    frame = readings([2.0, 5.0, 6.0]).assign(is_complete=[False, True, True])
    chart = trend_charts.trend(frame, ARRIVED, "week", LIGHT, 300)
    assert trace(chart, "Arrived, begun before")["line"]["dash"] == "dot"
    assert list(trace(chart, "Arrived")["y"]) == [5, 6]


def test_a_signal_has_a_ring_and_is_named_where_one_points_and_in_the_sentence() -> None:
    chart = trend_charts.trend(limited([50.0, 120.0, 60.0], {1: "beyond the limits"}), FRT, "day", LIGHT, 300)
    rings = trace(chart, "signals")
    assert (list(rings["x"]), list(rings["y"])) == (["2026-03-03T00:00:00"], [120.0])
    assert rings["marker"]["color"] == LIGHT.paper
    assert "signal: beyond the limits" in trace(chart, "marks")["customdata"][1][0]
    assert "1 signal of a change, the newest beyond the limits (Tue 3 Mar 2026)" in chart.alt


def test_what_was_before_is_laid_under_in_grey_on_the_days_it_is_compared_with() -> None:
    earlier = readings([40.0, 45.0, 55.0]).assign(bin=[MONDAY - timedelta(days=28 - place) for place in range(3)])
    chart = trend_charts.trend(readings([50.0, 60.0, 70.0]), FRT, "day", LIGHT, 300, previous=earlier)
    under = trace(chart, "before")
    assert (under["x0"], list(under["y"])) == (MONDAY.isoformat(), [40, 45, 55])
    assert under["line"]["color"] == LIGHT.line
    assert trace(chart, "marks")["customdata"][2][0].endswith("<br>before: 55s")
    assert "before" in labels(chart)


def test_months_lie_under_months_however_long_they_are() -> None:
    bins = [datetime(2026, month, 1) for month in (1, 2, 3)]
    earlier = readings([1.0, 2.0, 3.0]).assign(bin=[datetime(2025, month, 1) for month in (1, 2, 3)])
    assert trend_scales.laid_under(bins, earlier, "month")["bin"].tolist() == bins


def test_every_mark_of_a_trend_leads_to_its_bin() -> None:
    chart = trend_charts.trend(
        readings([50.0, None, 70.0]), FRT, "day", LIGHT, 300, lead=lambda bin: f"tickets?day={bin:%d}"
    )
    marks = trace(chart, "marks")
    assert [mark[-1] for mark in marks["customdata"]] == ["tickets?day=02", "tickets?day=03", "tickets?day=04"]
    assert marks["mode"] == "markers"
    assert marks["marker"]["opacity"] == 0


def test_a_reading_between_two_gaps_is_a_dot_as_no_line_reaches_it() -> None:
    chart = trend_charts.trend(readings([50.0, None, 70.0, None, 80.0, 90.0]), FRT, "day", LIGHT, 300)
    assert list(trace(chart, "alone")["y"]) == [50, 70]


def test_a_percentile_that_is_not_known_yet_is_an_arrow_and_says_over() -> None:
    frame = readings([50.0, 3600.0]).assign(is_known=[True, False])
    chart = trend_charts.trend(frame, FRT, "day", LIGHT, 300)
    assert list(trace(chart, "at least")["y"]) == [3600]
    assert labels(chart) == ["over 1h"]


def test_a_target_is_a_thin_dotted_line_with_a_label_within_the_scale() -> None:
    chart = trend_charts.trend(readings([0.5, 0.6]), CSAT, "day", LIGHT, 300, target=0.8)
    (line,) = chart.figure.layout.shapes
    assert (line.y0, line.line.dash) == (0.8, "dot")
    assert "target 80%" in labels(chart)
    assert chart.figure.layout.yaxis.range[1] > 0.8


def test_a_trend_of_nothing_says_so() -> None:
    chart = trend_charts.trend(readings([None, None]), FRT, "day", LIGHT, 300)
    assert chart.alt == "Nothing to show in this period."


def test_one_reading_is_shown_without_limits() -> None:
    chart = trend_charts.trend(readings([42.0]), NPS, "day", LIGHT, 300)
    assert list(trace(chart, "alone")["y"]) == [42]


def test_durations_and_counts_start_at_zero_and_shares_show_ten_points_at_least() -> None:
    assert trend_scales.scale_of([readings([60.0, 100.0])], FRT) == (0, pytest.approx(110))
    assert trend_scales.scale_of([readings([0.50, 0.51])], CSAT) == (pytest.approx(0.455), pytest.approx(0.555))
    low, high = trend_scales.scale_of([readings([0.99, 1.0])], CSAT)
    assert (low, high) == (pytest.approx(0.92), pytest.approx(1.02))
    assert trend_scales.scale_of([readings([-40.0, 60.0])], NPS) == (pytest.approx(-50), pytest.approx(70))


def test_parts_whose_durations_lie_far_apart_share_a_logarithmic_scale() -> None:
    near = trend_charts.shared_scale([readings([60.0, 80.0]), readings([100.0, 200.0])], FRT)
    assert near == (0, pytest.approx(220))
    far = trend_charts.shared_scale([readings([30.0, 45.0]), readings([3600.0, 7200.0])], FRT)
    assert far[0] == pytest.approx(20)
    chart = trend_charts.trend(limited([30.0, 45.0]).assign(low_limit=0.0), FRT, "day", LIGHT, 200, scale=far)
    assert chart.figure.layout.yaxis.type == "log"
    assert min(trace(chart, "limits")["y"]) == pytest.approx(20)


def test_small_multiples_are_equally_wide_whatever_their_labels_say() -> None:
    short, long = (
        trend_charts.trend(readings([1.0, value]), ARRIVED, "day", LIGHT, 200, name="A", scale=(0, 99_999))
        for value in (2.0, 88_888.0)
    )
    assert short.figure.layout.margin == long.figure.layout.margin


def test_channels_on_one_chart_have_their_colours_and_stand_at_the_ends_of_their_lines() -> None:
    parts = [("Email", LIGHT.email, readings([60.0, 70.0])), ("Chat", LIGHT.chat, readings([50.0, 40.0]))]
    chart = trend_charts.lines(parts, FRT, "day", LIGHT, 300, lead=lambda name, bin: f"{name} {bin:%d}")
    assert trace(chart, "Email")["line"]["color"] == LIGHT.email
    assert trace(chart, "Chat")["line"]["color"] == LIGHT.chat
    assert sorted(label.split("</span> ")[1] for label in labels(chart)) == ["Chat 40s", "Email 1m 10s"]
    leads = [mark[-1] for shown in chart.figure.data if shown.name == "marks" for mark in shown.customdata]
    assert leads == ["Email 02", "Email 03", "Chat 02", "Chat 03"]
    assert "Chat: 50s at first, 40s at the end" in chart.alt


def test_a_label_stands_where_its_line_ends() -> None:
    chart = trend_charts.trend(readings([60.0, 70.0, None, None]), FRT, "day", LIGHT, 300)
    (label,) = chart.figure.layout.annotations
    assert label.x == "2026-03-03T00:00:00"


# Sentences


def test_the_headline_says_since_when_it_is_beyond_its_limits_and_that_this_is_worse() -> None:
    frame = limited([60.0] * 9 + [120.0], {9: "beyond the limits"})
    said = trend_words.headline(frame, FRT, "day")
    assert said == "**Worse than usual:** above its limits since Wed 11 Mar 2026: 2m against 1m on average."


def test_the_headline_of_an_ordinary_time_says_that_nothing_is_beyond_chance() -> None:
    said = trend_words.headline(limited([60.0] * 9 + [66.0]), FRT, "day")
    assert (
        said
        == "**Nothing beyond chance lately:** 1m 6s in the last whole day, 1m on average, chance allows 30s to 1m 30s."
    )


def test_a_last_reading_of_long_ago_is_dated() -> None:
    said = trend_words.headline(limited([60.0] * 9 + [None, None]), FRT, "day")
    assert "1m at last, Tue 10 Mar 2026, 1m on average" in said


def test_too_few_bins_are_said_instead_of_limits() -> None:
    frame = limited([60.0, 70.0]).assign(centre=None)
    assert trend_words.headline(frame, FRT, "week").startswith(
        "**Too few weeks to say what is chance:** at least 8 whole"
    )


def test_a_metric_that_is_nearly_all_signals_is_not_called_changed() -> None:
    frame = limited([60.0] * 9, dict.fromkeys(range(5), "beyond the limits"))
    assert "5 of 9 whole days are signals" in trend_words.headline(frame, FRT, "day")


def test_the_headline_of_parts_names_those_that_changed() -> None:
    still, moved = limited([60.0] * 9), limited([60.0] * 8 + [20.0], {8: "beyond the limits"})
    unknown = limited([60.0]).assign(centre=None)
    said = trend_words.headline_of_parts([("low", still), ("high", moved), ("urgent", unknown)], FRT, "day", "priority")
    assert said == (
        "**1 of 2 priorities changed.** high is below its limits since Tue 10 Mar 2026: 20s against 1m on average. "
        "Of 1 priority there is too little to say."
    )


def test_small_shares_have_a_decimal() -> None:
    row = {"value": 0.0123, "is_known": True}
    assert trend_words.reading(row, CATALOGUE["abandonment_rate"]) == "1.2%"
    assert trend_words.moved(0.013, 0.009, CATALOGUE["abandonment_rate"]) == "+0.4 pt"
    assert trend_words.moved(0.0101, 0.0103, CATALOGUE["abandonment_rate"]) == "+0 pt"


def test_the_interval_of_a_difference_is_that_of_newcombe() -> None:
    """Newcombe 1998, Statistics in Medicine 17:873, table II, example (a), method 10: 56/70 against 48/80."""

    def row(hits: int, n: int) -> dict[str, float]:
        interval = binomtest(hits, n).proportion_ci(method="wilson")
        return {"value": hits / n, "low": interval.low, "high": interval.high}

    found = difference(row(56, 70), row(48, 80))
    assert found is not None
    assert (found.value, found.low, found.high) == (
        pytest.approx(0.2),
        pytest.approx(0.0524, abs=5e-5),
        pytest.approx(0.3339, abs=5e-5),
    )
    assert found.is_certain


def test_a_change_says_how_sure_it_is() -> None:
    def row(value: float, reach: float) -> dict[str, Any]:
        return {"value": value, "low": value - reach, "high": value + reach, "n": 9, "is_known": True}

    assert trend_words.change(row(0.8, 0.01), row(0.7, 0.01), CSAT) == (
        "+10 pt",
        "70% before; 95 %: +9 pt to +11 pt, more than chance",
    )
    assert trend_words.change(row(0.8, 0.2), row(0.7, 0.2), CSAT)[1].endswith("can be chance")
    assert trend_words.change(row(0.8, 0.2), None, CSAT) == ("—", "")


# The page


@pytest.fixture
def small(tmp_path: Path) -> SmallWarehouse:
    """Seventy days of a desk whose chats wait a minute and whose emails wait ten, but for the last day's two hours."""
    desk = SmallWarehouse(tmp_path)
    for days in range(70):
        moment = NOON - timedelta(days=days, hours=3)
        desk.wait(moment, 7200 if days == 1 else 600 + 5 * (days % 5))
        desk.wait(moment, 60, channel="chat", team="Orders", agent="Ben")
        desk.change(moment)
        desk.change(moment, channel="chat", team="Orders", agent="Ben")
        desk.change(moment + minutes(40), "solved")
    return desk


def test_trends_opens_with_the_first_response_time_its_limits_and_the_period_before(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(small.publish(), "trends.py", monkeypatch)
    (alt,) = alts(app)
    assert alt.startswith("First response time, median by day, ")
    assert list(tiles(app)) == ["Whole period", "Change", "Average day", "Signals of a change"]
    assert "grey line: the 28 days before" in text(app)


def test_the_address_says_metric_split_and_what_is_laid_under(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(
        small.publish(), "trends.py", monkeypatch, metric="arrived", split="channel", under="nothing", limits="false"
    )
    assert [alt.split(":")[0] for alt in alts(app)] == ["Arrived by day, Email", "Arrived by day, Chat"]
    assert "grey" not in text(app)
    assert tiles(app)["Whole period"] == "56"


def test_a_split_draws_every_channel_in_order_on_one_scale(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(small.publish(), "trends.py", monkeypatch, split="channel")
    figures = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    assert [alt.split(",")[2].split(":")[0].strip() for alt in alts(app)] == ["Email", "Chat"]
    assert figures[0]["layout"]["yaxis"]["range"] == figures[1]["layout"]["yaxis"]["range"]
    assert "channels" in text(app)


def test_channels_come_together_on_one_chart_when_asked_for(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(small.publish(), "trends.py", monkeypatch, split="channel", together="true")
    (alt,) = alts(app)
    assert "Email: " in alt
    assert "Chat: " in alt


def test_choosing_another_metric_puts_its_name_into_the_address(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(small.publish(), "trends.py", monkeypatch)
    app.selectbox(key="metric_picked").set_value("arrived").run()
    assert app.query_params["metric"] == "arrived"
    assert alts(app)[0].startswith("Arrived by day")


def test_a_metric_that_there_is_not_is_said_and_the_default_shown(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(small.publish(), "trends.py", monkeypatch, metric="happiness<b>")
    assert "There is no metric happiness" in text(app)
    assert alts(app)[0].startswith("First response time")


def test_every_mark_leads_to_the_tickets_of_its_day_and_part(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(small.publish(), "trends.py", monkeypatch, split="team")
    marks = json.loads(app.get("plotly_chart")[0].proto.spec)["data"][-1]["customdata"]
    which, start, team = "which=first_waits", "from=2026-03-03T00%3A00%3A00&to=2026-03-04T00%3A00%3A00", "team=Billing"
    assert marks[-2][1] == f"tickets?{which}&{start}&{team}"


def test_last_year_is_laid_under_where_the_data_goes_back_so_far(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for days in range(364, 400):
        small.wait(NOON - timedelta(days=days, hours=3), 300)
        small.change(NOON - timedelta(days=days, hours=3))
    app = visit(small.publish(), "trends.py", monkeypatch, under="last year", channel="email")
    assert "grey line: the same weeks last year" in text(app)
    assert "5m before" in text(app)


def test_where_the_data_does_not_go_back_a_year_it_says_so(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(small.publish(), "trends.py", monkeypatch, under="last year")
    assert "Nothing of last year: the data begins on 25 Dec 2025" in text(app)
    assert tiles(app)["Change"] == "—"


def test_a_metric_without_data_says_why_instead_of_drawing_zeros(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(small.publish(), "trends.py", monkeypatch, metric="csat")
    assert "**Customer satisfaction is not known.** It counts" in text(app)
    assert not alts(app)


def test_a_source_that_does_not_say_when_it_answered_has_no_waits_to_draw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = SmallWarehouse(tmp_path, answers_known={"desk": False})
    desk.ticket(NOON - minutes(90))
    desk.change(NOON - minutes(90))
    app = visit(desk.publish(), "trends.py", monkeypatch)
    assert "Waits are not known" in text(app)


def test_a_few_days_are_too_few_to_say_what_is_chance(small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(small.publish(), "trends.py", monkeypatch, period="7 days")
    assert "Too few days to say what is chance" in text(app)
    assert tiles(app)["Average day"] == "—"


def test_the_definition_is_one_click_away(small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(small.publish(), "trends.py", monkeypatch)
    app.session_state["definition"] = True
    app.run()
    assert "From a customer's first turning to us until an agent answers" in text(app)
    assert "from waits" in app.code[0].value


def test_on_a_wall_there_are_charts_and_no_controls(small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(small.publish(), "trends.py", monkeypatch, wall="trends", metric="arrived", split="channel")
    assert alts(app)[0].startswith("Arrived by day, Email")
    assert not app.selectbox
    assert not app.dataframe


# Annotations


def noted(settings: Path) -> list[dict[str, Any]]:
    folder = settings.parent / "data" / "written" / "annotation"
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.jsonl"))]


def opened(small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, AppTest]:
    """The page with the form for an annotation open."""
    settings = small.publish()
    app = visit(settings, "trends.py", monkeypatch)
    app.session_state["annotate"] = True
    return settings, app.run()


def test_what_happened_is_kept_with_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = SmallWarehouse(tmp_path, zone="Europe/Berlin")
    for days in range(10):
        desk.wait(NOON - timedelta(days=days, hours=3), 60)
    settings, app = opened(desk, monkeypatch)
    app.text_input(key="note_label").input("App 5.2")
    app.text_input(key="note_author").input("Lee")
    next(button for button in app.button if button.label == "Note it").click()
    app.run()
    (row,) = noted(settings)
    # The data goes to noon UTC, which is 13:00 on the wall of Berlin; the form says so and the row is in UTC.
    assert (row["label"], row["kind"], row["author"]) == ("App 5.2", "release", "Lee")
    assert row["happened_at"].startswith("2026-03-04T12:00:00")
    assert "channel" not in row
    assert app.success[0].value.startswith("Noted. App 5\\.2 is on everyone's charts with the next data, within ")


def test_a_note_without_words_is_asked_for_them(small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, app = opened(small, monkeypatch)
    next(button for button in app.button if button.label == "Note it").click()
    app.run()
    assert "Say what happened" in text(app)
    assert noted(settings) == []


@pytest.fixture
def annotated(ticket_desk: Desk) -> Desk:
    """A desk with tickets of eight weeks, an annotation that it delivers and one that was written."""
    ticket_desk.source("diary", "annotation", 'part_of = "tickets"')
    days = [f"T{day},2026-01-{day:02}T10:00:00Z,2026-01-{day:02}T10:00:00Z" for day in range(1, 31)]
    ticket_desk.deliver("tickets/a.csv", "ticket_id,created_at,exported_at\n" + "\n".join(days) + "\n")
    ticket_desk.deliver(
        "diary/a.csv", "annotation_id,happened_at,kind,label\nA1,2026-01-10T09:00:00Z,holiday,Feast *of* all\n"
    )
    ticket_desk.run()
    row = {"happened_at": "2026-01-20T09:00:00Z", "kind": "release", "label": "App 5.2", "author": "Lee"}
    write(ticket_desk.folder / "data", "annotation", row | {"annotation_id": "mine", "team": "Billing"})
    ticket_desk.run()
    return ticket_desk


def test_annotations_of_a_period_come_newest_first_with_where_they_were_noted(annotated: Desk) -> None:
    warehouse = Warehouse(annotated.folder / "data")
    january = Filters(datetime(2026, 1, 1), datetime(2026, 2, 1))
    found = warehouse.ask("annotations", january)
    assert found[["source", "label"]].to_numpy().tolist() == [["written", "App 5.2"], ["tickets", "Feast *of* all"]]
    late = Filters(datetime(2026, 1, 15), datetime(2026, 2, 1), teams=("Orders",))
    assert warehouse.ask("annotations", late).empty


def test_annotations_stand_on_the_chart_and_below_it_and_only_written_ones_can_be_taken_back(
    annotated: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = annotated.settings_file()
    app = visit(settings, "trends.py", monkeypatch, metric="arrived")
    assert "Noted on it: Feast *of* all (10 Jan), App 5.2 (20 Jan)" in alts(app)[0]
    assert "**Feast \\*of\\* all**" in text(app)
    (button,) = [button for button in app.button if button.label == "Take back"]
    button.click().run()
    assert "taken back, gone with the next data" in text(app)
    annotated.run()
    left = Warehouse(annotated.folder / "data").ask("annotations", Filters())
    assert left["label"].tolist() == ["Feast *of* all"]


def test_removing_takes_the_whole_row_back(annotated: Desk) -> None:
    folder = annotated.folder / "data"
    (row,) = Warehouse(folder).ask("annotations").query("source == 'written'").to_dict("records")
    remove(folder, "annotation", "mine", {name: row[name] for name in ("happened_at", "label", "ended_at", "team")})
    annotated.run()
    assert "App 5.2" not in Warehouse(folder).ask("annotations")["label"].tolist()
