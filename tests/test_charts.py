"""What charts draw: the right series, colours of channels, targets, unfinished bins, and a sentence for each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from pages.elements import charts, figure, format, palette, wait_charts
from pages.elements.figure import Chart
from pages.elements.palette import DARK, LIGHT, Palette

MONDAY = datetime(2026, 3, 2)
LABELS = {"email": "Email", "chat": "Chat", "phone": "Phone"}


def traces(chart: Chart) -> list[dict[str, Any]]:
    return [trace.to_plotly_json() for trace in chart.figure.data]


def texts(chart: Chart) -> list[str]:
    return [annotation.text for annotation in chart.figure.layout.annotations]


def days(amount: int, unfinished: bool = True) -> pd.DataFrame:
    bins = [MONDAY + timedelta(days=place) for place in range(amount)]
    return pd.DataFrame(
        {
            "bin": bins,
            "arrived": [10 + place for place in range(amount)],
            "solved": [9] * amount,
            "open_at_end": [100 + place for place in range(amount)],
            "is_complete": [True] * (amount - 1) + [not unfinished],
        }
    )


def waits_by_day(**columns: Any) -> pd.DataFrame:
    frame = days(4).assign(median_seconds=60.0, p90_seconds=600.0, p95_seconds=1200.0, naive_median_seconds=50.0)
    return frame.assign(median_is_known=True, p90_is_known=True, p95_is_known=True, **columns)


QUEUE = pd.DataFrame(
    {
        "part": ["channel", "channel", "team"],
        "name": ["chat", "email", "Billing"],
        "waiting": [7, 2, 9],
        "past_target": [1, 0, 1],
        "longest_seconds": [8040.0, 45.0, 8040.0],
    }
)


def test_waiting_by_channel_has_a_bar_in_the_colour_of_each_channel_with_its_longest_wait() -> None:
    chart = charts.waiting_by("channel", QUEUE, LABELS, LIGHT, 170)
    (bar,) = traces(chart)
    assert bar["x"] == [7, 2]
    assert bar["text"] == ["7 · 2h 14m", "2 · 45s"]
    assert bar["marker"]["color"] == [LIGHT.chat, LIGHT.email]
    assert chart.figure.layout.yaxis.ticktext == ("Chat", "Email")
    assert "Chat 7 · 2h 14m" in chart.alt


def test_teams_are_grey_as_colour_means_channel() -> None:
    (bar,) = traces(charts.waiting_by("team", QUEUE, {}, DARK, 170))
    assert bar["marker"]["color"] == [DARK.line]


def test_bars_begin_at_zero() -> None:
    chart = charts.waiting_by("channel", QUEUE, LABELS, LIGHT, 170)
    assert chart.figure.layout.xaxis.range[0] == 0


def test_more_teams_than_there_is_room_for_are_counted() -> None:
    many = pd.DataFrame(
        {
            "part": "team",
            "name": [f"team {place}" for place in range(9)],
            "waiting": 1,
            "past_target": 0,
            "longest_seconds": 1.0,
        }
    )
    assert len(traces(charts.waiting_by("team", many, {}, LIGHT, 150))[0]["x"]) == 5
    assert charts.most_of(many, "team", 150) == "customers now, 5 of 9 teams"


def test_a_frame_without_rows_says_why_it_is_empty() -> None:
    nobody = charts.waiting_by("channel", QUEUE.head(0), LABELS, LIGHT, 170)
    assert texts(nobody) == ["Nobody waits."]
    assert nobody.alt == "Nobody waits."


def test_an_unfinished_last_bin_is_dashed_and_hollow() -> None:
    chart = charts.flow(days(5), [("Arrived", "arrived")], "day", LIGHT, 200, "Arrived per day")
    finished, end = traces(chart)
    assert finished["y"] == [10, 11, 12, 13]
    assert finished["line"]["dash"] == "solid"
    assert end["y"] == [13, 14]
    assert end["line"]["dash"] == "dot"
    assert end["marker"]["symbol"][-1] == "circle-open"
    assert chart.alt.endswith("the last day is not over yet")


def test_a_finished_last_bin_is_drawn_as_complete() -> None:
    chart = charts.flow(days(5, unfinished=False), [("Arrived", "arrived")], "day", LIGHT, 200, "Arrived per day")
    (drawn,) = traces(chart)
    assert drawn["y"] == [10, 11, 12, 13, 14]
    assert "not over" not in chart.alt


def test_lines_are_labelled_at_their_end_and_there_is_no_legend() -> None:
    chart = charts.flow(days(5), [("Arrived", "arrived"), ("Solved", "solved")], "day", LIGHT, 200, "")
    assert texts(chart) == ["Solved", "Arrived"]
    assert {annotation.x for annotation in chart.figure.layout.annotations} == {"2026-03-06T00:00:00"}
    assert chart.figure.layout.template.layout.showlegend is False


def test_labels_that_would_collide_stand_apart_and_inside_the_plot() -> None:
    assert figure.apart([98, 99, 100], 100) == [68, 84, 100]
    assert figure.apart([10, 12, 80], 100) == [10, 26, 80]


def test_even_bins_are_sent_as_a_start_and_a_step() -> None:
    (drawn,) = traces(charts.backlog(days(5, unfinished=False), "day", LIGHT, 200))
    assert (drawn["x0"], drawn["dx"]) == ("2026-03-02T00:00:00", 86_400_000)
    assert "x" not in drawn


def test_bins_around_a_clock_change_keep_their_own_places() -> None:
    hours = [MONDAY, MONDAY + timedelta(hours=1), MONDAY + timedelta(hours=3)]
    assert figure.even(hours)["x"] == ["2026-03-02T00:00:00", "2026-03-02T01:00:00", "2026-03-02T03:00:00"]


def test_ticks_of_weeks_stand_on_mondays() -> None:
    axis = figure.date_axis("week", [MONDAY + timedelta(weeks=place) for place in range(12)])
    assert datetime.fromisoformat(axis["tick0"]).weekday() == 0
    assert axis["dtick"] % (7 * 86_400_000) == 0


def test_the_backlog_ends_with_the_open_tickets_of_now() -> None:
    chart = charts.backlog(days(5), "day", LIGHT, 200)
    assert texts(chart) == ["104"]
    assert "104 now" in chart.alt


def test_the_hours_of_the_last_day_are_one_line_each_with_its_newest_value() -> None:
    ends = [MONDAY + timedelta(hours=place) for place in range(25)]
    frame = pd.DataFrame({"arrived": range(25), "answered": range(25, 0, -1), "waiting": [3] * 25, "ends_at": ends})
    chart = charts.arrivals_and_answers(frame, ends, LIGHT, 170)
    assert [trace["y"][-1] for trace in traces(chart)] == [24, 1]
    assert sorted(texts(chart)) == ["Answered 1", "Arrived 24"]
    leads_to = traces(chart)[0]["customdata"][1][-1]
    assert leads_to == "tickets?which=arrived&from=2026-03-02T00%3A00%3A00&to=2026-03-02T01%3A00%3A00"
    assert texts(charts.waiting_over_time(frame, ends, LIGHT, 170)) == ["3"]


def test_the_week_begins_on_monday_and_cells_without_a_whole_hour_stay_empty() -> None:
    frame = pd.DataFrame({"weekday": [1, 7], "hour": [9, 23], "arrived_per_hour": [4.0, 1.5]})
    chart = charts.weekday_hours(frame, LIGHT, 250)
    cells, places = traces(chart)
    assert places["customdata"][1][-1] == "tickets?which=arrived&weekday=7&hour=23"
    assert list(cells["y"]) == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert (cells["z"][0][9], cells["z"][6][23], cells["z"][3][3]) == (4.0, 1.5, None)
    assert "most on Mon at 9:00" in chart.alt


def test_a_week_without_a_ticket_says_so_instead_of_one_even_shade() -> None:
    frame = pd.DataFrame({"weekday": [1, 7], "hour": [9, 23], "arrived_per_hour": [0.0, 0.0]})
    assert texts(charts.weekday_hours(frame, LIGHT, 250)) == ["No tickets in this period."]


def test_arrivals_by_channel_show_their_change_only_where_there_is_something_to_compare_with() -> None:
    frame = pd.DataFrame({"name": ["email", None], "arrived": [120, 3], "arrived_before": [100, 0]})
    assert traces(charts.arrived_by_part(frame, "channel", LABELS, LIGHT, 250, True))[0]["text"] == ["120  +20%", "3"]
    assert traces(charts.arrived_by_part(frame, "channel", LABELS, LIGHT, 250, False))[0]["text"] == ["120", "3"]


def test_percentiles_of_a_channel_have_its_colour_and_the_naive_median_is_grey() -> None:
    chart = wait_charts.over_time(waits_by_day(), "email", "Email", "day", (10, 5000), 3600, LIGHT, 230)
    lines = {trace["name"]: trace["line"]["color"] for trace in traces(chart)}
    assert {lines["median"], lines["p90"], lines["p95"]} == {LIGHT.email}
    assert lines["answered only"] == LIGHT.line
    assert texts(chart) == ["median", "p90", "p95", "target 1h"]


def test_a_target_is_a_thin_dotted_line() -> None:
    chart = wait_charts.over_time(waits_by_day(), "email", "Email", "day", (10, 5000), 3600, LIGHT, 230)
    (shape,) = chart.figure.layout.shapes
    assert (shape.y0, shape.line.dash, shape.line.width, shape.line.color) == (3600, "dot", 1, LIGHT.muted)


def test_a_percentile_that_is_not_known_yet_is_an_arrow_and_says_so() -> None:
    frame = waits_by_day()
    frame["p95_is_known"] = [True, True, True, False]
    chart = wait_charts.over_time(frame, "email", "Email", "day", (10, 5000), None, LIGHT, 230)
    arrows = [trace for trace in traces(chart) if trace["name"] == "at least"]
    assert [trace["marker"]["symbol"] for trace in arrows] == ["triangle-up-open"]
    assert list(arrows[0]["y"]) == [1200.0]
    assert "95th percentile over 20m" in chart.alt


def test_small_multiples_share_a_scale_that_holds_every_channel() -> None:
    low, high = wait_charts.shared_scale(pd.concat([waits_by_day(), waits_by_day().assign(p95_seconds=90_000.0)]))
    assert low < 50
    assert high > 90_000


def test_the_share_within_target_has_its_interval_as_a_band_and_is_red_only_below_the_promise() -> None:
    frame = days(3).assign(share=0.7, share_low=0.65, share_high=0.75, decided=100)
    kept = wait_charts.kept_over_time(frame, "day", 0.7, LIGHT, 200)
    crossed = wait_charts.kept_over_time(frame, "day", 0.8, LIGHT, 200)
    band = traces(kept)[0]
    assert band["y"] == [0.75, 0.75, 0.75, 0.65, 0.65, 0.65]
    assert [figure.layout.shapes[0].line.color for figure in (kept.figure, crossed.figure)] == [
        LIGHT.muted,
        LIGHT.limit,
    ]
    assert "promised 80%" in texts(crossed)


def test_the_share_by_channel_is_a_dot_with_its_interval() -> None:
    frame = pd.DataFrame(
        {"channel": ["email"], "share": [0.8], "share_low": [0.7], "share_high": [0.88], "decided": [50]}
    )
    chart = wait_charts.kept_by_channel(frame, LABELS, LIGHT, 200)
    (dot,) = traces(chart)
    assert dot["marker"]["color"] == [LIGHT.email]
    assert (dot["error_x"]["array"], dot["error_x"]["arrayminus"]) == ([pytest.approx(0.08)], [pytest.approx(0.1)])
    assert "70–88%, n = 50" in chart.alt


def test_curves_of_answers_are_named_beside_their_middle() -> None:
    frame = pd.DataFrame(
        {
            "channel": ["chat"] * 3 + ["email"] * 3,
            "seconds": [1.0, 60.0, 600.0] * 2,
            "answered_share": [0, 0.6, 1, 0, 0.2, 0.9],
        }
    )
    chart = wait_charts.answered_within(frame, LABELS, LIGHT, 200)
    assert [trace["line"]["color"] for trace in traces(chart)] == [LIGHT.chat, LIGHT.email]
    assert texts(chart) == ["Chat", "Email"]
    assert "Chat 1m" in chart.alt


@pytest.mark.parametrize("inks", [LIGHT, DARK], ids=["light", "dark"])
def test_text_has_a_contrast_of_at_least_four_and_a_half(inks: Palette) -> None:
    for color in (inks.ink, inks.muted, inks.limit):
        assert contrast(color, inks.paper) >= 4.5


def test_a_channel_without_a_colour_of_its_own_is_grey_and_dark_has_its_own_palette() -> None:
    assert LIGHT.channel("fax") == LIGHT.channel(None) == LIGHT.other
    assert palette.of("dark").channel("email") == "#6697ED"


def contrast(first: str, second: str) -> float:
    """WCAG's contrast ratio."""
    bright, dim = sorted((luminance(first), luminance(second)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (45, "45s"),
        (59.6, "1m"),
        (270, "4m 30s"),
        (3599.7, "1h"),
        (8040, "2h 14m"),
        (86_400, "1d"),
        (273_600, "3d 4h"),
        (-720, "-12m"),
        (None, "—"),
        (float("nan"), "—"),
    ],
)
def test_durations_read_as_people_say_them(seconds: float | None, text: str) -> None:
    assert format.duration(seconds) == text


def test_an_unknown_share_is_a_dash_and_nearly_all_is_not_all() -> None:
    assert [format.share(value) for value in (None, float("nan"), 0.0, 0.001, 0.864, 0.9996, 1.0)] == [
        "—",
        "—",
        "0%",
        "<1%",
        "86%",
        ">99%",
        "100%",
    ]
    assert format.interval(None, None, 0) == "n = 0"


def test_changes_name_their_unit() -> None:
    assert format.change_of_share(0.86, 0.84) == "+2 pt"
    assert format.change_of_count(103, 100) == "+3%"
    assert format.change_of_count(3, 0) is None
    assert format.change_of_duration(60, 600) == "-9m"
    assert format.change_of_level(-1234) == "-1,234"
