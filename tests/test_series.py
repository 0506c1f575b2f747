"""Every metric by hour, day, week and month, in all its parts: against the glossary's macros, other programs, and counts by hand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.small_warehouse import NOON, SmallWarehouse, minutes
from warehouse import glossary
from warehouse.ask import Filters, Warehouse
from warehouse.connection import read_sql
from warehouse.errors import UnknownQuestion
from warehouse.series import CATALOGUE, GRAINS, SPLITS, Grain, Split, series_sql
from warehouse.statistics import kaplan_meier

COLUMNS = ["part", "bin", "is_complete", "value", "n", "hits", "low", "high", "is_known"]
WEEK = Filters(datetime(2026, 2, 26), NOON + timedelta(seconds=1))  # a Thursday, to Wednesday noon
THREE_WEEKS = Filters(datetime(2026, 2, 12), NOON + timedelta(seconds=1))
TODAY = Filters(datetime(2026, 3, 4), NOON + timedelta(seconds=1))
CHANNELS, TEAMS, AGENTS = ("email", "chat", "phone"), ("Billing", "Returns"), ("Ada", "Ben", None)

# What the glossary has under these families and is no series of its own.
NO_SERIES = {
    "censored_percentile": "what the durations are made of",
    "censored_percentile_is_known": "the column is_known",
    "share_done_within": "asks for a number of seconds",
    "share_of": "what the shares are made of",
    "service_level": "asks for a number of seconds; at each wait's own target it is promise_kept_rate",
    "answers": "the column n of csat, nps and ces",
    "occupancy": "no table tells how long agents were staffed",
}
# Freireich 1963, weeks in remission; + is still in remission when last seen. As in MASS::gehan.
SIX_MP = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"


@dataclass
class Desk(SmallWarehouse):
    """A small warehouse with surveys, promises put on tickets, changes of hands and messages too."""

    surveys: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    published: tuple[int, ...] = ()

    def opened(self) -> Warehouse:
        """Published, where rows were added since, and opened."""
        rows = (self.waits, self.tickets, self.changes, self.surveys, self.outcomes)
        if self.published != (published := tuple(map(len, rows))):
            self.publish()
            self.published = published
        return Warehouse(self.folder / "data")

    def survey(self, sent: datetime, score: float | None, kind: str = "csat", **more: Any) -> None:
        scale = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}[kind]
        row = {"source": "desk", "response_id": f"R{len(self.surveys) + 1}", "kind": kind, "ticket_id": "T1"}
        row |= {"scale_min": scale[0], "scale_max": scale[1], "score": score, "sent_at": sent}
        row |= {"answered_at": None if score is None else sent, "channel": "email", "team": "Billing", "agent": "Ada"}
        self.surveys.append(row | more)

    def outcome(self, ticket_id: str, ended: datetime, counted: float, target: float = 3600.0) -> None:
        """A target that was put on a ticket and decided: met where no more than its time counted."""
        row = {"source": "desk", "ticket_id": ticket_id, "metric": "first_response", "is_business_time": False}
        row |= {"applied_at": ended - timedelta(seconds=counted), "due_at": ended + timedelta(seconds=target - counted)}
        self.outcomes.append(
            row | {"target_seconds": target, "counted_seconds": counted, "ended_at": ended, "gave_up": False}
        )

    def _fill(self, connection: duckdb.DuckDBPyConnection) -> None:
        super()._fill(connection)
        tables = {"survey_responses": self.surveys, "store.sla_outcomes": self.outcomes}
        for table, rows in tables.items():
            if rows:
                delivered = pd.DataFrame(rows).astype(object)
                connection.register("delivered", delivered.where(delivered.notna(), None))
                connection.execute(f"insert into {table} by name select * from delivered")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def series(
    desk: Desk,
    name: str,
    filters: Filters = WEEK,
    grain: Grain | None = None,
    split: Split | None = None,
    zone: str = "UTC",
) -> pd.DataFrame:
    return desk.opened().series(name, filters, grain, split, zone)


def one(frame: pd.DataFrame) -> pd.Series:
    assert len(frame) == 1
    return frame.iloc[0]


def made_up(desk: Desk, tickets: int = 600) -> None:
    """Three weeks of tickets, waits, changes, surveys and messages, the same at every call."""
    chance = np.random.default_rng(7)
    for place in range(tickets):
        created = NOON - timedelta(seconds=float(chance.integers(0, 21 * 86400)))
        parts = {
            "ticket_id": f"T{place + 1}",
            "channel": str(chance.choice(CHANNELS)),
            "team": str(chance.choice(TEAMS)),
            "agent": AGENTS[chance.integers(0, 3)],
            "topic": [None, "Invoice"][chance.integers(0, 2)],
            "priority": [None, "high", "low"][chance.integers(0, 3)],
        }
        made_up_ticket(desk, chance, created, parts)


def made_up_ticket(desk: Desk, chance: np.random.Generator, created: datetime, parts: dict[str, Any]) -> None:
    took = float(chance.integers(60, 4 * 86400))
    solved = created + timedelta(seconds=took)
    is_open = solved > NOON
    # Whole milliseconds, many of them alike.
    spent = {
        f"{name}_seconds": float(chance.integers(0, 40)) * 90.125 for name in ("new", "open", "agent_wait", "on_hold")
    }
    spent |= {name.replace("_s", "_business_s"): seconds / 2 for name, seconds in spent.items()}
    finished = {"first_solved_at": solved, "solved_at": solved, "first_resolution_seconds": took}
    finished |= {"full_resolution_seconds": took, "first_resolution_business_seconds": took / 3}
    finished |= {"full_resolution_business_seconds": took / 3}
    desk.ticket(
        created,
        **parts,
        **spent,
        **({} if is_open else finished),
        is_open=is_open,
        status="open" if is_open else "solved",
        last_status="open" if is_open else "solved",
        status_since_at=NOON,
        reopen_count=int(chance.integers(0, 2)),
        reply_count=int(chance.integers(0, 3)),
        customer=f"C{chance.integers(0, 50)}",
        is_one_touch=bool(chance.integers(0, 2)),
        is_two_touch=bool(chance.integers(0, 2)),
        handle_seconds=[None, float(chance.integers(30, 900))][chance.integers(0, 2)],
        agent_change_count=int(chance.integers(0, 2)),
        team_change_count=int(chance.integers(0, 2)),
        priority_raise_count=int(chance.integers(0, 2)),
        bot_reply_count=int(chance.integers(0, 2)),
    )
    desk.change(created, **parts)
    if not is_open:
        desk.change(solved, "solved", **parts)
        if chance.random() < 0.2:
            desk.change(solved + minutes(1), "reopened", **parts)
            desk.change(solved + minutes(2), "solved", **parts)
    for turn in (1, 2):
        outcome = str(chance.choice(["answered", "answered", "answered", "abandoned", "solved", "waiting"]))
        waited = float(chance.integers(1, 200)) * 30
        kind = "first" if turn == 1 else "next"
        business = {"wait_business_seconds": None if outcome == "waiting" else waited / 2}
        ended = None if outcome == "waiting" else waited
        desk.wait(created + minutes(turn - 1), ended, outcome, turn=turn, kind=kind, **business, **parts)
    at = {"source": "desk", "ticket_id": parts["ticket_id"]}
    desk.outcome(parts["ticket_id"], created + minutes(5), float(chance.integers(1, 7200)))
    asked_of = at | {name: parts[name] for name in ("channel", "team", "agent", "topic")}
    # On the phone one scale alone, or there would be no mean of scores.
    for kind, best in (("csat", 5), ("nps", 10), ("ces", 7))[: 1 if parts["channel"] == "phone" else 3]:
        score = float(chance.integers(0 if kind == "nps" else 1, best + 1)) if chance.random() < 0.6 else None
        desk.survey(created, score, kind, **asked_of)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    made_up(desk)
    return desk.opened()


# The catalogue.


def test_every_series_says_what_the_glossary_says_of_it_and_stands_in_its_order() -> None:
    macros = glossary.of_this_code().set_index("name")
    for name, found in CATALOGUE.items():
        assert name == found.name
        assert (found.direction, found.family) == tuple(macros.loc[found.macro, ["direction", "family"]]), name
        assert found.value.startswith(f"{found.macro}("), name
        assert found.title, name
    order = [name for name in macros.index if name in {found.macro for found in CATALOGUE.values()}]
    assert list(dict.fromkeys(found.macro for found in CATALOGUE.values())) == order


def test_units_are_those_of_the_glossary() -> None:
    units = glossary.of_this_code().set_index("name")["unit"]
    words = {"seconds": "seconds", "share": "share 0-1", "points": "points"}
    for found in CATALOGUE.values():
        said = units[found.macro]
        assert said.startswith(words[found.unit]) if found.unit in words else said in ("tickets", "waits", "agents")


def test_every_metric_is_a_series_or_is_said_why_not() -> None:
    macros = glossary.of_this_code()
    metrics = set(macros.loc[macros["family"].isin(["time", "share", "score", "volume"]), "name"])
    covered = {found.macro for found in CATALOGUE.values()}
    assert covered | set(NO_SERIES) == metrics
    assert not covered & set(NO_SERIES)


def test_dates_are_those_of_the_glossary() -> None:
    dates = glossary.of_this_code().set_index("name")["date"]
    for found in CATALOGUE.values():
        if found.macro != "open_ticket_age":  # of no date: as the data stands
            for column in re.findall(r"[a-z_]+_at", found.rows.date):
                assert column in dates[found.macro], found.name


def test_the_tickets_behind_a_series_are_a_set_that_can_be_opened() -> None:
    known = read_sql("moments_behind").partition("\nwith")[0]
    for found in CATALOGUE.values():
        assert re.search(rf"\b{found.behind}\b", known), found.behind


def test_a_name_that_is_no_series_is_refused(desk: Desk) -> None:
    with pytest.raises(UnknownQuestion, match="no series 'waiting'"):
        series(desk, "waiting")
    with pytest.raises(ValueError, match="start and the end"):
        series(desk, "arrived", Filters(), "day")
    with pytest.raises(ValueError, match="no grain 'year'"):
        series(desk, "arrived", WEEK, "year")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no split 'customer'"):
        series(desk, "arrived", WEEK, "day", "customer")  # type: ignore[arg-type]


# Every series, every way.


@pytest.mark.parametrize("name", CATALOGUE)
def test_of_every_grain_and_split(name: str, full: Warehouse) -> None:
    for grain, split in [*((grain, "team") for grain in (None, *GRAINS)), *((None, split) for split in SPLITS)]:
        frame = full.series(name, THREE_WEEKS, grain, split)
        assert list(frame.columns) == COLUMNS
        parts, bins = frame["part"].drop_duplicates(), frame["bin"].drop_duplicates()
        assert len(frame) == len(parts) * len(bins)
        assert frame.sort_values(["part", "bin"], kind="stable").index.tolist() == frame.index.tolist()
        assert len(bins) == {None: 1, "hour": 20 * 24 + 13, "day": 21, "week": 4, "month": 2}[grain]
        known = frame[frame["value"].notna()]
        assert frame["n"].sum() > 0
        assert (known["low"].fillna(-np.inf) <= known["value"] + 1e-9).all()
        assert (known["high"].fillna(np.inf) >= known["value"] - 1e-9).all()
        assert (frame.loc[frame["n"] == 0, "value"].fillna(0) == 0).all()


@pytest.mark.parametrize("name", [name for name, found in CATALOGUE.items() if found.kind not in ("level", "ages")])
def test_is_the_glossarys_macro_over_the_rows_of_a_bin(name: str, full: Warehouse) -> None:
    found = CATALOGUE[name]
    rows, week = found.rows.of.replace("$within_days", "7"), {"start": THREE_WEEKS.start, "end": THREE_WEEKS.end}
    sql = f"""
        select channel as part, date_trunc('day', {found.rows.date}) as bin, ({found.value})::double as expected
        from {rows}
        where {found.rows.date} >= $start and {found.rows.date} < $end
        group by all"""
    with full._cursor() as cursor:
        expected = cursor.execute(sql, week).df().set_index(["part", "bin"])["expected"].dropna()
    values = full.series(name, THREE_WEEKS, "day", "channel").set_index(["part", "bin"])["value"].dropna()
    assert len(expected) >= 3
    values = values if found.unit != "count" else values[values.index.isin(expected.index)]
    assert set(values.index) == set(expected.index)
    assert values.loc[expected.index].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-12)


@pytest.mark.parametrize(
    "name", [name for name, found in CATALOGUE.items() if found.kind in ("share", "mean", "count")]
)
def test_rests_on_the_rows_it_counts(name: str, full: Warehouse) -> None:
    found = CATALOGUE[name]
    frame = full.series(name, THREE_WEEKS, "day", "channel").dropna(subset="value")
    if found.kind == "share":
        assert frame["hits"].to_numpy() == pytest.approx((frame["value"] * frame["n"]).to_numpy(), abs=1e-9)
        for row in frame.itertuples():
            wilson = stats.binomtest(int(row.hits), int(row.n)).proportion_ci(method="wilson")
            assert (row.low, row.high) == pytest.approx((wilson.low, wilson.high), abs=1e-9)
    else:
        assert frame["hits"].isna().all()
    if found.kind == "count":
        assert frame[["low", "high"]].isna().all(axis=None)
        assert (frame["value"] == frame["n"]).all() or name == "agents_active"


# By hand.


def test_a_share_counts_what_is_decided_and_has_wilsons_interval(desk: Desk) -> None:
    for seconds in (600, 1200, 1800, 3000, 3600, 2400, 60, 30, 7000):
        desk.wait(NOON - timedelta(hours=5), seconds)
    desk.wait(NOON - timedelta(hours=4), None)  # open and late: broken
    desk.wait(NOON - timedelta(hours=4), 60, "abandoned")  # given up in time: neither
    row = one(series(desk, "promise_kept_rate"))
    assert (row["value"], row["n"], row["hits"]) == (0.8, 10, 8)
    assert (row["low"], row["high"]) == pytest.approx((0.4902, 0.9433), abs=5e-5)


def test_a_mean_has_the_interval_of_a_mean_and_one_reading_has_none(desk: Desk) -> None:
    desk.wait(NOON - timedelta(hours=5), 100)
    assert pd.isna(one(series(desk, "speed_of_answer"))["low"])
    for seconds in (200, 300, 400):
        desk.wait(NOON - timedelta(hours=5), seconds)
    row = one(series(desk, "speed_of_answer"))
    # By hand: mean 250, s = sqrt(50000 / 3) = 129.10, 1.96 * 129.10 / 2 = 126.52.
    assert (row["value"], row["n"]) == (250, 4)
    assert (row["low"], row["high"]) == pytest.approx((123.48, 376.52), abs=5e-3)


def test_nps_has_its_margin(desk: Desk) -> None:
    for score, times in ((10, 50), (8, 30), (3, 20)):
        for _ in range(times):
            desk.survey(NOON - minutes(60), score, "nps")
    row = one(series(desk, "nps"))
    assert (row["value"], row["n"]) == (30, 100)
    assert (row["low"], row["high"]) == pytest.approx((30 - 15.31, 30 + 15.31), abs=5e-3)


def remissions(desk: Desk, weeks: str) -> None:
    for text in weeks.split():
        desk.wait(NOON - timedelta(days=5), float(text.rstrip("+")), "abandoned" if "+" in text else "answered")


# R: survfit(Surv(time, cens) ~ treat, gehan, conf.type = "log-log"), medians with 0.95LCL and 0.95UCL: 23 (13, NA) and 8 (4, 11).
def test_a_median_of_cut_short_durations_has_the_interval_that_r_gives_it(desk: Desk) -> None:
    remissions(desk, SIX_MP)
    row = one(series(desk, "first_response_time"))
    assert (row["value"], row["low"], row["n"], row["is_known"]) == (23, 13, 21, True)
    assert pd.isna(row["high"])
    desk.waits.clear()
    remissions(desk, f"0+ {PLACEBO}")  # cut short at once, it says nothing but that not every one is over
    row = one(series(desk, "first_response_time"))
    assert (row["value"], row["low"], row["high"]) == (8, 4, 11)


def test_a_percentile_of_durations_that_are_all_over_lies_between_two_of_them(desk: Desk) -> None:
    remissions(desk, PLACEBO)
    seconds = [float(text) for text in PLACEBO.split()]
    for name, share in (("first_response_time", 0.5), ("first_response_time_p90", 0.9)):
        row = one(series(desk, name))
        expected = stats.quantile_test(seconds, p=share).confidence_interval(0.95)
        given = [np.nan if pd.isna(end) else end for end in (row["low"], row["high"])]
        assert given == pytest.approx([expected.low, expected.high], nan_ok=True)
    # Ranks 6 and 16 of 21: 5 heads or fewer, and 16 or more, of 21 coins happen in 1.3 % of throws each.
    assert one(series(desk, "first_response_time"))[["low", "high"]].tolist() == [4, 12]


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_intervals_of_made_up_durations_are_those_of_other_programs(share: float, desk: Desk) -> None:
    chance = np.random.default_rng(3)
    for channel, number in (("email", 5), ("chat", 40), ("phone", 150)):
        for place in range(number):
            outcome = "answered" if channel == "phone" or place % 4 else "abandoned"
            desk.wait(NOON - timedelta(days=5), float(chance.integers(1, 80)), outcome, channel=channel)
    frame = series(desk, "first_response_time" if share == 0.5 else "first_response_time_p90", split="channel")
    for row in frame.itertuples():
        waits = [wait for wait in desk.waits if wait["channel"] == row.part]
        seconds = [wait["wait_seconds"] for wait in waits]
        done = [wait["outcome"] == "answered" for wait in waits]
        expected = order_interval(seconds, share) if all(done) else log_log_interval(seconds, done, share)
        assert (row.low, row.high) == pytest.approx(expected, nan_ok=True), row.part


def order_interval(seconds: list[float], share: float) -> tuple[float, float]:
    found = stats.quantile_test(seconds, p=share).confidence_interval(0.95)
    return float(found.low), float(found.high)


def log_log_interval(seconds: list[float], done: list[bool], share: float) -> tuple[float, float]:
    """Where the band around log(-log) of the curve lets go of the percentile."""
    curve = kaplan_meier(seconds, done)
    curve = curve[curve["undone"] > 0]
    undone, error = curve["undone"].to_numpy(), curve["standard_error"].to_numpy()
    scale = np.log(-np.log(undone))
    spread = stats.norm.ppf(0.975) * error / (undone * np.abs(np.log(undone)))
    ends = []
    for line in (scale + spread, scale - spread):  # the higher, the fewer undone
        passed = np.exp(-np.exp(line)) <= 1 - share + 1e-9
        ends.append(float(curve["seconds"].to_numpy()[passed][0]) if passed.any() else np.nan)
    return ends[0], ends[1]


def test_a_percentile_that_cannot_be_known_yet_is_a_lower_bound_and_says_so(desk: Desk) -> None:
    desk.wait(NOON - timedelta(hours=2), 600)
    for _ in range(3):
        desk.wait(NOON - timedelta(hours=2), None)
    row = one(series(desk, "first_response_time"))
    assert (row["value"], row["is_known"], row["n"]) == (7200, False, 4)
    assert pd.isna(row["high"])


@pytest.mark.parametrize("tens", [1, 2, 3, 5, 7, 11])
def test_a_percentile_is_known_once_just_so_many_are_done(tens: int, desk: Desk) -> None:
    for place in range(10 * tens):
        desk.wait(NOON - timedelta(hours=2), float(place + 1) if place < 9 * tens else None)
    row = one(series(desk, "first_response_time_p90"))
    assert (row["value"], row["is_known"]) == (9 * tens, True)
    desk.wait(NOON - timedelta(hours=2), None)
    assert not one(series(desk, "first_response_time_p90"))["is_known"]


def test_a_filter_on_channel_changes_numerator_and_denominator(desk: Desk) -> None:
    for channel, seconds in (("email", 60), ("email", 7200), ("chat", 60), ("chat", 90)):
        desk.wait(NOON - timedelta(hours=5), seconds, channel=channel)
    everything = one(series(desk, "promise_kept_rate"))
    emails = one(series(desk, "promise_kept_rate", Filters(WEEK.start, WEEK.end, channels=("email",))))
    assert (everything["hits"], everything["n"]) == (3, 4)
    assert (emails["hits"], emails["n"], emails["value"]) == (1, 2, 0.5)
    for chosen in ({"sources": ("other",)}, {"teams": ("Returns",)}, {"agents": ("Ben",)}):
        nothing = one(series(desk, "promise_kept_rate", Filters(WEEK.start, WEEK.end, **chosen)))
        assert nothing["n"] == 0
        assert pd.isna(nothing["value"])


def test_surveys_and_targets_are_split_by_the_priority_of_their_ticket(desk: Desk) -> None:
    desk.ticket(NOON - timedelta(days=1), ticket_id="T1", priority="high")
    desk.ticket(NOON - timedelta(days=1), ticket_id="T2", priority="low", channel="chat")
    desk.survey(NOON - minutes(60), 5)
    desk.survey(NOON - minutes(60), 1, ticket_id=None)
    desk.outcome("T1", NOON - minutes(60), 60)
    desk.outcome("T2", NOON - minutes(60), 7200)
    surveys = series(desk, "csat", split="priority")
    assert surveys["part"].tolist()[:1] == ["high"]
    assert surveys["value"].tolist() == [1, 0]
    assert pd.isna(surveys["part"].iloc[1])
    targets = series(desk, "sla_met_rate", split="priority").set_index("part")["value"]
    assert targets.to_dict() == {"high": 1, "low": 0}
    assert one(series(desk, "sla_met_rate", Filters(WEEK.start, WEEK.end, channels=("chat",))))["value"] == 0


def test_parts_of_which_none_is_given_come_last_and_are_null(desk: Desk) -> None:
    for topic in ("Invoice", None, None):
        desk.change(NOON - minutes(60), topic=topic)
    frame = series(desk, "arrived", TODAY, "day", "topic")
    assert frame["part"].isna().tolist() == [False, True]
    assert frame["value"].tolist() == [1, 2]


def test_every_bin_is_there_for_every_part(desk: Desk) -> None:
    desk.change(datetime(2026, 2, 27, 10))
    desk.change(datetime(2026, 3, 2, 10), channel="chat")
    desk.change(datetime(2026, 2, 1, 10), channel="phone")  # not of the period
    frame = series(desk, "arrived", WEEK, "day", "channel")
    assert frame["part"].tolist() == ["chat"] * 7 + ["email"] * 7
    assert frame["value"].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0]
    assert frame["is_complete"].tolist() == [True] * 6 + [False] + [True] * 6 + [False]
    shares = series(desk, "promise_kept_rate", WEEK, "day")
    assert shares["value"].isna().all()
    assert shares["n"].tolist() == [0] * 7


def test_without_a_period_everything_counts(desk: Desk) -> None:
    desk.change(datetime(2020, 1, 1))
    desk.change(NOON)
    assert one(series(desk, "arrived", Filters()))["value"] == 2
    assert one(series(desk, "backlog", Filters()))["value"] == 2


def test_an_empty_warehouse_has_bins_of_nothing_and_no_parts(desk: Desk) -> None:
    desk.publish()
    warehouse = Warehouse(desk.folder / "data")
    for name in CATALOGUE:
        bins, parts = (warehouse.series(name, WEEK, "day", split) for split in (None, "agent"))
        assert list(bins.columns) == list(parts.columns) == COLUMNS
        assert len(bins) == 7
        assert bins["value"].fillna(0).eq(0).all()
        assert parts.empty


# Clocks and calendars.


def test_the_days_of_the_clock_changes_have_23_and_25_hours(desk: Desk) -> None:
    for hour in range(24 * 2):
        desk.change(datetime(2026, 3, 28, 0, 30) + timedelta(hours=hour))
        desk.change(datetime(2025, 10, 25, 0, 30) + timedelta(hours=hour))
    spring = Filters(datetime(2026, 3, 28, 23), datetime(2026, 3, 29, 22))
    autumn = Filters(datetime(2025, 10, 25, 22), datetime(2025, 10, 26, 23))
    assert one(series(desk, "arrived", spring, "day", zone="Europe/Berlin"))[["value", "is_complete"]].tolist() == [
        23,
        True,
    ]
    assert one(series(desk, "arrived", autumn, "day", zone="Europe/Berlin"))[["value", "is_complete"]].tolist() == [
        25,
        True,
    ]
    hours = series(desk, "arrived", spring, "hour", zone="Europe/Berlin")
    assert [f"{bin:%H}" for bin in hours["bin"]] == [f"{hour:02}" for hour in range(24) if hour != 2]
    doubled = series(desk, "arrived", autumn, "hour", zone="Europe/Berlin").set_index("bin")["value"]
    assert doubled.loc[datetime(2025, 10, 26, 2)] == 2
    assert doubled.sum() == 25


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"])
def test_bins_are_those_of_the_clock_on_the_wall(zone: str, desk: Desk) -> None:
    moments = pd.date_range("2025-10-03", "2025-11-05", freq="47min")
    for moment in moments:
        desk.change(moment.to_pydatetime())
    local = moments.tz_localize("UTC").tz_convert(zone).tz_localize(None)
    for grain, floor in (
        ("hour", local.floor("h")),
        ("day", local.floor("D")),
        ("month", local.to_period("M").to_timestamp()),
    ):
        frame = series(desk, "arrived", Filters(datetime(2025, 10, 3), datetime(2025, 11, 5)), grain, zone=zone)
        found = frame[frame["value"] > 0].set_index("bin")["value"]
        assert found.to_dict() == pd.Series(1.0, index=floor).groupby(level=0).sum().to_dict()


def test_weeks_begin_on_monday_and_months_on_the_first(desk: Desk) -> None:
    for day in (datetime(2026, 2, 28, 12), datetime(2026, 3, 1, 12), datetime(2026, 3, 2, 12)):
        desk.change(day)
    period = Filters(datetime(2026, 1, 1), NOON)
    weeks = series(desk, "arrived", period, "week").set_index("bin")["value"]
    assert weeks[weeks > 0].to_dict() == {datetime(2026, 2, 23): 2, datetime(2026, 3, 2): 1}
    months = series(desk, "arrived", period, "month")
    assert months["bin"].tolist() == [datetime(2026, 1, 1), datetime(2026, 2, 1), datetime(2026, 3, 1)]
    assert months["value"].tolist() == [0, 1, 2]
    assert months["is_complete"].tolist() == [True, True, False]


def test_a_bin_that_began_before_the_period_is_not_complete_but_a_level_at_its_end_is(desk: Desk) -> None:
    desk.change(datetime(2026, 2, 10))
    weeks = series(desk, "arrived", WEEK, "week")
    assert weeks["is_complete"].tolist() == [False, False]
    levels = series(desk, "backlog", WEEK, "week")
    assert levels["is_complete"].tolist() == [True, False]


# Levels.


def test_the_backlog_is_the_level_at_the_end_of_each_bin_all_that_was_before_included(desk: Desk) -> None:
    desk.change(datetime(2026, 1, 5), ticket_id="A")
    desk.change(datetime(2026, 1, 6), ticket_id="B")
    desk.change(datetime(2026, 2, 27, 9), ticket_id="C")
    desk.change(datetime(2026, 2, 28, 9), "solved", ticket_id="A")
    desk.change(datetime(2026, 3, 1, 9), "solved", ticket_id="C")
    desk.change(datetime(2026, 3, 3, 9), "reopened", ticket_id="A")
    desk.change(datetime(2026, 1, 1), channel="chat", ticket_id="D")
    desk.change(datetime(2026, 1, 2), "solved", channel="chat", ticket_id="D")  # over before the period
    desk.change(datetime(2026, 1, 1), channel="phone", ticket_id="E")  # open all the time
    frame = series(desk, "backlog", WEEK, "day", "channel").set_index(["part", "bin"])["value"]
    assert frame.loc["email"].tolist() == [2, 3, 2, 1, 1, 2, 2]
    assert frame.loc["phone"].tolist() == [1] * 7
    assert "chat" not in frame.index.get_level_values("part")
    assert one(series(desk, "backlog", WEEK))["value"] == 3
    assert one(series(desk, "backlog", Filters(WEEK.start, datetime(2026, 2, 28))))["value"] == 4


def test_open_tickets_are_as_old_as_they_were_when_a_bin_ended(desk: Desk) -> None:
    day = 86400
    desk.change(datetime(2026, 2, 24), ticket_id="A")
    desk.change(datetime(2026, 2, 26), ticket_id="B")
    desk.change(datetime(2026, 2, 28), "solved", ticket_id="A")
    desk.change(datetime(2026, 3, 2), "solved", ticket_id="B")
    desk.change(datetime(2026, 3, 3), "reopened", ticket_id="A")
    desk.ticket(datetime(2026, 2, 24), ticket_id="A", status_since_at=datetime(2026, 3, 3))
    desk.ticket(datetime(2026, 2, 26), ticket_id="B", is_open=False, status_since_at=datetime(2026, 3, 2))
    frame = series(desk, "open_ticket_age_p90", WEEK, "day").set_index("bin")
    assert frame["n"].tolist() == [2, 2, 1, 1, 0, 1, 1]
    assert frame["value"].fillna(-1).tolist() == [3 * day, 4 * day, 3 * day, 4 * day, -1, 8 * day, 8.5 * day]


def test_the_age_of_open_tickets_now_is_the_glossarys(full: Warehouse) -> None:
    for name in ("open_ticket_age", "open_ticket_age_p90"):
        with full._cursor() as cursor:
            sql = f"select channel, {CATALOGUE[name].value} from tickets group by channel order by channel"
            expected = cursor.execute(sql).fetchall()
        frame = full.series(name, WEEK, split="channel")
        assert frame[["part", "value"]].values.tolist() == [list(row) for row in expected]


def test_open_tickets_by_part_are_the_backlog(full: Warehouse) -> None:
    for split in get_args(Split):
        ages, levels = (full.series(name, WEEK, "day", split) for name in ("open_ticket_age", "backlog"))
        assert ages["n"].sum() == levels["value"].sum()


def test_contacts_may_have_to_stay_quiet_for_longer(full: Warehouse) -> None:
    week, day = (full.series("first_contact_resolution", THREE_WEEKS, within_days=days).iloc[0]["n"] for days in (7, 1))
    assert 0 < week < day


def test_one_text_serves_every_page_that_asks_the_same() -> None:
    assert series_sql(CATALOGUE["csat"], "day", None) is series_sql(CATALOGUE["csat"], "day", None)
