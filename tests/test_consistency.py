"""How even service is: gaps, what the channel explains, since when, hours of the week, and the page that says so."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import sqrt
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.elements import consistency_charts, consistency_words, interval_charts
from pages.elements.figure import Chart
from pages.elements.palette import DARK, LIGHT
from tests.small_warehouse import NOON, SmallWarehouse, minutes
from warehouse import consistency
from warehouse.ask import Filters, Warehouse
from warehouse.consistency import AGAINST_TARGET, Explained, Gap, Standing
from warehouse.signals import Change

PROJECT = Path(__file__).resolve().parents[1]
LABELS = {"email": "Email", "chat": "Chat", "phone": "Phone"}
MONDAY = datetime(2026, 3, 2)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Wilson 1927, as in any textbook."""
    z, share = 1.959964, hits / n
    middle, reach = share + z * z / (2 * n), z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle - reach) / (1 + z * z / n), (middle + reach) / (1 + z * z / n)


def shares(**parts: tuple[int, int]) -> pd.DataFrame:
    """Rows of a share by part: hits of n."""
    rows = []
    for part, (hits, n) in parts.items():
        low, high = wilson(hits, n)
        rows.append(
            {"part": part, "value": hits / n, "n": n, "hits": float(hits), "low": low, "high": high, "is_known": True}
        )
    return pd.DataFrame(rows)


def durations(**parts: tuple[float, float, float]) -> pd.DataFrame:
    """Rows of a median by part: value, low, high."""
    rows = [
        {"part": part, "value": value, "n": 100, "hits": None, "low": low, "high": high, "is_known": True}
        for part, (value, low, high) in parts.items()
    ]
    return pd.DataFrame(rows)


def only(gaps: list[Gap]) -> Gap:
    assert len(gaps) == 1
    return gaps[0]


# Newcombe 1998, Statistics in Medicine 17:873, table II, method 10: the interval of each difference.
@pytest.mark.parametrize(
    ("first", "second", "excludes_zero"),
    [
        ((56, 70), (48, 80), True),  # 0.0524 to 0.3339
        ((9, 10), (3, 10), True),  # 0.1705 to 0.8090
        ((6, 7), (2, 7), True),  # 0.0582 to 0.8062
        ((5, 56), (0, 29), False),  # -0.0381 to 0.1926
    ],
)
def test_a_gap_between_two_is_certain_just_where_the_published_interval_excludes_zero(
    first: tuple[int, int], second: tuple[int, int], excludes_zero: bool
) -> None:
    gap = only(consistency.gaps({"csat": shares(email=first, chat=second)}))
    assert gap.is_certain is excludes_zero
    assert gap.gap == pytest.approx(first[0] / first[1] - second[0] / second[1])


def test_the_more_channels_are_compared_the_wider_a_gap_must_be() -> None:
    gap = only(consistency.gaps({"csat": shares(email=(6, 7), chat=(2, 7), phone=(4, 7))}))
    assert (gap.best, gap.worst, gap.is_certain) == ("email", "chat", False)


def test_a_gap_that_is_sure_is_named_before_a_wider_one_that_may_be_chance() -> None:
    gap = only(consistency.gaps({"csat": shares(email=(900, 1000), chat=(700, 1000), phone=(1, 2))}))
    assert (gap.best, gap.worst, gap.is_certain, gap.n) == ("email", "chat", True, 2000)
    assert (gap.best_value, gap.worst_value) == (0.9, 0.7)


def test_of_durations_the_shorter_is_the_better() -> None:
    gap = only(consistency.gaps({"full_resolution_time": durations(email=(3600, 3000, 4000), chat=(600, 500, 700))}))
    assert (gap.best, gap.worst, gap.gap, gap.unit) == ("chat", "email", 3000, "seconds")


def test_a_gap_is_not_certain_where_the_end_of_an_interval_is_not_known() -> None:
    rows = durations(email=(3600, 3000, 4000), chat=(600, 500, float("nan")))
    assert not only(consistency.gaps({"full_resolution_time": rows})).is_certain


def test_promises_and_what_customers_said_stand_before_what_channels_differ_in_by_nature() -> None:
    found = consistency.gaps(
        {
            "full_resolution_time": durations(email=(86400, 80000, 90000), chat=(60, 50, 70)),
            AGAINST_TARGET: durations(email=(2.0, 1.9, 2.1), chat=(0.5, 0.4, 0.6)),
            "first_contact_resolution": shares(email=(990, 1000), chat=(10, 1000)),
            "csat": shares(email=(800, 1000), chat=(700, 1000)),
            "promise_kept_rate": shares(email=(900, 1000), chat=(500, 1000)),
            "nps": durations(email=(40, 20, 60), chat=(39, 20, 60)),
        }
    )
    names = ["promise_kept_rate", "csat", "first_contact_resolution", "full_resolution_time", AGAINST_TARGET, "nps"]
    assert [gap.metric for gap in found] == names
    assert [gap.is_certain for gap in found] == [True] * 5 + [False]


def test_there_is_no_gap_in_counts_in_one_channel_and_with_those_of_no_channel() -> None:
    rows = shares(email=(9, 10), chat=(1, 10))
    alone = rows.assign(part=["email", None])
    assert consistency.gaps({"arrived": rows, "csat": alone, "nps": rows.head(0), "bot_handled_rate": rows}) == []


# Hollander and Wolfe 1973, p. 116: half-time of mucociliary clearance; H = 0.77143, p = 0.67996.
MUCOCILIARY = {
    "normal": [2.9, 3.0, 2.5, 2.6, 3.2],
    "obstructive": [3.8, 2.7, 4.0, 2.4],
    "asbestosis": [2.8, 3.4, 3.7, 2.2, 2.0],
}


def test_what_the_channel_explains_is_the_published_epsilon_squared_where_all_is_done() -> None:
    rows = pd.DataFrame(
        [
            {"channel": name, "duration": value, "is_done": True}
            for name, values in MUCOCILIARY.items()
            for value in values
        ]
    )
    found = consistency.explained(rows)
    assert found is not None
    assert (found.share, found.p_value, found.n) == (
        pytest.approx(0.77143 / 13, abs=1e-5),
        pytest.approx(0.67996, abs=1e-4),
        14,
    )


def test_what_still_runs_counts_as_longer_than_what_was_done_before_it() -> None:
    rows = pd.DataFrame(
        {"channel": ["a", "a", "b", "b"], "duration": [1.0, 3.0, 2.0, 4.0], "is_done": [True, False, True, True]}
    )
    found = consistency.explained(rows)
    # Scores -3, 2, -1, 2: sums by channel -1 and 1, squares 18 in all.
    assert found is not None
    assert found.share == pytest.approx((1 / 2 + 1 / 2) / 18)


def test_what_the_channel_explains_of_a_share_is_chi_squared_over_n() -> None:
    found = consistency.explained_of_share(shares(email=(8, 10), chat=(4, 10)))
    # 2 x 2: 20 (8 * 6 - 2 * 4)^2 / (12 * 8 * 10 * 10) = 10/3.
    assert found is not None
    assert found.share == pytest.approx(10 / 3 / 20)


@pytest.mark.parametrize(
    "rows", [shares(email=(8, 10)), shares(email=(10, 10), chat=(5, 5)), shares(email=(1, 2)).head(0)]
)
def test_one_channel_or_no_difference_at_all_explains_nothing(rows: pd.DataFrame) -> None:
    assert consistency.explained_of_share(rows) is None


def waits(channel: str, seconds: list[float], is_done: bool = True) -> pd.DataFrame:
    return pd.DataFrame({"channel": channel, "duration": seconds, "is_done": is_done})


def test_the_chance_of_waiting_longer_is_told_both_ways_and_leaves_open_what_open_waits_leave_open() -> None:
    rows = pd.concat(
        [
            waits("email", [60.0] * 30),
            waits("chat", [30.0] * 15 + [90.0] * 15),
            waits("phone", [10.0] * 40, is_done=False),
            waits("web", [5.0] * 19),
        ]
    )
    found = consistency.chances(rows, ["email", "chat", "phone", "web"]).set_index(["channel", "than"])
    assert found.loc[("email", "chat"), "value"] == pytest.approx(0.5)
    assert found.loc[("chat", "email"), ["n", "n_than"]].tolist() == [30, 30]
    # Everyone on phone still waits, and has waited 10 s: shorter or longer than email is not decided.
    assert found.loc[("phone", "email"), ["low", "high"]].tolist() == [pytest.approx(0), pytest.approx(1)]
    assert "web" not in found.index.get_level_values("channel")


def weeks(*values: float | None, complete: bool = True) -> pd.DataFrame:
    bins = [MONDAY + timedelta(weeks=place) for place in range(len(values))]
    frame = pd.DataFrame(
        {"bin": pd.Series(bins, dtype="datetime64[us]"), "value": pd.Series(values, dtype=float), "is_complete": True}
    )
    frame.loc[frame.index[-1], "is_complete"] = complete
    return frame


def test_a_channel_is_behind_since_the_first_week_of_the_unbroken_run() -> None:
    behind = consistency.standing(weeks(0.5, 0.9, 0.6, None, 0.7), weeks(0.8, 0.8, 0.8, 0.8, 0.8), "higher is better")
    assert behind == Standing(MONDAY + timedelta(weeks=2), 2, is_whole=False)


def test_a_channel_that_was_always_behind_has_been_so_for_as_long_as_there_is_data() -> None:
    behind = consistency.standing(
        weeks(None, 60.0, 50.0, 5.0, complete=False), weeks(10.0, 20.0, 30.0, 40.0), "lower is better"
    )
    assert behind == Standing(MONDAY + timedelta(weeks=1), 2, is_whole=True)


def test_a_channel_that_was_ahead_last_week_is_not_behind() -> None:
    assert consistency.standing(weeks(0.1, 0.9), weeks(0.5, 0.5), "higher is better") is None
    assert consistency.standing(weeks(None), weeks(0.5), "higher is better") is None


def hours_of_week(*cells: tuple[int, int, int, int]) -> pd.DataFrame:
    """Rows of the question: weekday, hour, hits, n."""
    rows = [
        {"weekday": weekday, "hour": hour, "hits": hits, "n": n, "value": hits / n}
        | dict(zip(("low", "high"), wilson(hits, n), strict=True))
        for weekday, hour, hits, n in cells
    ]
    return pd.DataFrame(rows)


UNEVEN = hours_of_week(
    (1, 9, 95, 100), (1, 10, 90, 100), (2, 9, 92, 100), (3, 23, 30, 100), (7, 4, 0, 3), (7, 5, 4, 12)
)


def test_hours_with_few_waits_are_neither_worst_nor_best() -> None:
    found = consistency.hours(UNEVEN)
    assert found is not None
    assert found.rows["is_enough"].tolist() == [True, True, True, True, False, True]
    # The hour at 4/12 is surely less bad than the one at 30/100 is surely bad.
    assert (found.worst["weekday"], found.worst["hour"]) == (3, 23)
    assert (found.best["weekday"], found.best["hour"]) == (1, 9)
    assert found.centre == pytest.approx(311 / 412)
    assert found.rows["is_outside"].tolist() == [True, True, True, True, False, False]


def test_a_week_without_an_hour_of_ten_waits_says_nothing_of_hours() -> None:
    assert consistency.hours(UNEVEN[UNEVEN["n"] < 10]) is None


# Questions


@pytest.fixture
def desk(tmp_path: Path) -> SmallWarehouse:
    return SmallWarehouse(tmp_path)


def ask(desk: SmallWarehouse, question: str, **values: Any) -> pd.DataFrame:
    desk.publish()
    return Warehouse(desk.folder / "data").ask(
        question, Filters(NOON - timedelta(days=28), NOON + minutes(1)), **values
    )


def test_waits_are_measured_by_what_was_promised_on_the_clock_of_the_promise(desk: SmallWarehouse) -> None:
    for seconds in (900, 1800, 2700):
        desk.wait(NOON - timedelta(days=1), seconds)
    desk.wait(
        NOON - timedelta(days=1),
        7200,
        channel="chat",
        target_seconds=600.0,
        is_business_time=True,
        wait_business_seconds=300.0,
    )
    desk.wait(NOON - timedelta(days=1), 60, channel="phone", target_seconds=None)
    desk.wait(NOON - timedelta(days=1), -60, wait_seconds=None, fault="answered before asked")
    rows = ask(desk, "consistency_against_target")
    assert rows[["part", "value", "n", "is_known"]].values.tolist() == [["chat", 0.5, 1, True], ["email", 0.5, 3, True]]


def test_who_still_waits_counts_towards_the_wait_against_target(desk: SmallWarehouse) -> None:
    for seconds in (900, 1800, None, None):
        desk.wait(NOON - minutes(90), seconds)
    desk.wait(NOON - minutes(30), None, channel="chat")
    rows = ask(desk, "consistency_against_target").set_index("part")
    # Half of email was answered within half the target; nobody on chat yet, who has waited half of it.
    assert (rows.loc["email", "value"], rows.loc["email", "is_known"]) == (0.5, True)
    assert (rows.loc["chat", "value"], rows.loc["chat", "is_known"]) == (0.5, False)
    assert pd.isna(rows.loc["chat", "high"])


def test_the_median_against_target_is_the_one_that_an_analysts_macro_gives(desk: SmallWarehouse) -> None:
    chance = np.random.default_rng(4)
    for place in range(200):
        still_waits = place % 7 == 0
        desk.wait(
            NOON - minutes(float(chance.integers(1, 400))), None if still_waits else float(chance.exponential(3600))
        )
    found = ask(desk, "consistency_against_target").iloc[0]
    with duckdb.connect(str(desk.folder / "data" / "warehouse-1.duckdb"), read_only=True) as connection:
        sql = "select censored_percentile(waited_seconds / target_seconds, outcome = 'answered') from waits"
        expected = connection.execute(sql).fetchall()[0][0]
    assert found["value"] == pytest.approx(expected, abs=0.001)
    assert found["low"] < found["value"] < found["high"]


def test_hours_of_the_week_are_those_of_the_accounts_clock(desk: SmallWarehouse) -> None:
    sunday = datetime(2026, 3, 1, 22, 30)
    desk.wait(sunday, 600)
    desk.wait(sunday, 7200)
    desk.wait(NOON - minutes(10), None)
    rows = ask(desk, "consistency_hours", zone="Asia/Kolkata")
    assert rows[["weekday", "hour", "n", "hits", "value"]].values.tolist() == [[1, 4, 2, 1, 0.5]]


def test_the_sample_is_of_the_size_asked_for_the_same_each_time_and_tells_of_how_many(desk: SmallWarehouse) -> None:
    for place in range(400):
        desk.wait(NOON - minutes(place + 1), 60.0 + place)
    desk.publish()
    warehouse, all_time = Warehouse(desk.folder / "data"), Filters(NOON - timedelta(days=28), NOON)
    first, again, every = (warehouse.ask("consistency_durations", all_time, most=most) for most in (100, 100, 400))
    of_first = first[first["what"] == "first_response"]
    assert 60 < len(of_first) < 140
    assert set(of_first["found"]) == {400}
    assert first.equals(again)
    assert len(every[every["what"] == "against_target"]) == 400


# Charts


def traces(chart: Chart, kind: str = "") -> list[dict[str, Any]]:
    found = [trace.to_plotly_json() for trace in chart.figure.data]
    return [trace for trace in found if kind in (trace.get("mode") or trace["type"])]


def texts(chart: Chart) -> list[str]:
    return [annotation.text for annotation in chart.figure.layout.annotations]


def dots(rows: pd.DataFrame, unit: str = "share", **more: Any) -> Chart:
    return interval_charts.dots(
        rows, more.pop("split", "channel"), unit, LABELS, LIGHT, more.pop("height", 182), **more
    )


def test_each_channel_is_a_dot_of_its_colour_on_its_interval_with_its_value_at_the_right() -> None:
    chart = dots(shares(email=(56, 70), chat=(48, 80)), title="Satisfied")
    lines, points = traces(chart, "lines"), traces(chart, "markers")
    assert [point["marker"]["color"] for point in points] == [LIGHT.email, LIGHT.chat]
    assert [point["x"] for point in points] == [[0.8], [0.6]]
    assert lines[0]["x"] == pytest.approx(wilson(56, 70))
    assert texts(chart) == ["80%", "60%"]
    assert chart.figure.layout.yaxis.ticktext == ("Email", "Chat")
    assert chart.alt == "Satisfied: Email 80%, Chat 60%"


def test_what_is_no_channel_is_ink() -> None:
    points = traces(dots(shares(Billing=(1, 2), Orders=(1, 2)), split="team"), "markers")
    assert {point["marker"]["color"] for point in points} == {LIGHT.ink}


def test_a_dot_leads_to_its_part_and_says_its_interval_and_n() -> None:
    rows = shares(email=(56, 70), none=(1, 2)).assign(part=["email", None])
    points = traces(dots(rows, lead=lambda part: f"tickets?part={part}"), "markers")
    assert [point["customdata"][0][-1] for point in points] == ["tickets?part=email", "tickets?part=None"]
    assert points[0]["customdata"][0][0] == "Email: 80% (95 %: 69% to 88%), n = 70"
    assert points[1]["name"] == "no channel"


def test_a_target_is_a_dotted_line_with_its_name() -> None:
    chart = dots(shares(email=(56, 70)), target=0.9)
    (line,) = chart.figure.layout.shapes
    assert (line.x0, line.x1, line.line.dash) == (0.9, 0.9, "dot")
    assert texts(chart)[-1] == "target 90%"
    low, high = chart.figure.layout.xaxis.range
    assert low < 0.69
    assert high > 0.9


def test_a_median_that_so_many_have_not_reached_is_an_open_arrow_and_over_its_value() -> None:
    rows = durations(email=(3600, 3000, float("nan")), chat=(60, 50, 70)).assign(is_known=[False, True])
    chart = dots(rows, "seconds")
    arrow, dot = traces(chart, "markers")
    assert (arrow["marker"]["symbol"], dot["marker"]["symbol"]) == ("triangle-right-open", "circle")
    assert texts(chart) == ["over 1h", "1m"]
    assert chart.figure.layout.xaxis.type == "log"


def test_durations_that_lie_close_together_begin_at_zero() -> None:
    axis = dots(durations(email=(3600, 3000, 4000), chat=(1800, 1500, 2000)), "seconds").figure.layout.xaxis
    assert axis.range[0] == 0
    assert axis.ticktext == ("0s", "30m", "1h")


def test_a_part_without_figures_has_a_dash_and_no_dot() -> None:
    rows = pd.concat([shares(email=(1, 2)), pd.DataFrame({"part": ["chat"], "n": [0], "is_known": [True]})])
    chart = dots(rows)
    assert texts(chart) == ["50%", "—"]
    assert len(traces(chart, "markers")) == 1


def test_without_any_figures_the_chart_says_so() -> None:
    assert texts(dots(shares(email=(1, 2)).assign(n=0))) == ["Nothing to measure in this period."]
    assert texts(dots(shares(email=(1, 2)).head(0))) == ["Nothing to measure in this period."]


def test_rows_beyond_the_room_are_counted() -> None:
    chart = dots(shares(**{f"part {place}": (1, 2) for place in range(9)}), split="team", height=140)
    assert len(traces(chart, "markers")) == 4
    assert chart.alt.endswith("and 5 more")


def test_names_from_data_are_text() -> None:
    chart = dots(shares(**{"<b>x": (1, 2)}), split="team")
    assert chart.figure.layout.yaxis.ticktext == ("&lt;b&gt;x",)


def heat(frame: pd.DataFrame = UNEVEN) -> Chart:
    found = consistency.hours(frame)
    assert found is not None
    return consistency_charts.hours(found, DARK, 240, lambda weekday, hour: f"tickets?weekday={weekday}&hour={hour}")


def test_each_hour_of_the_week_leads_to_its_tickets() -> None:
    cells = traces(heat())[-1]
    assert cells["customdata"][3] == ["Wed 23:00 to 0:00: 30% (22–40%, n = 100)", "tickets?weekday=3&hour=23"]
    assert cells["customdata"][4] == ["Sun 4:00 to 5:00: 3 waits, too few to say", "tickets?weekday=7&hour=4"]
    assert (cells["x"][3], cells["y"][3]) == (23, 3)


def test_the_worst_hour_is_the_strongest_and_hours_with_few_waits_are_strokes() -> None:
    shades, strokes, _ = traces(heat())
    assert shades["z"][2][23] == 0.3 == shades["zmin"]
    assert shades["zmax"] == 0.95
    assert shades["colorscale"] == [[0, DARK.ink], [1, DARK.grid]]
    assert shades["z"][6][4] is None
    assert (strokes["x"], strokes["y"]) == ([4], [7])


def test_hours_that_hardly_differ_do_not_look_dramatic() -> None:
    shades = traces(heat(hours_of_week((1, 9, 95, 100), (1, 10, 94, 100))))[0]
    assert shades["zmax"] - shades["zmin"] == pytest.approx(0.2)


def test_who_waits_longer_is_said_in_cases_of_a_hundred() -> None:
    pairs = pd.DataFrame(
        [
            ("email", "chat", 0.931, 0.931),
            ("email", "phone", 0.9, 1.0),
            ("chat", "email", 0.069, 0.069),
            ("chat", "phone", 1.0, 1.0),
            ("phone", "email", 0.0, 0.1),
            ("phone", "chat", 0.0001, 0.0001),
        ],
        columns=["channel", "than", "low", "high"],
    )
    pairs["value"] = (pairs["low"] + pairs["high"]) / 2
    chart = consistency_charts.chances(
        pairs, "For a first answer", LABELS, LIGHT, 190, lambda channel: f"tickets?channel={channel}"
    )
    shades, cells = traces(chart)
    assert cells["text"] == ["93", "90–100", "7", "100", "0–10", "<1"]
    assert [cells["x"][1], cells["y"][1]] == [2, 0]
    assert shades["z"][1] == [pytest.approx(0.431), None, pytest.approx(0.5)]
    said = "a customer on Email waits longer than one on Chat in 93 of 100 cases"
    assert cells["customdata"][0] == [said, "tickets?channel=email"]
    assert chart.alt.startswith(f"For a first answer: {said}")


# Sentences


def gap(**more: Any) -> Gap:
    values: dict[str, Any] = {
        "metric": "promise_kept_rate",
        "title": "Promises kept",
        "unit": "share",
        "direction": "higher is better",
        "best": "chat",
        "best_value": 0.94,
        "worst": "email",
        "worst_value": 0.71,
        "gap": 0.23,
        "is_certain": True,
        "n": 500,
    }
    return Gap(**(values | more))


def test_the_sentence_on_top_names_where_service_is_least_even() -> None:
    said = consistency_words.least_even([gap(), gap(metric="csat")], LABELS, ["email", "chat"])
    assert said == "Service is least even in promises kept: 71% on Email, 94% on Chat."


def test_the_sentence_on_top_claims_no_difference_that_chance_may_explain() -> None:
    assert (
        consistency_words.least_even([gap(is_certain=False)], LABELS, ["email", "chat"])
        == "No channel differs from another by more than chance explains."
    )
    assert "chance may explain it" in consistency_words.apart(gap(is_certain=False), LABELS)


def test_with_one_channel_there_is_nothing_to_compare() -> None:
    assert (
        consistency_words.least_even([], LABELS, ["chat"])
        == "Only Chat has figures here: there is nothing to compare it with."
    )


def test_since_when_says_at_least_where_the_data_goes_no_further_back() -> None:
    for is_whole, end in ((True, " at least."), (False, ".")):
        said = consistency_words.since_when(gap(), Standing(MONDAY, 4, is_whole), LABELS)
        assert said == f"Email has been behind Chat since the week of 2 Mar 2026{end}"


def test_a_change_of_late_is_named_with_its_rule_and_its_direction() -> None:
    change = Change(MONDAY, "8 in a row on one side", 0.6, 0.7, is_better=False)
    assert (
        consistency_words.lately(gap(), change, LABELS, "day")
        == "Email has got worse since Mon 2 Mar: 8 in a row on one side."
    )
    assert consistency_words.lately(gap(), None, LABELS, "day") == "Its last 3 days show no change."


def test_what_the_channel_explains_is_said_apart_from_what_may_be_chance() -> None:
    found = {
        "first_response": Explained(0.124, 0.001, 900),
        "csat": Explained(0.02, 0.4, 30),
        "promise_kept_rate": None,
    }
    assert consistency_words.explained(found) == (
        "The channel explains **12%** of how long people wait for a first answer. It explains no more than chance would of who is satisfied."
    )
    assert consistency_words.share_explained(found["csat"]) == "2%, may be chance"


def test_gaps_are_told_in_their_unit() -> None:
    assert consistency_words.distance(gap()) == "23 pt"
    assert consistency_words.distance(gap(unit="seconds", gap=3900)) == "1h 5m"
    assert consistency_words.distance(gap(metric=AGAINST_TARGET, best_value=0.25, worst_value=1.0)) == "4.0 times"


# The page


def visit(settings: Path, monkeypatch: pytest.MonkeyPatch, **query: str | list[str]) -> AppTest:
    """The page as a visitor with this link finds it."""
    monkeypatch.setenv("SUPPORT_SETTINGS", str(settings))
    app = AppTest.from_file(str(PROJECT / "pages" / "navigation.py"), default_timeout=60)
    app.switch_page("consistency.py")
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception[0].message
    return app


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.info, *app.error, *app.warning)).replace(
        "\\", ""
    )


def alts(app: AppTest) -> str:
    return "\n".join(chart.proto.alt for chart in app.get("plotly_chart"))


@pytest.fixture
def uneven(desk: SmallWarehouse) -> SmallWarehouse:
    """Five weeks in which chat keeps every promise and email, of two agents, half of them."""
    for days in range(1, 36):
        for place in range(4):
            at = NOON - timedelta(days=days, minutes=place)
            desk.wait(at, 1800 if place < 2 else 7200, agent="Ada" if place % 2 else "Cleo")
            desk.wait(at, 60, channel="chat", team="Orders", agent="Ben", target_seconds=120.0)
            desk.change(at)
            desk.change(at, channel="chat", team="Orders", agent="Ben")
    return desk


def test_the_page_answers_where_service_is_least_even_and_since_when(
    uneven: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(uneven.publish(), monkeypatch)
    assert (
        "**Service is least even in promises kept: 50% on Email, 100% on Chat.** Email has been behind Chat since the week of 26 Jan 2026 at least."
        in said(app)
    )
    assert "50 pt from Email to Chat" in said(app)
    # Ratios 0.5 and 2 on email, 0.5 on chat: half of email waits longer, half as long.
    assert "a customer on Email waits longer than one on Chat in **75 of 100 cases**" in said(app)
    assert "From all " in said(app)
    assert "Promises kept by channel (share of waits within target): Email 50%, Chat 100%" in alts(app)
    assert app.dataframe[0].value["Worst"].tolist()[0] == "Email 50%"


def test_the_measure_and_the_channel_of_the_agents_come_from_the_link(
    uneven: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(uneven.publish(), monkeypatch, measure="plain time", agents_on="Chat")
    assert "For a first answer, a customer on Email waits longer than one on Chat in **100 of 100 cases**" in said(app)
    assert "1 agent" in alts(app).split("Promises kept")[-1]
    assert "2 agents" in alts(visit(uneven.publish(), monkeypatch))


def test_a_filter_on_one_channel_leaves_its_hours_and_agents(
    uneven: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(uneven.publish(), monkeypatch, channel="email", agents_on="Chat")
    assert "Only Email has figures here: there is nothing to compare it with." in said(app)
    assert "2 agents" in alts(app)
    assert "by weekday and hour" in alts(app)
    assert not app.dataframe


def test_channels_that_are_served_alike_are_said_to_differ_no_more_than_chance(
    desk: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for days in range(1, 29):
        for channel in ("email", "chat"):
            desk.wait(NOON - timedelta(days=days), 1800 if days % 2 else 7200, channel=channel)
            desk.change(NOON - timedelta(days=days), channel=channel)
    app = visit(desk.publish(), monkeypatch)
    assert "**No channel differs from another by more than chance explains.**" in said(app)
    assert "0 pt from Email to Chat; chance may explain it" in said(
        app
    ) or "0 pt from Chat to Email; chance may explain it" in said(app)


def test_a_source_without_answers_has_no_cards_of_zeros(desk: SmallWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.answers_known = {"silent": False}
    desk.change(NOON - minutes(30), source="silent")
    app = visit(desk.publish(), monkeypatch)
    assert "No channel has figures here" in said(app)
    assert "silent does not say when customers were answered" in said(app)
    assert not app.get("plotly_chart")


def test_an_agent_with_one_wait_and_a_channel_with_one_wait_are_no_error(
    desk: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.wait(NOON - timedelta(days=2), 60)
    desk.wait(NOON - timedelta(days=2), 60, channel=None, agent=None)
    desk.change(NOON - timedelta(days=2))
    app = visit(desk.publish(), monkeypatch)
    assert "Only Email has figures here" in said(app)
    assert "no channel 100%" in alts(app)


def test_an_empty_warehouse_says_that_nothing_was_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(SmallWarehouse(tmp_path, answers_known={}).publish(), monkeypatch)
    assert "no export has been loaded into it yet" in said(app)


def test_on_a_wall_there_is_nothing_to_choose(uneven: SmallWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(uneven.publish(), monkeypatch, wall="consistency")
    assert "Service is least even in promises kept" in said(app)
    assert len(app.get("plotly_chart")) == 7
    assert not app.segmented_control
