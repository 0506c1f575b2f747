"""Metrics against published worked examples, counts of real exports, cases worked out by hand, and rules that hold for any data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.refresh import Pipelines
from tests.conftest import shared_settings
from tests.small_warehouse import NOON, find_returns
from warehouse.building import create_schema
from warehouse.settings import load
from warehouse.statistics import kaplan_meier

# Freireich 1963, weeks in remission on 6-MP; + is still in remission when last seen.
SIX_MP = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
UNHURRIED = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
OUTCOMES = ["answered", "abandoned", "solved", "waiting"]


@pytest.fixture(scope="module")
def schema() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_schema(connection, "UTC")
        yield connection


@pytest.fixture
def desk(schema: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty file, whose rows are gone after the test."""
    schema.execute("begin")
    yield schema
    schema.execute("rollback")


@pytest.fixture
def own() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty file without a transaction that is open."""
    with duckdb.connect() as connection:
        create_schema(connection, "UTC")
        yield connection


def value(connection: duckdb.DuckDBPyConnection, expression: str, columns: dict[str, list[Any]] | None = None) -> Any:
    """What an expression gives over rows, which are lists of values by column; over no table where there are none."""
    row = connection.execute(f"select {expression} {_rows(columns)}", columns).fetchone()
    assert row is not None
    return row[0]


def _rows(columns: dict[str, list[Any]] | None) -> str:
    return (
        "" if columns is None else "from (select " + ", ".join(f"unnest(${name}) as {name}" for name in columns) + ")"
    )


def insert(connection: duckdb.DuckDBPyConnection, table: str, **row: Any) -> None:
    places = ", ".join("?" for _ in row)
    connection.execute(f"insert into {table} ({', '.join(row)}) values ({places})", list(row.values()))


def remission() -> dict[str, list[Any]]:
    weeks = SIX_MP.split()
    return {"seconds": [float(week.rstrip("+")) for week in weeks], "is_done": ["+" not in week for week in weeks]}


# Published worked examples.


@pytest.mark.parametrize(
    ("week", "share"),
    [(5, 1), (6, 0.857), (7, 0.807), (10, 0.753), (13, 0.690), (16, 0.627), (22, 0.538), (23, 0.448), (35, 0.448)],
)
def test_kaplan_meier_is_that_of_freireich_1963(schema: duckdb.DuckDBPyConnection, week: int, share: float) -> None:
    assert 1 - value(schema, f"share_done_within(seconds, is_done, {week})", remission()) == pytest.approx(
        share, abs=5e-4
    )


def test_the_median_of_freireich_1963_is_23_weeks_and_10_where_those_in_remission_are_left_out(
    schema: duckdb.DuckDBPyConnection,
) -> None:
    assert value(schema, "censored_percentile(seconds, is_done)", remission()) == 23
    assert value(schema, "censored_percentile_is_known(seconds, is_done)", remission())
    assert value(schema, "quantile_disc(seconds, 0.5) filter (where is_done)", remission()) == 10


def test_what_cannot_be_known_yet_is_the_longest_seen_and_said_so(schema: duckdb.DuckDBPyConnection) -> None:
    assert value(schema, "censored_percentile(seconds, is_done, 0.9)", remission()) == 35
    assert value(schema, "censored_percentile_is_known(seconds, is_done, 0.9)", remission()) is False
    assert value(schema, "share_done_within(seconds, is_done, 36)", remission()) is None
    assert value(schema, "share_done_within(s, true, 36)", {"s": [1.0, 2.0]}) == 1


# Wilson 1927 as in Newcombe 1998, Statistics in Medicine 17:857, table I.
@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_are_those_of_newcombe_1998(
    schema: duckdb.DuckDBPyConnection, successes: int, trials: int, low: float, high: float
) -> None:
    found = [value(schema, f"wilson_{end}({successes}, {trials})") for end in ("low", "high")]
    assert found == pytest.approx([low, high], abs=5e-5)
    whole = value(schema, "share_interval(yes)", {"yes": [True] * successes + [False] * (trials - successes) + [None]})
    assert whole == {
        "share": successes / trials,
        "low": pytest.approx(found[0]),
        "high": pytest.approx(found[1]),
        "n": trials,
    }


def test_a_share_of_all_or_of_none_ends_exactly_at_one_or_zero(schema: duckdb.DuckDBPyConnection) -> None:
    for trials in range(1, 400):
        assert value(schema, f"(wilson_low(0, {trials}), wilson_high({trials}, {trials}))") == (0, 1)


def _promoters(up: int, middle: int, down: int) -> dict[str, list[Any]]:
    scores = [9.0] * up + [8.0] * middle + [6.0] * down
    return {"score": scores, "low": [0.0] * len(scores), "high": [10.0] * len(scores), "kind": ["nps"] * len(scores)}


def test_nps_of_50_30_20_is_30_with_a_margin_of_15_points(schema: duckdb.DuckDBPyConnection) -> None:
    rows = _promoters(50, 30, 20)
    assert value(schema, "nps(score, low, high, kind)", rows) == 30
    assert value(schema, "nps_standard_error(score, low, high, kind)", rows) == pytest.approx(7.81, abs=5e-3)
    assert value(schema, "nps_margin(score, low, high, kind)", rows) == pytest.approx(15.3, abs=0.05)


# NIST/SEMATECH e-Handbook 6.3.2.2, table of ten batches.
def test_limits_of_single_readings_are_those_of_nist(schema: duckdb.DuckDBPyConnection) -> None:
    readings = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
    limits = value(schema, "xmr_limits(list(reading))", {"reading": readings})
    assert limits["centre"] == pytest.approx(50.81)
    assert (limits["low"], limits["high"]) == pytest.approx((45.8159, 55.8041), abs=5e-5)


# NIST/SEMATECH e-Handbook 6.3.3.2: 30 wafers of 50 chips, mean share .2313.
def test_limits_of_shares_are_those_of_nist(schema: duckdb.DuckDBPyConnection) -> None:
    limits = value(schema, "p_chart_limits(347 / 1500, 50)")
    assert (limits["low"], limits["high"]) == pytest.approx((0.0524, 0.4102), abs=5e-5)


# Counts of real exports.


@pytest.fixture(scope="module")
def real(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("metrics")
    opened = {}
    for name in ("anonymous_bank", "ecommerce_csat", "sfo_2017"):
        pipelines = Pipelines(load(shared_settings(name, shared, folder)))
        pipelines.run("test")
        pipelines.close()
        opened[name] = duckdb.connect(str(folder / name / "warehouse.duckdb"), read_only=True)
    return opened


# Counted from the raw lines of the bank's calls: hung up and queued, answered and queued, answered, their seconds of waiting, answered within 20 s.
@pytest.mark.parametrize(
    ("month", "gave_up", "queued", "answered", "wait_sum", "within_20"),
    [(1, 3_080, 16_665, 27_060, 947_857, 16_402), (2, 3_932, 18_028, 27_162, 1_107_512, 16_209)],
)
def test_the_banks_metrics_are_those_of_its_raw_calls(
    real: dict[str, duckdb.DuckDBPyConnection],
    month: int,
    gave_up: int,
    queued: int,
    answered: int,
    wait_sum: int,
    within_20: int,
) -> None:
    found = (
        real["anonymous_bank"]
        .execute(
            """
select
    abandonment_rate(case when queued then outcome end),
    speed_of_answer(wait_seconds, outcome),
    service_level(waited_seconds, outcome, 20, 'left_out'),
    answered(outcome),
from waits
where month(timezone('Asia/Jerusalem', timezone('UTC', began_at))) = $month""",
            {"month": month},
        )
        .fetchone()
    )
    assert found == (
        pytest.approx(gave_up / queued),
        pytest.approx(wait_sum / answered),
        pytest.approx(within_20 / answered),
        answered,
    )


def test_the_airports_nps_is_the_published_39_8(real: dict[str, duckdb.DuckDBPyConnection]) -> None:
    found = (
        real["sfo_2017"]
        .execute("select nps(score, scale_min, scale_max, kind), answers(score, kind, 'nps') from survey_responses")
        .fetchone()
    )
    assert found == (pytest.approx(39.8, abs=0.05), 2_746)


def test_the_shops_mean_scores_are_those_of_its_raw_contacts(real: dict[str, duckdb.DuckDBPyConnection]) -> None:
    sql = "select channel, round(score_mean(score, scale_min, scale_max), 2) from survey_responses group by all order by 2"
    assert [mean for _, mean in real["ecommerce_csat"].execute(sql).fetchall()] == [3.88, 4.25, 4.30]


# By hand: times.


def test_each_kind_of_wait_counts_only_its_own(schema: duckdb.DuckDBPyConnection) -> None:
    rows = {
        "s": [60.0, 120.0, 600.0, 700.0, None],
        "o": ["answered"] * 5,
        "k": ["first", "first", "next", "next", "first"],
    }
    assert value(schema, "first_response_time(s, o, k)", rows) == 60
    assert value(schema, "first_response_time(s, o, k, 0.9)", rows) == 120
    assert value(schema, "next_response_time(s, o, k)", rows) == 600
    assert value(schema, "next_response_time(s, o, k, share := 0.9)", rows) == 700


def test_who_was_never_answered_counts_as_having_waited_so_long(schema: duckdb.DuckDBPyConnection) -> None:
    # At risk 6, 5, 4, 3, 2, 1: unanswered 5/6, 4/6, 4/6, 4/9, 4/9, 0.
    rows = {
        "s": [60.0, 120.0, 180.0, 240.0, 300.0, 360.0],
        "o": ["answered", "answered", "abandoned", "answered", "waiting", "answered"],
        "k": ["first"] * 6,
    }
    assert value(schema, "first_response_time(s, o, k)", rows) == 240
    assert value(schema, "first_response_time(s, o, k, 0.9)", rows) == 360
    assert value(schema, "speed_of_answer(s, o)", rows) == 195


def test_a_wait_answered_as_another_was_given_up_counts_as_answered_first(schema: duckdb.DuckDBPyConnection) -> None:
    rows = {"s": [10.0, 10.0], "d": [False, True]}
    assert value(schema, "censored_percentile(s, d)", rows) == 10
    assert value(schema, "censored_percentile_is_known(s, d)", rows)
    assert value(schema, "share_done_within(s, d, 10)", rows) == 0.5


def test_parts_of_a_second_are_kept(schema: duckdb.DuckDBPyConnection) -> None:
    assert value(schema, "censored_percentile(s, true)", {"s": [0.25, 1.125, 2.5]}) == 1.125


def test_open_tickets_count_as_taking_at_least_their_age(schema: duckdb.DuckDBPyConnection) -> None:
    rows: dict[str, list[Any]] = {"done": [100.0, 200.0, None, None, None], "age": [None, None, 150.0, 900.0, None]}
    # At risk 4, 3, 2, 1: unsolved 3/4, 3/4, 3/8, 3/8.
    for name in ("first_resolution_time", "full_resolution_time"):
        assert value(schema, f"{name}(done, age)", rows) == 200
        assert value(schema, f"{name}(done, age, 0.9)", rows) == 900


def test_a_ticket_that_is_open_again_was_resolved_first_and_is_not_resolved_fully(
    schema: duckdb.DuckDBPyConnection,
) -> None:
    rows = {"done": [100.0, 300.0], "age": [5000.0, None]}
    assert value(schema, "first_resolution_time(done, age, 1)", rows) == 300
    assert value(schema, "full_resolution_time(done, age)", rows) == 300
    assert value(schema, "full_resolution_time(done, age, 1)", rows) == 5000


@pytest.mark.parametrize("name", ["requester_wait_time", "agent_wait_time", "agent_work_time", "on_hold_time"])
def test_what_an_unsolved_ticket_took_so_far_is_the_least_it_takes(
    schema: duckdb.DuckDBPyConnection, name: str
) -> None:
    rows = {"s": [10.0, 20.0, 30.0, 40.0, None], "status": ["solved", "open", "closed", "merged", "open"]}
    # At risk 4, 3, 2, 1: 3/4, 3/4, 3/8, 3/8.
    assert value(schema, f"{name}(s, status)", rows) == 30
    assert value(schema, f"{name}(s, status, 0.25)", rows) == 10


def test_unknown_handle_times_are_no_zeros(schema: duckdb.DuckDBPyConnection) -> None:
    rows = {"s": [100.0, 300.0, None, None]}
    assert value(schema, "average_handle_time(s)", rows) == 200
    assert value(schema, "handle_time(s)", rows) == 100
    assert value(schema, "open_ticket_age(s, 1)", rows) == 300


def test_columns_may_bear_any_name_that_the_macros_use_inside(schema: duckdb.DuckDBPyConnection) -> None:
    names = ["marks", "mark", "place", "factors", "passed", "step", "power", "known", "reading", "reach"]
    for name in names:
        rows = {name: [1.0, 2.0, 3.0]}
        assert value(schema, f"censored_percentile({name}, true, 0.9)", rows) == 3
        assert value(schema, f"xmr_limits(list({name}))", rows)["centre"] == 2


# By hand: shares.

QUEUE = {
    "s": [10.0, 20.0, 21.0, 5.0, 30.0, 15.0, 40.0, 8.0, 50.0, None],
    "o": [
        "answered",
        "answered",
        "answered",
        "abandoned",
        "abandoned",
        "waiting",
        "waiting",
        "solved",
        "solved",
        "abandoned",
    ],
}


@pytest.mark.parametrize(
    ("treatment", "share"),
    [
        # Answered in time: 10 and 20. Missed for certain: answered after 21, waiting for 40, solved after 50.
        ("left_out", 2 / 5),
        ("missed", 2 / 7),
        ("early_left_out", 2 / 6),
        ("early_kept", 3 / 7),
    ],
)
def test_the_service_level_counts_who_gave_up_as_asked(
    schema: duckdb.DuckDBPyConnection, treatment: str, share: float
) -> None:
    assert value(schema, f"service_level(s, o, 20, abandoned := '{treatment}')", QUEUE) == pytest.approx(share)


def test_the_service_level_refuses_a_treatment_that_it_does_not_know(schema: duckdb.DuckDBPyConnection) -> None:
    assert value(schema, "service_level(s, o, 20)", QUEUE) == pytest.approx(2 / 6)
    with pytest.raises(duckdb.Error, match="abandoned is one of early_left_out"):
        value(schema, "service_level(s, o, 20, 'ignored')", QUEUE)


def test_abandonment_leaves_out_who_still_waits_and_short_calls_where_asked(schema: duckdb.DuckDBPyConnection) -> None:
    assert value(schema, "abandonment_rate(o)", QUEUE) == pytest.approx(3 / 6)
    assert value(schema, "abandonment_rate(o, s, 5)", QUEUE) == pytest.approx(3 / 6)
    assert value(schema, "abandonment_rate(o, s, 6)", QUEUE) == pytest.approx(2 / 5)


def test_touches_are_counted_of_solved_tickets_alone(schema: duckdb.DuckDBPyConnection) -> None:
    rows = {"touch": [True, False, None, False, False], "status": ["solved", "closed", "solved", "open", "open"]}
    assert value(schema, "one_touch_rate(touch, status)", rows) == 0.5
    assert value(schema, "two_touch_rate(touch, status)", rows) == 0.5


def test_a_ticket_that_is_open_again_is_among_the_reopened(schema: duckdb.DuckDBPyConnection) -> None:
    rows = {"n": [0, 1, 0, 0], "solved_at": [NOON, NOON, NOON, None], "is_open": [False, False, True, True]}
    assert value(schema, "reopen_rate(n, solved_at, is_open)", rows) == pytest.approx(2 / 3)


def test_a_target_that_still_runs_is_neither_met_nor_missed(schema: duckdb.DuckDBPyConnection) -> None:
    rows = {"state": ["met", "met", "breached", "running", None], "kept": [True, True, False, None, None]}
    assert value(schema, "sla_met_rate(state)", rows) == pytest.approx(2 / 3)
    assert value(schema, "promise_kept_rate(kept)", rows) == pytest.approx(2 / 3)


def test_a_bot_handled_what_no_agent_answered(schema: duckdb.DuckDBPyConnection) -> None:
    rows = {
        "bots": [1, 2, 0, 1, None],
        "agents": [0, 1, 0, 0, None],
        "status": ["solved", "solved", "closed", "open", "solved"],
    }
    assert value(schema, "bot_handled_rate(bots, agents, status)", rows) == pytest.approx(1 / 3)


def test_the_response_rate_is_of_invitations(schema: duckdb.DuckDBPyConnection) -> None:
    assert value(schema, "response_rate(answered_at)", {"answered_at": [NOON, None, None, None]}) == 0.25


# First contact resolution.

SOLVED = NOON - timedelta(days=20)


def _ticket(desk: duckdb.DuckDBPyConnection, name: str, **more: Any) -> None:
    """A phone-free ticket solved 20 days ago by one reply."""
    row = {
        "source": "desk",
        "ticket_id": name,
        "channel": "email",
        "customer": name,
        "topic": "Invoice",
        "status": "solved",
        "is_open": False,
    }
    row |= {"created_at": SOLVED - timedelta(hours=1), "first_solved_at": SOLVED, "reopen_count": 0, "reply_count": 1}
    insert(desk, "store.tickets", **(row | more))


def _judged(desk: duckdb.DuckDBPyConnection, call: str = "first_contacts()") -> dict[str, bool | None]:
    insert(desk, "sources", source="desk", feed="desk", as_of=NOON)
    find_returns(desk)
    return dict(desk.execute(f"select ticket_id, is_first_contact_resolution from {call}").fetchall())


def test_one_reply_that_settles_it_is_first_contact_resolution(own: duckdb.DuckDBPyConnection) -> None:
    _ticket(own, "settled")
    _ticket(own, "two replies", reply_count=2)
    _ticket(own, "no reply", reply_count=0)
    _ticket(own, "reopened", reopen_count=1)
    _ticket(own, "open again", status="open", is_open=True)
    _ticket(own, "never solved", first_solved_at=None, status="open")
    assert _judged(own) == {
        "settled": True,
        "two replies": False,
        "no reply": False,
        "reopened": False,
        "open again": False,
    }


def test_a_chat_is_one_contact_however_many_messages_it_has(own: duckdb.DuckDBPyConnection) -> None:
    _ticket(own, "long chat", channel="chat", reply_count=14)
    _ticket(own, "talk", channel="in_person", reply_count=2)
    _ticket(own, "never answered", channel="chat", reply_count=0)
    _ticket(own, "not known", channel="chat", reply_count=None)
    _ticket(own, "reopened", channel="chat", reply_count=14, reopen_count=1)
    judged = {"long chat": True, "talk": True, "never answered": False, "not known": None, "reopened": False}
    assert _judged(own) == judged


def test_coming_back_on_the_topic_within_seven_days_undoes_it(own: duckdb.DuckDBPyConnection) -> None:
    for name, days, topic in (("day 7", 7, "Invoice"), ("day 8", 7.001, "Invoice"), ("other topic", 1, "Delivery")):
        _ticket(own, name, customer=name)
        _ticket(
            own,
            f"{name} again",
            customer=name,
            topic=topic,
            created_at=SOLVED + timedelta(days=days),
            first_solved_at=None,
        )
    assert _judged(own) == {"day 7": False, "day 8": True, "other topic": True}


def test_another_source_knows_other_customers(own: duckdb.DuckDBPyConnection) -> None:
    _ticket(own, "here", customer="17")
    _ticket(own, "there", customer="17", source="shop", created_at=SOLVED, first_solved_at=None)
    assert _judged(own) == {"here": True}


def test_until_the_days_have_passed_nothing_is_decided_failures_neither(own: duckdb.DuckDBPyConnection) -> None:
    for name, days, replies in (("due", 7, 1), ("not due", 6.999, 1), ("failed, not due", 6, 3)):
        solved = NOON - timedelta(days=days)
        _ticket(own, name, created_at=solved - timedelta(hours=1), first_solved_at=solved, reply_count=replies)
    assert _judged(own) == {"due": True, "not due": None, "failed, not due": None}


def test_the_days_are_a_setting(own: duckdb.DuckDBPyConnection) -> None:
    _ticket(own, "first", customer="A")
    _ticket(own, "again", customer="A", created_at=SOLVED + timedelta(days=10), first_solved_at=None)
    assert _judged(own, "first_contacts(days := 14)") == {"first": False}


def test_with_all_tickets_those_never_solved_are_undecided(own: duckdb.DuckDBPyConnection) -> None:
    _ticket(own, "settled")
    _ticket(own, "open", first_solved_at=None, is_open=True)
    assert _judged(own, "first_contacts(of_all := true)") == {"settled": True, "open": None}


def test_unknown_customers_and_replies_leave_it_undecided_and_a_call_is_one_reply(
    own: duckdb.DuckDBPyConnection,
) -> None:
    _ticket(own, "nobody", customer=None)
    _ticket(own, "silent", reply_count=None, answered_call_count=0)
    _ticket(own, "call", reply_count=None, channel="phone", answered_call_count=1)
    _ticket(own, "call among messages", reply_count=0, channel="phone", answered_call_count=1)
    _ticket(own, "two calls", reply_count=None, channel="phone", answered_call_count=2)
    assert _judged(own) == {
        "nobody": None,
        "silent": None,
        "call": True,
        "call among messages": True,
        "two calls": False,
    }
    assert value(own, "first_contact_resolution(is_first_contact_resolution) from first_contacts()") == pytest.approx(
        2 / 3
    )


def test_handing_over_is_transfer_and_a_team_or_a_raise_escalation(desk: duckdb.DuckDBPyConnection) -> None:
    counts = {
        "assigned": (0, 0, 0),
        "agents": (1, 0, 0),
        "teams": (0, 1, 0),
        "raised": (None, None, 1),
        "none": (None,) * 3,
    }
    for name, (agents, teams, raises) in counts.items():
        changes = {"agent_change_count": agents, "team_change_count": teams, "priority_raise_count": raises}
        insert(desk, "store.tickets", source="desk", ticket_id=name, created_at=NOON, **changes)
    insert(desk, "store.tickets", source="silent", ticket_id="unknown", created_at=NOON)
    found = desk.execute("select ticket_id from transfers() where is_transferred order by 1").fetchall()
    assert found == [("agents",), ("teams",)]
    found = desk.execute("select ticket_id from transfers() where is_escalated order by 1").fetchall()
    assert found == [("raised",), ("teams",)]
    assert value(desk, "transfer_rate(is_transferred) from transfers()") == pytest.approx(2 / 5)
    assert value(desk, "escalation_rate(is_escalated) from transfers()") == pytest.approx(2 / 5)
    found = desk.execute("select ticket_id, is_transferred from transfers(of_all := true) order by 1").fetchall()
    assert found == [
        ("agents", True),
        ("assigned", False),
        ("none", False),
        ("raised", False),
        ("teams", True),
        ("unknown", None),
    ]


# By hand: scores and volumes.


@pytest.mark.parametrize(
    ("low", "high", "satisfied"),
    [(1, 5, {4, 5}), (1, 7, {6, 7}), (0, 10, {8, 9, 10}), (0, 1, {1}), (1, 3, {3}), (1, 4, {4})],
)
def test_satisfied_is_the_top_of_any_scale(
    schema: duckdb.DuckDBPyConnection, low: int, high: int, satisfied: set[int]
) -> None:
    for score in range(low, high + 1):
        assert value(schema, f"csat({score}, {low}, {high}, 'csat')") == float(score in satisfied)


@pytest.mark.parametrize(
    ("low", "high", "easy", "net"),
    [(1, 7, {5, 6, 7}, {6: 100, 7: 100, 1: -100, 2: -100, 3: -100}), (1, 5, {4, 5}, {5: 100, 1: -100, 2: -100})],
)
def test_easy_is_agreeing_on_any_scale(
    schema: duckdb.DuckDBPyConnection, low: int, high: int, easy: set[int], net: dict[int, int]
) -> None:
    for score in range(low, high + 1):
        assert value(schema, f"ces({score}, {low}, {high}, 'ces')") == float(score in easy)
        assert value(schema, f"ces_net({score}, {low}, {high}, 'ces')") == net.get(score, 0)


def test_scores_of_another_kind_or_scale_are_not_mixed_in(schema: duckdb.DuckDBPyConnection) -> None:
    rows = {
        "s": [5.0, 1.0, 10.0, 9.0, 7.0, None],
        "a": [1.0, 1, 0, 1, 1, 1],
        "z": [5.0, 5, 10, 10, 7, 5],
        "k": ["csat", "csat", "nps", "nps", "ces", "csat"],
    }
    assert value(schema, "csat(s, a, z, k)", rows) == 0.5
    assert value(schema, "nps(s, a, z, k)", rows) == 100
    assert value(schema, "ces(s, a, z, k)", rows) == 1
    assert value(schema, "answers(s, k, 'csat')", rows) == 2
    assert value(schema, "score_mean(s, a, z)", rows) is None
    assert value(schema, "score_level(s, a, z)", rows) == pytest.approx((1 + 0 + 1 + 8 / 9 + 1) / 5)


def test_a_survey_may_say_from_where_on_customers_are_satisfied(schema: duckdb.DuckDBPyConnection) -> None:
    rows = {"s": [3.0, 4.0, 5.0], "from_": [3.0, 5.0, 5.0]}
    assert value(schema, "csat(s, 1, 5, 'csat', satisfied_from := 5)", rows) == pytest.approx(1 / 3)
    assert value(schema, "csat(s, 1, 5, 'csat', from_)", rows) == pytest.approx(2 / 3)
    assert value(schema, "ces(s, 1, 5, 'ces', 3)", rows) == 1


def test_unanswered_invitations_are_no_zeros(schema: duckdb.DuckDBPyConnection) -> None:
    rows = {"s": [4.0, 2.0, None]}
    assert value(schema, "score_mean(s, 1, 5)", rows) == 3
    assert value(schema, "score_level(s, 1, 5)", rows) == 0.5
    assert value(schema, "csat(s, 1, 5, 'csat')", rows) == 0.5


def test_the_backlog_is_what_came_less_what_went(schema: duckdb.DuckDBPyConnection) -> None:
    rows = {"change": ["arrived", "arrived", "solved", "reopened", "abandoned"], "step": [1, 1, -1, 1, -1]}
    assert value(schema, "(arrived(change), solved(change), reopened(change), backlog(step))", rows) == (2, 1, 1, 1)


def test_occupancy_counts_the_same_rows_above_and_below_the_line(schema: duckdb.DuckDBPyConnection) -> None:
    rows = {"busy": [30.0, 60.0, None, 50.0], "staffed": [60.0, 60.0, 60.0, None]}
    assert value(schema, "occupancy(busy, staffed)", rows) == 0.75
    assert value(schema, "occupancy(busy, staffed)", {"busy": [0.0], "staffed": [0.0]}) is None


def test_an_agent_is_active_once_however_much_they_answer(schema: duckdb.DuckDBPyConnection) -> None:
    rows = {
        "agent": ["Ada", "Ada", "Ben", None, "Eve"],
        "o": ["answered", "answered", "answered", "answered", "waiting"],
    }
    assert value(schema, "agents_active(agent, o)", rows) == 2
    assert value(schema, "answered(o)", rows) == 4


# Rules that hold for any data.

WAITS_ROW = {
    "waited_seconds": "double",
    "outcome": "varchar",
    "kind": "varchar",
    "within_target": "boolean",
    "handle_seconds": "double",
    "status": "varchar",
    "score": "double",
    "count": "bigint",
    "instant": "timestamp",
    "agent": "varchar",
}
# Every aggregate over columns of one generated table: whatever is filtered or empty, all of them must behave.
METRICS = [
    "censored_percentile(waited_seconds, outcome = 'answered', 0.9)",
    "censored_percentile_is_known(waited_seconds, outcome = 'answered', 0.9)",
    "share_done_within(waited_seconds, outcome = 'answered', 100)",
    "first_response_time(waited_seconds, outcome, kind)",
    "next_response_time(waited_seconds, outcome, kind, 0.9)",
    "speed_of_answer(waited_seconds, outcome)",
    "requester_wait_time(waited_seconds, status)",
    "agent_wait_time(waited_seconds, status)",
    "agent_work_time(waited_seconds, status)",
    "on_hold_time(waited_seconds, status)",
    "first_resolution_time(handle_seconds, waited_seconds)",
    "full_resolution_time(handle_seconds, waited_seconds, 0.9)",
    "handle_time(handle_seconds, 0.9)",
    "average_handle_time(handle_seconds)",
    "open_ticket_age(waited_seconds, 1)",
    "share_of(within_target)",
    "service_level(waited_seconds, outcome, 100)",
    "service_level(waited_seconds, outcome, 100, 'missed')",
    "service_level(waited_seconds, outcome, 100, 'early_kept')",
    "service_level(waited_seconds, outcome, 100, 'left_out')",
    "abandonment_rate(outcome)",
    "abandonment_rate(outcome, waited_seconds, 50)",
    "first_contact_resolution(within_target)",
    "one_touch_rate(within_target, status)",
    "two_touch_rate(within_target, status)",
    "reopen_rate(count, instant, within_target)",
    "escalation_rate(within_target)",
    "transfer_rate(within_target)",
    "sla_met_rate(status)",
    "promise_kept_rate(within_target)",
    "bot_handled_rate(count, count, status)",
    "response_rate(instant)",
    "csat(score, 0, 10, 'csat')",
    "ces(score, 0, 10, 'ces')",
    "ces_net(score, 0, 10, 'ces')",
    "nps(score, 0, 10, 'nps')",
    "nps_standard_error(score, 0, 10, 'nps')",
    "nps_margin(score, 0, 10, 'nps')",
    "score_mean(score, 0, 10)",
    "score_level(score, 0, 10)",
    "backlog(count)",
    "occupancy(handle_seconds, waited_seconds)",
    "wilson_low(count(*) filter (where within_target), count(within_target))",
    "wilson_high(count(*) filter (where within_target), count(within_target))",
    "xmr_limits(list(handle_seconds order by waited_seconds, handle_seconds))",
    "share_interval(within_target).share",
    "share_interval(within_target).low",
    "p_chart_limits(avg(within_target::integer), count(within_target)).low",
    "p_chart_limits(avg(within_target::integer), count(within_target)).high",
]
COUNTS = [
    "arrived(outcome)",
    "answered(outcome)",
    "solved(outcome)",
    "reopened(outcome)",
    "agents_active(agent, outcome)",
    "answers(score, 'nps', 'nps')",
]
NOT_AGGREGATES = {
    "is_open_status",
    "is_solved_status",
    "hour_of",
    "first_contacts",
    "transfers",
    "number_of",
    "asker_number",
}

seconds = st.one_of(
    st.none(), st.integers(0, 300).map(float), st.floats(0, 1e7, allow_nan=False).map(lambda number: round(number, 3))
)
generated_row = st.fixed_dictionaries(
    {
        "waited_seconds": seconds,
        "outcome": st.sampled_from([*OUTCOMES, "arrived", "reopened"]),
        "kind": st.sampled_from(["first", "next"]),
        "within_target": st.sampled_from([True, False, None]),
        "handle_seconds": seconds,
        "status": st.sampled_from(["open", "solved", "closed", "met", "breached"]),
        "score": st.one_of(st.none(), st.integers(0, 10).map(float)),
        "count": st.integers(0, 2),
        "instant": st.sampled_from([NOON, None]),
        "agent": st.sampled_from(["Ada", "Ben", None]),
        "part": st.integers(0, 2),
    }
)


def _table(connection: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> None:
    types = WAITS_ROW | {"part": "bigint"}
    connection.execute(
        "create or replace temp table generated (" + ", ".join(f"{name} {kind}" for name, kind in types.items()) + ")"
    )
    if rows:
        columns = {name: [row[name] for row in rows] for name in types}
        picked = ", ".join(f"unnest(${name}::{kind}[])" for name, kind in types.items())
        connection.execute(f"insert into generated select {picked}", columns)


def test_the_rules_are_held_against_every_metric(schema: duckdb.DuckDBPyConnection) -> None:
    named = {expression.split("(")[0] for expression in (*METRICS, *COUNTS)}
    macros = {
        name
        for (name,) in schema.execute(
            "select function_name from duckdb_functions() where not internal and function_type like '%macro'"
        ).fetchall()
    }
    assert macros - named - NOT_AGGREGATES == set()


@pytest.mark.parametrize("expression", METRICS)
def test_of_nothing_there_is_no_figure(schema: duckdb.DuckDBPyConnection, expression: str) -> None:
    _table(schema, [])
    assert value(schema, f"{expression} from generated") is None
    # Rows that know nothing are no better.
    schema.execute("insert into generated (part) values (1), (1)")
    if not expression.startswith("response_rate"):
        assert value(schema, f"{expression} from generated") is None


@pytest.mark.parametrize("expression", COUNTS)
def test_a_count_of_nothing_is_zero(schema: duckdb.DuckDBPyConnection, expression: str) -> None:
    _table(schema, [])
    assert value(schema, f"{expression} from generated") == 0


@UNHURRIED
@given(rows=st.lists(generated_row, max_size=25))
def test_a_group_is_the_same_as_a_filter_on_it(schema: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> None:
    _table(schema, rows)
    columns = ", ".join((*METRICS, *COUNTS))
    grouped = schema.execute(f"select part, {columns} from generated group by part").fetchall()
    for part, *figures in grouped:
        filtered = schema.execute(f"select {columns} from generated where part = {part}").fetchone()
        assert filtered is not None
        assert [_rounded(figure) for figure in figures] == [_rounded(figure) for figure in filtered]


def _rounded(figure: Any) -> Any:
    """Sums of floats in another order differ in their last digits."""
    if isinstance(figure, dict):
        return {name: _rounded(part) for name, part in figure.items()}
    return float(f"{figure:.9g}") if isinstance(figure, float) else figure


@UNHURRIED
@given(answers=st.lists(st.sampled_from([True, False, None]), min_size=1))
def test_a_share_lies_within_its_interval(schema: duckdb.DuckDBPyConnection, answers: list[bool | None]) -> None:
    found = value(schema, "share_interval(yes)", {"yes": [*answers, True]})
    assert 0 <= found["low"] <= found["share"] <= found["high"] <= 1
    assert found["n"] == sum(answer is not None for answer in answers) + 1


@UNHURRIED
@given(rows=st.lists(generated_row, min_size=1, max_size=25))
def test_parts_weighted_by_their_number_make_the_whole(
    schema: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]
) -> None:
    _table(schema, rows)
    weighted = {
        "share_of(within_target)": "count(within_target)",
        "promise_kept_rate(within_target)": "count(within_target)",
        "response_rate(instant)": "count(*)",
        "csat(score, 0, 10, 'csat')": "count(score)",
        "nps(score, 0, 10, 'nps')": "answers(score, 'nps', 'nps')",
        "score_mean(score, 0, 10)": "count(score)",
        "speed_of_answer(waited_seconds, outcome)": "count(waited_seconds) filter (where outcome = 'answered')",
        "abandonment_rate(outcome)": "count(*) filter (where outcome in ('answered', 'abandoned'))",
    }
    for expression, number in weighted.items():
        whole = value(schema, f"{expression} from generated")
        parts = schema.execute(f"select {expression}, {number} from generated group by part").fetchall()
        total = sum(count for _, count in parts)
        assert (whole is None) == (total == 0)
        if whole is not None:
            assert sum(figure * count for figure, count in parts if count) / total == pytest.approx(whole)


@UNHURRIED
@given(
    waits=st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=40),
    share=st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0]),
)
def test_the_percentile_in_sql_is_the_one_read_off_the_curve(
    schema: duckdb.DuckDBPyConnection, waits: list[tuple[int, bool]], share: float
) -> None:
    rows = {"s": [float(wait) for wait, _ in waits], "d": [done for _, done in waits]}
    curve = kaplan_meier(rows["s"], rows["d"])
    reached = curve[curve["undone"] <= 1 - share + 1e-9]["seconds"]
    assert value(schema, f"censored_percentile(s, d, {share})", rows) == (
        reached.min() if len(reached) else max(rows["s"])
    )
    assert value(schema, f"censored_percentile_is_known(s, d, {share})", rows) == bool(len(reached))
    for row in curve.itertuples():
        assert value(schema, f"share_done_within(s, d, {row.seconds})", rows) == pytest.approx(1 - row.undone)


@UNHURRIED
@given(
    waits=st.lists(st.integers(0, 10_000).map(float), min_size=1, max_size=60),
    share=st.sampled_from([0.1, 0.5, 0.9, 0.95]),
)
def test_with_every_wait_answered_nothing_is_censored(
    schema: duckdb.DuckDBPyConnection, waits: list[float], share: float
) -> None:
    found = value(schema, f"(censored_percentile(s, true, {share}), quantile_disc(s, {share}))", {"s": waits})
    assert found[0] == found[1]


@UNHURRIED
@given(
    answered=st.lists(st.integers(1, 3600).map(float), min_size=2, max_size=40),
    stopped=st.integers(1, 39),
)
def test_a_queue_that_stops_answering_waits_longer_though_the_naive_mean_falls(
    schema: duckdb.DuckDBPyConnection, answered: list[float], stopped: int
) -> None:
    # The same customers: on the bad day the slower ones are still waiting, two hours on.
    waits = sorted(answered)
    kept = max(1, len(waits) - stopped)
    bad = waits[:kept] + [7200.0] * (len(waits) - kept)
    outcomes = ["answered"] * kept + ["waiting"] * (len(waits) - kept)
    good_rows = {"s": waits, "o": ["answered"] * len(waits)}
    for share in (0.5, 0.9):
        shown = [
            value(schema, f"first_response_time(s, o, 'first', {share})", rows)
            for rows in (good_rows, {"s": bad, "o": outcomes})
        ]
        assert shown[1] >= shown[0]
    assert (
        value(schema, "speed_of_answer(s, o)", {"s": bad, "o": outcomes})
        <= value(schema, "speed_of_answer(s, o)", good_rows) + 1e-9
    )


def test_when_most_go_unanswered_the_shown_wait_rises_and_the_naive_one_falls(
    schema: duckdb.DuckDBPyConnection,
) -> None:
    good = {"s": [300.0] * 4 + [3000.0] * 6, "o": ["answered"] * 10}
    bad = {"s": [300.0] * 4 + [7200.0] * 6, "o": ["answered"] * 4 + ["waiting"] * 6}
    assert value(schema, "speed_of_answer(s, o)", bad) < value(schema, "speed_of_answer(s, o)", good)
    assert (
        value(schema, "first_response_time(s, o, 'first')", bad)
        == 7200
        > value(schema, "first_response_time(s, o, 'first')", good)
        == 3000
    )


@UNHURRIED
@given(rows=st.lists(generated_row, min_size=1, max_size=25))
def test_service_levels_are_ordered_as_their_treatments_are_lenient(
    schema: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]
) -> None:
    _table(schema, rows)
    missed, left, kept = (
        value(schema, f"service_level(waited_seconds, outcome, 100, '{treatment}') from generated")
        for treatment in ("missed", "early_left_out", "early_kept")
    )
    if missed is not None and left is not None:
        assert missed <= left + 1e-12
        assert left <= kept + 1e-12


def test_limits_take_no_readings_that_are_missing(schema: duckdb.DuckDBPyConnection) -> None:
    assert value(schema, "xmr_limits([1.0, null, 3.0])") == {
        "centre": 2,
        "low": pytest.approx(2 - 6 / 1.128),
        "high": pytest.approx(2 + 6 / 1.128),
    }
    assert value(schema, "xmr_limits([1.0])") is None
    assert not math.isnan(value(schema, "xmr_limits([1.0, 1.0])")["low"])
