"""The weekly summary: what is called a change, parts that sum to it, any week by its address, and one sheet of paper."""

from __future__ import annotations

import random
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from playwright.sync_api import Page, expect, sync_playwright
from streamlit.testing.v1 import AppTest

from pages.elements import figure, format, pdf, report, weekly_charts
from pages.elements.palette import LIGHT
from pages.elements.report import Bar, Comment, Sheet, Spark, Tile
from tests.small_warehouse import SmallWarehouse, minutes
from tests.test_pages import PROJECT, alts, text, tiles, visit
from warehouse import weekly, weekly_words
from warehouse.ask import Filters, Warehouse
from warehouse.catalogue import CATALOGUE
from warehouse.signals import Change, Comparison
from warehouse.weekly import Decomposition, Reading
from warehouse.weekly_words import Words

MONDAY = datetime(2026, 2, 23)  # of week 9, the last one that is over by NOON, a Wednesday of week 10
WEEK = timedelta(days=7)
WORDS = Words(format.value, format.change, format.points_of_share)
PAGE = "weekly_summary.py"
# Where on the screen a chart's reading of that place lies.
MARK = """(chart, place) => {
    const { xaxis, yaxis } = chart._fullLayout, box = chart.getBoundingClientRect()
    const point = chart.calcdata[chart._fullData.findIndex((trace) => trace.name == "marks")][place]
    return [box.left + xaxis._offset + xaxis.c2p(point.x), box.top + yaxis._offset + yaxis.c2p(point.y)]
}"""
HOSTILE = '<img src=x onerror="alert(1)"></style><script>alert(2)</script> & **bold** [link](https://evil.example)'


@dataclass
class Desk(SmallWarehouse):
    """A small warehouse with surveys and promises of other kinds."""

    surveys: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[dict[str, Any]] = field(default_factory=list)

    def survey(self, sent: datetime, score: float | None, **more: Any) -> None:
        row = {
            "source": "desk",
            "response_id": f"R{len(self.surveys) + 1}",
            "kind": "csat",
            "scale_min": 1.0,
            "scale_max": 5.0,
            "score": score,
            "sent_at": sent,
            "answered_at": None if score is None else sent + minutes(10),
            "ticket_id": f"T{len(self.surveys) + 1}",
            "channel": "email",
            "topic": "Invoice",
        }
        self.surveys.append(row | more)

    def _fill(self, connection: duckdb.DuckDBPyConnection) -> None:
        super()._fill(connection)
        for table, rows in (("survey_responses", self.surveys), ("store.sla_outcomes", self.outcomes)):
            if rows:
                frame = pd.DataFrame(rows).astype(object)
                connection.register("more_rows", frame.where(frame.notna(), None))
                connection.execute(f"insert into {table} by name select * from more_rows")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Thirteen weeks up to week 9, five emails and five chats in each, and three days of week 10."""
    desk = Desk(tmp_path)
    for back in range(13):
        for place in range(5):
            moment = MONDAY - back * WEEK + timedelta(days=place, hours=9)
            _tickets(desk, moment)
            desk.survey(moment, 5 if place else 2)
    _tickets(desk, MONDAY + WEEK + timedelta(hours=9))
    return desk


def _tickets(desk: Desk, moment: datetime) -> None:
    """An email of Billing and a chat of Orders, both answered in time."""
    desk.wait(moment, 600)
    desk.wait(moment, 60, channel="chat", team="Orders", topic="Return", target_seconds=120.0)
    desk.change(moment)
    desk.change(moment + minutes(30), "solved")
    desk.change(moment, channel="chat", team="Orders", topic="Return")
    desk.change(moment + minutes(30), "solved", channel="chat", team="Orders", topic="Return")


def parts(rows: dict[str | None, tuple[int, int]]) -> pd.DataFrame:
    """Shares as the series gives them: hits and n by part."""
    return pd.DataFrame([{"part": part, "hits": float(hits), "n": n} for part, (hits, n) in rows.items()])


def counts(rows: dict[str | None, float]) -> pd.DataFrame:
    return pd.DataFrame({"part": list(rows), "value": list(rows.values())})


# --- parts of a change ------------------------------------------------------------------------------------------------


def test_the_parts_of_a_count_sum_to_its_change() -> None:
    found = weekly.of_counts(
        "topic", counts({"Refund": 90, "Setup": 40, None: 5}), counts({"Refund": 50, "Return": 30})
    )
    assert found is not None
    assert (found.before, found.now, found.change) == (80, 135, 55)
    assert [(one.part, one.change) for one in found.parts] == [
        ("Refund", 40),
        ("Setup", 40),
        ("Return", -30),
        (None, 5),
    ]
    assert found.leading is not None
    assert found.leading.part == "Refund"


def test_a_share_moves_by_the_rates_of_its_parts_and_by_their_mix_as_kitagawa_has_it() -> None:
    # By hand. Before: email 80 of 100, chat 20 of 100: 50 %. Now: email 45 of 50, chat 60 of 150: 52.5 %.
    # Own: email (0.5 + 0.25) / 2 x 0.1 = 0.0375; chat (0.5 + 0.75) / 2 x 0.2 = 0.125.
    # Mix, around the mean share 0.5125: email -0.25 x (0.85 - 0.5125) = -0.084375; chat 0.25 x (0.3 - 0.5125) = -0.053125.
    now, before = parts({"email": (45, 50), "chat": (60, 150)}), parts({"email": (80, 100), "chat": (20, 100)})
    found = weekly.of_shares("channel", now, before)
    assert found is not None
    assert (found.before, found.now) == (0.5, 0.525)
    by_part = {one.part: one for one in found.parts}
    assert (by_part["email"].own, by_part["email"].mix) == pytest.approx((0.0375, -0.084375))
    assert (by_part["chat"].own, by_part["chat"].mix) == pytest.approx((0.125, -0.053125))
    assert sum(one.change for one in found.parts) == pytest.approx(0.025, abs=1e-12)


def test_a_part_that_is_new_moves_a_share_by_the_mix_alone() -> None:
    # By hand: 50 of 100 before, then 50 of 100 and 10 of 100: 30 %. The mean share is 0.4; web 0.5 x (0.1 - 0.4) = -0.15.
    found = weekly.of_shares("channel", parts({"email": (50, 100), "web": (10, 100)}), parts({"email": (50, 100)}))
    assert found is not None
    web = next(one for one in found.parts if one.part == "web")
    assert (web.own, web.mix, web.before) == (0.0, pytest.approx(-0.15), None)
    assert sum(one.change for one in found.parts) == pytest.approx(-0.2, abs=1e-12)


def test_parts_sum_to_the_change_whatever_the_counts() -> None:
    chance = random.Random(7)
    for _ in range(30):
        weeks = []
        for _ in range(2):
            sizes = {name: chance.choice([0, 1, 3, 40, 900]) for name in ("a", "b", "c", None)} | {"d": 5}
            weeks.append({name: (chance.randint(0, n), n) for name, n in sizes.items()})
        now, before = weeks
        share = [sum(hits for hits, _ in week.values()) / sum(n for _, n in week.values()) for week in weeks]
        found = weekly.of_shares("topic", parts(now), parts(before))
        assert found is not None
        assert sum(one.change for one in found.parts) == pytest.approx(share[0] - share[1], abs=1e-12)


def test_a_share_of_nothing_has_no_parts() -> None:
    assert weekly.of_shares("team", parts({"A": (0, 0)}), parts({"A": (3, 4)})) is None
    assert weekly.of_counts("team", counts({}), counts({})) is None


def test_the_split_along_which_the_change_is_least_even_tells_most() -> None:
    # One topic brought every further ticket; on both channels as many came as of their size one would expect.
    channel = weekly.of_counts("channel", counts({"email": 150, "chat": 150}), counts({"email": 100, "chat": 100}))
    topic = weekly.of_counts(
        "topic", counts({"Refund": 150, "Setup": 75, "Return": 75}), counts({"Refund": 50, "Setup": 75, "Return": 75})
    )
    chosen = weekly.most_telling([channel, topic, None])
    assert chosen is not None
    assert chosen.split == "topic"
    assert weekly.most_telling([None]) is None


def test_a_split_with_one_part_tells_nothing_where_another_has_two() -> None:
    one = weekly.of_counts("channel", counts({"email": 150}), counts({"email": 100}))
    two = weekly.of_counts("team", counts({"A": 75, "B": 75}), counts({"A": 50, "B": 50}))
    assert weekly.most_telling([one, two]) is two


def test_topics_pull_a_score_by_how_far_they_lie_from_it_and_how_many_they_are() -> None:
    # By hand: 80 of 100 in all. Refund 10 of 20: (10 - 16) / 100; Setup 70 of 80: (70 - 64) / 100.
    found = weekly.pulls(parts({"Refund": (10, 20), "Setup": (70, 80), "Rare": (0, 0)}))
    assert [(one.part, one.change) for one in found] == [
        ("Refund", pytest.approx(-0.06)),
        ("Setup", pytest.approx(0.06)),
    ]


# --- weeks and words --------------------------------------------------------------------------------------------------


def test_weeks_are_those_of_iso_8601() -> None:
    assert weekly.week_of(date(2027, 1, 1)) == "2026-W53"
    assert weekly.monday_of("2026-W53") == date(2026, 12, 28)
    assert weekly.weeks(date(2026, 12, 27), date(2027, 1, 4)) == ["2027-W01", "2026-W53", "2026-W52"]
    assert [weekly.monday_of(week) for week in ("2026-W54", "2026-W00", "last", "2026-W1")] == [None] * 4


def test_days_of_a_week_are_written_as_the_visitor_does() -> None:
    assert format.days(date(2026, 11, 16), date(2026, 11, 22)) == "16–22 November 2026"
    assert format.days(date(2026, 10, 26), date(2026, 11, 1)) == "26 October – 1 November 2026"
    assert format.days(date(2026, 12, 28), date(2027, 1, 3)) == "28 December 2026 – 3 January 2027"
    format.use(format.Habits(month_first=True))
    assert format.days(date(2026, 11, 16), date(2026, 11, 22)) == "November 16–22, 2026"


def reading(
    name: str, value: float | None, before: float | None = None, usual: tuple[float, float] | None = None, **more: Any
) -> Reading:
    """A reading; `usual` are the limits of the weeks before, None where they are not known."""
    low, high = usual or (None, None)
    centre = None if low is None or high is None else (low + high) / 2
    is_change = value is not None and low is not None and high is not None and not low <= value <= high
    comparison = Comparison(value, before, centre, low, high, is_change, usual is not None)
    fields: dict[str, Any] = {"n": 100, "low": None, "high": None, "is_known": True, "comparison": comparison} | more
    return Reading(CATALOGUE[name], value, before, **fields)


def said(*readings: Reading, drivers: dict[str, str] | None = None, is_over: bool = True) -> weekly_words.Said:
    return weekly_words.said(readings, drivers or {}, "", WORDS, is_over)


def test_a_move_within_what_is_usual_is_not_called_a_change() -> None:
    words = said(reading("arrived", 3300, 3000, (2800, 3400)), reading("csat", 0.81, 0.86, (0.78, 0.9)))
    assert words.head == "Nothing moved more than it does from week to week."
    assert (
        words.rest
        == "Nearest to a change came arrivals: 3,300, +10% on the week before, where 2,800 to 3,400 is usual."
    )


def test_a_reading_outside_the_usual_opens_the_page_with_what_made_it() -> None:
    readings = (
        reading("arrived", 3500, 3000, (2800, 3400)),
        reading("first_response_time", 2040, 1320, (1140, 1440)),
        reading("csat", 0.82, 0.86, (0.78, 0.9)),
    )
    words = said(*readings, drivers={"first_response_time": "Email made most of it"})
    assert (
        words.head
        == "Customers waited longer for a first answer: a median of 34m, where 19m to 24m is usual (22m the week before); Email made most of it."
    )
    assert (
        words.rest
        == "Outside the usual too: arrivals (3,500, usually 2,800 to 3,400). Everything else moved no more than it does from week to week."
    )


def test_what_made_the_change_is_not_said_where_the_week_before_moved_the_other_way() -> None:
    # Still above the usual, though it fell: the parts of that fall explain nothing of its being high.
    words = said(reading("backlog", 300, 400, (100, 200)), drivers={"backlog": "Email made most of it"})
    assert words.head == "The backlog grew: 300 open at the end, where 100 to 200 is usual (400 the week before)."


def test_too_few_weeks_before_say_so_and_call_nothing_a_change() -> None:
    assert (
        said(reading("arrived", 900, 300)).head
        == "There are too few weeks before to tell a change from chance: arrivals 900 (+200%)."
    )
    assert (
        said(reading("arrived", 900)).head
        == "This is the first week of the data, with nothing to compare it with: arrivals 900."
    )


def test_a_running_week_is_said_to_be_unfinished() -> None:
    words = said(reading("arrived", 900, 300, comparison=None), is_over=False)
    assert words.head == "The week is not over: so far arrivals 900 (+200%)."
    assert "changed is said once it is" in words.rest


def test_a_week_of_nothing_says_so() -> None:
    assert said(reading("arrived", 0, 0, n=0), reading("csat", None, n=0)).head == "There is nothing in this week."


def test_the_one_thing_to_watch_is_a_missed_target_before_anything_else() -> None:
    drift = {"csat": Change(MONDAY, "6 in a row falling", 0.8, 0.85, False)}
    missed = reading("promise_kept_rate", 0.75, 0.76, (0.7, 0.8), low=0.74, high=0.77, target=0.8)
    unsure = reading("promise_kept_rate", 0.79, 0.76, (0.7, 0.8), low=0.74, high=0.83, target=0.8)
    csat = reading("csat", 0.8, 0.82, (0.75, 0.95))
    assert "below the 80% promised; lowest is Social at 41%" in weekly_words.to_watch(
        (missed, csat), drift, 3, "lowest is Social at 41%", "", WORDS
    )
    assert (
        weekly_words.to_watch((unsure, csat), drift, 3, "", "", WORDS)
        == "To watch: CSAT, 80% by an average of 85% (6 in a row falling)."
    )
    assert weekly_words.to_watch((unsure,), {}, 3, "", "gap", WORDS) == "To watch: 3 promises past due."
    assert weekly_words.to_watch((unsure,), {}, 0, "", "", WORDS) == ""


def test_a_part_is_said_to_have_made_most_of_a_change_only_where_it_did() -> None:
    found = weekly.of_counts(
        "topic", counts({"Refund": 80, "Setup": 60, "Return": 60}), counts({"Refund": 20, "Setup": 45, "Return": 45})
    )
    assert weekly_words.driver(found, "Refund", WORDS) == "topic Refund made most of it (+60 of +90)"
    found = weekly.of_counts("channel", counts({"email": 30, "chat": 10}), counts({"email": 10, "chat": 20}))
    assert weekly_words.driver(found, "Email", WORDS) == "Email alone made it (+20, others brought it to +10)"
    assert (
        weekly_words.driver(weekly.of_counts("channel", counts({"email": 3}), counts({"email": 1})), "Email", WORDS)
        == ""
    )


# --- questions --------------------------------------------------------------------------------------------------------


def ask(
    desk: Desk, question: str, start: datetime = MONDAY, end: datetime = MONDAY + WEEK, **values: Any
) -> list[tuple[Any, ...]]:
    desk.publish()
    frame = Warehouse(desk.folder / "data").ask(question, Filters(start, end), **values).astype(object)
    return [tuple(row) for row in frame.where(frame.notna(), None).itertuples(index=False)]


def test_longer_waits_count_those_still_waiting_and_leave_out_who_is_not_decided(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for seconds, outcome in ((300, "answered"), (900, "answered"), (900, "abandoned"), (300, "abandoned")):
        desk.wait(MONDAY, seconds, outcome)
    desk.wait(MONDAY, None)
    desk.wait(MONDAY, 900, channel="chat", kind="next")
    # Of 5 first waits 4 are decided at ten minutes, and 3 of them were longer.
    assert ask(desk, "weekly_longer", split="channel", seconds=600.0) == [("email", 4, 3, 0.75)]


def test_promises_are_told_by_the_day_they_fall_due_and_what_became_of_them(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    at = MONDAY + WEEK
    desk.wait(at - minutes(90), None)  # due half an hour before
    desk.wait(at - minutes(30), 3000)  # due half an hour after, kept: answered after fifty minutes
    desk.wait(at - minutes(20), 5000)  # missed
    desk.wait(at - minutes(10), 60)  # was answered before: not a promise any more
    desk.wait(at + minutes(10), 600)  # had not begun
    desk.ticket(at - minutes(60), ticket_id="S1")
    promise = {
        "source": "desk",
        "ticket_id": "S1",
        "metric": "resolution",
        "applied_at": at - minutes(60),
        "target_seconds": 259_200.0,
    }
    promise |= {
        "is_business_time": False,
        "gave_up": False,
        "counted_seconds": 3600.0,
        "due_at": at + timedelta(days=2, hours=23),
    }
    desk.outcomes.append(promise)
    rows = ask(desk, "weekly_due", at=at, until=at + WEEK, zone="Europe/Berlin")
    assert rows == [(None, 1, 0, 1), (datetime(2026, 3, 2), 2, 1, 1), (datetime(2026, 3, 5), 1, 0, 0)]


def test_comments_are_the_newest_of_the_unhappiest_and_the_happiest(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for hour, (score, comment) in enumerate(
        [(1, "old"), (1, "newer"), (1, "newest"), (5, "fine"), (5, "best"), (3, "so so"), (1, "  "), (None, "unscored")]
    ):
        desk.survey(MONDAY + timedelta(hours=hour), score, comment=comment)
    desk.survey(MONDAY - minutes(1), 1, comment="last week")
    assert [row[3] for row in ask(desk, "weekly_comments")] == ["newest", "newer", "best"]


def test_targets_in_force_are_those_of_the_week(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.promise(0.8, channel="email")
    desk.promise(0.9, channel="chat", until_at=MONDAY)
    desk.promise(0.7, channel="phone", since_at=MONDAY + WEEK)
    assert [row[2] for row in ask(desk, "weekly_targets")] == ["email"]


def test_the_data_begins_with_its_first_survey_where_it_has_no_tickets(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert [row[1] for row in ask(desk, "sources_as_of")] == [None]
    desk.survey(MONDAY, 5)
    assert [row[1] for row in ask(desk, "sources_as_of")] == [MONDAY]
    desk.change(MONDAY - WEEK)
    assert [row[1] for row in ask(desk, "sources_as_of")] == [MONDAY - WEEK]


# --- charts -----------------------------------------------------------------------------------------------------------


def drawn(found: Decomposition | None, most: int = 7) -> tuple[list[weekly_charts.Row], figure.Chart]:
    assert found is not None
    rows = weekly_charts.rows(found, lambda part: (part or "none").title(), LIGHT, most)
    return rows, weekly_charts.contributions(
        found, rows, LIGHT, 200, "What moved", [f"tickets?{row.label}" for row in rows]
    )


def test_contributions_have_the_colours_of_channels_and_lead_on() -> None:
    _, chart = drawn(weekly.of_counts("channel", counts({"email": 30, "chat": 5}), counts({"email": 10, "chat": 20})))
    (bar,) = [trace.to_plotly_json() for trace in chart.figure.data]
    assert bar["x"] == [20, -15]
    assert bar["marker"]["color"] == [LIGHT.email, LIGHT.chat]
    assert [custom[-1] for custom in bar["customdata"]] == ["tickets?Email", "tickets?Chat"]
    assert chart.alt == "What moved, +5 by channel: Email +20  (10 → 30), Chat -15  (20 → 5)"


def test_many_parts_are_put_together_so_that_bars_still_sum_to_the_change() -> None:
    rows, _ = drawn(weekly.of_counts("topic", counts({f"t{place}": place for place in range(12)}), counts({})), most=4)
    assert [row.label for row in rows] == ["T11", "T10", "T9", "8 others"]
    assert sum(row.change for row in rows) == 66
    assert {row.color for row in rows} == {LIGHT.line}


def test_a_share_that_moved_by_the_mix_shows_the_mix() -> None:
    found = weekly.of_shares(
        "channel", parts({"email": (90, 100), "chat": (100, 200)}), parts({"email": (90, 100), "chat": (50, 100)})
    )
    rows, _ = drawn(found)
    # By hand: 70 % and 63.3 %, so the mean is 2/3; email -1/6 x (0.9 - 2/3) = -3.9 pt, chat 1/6 x (0.5 - 2/3) = -2.8 pt.
    assert [row.text for row in rows] == ["-3.9 pt  (mix 50% → 33%)", "-2.8 pt  (mix 50% → 67%)"]


def test_text_of_people_is_text_in_contributions() -> None:
    rows = weekly_charts.rows(weekly.of_counts("topic", counts({"<b>x</b>": 3, "y": 1}), counts({})), str, LIGHT)
    chart = weekly_charts.contributions(
        weekly.of_counts("topic", counts({"<b>x</b>": 3, "y": 1}), counts({})), rows, LIGHT, 200, "t"
    )
    assert chart.figure.layout.yaxis.ticktext[0] == "&lt;b&gt;x&lt;/b&gt;"


def test_promises_past_due_are_red_and_the_days_after_are_not() -> None:
    frame = pd.DataFrame(
        {"day": [pd.NaT, pd.Timestamp(2026, 3, 2)], "promises": [3, 5], "kept": [0, 2], "missed": [3, 1]}
    )
    chart = weekly_charts.due(frame, LIGHT, 150, ["tickets?past", "tickets?due"])
    (bar,) = [trace.to_plotly_json() for trace in chart.figure.data]
    assert bar["marker"]["color"] == [LIGHT.limit, LIGHT.line]
    assert bar["text"] == ["3", "5: 2 kept, 1 missed"]
    assert [custom[-1] for custom in bar["customdata"]] == ["tickets?past", "tickets?due"]
    assert weekly_charts.due(frame.head(0), LIGHT, 150, []).alt == "No promise is running."


# --- the sheet --------------------------------------------------------------------------------------------------------


def sheet(**more: Any) -> Sheet:
    """A sheet as full as it gets."""
    spark = Spark((1.0, None, 3.0, 2.0), 0.5, 3.5, False, "four weeks")
    long = "A rather long line of figures that goes on and on, with another clause; and one more of them. " * 3
    tile = Tile(
        "First contact resolution", "over 34m 12s", "+12m", "vs week 46", long[:110], "below the 80% promised", spark
    )
    fields: dict[str, Any] = {
        "title": "Week 47 · 16–22 November 2026",
        "compared": "all channels and teams · compared with week 46",
        "head": long,
        "rest": long,
        "watch": long[:160],
        "noted": long[:200],
        "tiles": (tile,) * 6,
        "moved_title": "What moved: first response time, +12m on week 46",
        "moved_about": long[:170],
        "bars": tuple(
            Bar(f"A topic of its own {place}", 4.0 - place, "+120  (1,020 → 1,140)", LIGHT.line) for place in range(7)
        ),
        "even": (("First contact resolution", "Telephone 91%", "Social media 41%", "50 pt, may be chance"),) * 5,
        "voice": (long[:140], long[:140], long[:120]),
        "comments": (Comment("Never again! " * 60, "1 of 5 on CSAT · Email · Refund · ticket 12345", "desk", "12345"),)
        * 3,
        "following": (long[:150], long[:150], long[:100], long[:120]),
        "due": tuple(Bar(f"Mon {place} Nov", float(place), "12: 3 kept, 4 missed", LIGHT.line) for place in range(8)),
        "footer": long[:220],
    }
    return Sheet(**(fields | more))


def pages_of(document: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", document))


def test_the_file_fetches_nothing_and_says_so_itself() -> None:
    page = report.document(sheet())
    assert not re.findall(r"(?:https?:)?//|@import|url\(|<link|<script|<iframe|srcset", page)
    assert "default-src 'none'" in page
    assert page.count("<svg") == 8


def test_text_of_customers_is_text_in_the_file_and_on_paper() -> None:
    hostile = sheet(
        comments=(Comment(HOSTILE, HOSTILE, "desk", "1"),),
        bars=(Bar(HOSTILE, 1.0, HOSTILE, LIGHT.line),),
        head=HOSTILE,
        title=HOSTILE,
    )
    for page in (report.document(hostile), report.twin(hostile)):
        assert "<img src=x" not in page
        assert "<script" not in page
        assert "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;" in page


def test_charts_of_the_printed_page_are_images_as_svg_would_be_taken_out_of_it() -> None:
    page = report.twin(sheet())
    assert "<svg" not in page
    assert page.count('<img alt="') == 8
    assert set(re.findall(r'src="([a-z:/+]+);', page)) == {"data:image/svg+xml"}


def test_the_fullest_week_is_one_page_of_a4_as_pdf() -> None:
    if pdf.browser() is None:
        pytest.skip("no Chromium: install one (Debian: apt install chromium) to make PDFs")
    document = pdf.of_page(report.document(sheet()))
    assert document.startswith(b"%PDF")
    assert pages_of(document) == 1
    width, height = map(float, re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", document)[0])
    assert (round(width * 25.4 / 72), round(height * 25.4 / 72)) == (210, 297)


def test_without_a_browser_the_pdf_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(pdf, "MAC_BROWSERS", ())
    with pytest.raises(pdf.NoPdf, match="Print the page instead"):
        pdf.of_page("<p>")


# --- the page ---------------------------------------------------------------------------------------------------------


def shown_week(app: AppTest) -> str:
    return str(app.subheader[1].value)


def html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_the_page_opens_with_the_last_week_that_is_over_and_says_that_nothing_changed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.promise(0.8)
    app = visit(desk.publish(), PAGE, monkeypatch)
    assert shown_week(app).startswith("Week 9 · 23 February – 1 March 2026")
    assert "**Nothing moved more than it does from week to week\\.**" in text(app)
    assert tiles(app) == {
        "Arrived": "10",
        "First response, median": "1m",
        "Within target": "100%",
        "CSAT": "80%",
        "First contact resolution": "—",
        "Backlog at the end": "0",
    }
    assert all(alts(app))
    assert "Week 9 · 23 February – 1 March 2026" in html(app)
    assert "@page { size: A4 portrait" in html(app)


def test_a_week_unlike_those_before_is_told_with_the_topic_that_made_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in range(30):
        desk.change(MONDAY + timedelta(hours=place), topic="Refund")
        desk.change(MONDAY + timedelta(hours=place, minutes=30), "solved", topic="Refund")
    app = visit(desk.publish(), PAGE, monkeypatch)
    assert (
        "**More tickets arrived\\: 40, where 10 is usual \\(10 the week before\\); topic Refund made all of it\\.**"
        in text(app)
    )
    assert "What moved\\: arrivals, \\+300% on week 8" in text(app)
    assert "+30 by topic: Refund +30  (0 → 30)" in alts(app)[0]


def test_any_past_week_has_an_address(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(desk.publish(), PAGE, monkeypatch, week="2026-W05")
    assert shown_week(app).startswith("Week 5 · 26 January – 1 February 2026")
    assert tiles(app)["Arrived"] == "10"
    app.button(key="week_before").click().run()
    assert shown_week(app).startswith("Week 4 · 19–25 January 2026")
    assert app.query_params["week"] == "2026-W04"


def test_the_running_week_is_compared_with_the_same_part_of_the_week_before(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By Wednesday noon one of its days had tickets, and three of the week before.
    app = visit(desk.publish(), PAGE, monkeypatch, week="2026-W10")
    assert "The week is not over\\: so far arrivals 2 \\(\\-67%\\)" in text(app)
    assert "This week is not over: it is compared with the same part of week 9." in text(app)
    assert not app.button(key="week_before").disabled
    assert app.button(key="week_after").disabled


def test_the_first_week_has_nothing_to_be_compared_with(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(desk.publish(), PAGE, monkeypatch, week="2025-W49")
    assert "This is the first week of the data" in text(app)
    assert "there is nothing before to compare it with" in text(app)
    assert not [metric.delta for metric in app.metric if metric.delta]
    assert app.button(key="week_before").disabled


def test_a_week_without_data_says_so_and_shows_no_shares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path)
    desk.change(MONDAY - 3 * WEEK)
    desk.change(MONDAY - 3 * WEEK + minutes(1), "solved")
    _tickets(desk, MONDAY)
    app = visit(desk.publish(), PAGE, monkeypatch, week="2026-W07")
    assert "There is nothing in this week" in text(app)
    assert tiles(app) == {"Arrived": "0", "Backlog at the end": "0"} | dict.fromkeys(
        ("First response, median", "Within target", "CSAT", "First contact resolution"), "—"
    )


def test_a_week_beyond_the_data_is_named_and_the_last_one_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(desk.publish(), PAGE, monkeypatch, week="2031-W02")
    assert "There is no data of 2031\\-W02: it goes from 2025-W49 to 2026-W10." in text(app)
    assert shown_week(app).startswith("Week 9")


def test_weeks_begin_on_monday_midnight_of_the_accounts_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path, zone="Europe/Berlin", as_of=datetime(2026, 4, 8, 12))
    # Berlin's week 13 of 2026 is an hour short: from Sunday 23:00 UTC to Sunday 22:00 UTC.
    for moment in (
        datetime(2026, 3, 22, 22, 59),
        datetime(2026, 3, 22, 23),
        datetime(2026, 3, 29, 21, 59),
        datetime(2026, 3, 29, 22),
    ):
        desk.change(moment)
    app = visit(desk.publish(), PAGE, monkeypatch, week="2026-W13")
    assert tiles(app)["Arrived"] == "2"


def test_what_moved_follows_the_address(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.survey(MONDAY, 1, channel="chat")
    app = visit(desk.publish(), PAGE, monkeypatch, moved="CSAT", parts="channel")
    # By hand: 4 of 5 before, 4 of 6 now: 80 % to 66.7 %.
    assert "What moved: CSAT, -13 pt on week 8, -13.3 pt by channel: Chat" in alts(app)[0]


def test_comments_stand_escaped_beside_their_ticket(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.survey(MONDAY, 1, comment=HOSTILE, ticket_id="T*77*")
    app = visit(desk.publish(), PAGE, monkeypatch)
    assert "\\<img src\\=x onerror\\=" in text(app)
    assert "<img src=x" not in html(app)
    links = [link.proto for link in app.get("page_link")]
    assert [link.query_string for link in links if link.page == "ticket" or "ticket" in link.label] == [
        "source=desk&id=T%2A77%2A"
    ]


def test_a_source_of_surveys_alone_is_told_by_its_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path, answers_known={"desk": False})
    for back in range(12):
        for score in (10, 9, 3):
            desk.survey(MONDAY - back * WEEK, score, kind="nps", scale_min=0.0, scale_max=10.0)
    app = visit(desk.publish(), PAGE, monkeypatch)
    assert tiles(app)["NPS"] == "33"
    assert tiles(app)["First response, median"] == "—"
    assert "Nothing moved more than it does from week to week" in text(app)


# --- in a browser -----------------------------------------------------------------------------------------------------


@pytest.fixture
def page(desk: Desk) -> Iterator[Page]:
    """The page in Chromium, from a dashboard of its own."""
    if pdf.browser() is None:
        pytest.skip("no Chromium: install one (Debian: apt install chromium) to run the browser tests")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "dashboard.py",
        f"--server.port={port}",
        "--",
        "--settings",
        str(desk.publish()),
    ]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        assert any("URL:" in line for line in process.stdout)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=pdf.browser(), args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1440, "height": 1000}, color_scheme="dark", locale="en-GB")
            page.goto(f"http://127.0.0.1:{port}/weekly_summary")
            expect(page.locator(".weekly-print")).to_be_attached(timeout=60_000)
            yield page
            browser.close()
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.mark.browser
def test_the_page_prints_on_one_sheet_and_its_marks_and_buttons_lead_to_other_weeks(page: Page) -> None:
    heading = page.get_by_role("heading", name=re.compile("^Week "))
    expect(heading).to_have_text("Week 9 · 23 February – 1 March 2026")
    assert pages_of(page.pdf(prefer_css_page_size=True)) == 1
    page.locator(".st-key-week_before button").last.click()
    expect(heading).to_have_text("Week 8 · 16–22 February 2026")
    assert "week=2026-W08" in page.url
    page.reload()
    expect(heading).to_have_text("Week 8 · 16–22 February 2026", timeout=60_000)
    chart = page.locator(".st-key-chart_trend_arrived .js-plotly-plot")
    chart.scroll_into_view_if_needed()
    place = chart.evaluate(MARK, 2)
    page.mouse.move(*place)
    page.mouse.click(*place)
    # Eleven weeks before and this one: the third is the week of 15 December.
    expect(heading).to_have_text("Week 51 · 15–21 December 2025", timeout=60_000)
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.browser
def test_the_files_come_when_they_are_asked_for(page: Page) -> None:
    page.get_by_role("button", name="Download").first.click()
    for name, start in (("HTML, one file", b"<!doctype html>"), ("PDF, one A4 page", b"%PDF")):
        with page.expect_download(timeout=90_000) as download:
            page.get_by_role("button", name=name).click()
        assert download.value.suggested_filename.startswith("weekly-summary-2026-W09.")
        assert Path(download.value.path()).read_bytes().startswith(start)
