"""What the questions of the pages answer, worked out by hand over a dozen rows."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.small_warehouse import NOON, SmallWarehouse, minutes
from warehouse import ask as ask_module
from warehouse import connection as connection_module
from warehouse.ask import QUESTIONS, Filters, Warehouse
from warehouse.errors import TooMuch
from warehouse.scope import EVERYTHING

DAY = Filters(NOON - timedelta(hours=12), NOON + timedelta(seconds=1))
PLAIN: dict[str, Any] = {"grain": None, "kind": None, "zone": "UTC"}


@pytest.fixture
def small(tmp_path: Path) -> SmallWarehouse:
    return SmallWarehouse(tmp_path)


def ask(small: SmallWarehouse, question: str, filters: Filters = DAY, **values: Any) -> pd.DataFrame:
    small.publish()
    return Warehouse(small.folder / "data").ask(question, filters, **(PLAIN | values))


def wait_times(small: SmallWarehouse, filters: Filters = DAY, **values: Any) -> pd.DataFrame:
    """As the page has it, which is what the SQL says."""
    said, shown = ask(small, "wait_times", filters, **values), ask(small, "wait_marks", filters, **values)
    if not said.empty:
        pd.testing.assert_frame_equal(shown, said, check_dtype=False)
    assert len(shown) == len(said)
    return shown


def whole(frame: pd.DataFrame) -> pd.Series:
    """The row of all channels."""
    return frame[frame["all_channels"]].iloc[0]


def test_with_every_wait_answered_the_shown_and_the_naive_percentiles_are_the_same(small: SmallWarehouse) -> None:
    for seconds in (60, 120, 180, 240, 300, 360, 420, 480, 540, 600):
        small.wait(NOON - minutes(60), seconds)
    row = whole(wait_times(small))
    assert (row["median_seconds"], row["p90_seconds"], row["p95_seconds"]) == (300, 540, 600)
    assert (row["naive_median_seconds"], row["naive_p90_seconds"], row["naive_p95_seconds"]) == (300, 540, 600)
    assert row[["median_is_known", "p90_is_known", "p95_is_known"]].all()


def test_people_still_waiting_lengthen_the_wait_as_kaplan_and_meier_count_it(small: SmallWarehouse) -> None:
    # By hand: answered at 1 and 2 min, gave up at 3, answered at 4, open since 5, answered at 6.
    # At risk 6, 5, 4, 3, 2, 1: unanswered 5/6, 4/6, 4/6, 4/9, 4/9, 0.
    for seconds, outcome in (
        (60, "answered"),
        (120, "answered"),
        (180, "abandoned"),
        (240, "answered"),
        (360, "answered"),
    ):
        small.wait(NOON - minutes(60), seconds, outcome)
    small.wait(NOON - minutes(5), None)
    row = whole(wait_times(small))
    assert (row["waits"], row["answered"], row["waiting"], row["abandoned"]) == (6, 4, 1, 1)
    assert row["median_seconds"] == 240
    assert row["p90_seconds"] == 360
    assert row["naive_median_seconds"] == 120


def test_a_queue_that_stops_answering_waits_longer_though_the_naive_figure_says_shorter(small: SmallWarehouse) -> None:
    # Ten customers; on the good day all are answered, the slow ones after 50 minutes.
    began = [NOON - timedelta(hours=30) + minutes(place) for place in range(10)]
    for place, moment in enumerate(began):
        small.wait(moment, 300 if place < 4 else 3000)
    good = whole(wait_times(small, replace(DAY, start=NOON - timedelta(hours=48))))
    # The same queue when nobody answers but the first four: six are still open two hours later.
    small.waits.clear()
    for place in range(10):
        small.wait(NOON - timedelta(hours=2), 300 if place < 4 else None)
    stopped = whole(wait_times(small))
    assert stopped["naive_median_seconds"] < good["naive_median_seconds"]
    assert stopped["median_seconds"] > good["median_seconds"]
    assert (stopped["median_seconds"], stopped["median_is_known"]) == (7200, False)


def test_waits_with_impossible_times_are_counted_and_averaged_in_nowhere(small: SmallWarehouse) -> None:
    small.wait(NOON - minutes(60), 60)
    for _ in range(3):
        small.wait(NOON - minutes(60), -600, fault="answered before asked")
    assert whole(wait_times(small))["waits"] == 1
    assert ask(small, "wait_faults")[["fault", "waits"]].values.tolist() == [["answered before asked", 3]]
    assert ask(small, "wait_curve")["answered_share"].max() == 1


def test_the_curve_of_answers_stops_short_of_all_where_customers_gave_up(small: SmallWarehouse) -> None:
    small.wait(NOON - minutes(60), 4)
    small.wait(NOON - minutes(60), 8, "abandoned")
    curve = ask(small, "wait_curve")
    assert curve[curve["seconds"] < 4]["answered_share"].max() == 0
    assert curve[curve["seconds"] >= 4]["answered_share"].unique().tolist() == [0.5]


def test_the_curve_of_answers_is_the_one_that_walking_through_every_wait_gives(small: SmallWarehouse) -> None:
    chance = np.random.default_rng(5)
    for channel, count in (("chat", 300), ("email", 120), ("phone", 1)):
        for _ in range(count):
            outcome = str(chance.choice(["answered", "answered", "abandoned", "solved"]))
            small.wait(NOON - minutes(600), float(chance.integers(1, 900)), outcome, channel=channel)
    curve = ask(small, "wait_curve")
    assert set(curve["channel"]) == {"chat", "email", "phone"}
    for channel, rows in curve.groupby("channel"):
        waits = sorted(
            (wait["wait_seconds"], wait["outcome"] != "answered") for wait in small.waits if wait["channel"] == channel
        )
        for seconds, share in zip(rows["seconds"], rows["answered_share"], strict=True):
            undone = 1.0
            for place, (waited, is_cut) in enumerate(waits):
                if waited <= seconds and not is_cut:
                    undone *= 1 - 1 / (len(waits) - place)
            assert share == pytest.approx(1 - undone, abs=1e-9), (channel, seconds)


def test_the_share_within_target_counts_waits_whose_target_time_has_passed_and_has_its_wilson_interval(
    small: SmallWarehouse,
) -> None:
    for seconds in (600, 1200, 1800, 3000, 3600, 2400, 60, 30, 7000):  # eight within the hour, one after
        small.wait(NOON - timedelta(hours=3), seconds)
    small.wait(NOON - timedelta(hours=2), None)  # open and late: missed
    small.wait(NOON - minutes(10), 60)  # answered, but its hour is not over: it would flatter the day
    small.wait(NOON - minutes(90), 60, "abandoned")  # given up in time: neither
    row = whole(ask(small, "within_target"))
    assert (row["decided"], row["kept"], row["share"]) == (10, 8, 0.8)
    assert row["share_low"] == pytest.approx(0.4902, abs=1e-4)
    assert row["share_high"] == pytest.approx(0.9433, abs=1e-4)


def test_without_waits_shares_and_percentiles_have_no_rows_rather_than_zeros(small: SmallWarehouse) -> None:
    assert wait_times(small).empty
    assert ask(small, "within_target").empty
    today = ask(small, "live_targets", as_of=NOON, today=NOON - timedelta(hours=12)).iloc[0]
    assert today["decided"] == 0
    assert pd.isna(today["share"])


def test_the_live_queue_counts_open_waits_by_channel_and_team_with_the_longest(small: SmallWarehouse) -> None:
    small.wait(NOON - minutes(30), None, ticket_id="T30")
    small.wait(NOON - minutes(90), None, ticket_id="T90")
    small.wait(NOON - minutes(5), None, channel="chat", target_seconds=60.0)
    small.wait(NOON - minutes(5), 60)
    frame = ask(small, "live_queue").set_index(["part", "name"])
    assert frame.loc[
        ("channel", "email"), ["waiting", "past_target", "longest_seconds", "longest_ticket_id"]
    ].tolist() == [2, 1, 5400, "T90"]
    assert frame.loc[("channel", "chat"), ["waiting", "past_target"]].tolist() == [1, 1]
    assert frame.loc[("team", "Billing"), "waiting"] == 3


def test_open_waits_come_as_those_due_next_and_then_those_longest_past(small: SmallWarehouse) -> None:
    for began, name in ((10, "due in 50"), (50, "due in 10"), (70, "past by 10"), (200, "past by 140")):
        small.wait(NOON - minutes(began), None, ticket_id=name)
    small.wait(NOON - minutes(10), None, ticket_id="no target", target_seconds=None)
    frame = ask(small, "waits_open")
    assert frame["ticket_id"].tolist() == ["due in 10", "due in 50", "past by 140", "past by 10"]
    assert frame["due_in_seconds"].tolist() == [600, 3000, -8400, -600]


def test_hours_count_back_from_the_data_so_none_of_them_is_unfinished(small: SmallWarehouse) -> None:
    small.change(NOON)  # the newest moment of all belongs to the last hour
    small.change(NOON - minutes(59))
    small.change(NOON - minutes(61))
    small.wait(NOON - minutes(70), 1200)
    small.wait(NOON - minutes(10), None)
    hours = ask(small, "live_hours", as_of=NOON)
    assert len(hours) == 25
    assert hours["arrived"].tolist()[-2:] == [1, 2]
    assert hours["answered"].tolist()[-2:] == [0, 1]
    assert hours["waiting"].tolist()[-2:] == [1, 1]
    assert hours["ends_at"].iloc[-1] == pd.Timestamp(NOON)


def test_agents_of_the_last_half_hour_are_those_who_answered_in_it(small: SmallWarehouse) -> None:
    small.wait(NOON - minutes(40), 60 * 20, agent="Ada")
    small.wait(NOON - minutes(40), 60 * 35, agent="Ada")
    small.wait(NOON - minutes(60), 60 * 20, agent="Ben")
    frame = ask(small, "live_agents", as_of=NOON)
    assert frame[["agent", "answers", "last_answer_seconds"]].values.tolist() == [["Ada", 2, 300]]


def test_open_tickets_and_those_that_nobody_holds(small: SmallWarehouse) -> None:
    small.ticket(NOON - minutes(60))
    small.ticket(NOON - minutes(60), agent=None)
    small.ticket(NOON - minutes(60), is_open=False)
    small.change(NOON - minutes(60))
    small.change(NOON - minutes(50), "solved")
    small.change(NOON - timedelta(days=8))
    row = ask(small, "live_backlog", as_of=NOON).iloc[0]
    assert row.tolist() == [2, 1, 0]


def test_what_came_in_less_what_went_out_is_the_change_of_the_backlog(small: SmallWarehouse) -> None:
    small.change(NOON - timedelta(days=3))
    for change in ("arrived", "arrived", "arrived", "solved", "reopened", "abandoned", "removed"):
        small.change(NOON - minutes(60), change)
    small.wait(NOON - minutes(60), 60)
    row = ask(small, "volume_total", previous_start=None, previous_end=None).iloc[0]
    assert row[["arrived", "answered", "abandoned", "solved", "reopened", "removed"]].tolist() == [3, 1, 1, 1, 1, 1]
    assert (
        row["open_at_end"] - row["open_at_start"]
        == row["arrived"] + row["reopened"] - row["solved"] - row["abandoned"] - row["removed"]
    )
    assert row["open_at_start"] == 1


def test_volume_by_day_is_of_the_accounts_days_and_names_the_unfinished_one(small: SmallWarehouse) -> None:
    # 23:30 UTC on Monday is Tuesday in Berlin.
    small.change(datetime(2026, 3, 2, 23, 30))
    small.change(datetime(2026, 3, 3, 10, 0), "solved")
    small.change(datetime(2026, 3, 4, 9, 0))
    week = Filters(datetime(2026, 3, 1, 23, 0), NOON + timedelta(seconds=1))
    frame = ask(small, "volume_over_time", week, grain="day", zone="Europe/Berlin")
    assert [f"{bin:%a %H:%M}" for bin in frame["bin"]] == ["Mon 00:00", "Tue 00:00", "Wed 00:00"]
    assert frame["arrived"].tolist() == [0, 1, 1]
    assert frame["solved"].tolist() == [0, 1, 0]
    assert frame["open_at_end"].tolist() == [0, 0, 1]
    assert frame["is_complete"].tolist() == [True, True, False]


def test_weeks_are_iso_weeks_that_begin_on_monday(small: SmallWarehouse) -> None:
    small.change(datetime(2026, 3, 1, 12, 0))  # a Sunday
    small.change(datetime(2026, 3, 2, 12, 0))  # a Monday
    weeks = Filters(datetime(2026, 2, 23), NOON + timedelta(seconds=1))
    frame = ask(small, "volume_over_time", weeks, grain="week")
    assert [(bin.day, arrived) for bin, arrived in zip(frame["bin"], frame["arrived"], strict=True)] == [
        (23, 1),
        (2, 1),
    ]


def test_a_day_of_a_clock_change_is_one_day(small: SmallWarehouse) -> None:
    # 29 March 2026 has 23 hours in Berlin: it begins at 23:00 UTC and ends at 22:00 UTC.
    small.change(datetime(2026, 3, 28, 23, 30))
    small.change(datetime(2026, 3, 29, 21, 30))
    small.change(datetime(2026, 3, 29, 22, 30))
    days = Filters(datetime(2026, 3, 28, 23, 0), datetime(2026, 3, 30, 22, 0))
    frame = ask(small, "volume_over_time", days, grain="day", zone="Europe/Berlin")
    assert frame["arrived"].tolist() == [2, 1]
    assert frame["is_complete"].tolist() == [True, True]


def test_hours_of_a_half_hour_zone_begin_on_its_own_hours(small: SmallWarehouse) -> None:
    small.change(datetime(2026, 3, 4, 9, 40))  # 15:10 in Kolkata
    frame = ask(
        small, "volume_over_time", Filters(datetime(2026, 3, 4, 8, 30), NOON), grain="hour", zone="Asia/Kolkata"
    )
    assert [(bin.hour, arrived) for bin, arrived in zip(frame["bin"], frame["arrived"], strict=True) if arrived] == [
        (15, 1)
    ]


def test_arrivals_by_weekday_and_hour_are_averages_over_whole_hours(small: SmallWarehouse) -> None:
    fortnight = Filters(NOON - timedelta(days=14), NOON)
    for days, hours in ((1, 2), (8, 2), (8, 2), (8, 3)):
        small.change(NOON - timedelta(days=days, hours=hours))
    frame = ask(small, "arrivals_by_weekday_hour", fortnight).set_index(["weekday", "hour"])
    assert len(frame) == 7 * 24
    assert frame.loc[(2, 10), ["arrived", "hours", "arrived_per_hour"]].tolist() == [3, 2, 1.5]
    assert frame.loc[(2, 9), "arrived_per_hour"] == 0.5


def test_arrivals_by_part_stand_beside_those_of_the_period_before(small: SmallWarehouse) -> None:
    small.change(NOON - minutes(60), channel="chat")
    small.change(NOON - timedelta(hours=20), channel="chat")
    small.change(NOON - timedelta(hours=20), channel="email")
    before = {"previous_start": NOON - timedelta(hours=24), "previous_end": NOON - timedelta(hours=12)}
    frame = ask(small, "volume_by_part", **before).set_index(["part", "name"])
    assert frame.loc[("channel", "chat"), ["arrived", "arrived_before"]].tolist() == [1, 1]
    assert frame.loc[("channel", "email"), ["arrived", "arrived_before"]].tolist() == [0, 1]
    assert frame.loc["team", ["arrived", "arrived_before"]].values.tolist() == [[1, 2]]
    assert frame.loc["topic", ["arrived", "arrived_before"]].values.tolist() == [[1, 2]]


def test_arrivals_between_the_two_periods_count_in_neither(small: SmallWarehouse) -> None:
    for days in (0, 3, 7):
        small.change(NOON - timedelta(days=days, minutes=60))
    before = {"previous_start": DAY.start - timedelta(days=7), "previous_end": DAY.end - timedelta(days=7)}
    frame = ask(small, "volume_by_part", **before)
    assert frame[["arrived", "arrived_before"]].values.tolist() == [[1, 1]] * 3
    total = ask(small, "volume_total", **before).iloc[0]
    assert total[["arrived", "arrived_before"]].tolist() == [1, 1]


def test_the_opening_backlog_has_every_minute_before_the_period_and_none_after(small: SmallWarehouse) -> None:
    for minute, agent in ((10, "Ada"), (29, "Ben"), (30, "Ada"), (50, "Ada")):
        small.change(NOON.replace(hour=9, minute=minute), agent=agent)
    small.change(NOON.replace(hour=8, minute=59))
    small.change(NOON - timedelta(days=30), channel="chat", team="Orders")
    later = Filters(NOON.replace(hour=9, minute=30), NOON)
    for more, known in (({}, 4), ({"channels": ("email",)}, 3), ({"teams": ("Orders",)}, 1), ({"agents": ("Ada",)}, 3)):
        chosen = replace(later, **more)
        row = ask(small, "volume_total", chosen, previous_start=None, previous_end=None).iloc[0]
        assert row["open_at_start"] == known
        assert row["open_at_end"] - known == row["arrived"]
        assert ask(small, "volume_over_time", chosen, grain="day")["open_at_end"].iloc[-1] == row["open_at_end"]


def test_totals_stand_beside_those_of_the_period_before(small: SmallWarehouse) -> None:
    for change, hours in (("arrived", 1), ("arrived", 20), ("arrived", 21), ("solved", 20), ("abandoned", 22)):
        small.change(NOON - timedelta(hours=hours), change)
    small.wait(NOON - timedelta(hours=20), 60)
    small.wait(NOON - timedelta(hours=2), 60)
    small.wait(NOON - timedelta(hours=2), 61)
    today = Filters(NOON - timedelta(hours=12), NOON)
    before = {"previous_start": NOON - timedelta(hours=24), "previous_end": today.start}
    row = ask(small, "volume_total", today, **before).iloc[0]
    columns = ["arrived", "answered", "abandoned", "solved"]
    assert row[columns].tolist() == [1, 2, 0, 0]
    assert row[[f"{column}_before" for column in columns]].tolist() == [2, 1, 1, 1]
    alone = ask(small, "volume_total", today, previous_start=None, previous_end=None).iloc[0]
    assert alone[columns].tolist() == [1, 2, 0, 0]
    assert alone[[f"{column}_before" for column in columns]].isna().all()


def test_an_hour_that_has_just_begun_is_not_in_the_heat_map(small: SmallWarehouse) -> None:
    small.change(NOON + minutes(3))
    frame = ask(small, "arrivals_by_weekday_hour", Filters(NOON - timedelta(hours=2), NOON + minutes(7)))
    assert frame["hour"].tolist() == [10, 11]


def test_the_target_of_a_channel_is_the_one_most_of_its_waits_had(small: SmallWarehouse) -> None:
    for target in (3600.0, 3600.0, 60.0):
        small.wait(NOON - minutes(60), 60, target_seconds=target)
    small.promise(0.8)
    assert ask(small, "wait_targets")[["channel", "target_seconds", "targets"]].values.tolist() == [
        ["email", 3600.0, 2]
    ]
    assert ask(small, "target_shares")["target_share"].tolist() == [0.8]


def test_a_source_without_answers_says_so(small: SmallWarehouse) -> None:
    small.answers_known = {"desk": True, "silent": False}
    small.change(NOON - timedelta(days=2))
    frame = ask(small, "sources_as_of").set_index("source")
    assert frame["answers_known"].tolist() == [True, False]
    assert frame.loc["desk", "first_at"] == pd.Timestamp(NOON - timedelta(days=2))
    assert pd.isna(frame.loc["silent", "first_at"])


def test_filters_list_channels_in_their_order_and_unknown_ones_last(small: SmallWarehouse) -> None:
    for channel in ("fax", "chat", "email"):
        small.change(NOON, channel=channel)
    frame = ask(small, "filter_choices")
    rows = frame[frame["dimension"] == "channel"]
    assert rows[["value", "label"]].values.tolist() == [["email", "Email"], ["chat", "Chat"], ["fax", "fax"]]
    assert frame["dimension"].unique().tolist() == ["agent", "channel", "source", "team"]


FILTERED = [
    "wait_marks",
    "wait_times",
    "wait_curve",
    "within_target",
    "live_queue",
    "waits_open",
    "live_hours",
    "live_agents",
    "volume_total",
    "volume_over_time",
    "volume_by_part",
]


@pytest.mark.parametrize("question", FILTERED)
def test_a_filter_on_another_channel_team_agent_or_source_leaves_nothing(small: SmallWarehouse, question: str) -> None:
    small.wait(NOON - minutes(20), 60)
    small.wait(NOON - minutes(10), None)
    small.wait(NOON - timedelta(hours=3), 60)
    small.change(NOON - minutes(10))
    values = {"as_of": NOON, "previous_start": NOON, "previous_end": NOON}
    values["grain"] = "day" if question == "volume_over_time" else None
    counts = ["waits", "answered_share", "decided", "waiting", "arrived", "answered", "answers", "ticket_id"]
    small.publish()
    warehouse = Warehouse(small.folder / "data")
    everything = warehouse.ask(question, DAY, **(PLAIN | values))
    assert everything[[column for column in counts if column in everything]].any(axis=None)
    for dimension in ("sources", "channels", "teams", "agents"):
        frame = warehouse.ask(question, replace(DAY, **{dimension: ("other",)}), **(PLAIN | values))
        shown = [column for column in counts if column in frame]
        assert frame.empty or not frame[shown].any(axis=None), dimension


FILTERS = {"start", "end", "sources", "channels", "teams", "agents", "zone", "as_of"}


@pytest.mark.parametrize("path", sorted(QUESTIONS.glob("*.sql")), ids=lambda path: path.stem)
def test_every_question_says_its_grain_and_what_it_is_given(path: Path) -> None:
    """Beyond the filters that every question has, what is given is named in the comment that begins the file."""
    text = path.read_text(encoding="utf-8")
    assert text.startswith("-- One row"), path.name
    comment = "".join(itertools.takewhile(lambda line: line.startswith("--"), text.splitlines(keepends=True)))
    named = FILTERS | set(re.findall(r"\$([a-z_]+)", comment))
    assert set(re.findall(r"\$([a-z_]+)", text)) <= named


def test_a_question_that_began_on_one_version_ends_on_it_while_newer_ones_are_read(tmp_path: Path) -> None:
    desk = SmallWarehouse(tmp_path)
    desk.wait(NOON, None)
    folder = desk.publish().parent / "data"
    warehouse = Warehouse(folder)
    with warehouse._cursor() as begun:
        begun.execute("select count(*) from waits, range(3)")
        desk.wait(NOON, None)
        desk.publish()
        assert warehouse.ask("waits_open")["ticket_id"].tolist() == ["T1", "T2"]
        assert begun.execute("select count(*) from waits").fetchall() == [(1,)]


SUBJECTS = "select count(distinct subject) as subjects from store.tickets"
HELD = "select sum(memory_usage_bytes)::bigint as held from duckdb_memory()"


def told(warehouse: Warehouse, sql: str) -> int:
    return int(warehouse._answer(sql, {}, EVERYTHING).iloc[0, 0])


def test_while_nobody_asks_what_was_read_is_given_back_and_the_next_question_reads_again(small: SmallWarehouse) -> None:
    for place in range(20_000):
        small.ticket(NOON - minutes(60), subject=f"Subject {place}")
    small.publish()
    warehouse = Warehouse(small.folder / "data")
    assert told(warehouse, SUBJECTS) == 20_000
    before = told(warehouse, HELD)
    warehouse.rest()
    assert told(warehouse, HELD) < before
    assert told(warehouse, SUBJECTS) == 20_000
    (newest,) = (small.folder / "data").glob("warehouse-*.duckdb")
    newest.unlink()
    warehouse.rest()
    assert told(warehouse, SUBJECTS) == 20_000  # it can only be read while it is open


def test_every_so_many_versions_a_new_duckdb_reads_and_questions_on_the_old_one_end_undisturbed(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask_module, "VERSIONS_A_READER", 2)
    small.ticket(NOON - minutes(60), subject="The first")
    small.publish()
    warehouse = Warehouse(small.folder / "data")
    with warehouse._cursor() as running:
        running.execute("select subject from store.tickets union all select repeat('x', 10) from range(200000)")
        for place in range(5):
            small.ticket(NOON - minutes(60), subject=f"Subject {place}")
            small.publish()
            assert told(warehouse, SUBJECTS) == place + 2
            assert told(warehouse, "select count(*) from duckdb_databases() where database_name like 'version%'") <= 2
        assert running.fetchone() == ("The first",)
        assert len(running.fetchall()) == 200_000


@pytest.mark.parametrize("grain", [None, "hour"])
def test_percentiles_of_waits_made_outside_sql_are_those_of_its_macros(
    small: SmallWarehouse, grain: str | None
) -> None:
    random = Random(7)
    for _ in range(300):
        ends = random.choice(["answered"] * 5 + ["abandoned", "solved", None])
        began = NOON - minutes(random.randrange(60, 300))
        took = random.choice((random.randrange(1, 3600), 600))
        channel = random.choice(("email", "chat", "phone"))
        small.wait(began, took if ends else None, ends or "waiting", channel=channel)
    small.wait(NOON - minutes(30), None, channel="social")
    found = wait_times(small, grain=grain, kind=None)
    assert len(found) >= 5


def test_a_question_that_takes_too_much_memory_says_so_and_the_next_one_is_answered(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2000):
        small.wait(NOON - minutes(60), 60)
    small.publish()
    monkeypatch.setattr(connection_module, "READING_MEMORY", "600KB")
    warehouse = Warehouse(small.folder / "data")
    with pytest.raises(TooMuch, match="Choose a shorter period"):
        warehouse.ask("wait_marks", DAY, **PLAIN)
    monkeypatch.undo()
    warehouse.rest()
    assert whole(warehouse.ask("wait_marks", DAY, **PLAIN))["waits"] == 2000
