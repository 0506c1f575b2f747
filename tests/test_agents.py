"""The Agents page: a team side by side without ranking noise, one agent beside their team, and notes with who and when."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.elements import agent_charts, funnel_charts
from pages.elements.figure import Chart
from pages.elements.palette import DARK, LIGHT
from tests.small_warehouse import NOON, SmallWarehouse, minutes
from tests.test_pages import alts, text, tiles, visit
from warehouse import agents
from warehouse.ask import Filters, Warehouse

DAY = Filters(NOON - timedelta(hours=12), NOON + timedelta(seconds=1))
MONTH = Filters(NOON - timedelta(days=28), NOON + timedelta(seconds=1))


@pytest.fixture
def small(tmp_path: Path) -> SmallWarehouse:
    return SmallWarehouse(tmp_path)


@pytest.fixture
def team(tmp_path: Path) -> SmallWarehouse:
    """Four weeks of Ada and Ben of Billing, and of Cleo of Orders who answered one customer of Billing."""
    desk = SmallWarehouse(tmp_path)
    for day in range(28):
        at = NOON - timedelta(days=day, hours=3)
        desk.wait(at, 600)
        desk.wait(at, 4000 if day % 2 else 60, agent="Ben", channel="chat", topic="Refund")
        desk.wait(at, 60, agent="Cleo", team="Orders")
        for agent, team in (("Ada", "Billing"), ("Ben", "Billing"), ("Cleo", "Orders")):
            desk.change(at, agent=agent, team=team)
            desk.ticket(at, agent=agent, team=team, topic="Invoice", first_solved_at=at + minutes(60), is_open=False)
    desk.wait(NOON - minutes(90), 60, agent="Cleo")
    return desk


def published(desk: SmallWarehouse, **tables: list[dict[str, Any]]) -> Path:
    """Publishes with further rows of `survey_responses` or `note_rows`, and with the team of each agent."""
    settings = desk.publish()
    newest = max((desk.folder / "data").glob("warehouse-*.duckdb"), key=lambda path: path.stat().st_mtime)
    homes = {row["agent"]: row["team"] for row in desk.changes if row["agent"]}
    first = min((row["happened_at"] for row in desk.changes), default=NOON)
    with duckdb.connect(str(newest)) as connection:
        for name, home in homes.items():
            connection.execute(
                "update agents set team = ?, first_seen_at = ?, last_seen_at = ? where agent = ?",
                [home, first, NOON, name],
            )
        for table, rows in tables.items():
            delivered = pd.DataFrame(rows)
            where = "store.note_rows" if table == "note_rows" else table
            connection.register("delivered", delivered)
            connection.execute(f"insert into {where} by name select * from delivered")
            connection.unregister("delivered")
    return settings


def survey(number: int, score: float | None, agent: str = "Ada", **more: Any) -> dict[str, Any]:
    row = {
        "source": "desk",
        "response_id": f"S{number}",
        "kind": "csat",
        "scale_min": 1.0,
        "scale_max": 5.0,
        "score": score,
    }
    row |= {
        "sent_at": NOON - minutes(30 + number),
        "ticket_id": f"T{number}",
        "agent": agent,
        "channel": "email",
        "team": "Billing",
    }
    return row | {"topic": "Invoice", "comment": None} | more


def note(number: int, author: str = "Lea", **more: Any) -> dict[str, Any]:
    row = {
        "source": "written",
        "note_id": f"N{number}",
        "agent": "Ada",
        "kind": "coaching",
        "body": f"Note {number}",
        "author": author,
    }
    return row | {"written_at": NOON - timedelta(days=number), "ticket_id": None, "is_removed": False} | more


def rows(desk: SmallWarehouse, filters: Filters = DAY) -> pd.DataFrame:
    return Warehouse(desk.folder / "data").ask("agents_table", filters, within_days=7)


def traces(chart: Chart) -> dict[str, dict[str, Any]]:
    return {trace.name or str(place): trace.to_plotly_json() for place, trace in enumerate(chart.figure.data)}


def texts(chart: Chart) -> list[str]:
    return [annotation.text for annotation in chart.figure.layout.annotations]


# The question


def test_a_row_of_the_table_counts_each_measure_on_its_own_date(small: SmallWarehouse) -> None:
    small.change(NOON - minutes(60))
    small.wait(NOON - minutes(120), 600)  # answered within its hour
    small.wait(NOON - minutes(120), 4000)  # answered late
    small.wait(NOON - timedelta(hours=13), 7200)  # began and was due before the period, answered in it
    small.wait(NOON - minutes(30), None, agent=None)
    small.ticket(NOON - minutes(60), handle_seconds=100.0)
    small.ticket(NOON - minutes(50), handle_seconds=300.0)
    small.ticket(NOON - timedelta(days=2), first_solved_at=NOON - minutes(10), reopen_count=1, is_open=False)
    small.ticket(NOON - timedelta(days=2), first_solved_at=NOON - minutes(20), reopen_count=0, is_open=False)
    published(small, survey_responses=[survey(1, 5.0), survey(2, 4.0), survey(3, 1.0), survey(4, None)])
    found = rows(small)
    (ada,) = found.to_dict("records")
    assert (ada["agent"], ada["team"]) == ("Ada", "Billing")
    assert (ada["tickets"], ada["answered"]) == (2, 3)
    assert (ada["average_handle_time"], ada["average_handle_time_n"]) == (200.0, 2)
    # The standard deviation of 100 and 300 is 141.42; of two, its error is 100.
    assert ada["average_handle_time_high"] == pytest.approx(200 + 1.96 * 100, abs=0.01)
    # Due at 11:00 twice; the third was due at 00:00, the first instant of the period, and took two hours.
    assert (ada["promise_kept_rate"], ada["promise_kept_rate_n"]) == (pytest.approx(1 / 3), 3)
    assert (ada["csat"], ada["csat_n"]) == (pytest.approx(2 / 3), 3)
    # Wilson 1927 for 2 of 3: 20.8 % to 93.9 %.
    assert (ada["csat_low"], ada["csat_high"]) == (pytest.approx(0.208, abs=5e-4), pytest.approx(0.939, abs=5e-4))
    assert (ada["reopen_rate"], ada["reopen_rate_n"]) == (0.5, 2)


def test_work_that_nobody_holds_is_in_no_row(small: SmallWarehouse) -> None:
    small.wait(NOON - minutes(30), 60, agent=None)
    small.ticket(NOON - minutes(30), agent=None)
    small.publish()
    assert rows(small).empty


def test_what_a_mix_lets_expect_is_what_all_have_at_it(small: SmallWarehouse) -> None:
    given = {("Ada", "email"): (3, 4), ("Ada", "chat"): (1, 2), ("Ben", "email"): (2, 2), ("Ben", "chat"): (1, 4)}
    for (agent, channel), (kept, promised) in given.items():
        for place in range(promised):
            small.wait(
                NOON - minutes(200),
                600 if place < kept else 4000,
                agent=agent,
                channel=channel,
                topic="Invoice" if channel == "email" else None,
            )
    small.publish()
    found = rows(small).set_index("agent")
    assert found["answered"].to_dict() == {"Ada": 6, "Ben": 6}
    assert found["promise_kept_rate"].to_dict() == {"Ada": pytest.approx(4 / 6), "Ben": pytest.approx(3 / 6)}
    # Both together keep 5 of 6 by email and 2 of 6 in chats: (4 * 5/6 + 2 * 2/6) / 6 and (2 * 5/6 + 4 * 2/6) / 6.
    assert found["promise_kept_rate_expected"].to_dict() == {"Ada": pytest.approx(2 / 3), "Ben": pytest.approx(1 / 2)}
    # What is expected of all is what all had: 7 of 12.
    assert (found["promise_kept_rate_expected"] * found["promise_kept_rate_n"]).sum() == pytest.approx(7)
    assert found["csat_expected"].isna().all()


def test_what_a_mix_lets_expect_is_worked_out_for_each_measure_by_itself(small: SmallWarehouse) -> None:
    # Agent, channel, and of each ticket: handle time, times reopened, agent changes, replies.
    given = {
        ("Ada", "email"): [(100.0, 1, 1, 1), (300.0, 0, 1, 2)],
        ("Ada", "chat"): [(400.0, 0, 1, 1)],
        ("Ben", "email"): [(500.0, 0, 0, 1)],
        ("Ben", "chat"): [(600.0, 1, 0, 1)] * 3,
    }
    asked = NOON - timedelta(days=10)
    for (agent, channel), tickets in given.items():
        for seconds, reopened, changes, replies in tickets:
            small.ticket(
                asked,
                agent=agent,
                channel=channel,
                customer=f"C{len(small.tickets)}",
                handle_seconds=seconds,
                first_solved_at=asked + minutes(30),
                is_open=False,
                reopen_count=reopened,
                agent_change_count=changes,
                reply_count=replies,
            )
    scores = [
        ("Ada", "email", 5.0),
        ("Ada", "chat", 1.0),
        ("Ben", "email", 1.0),
        ("Ben", "chat", 5.0),
        ("Ben", "chat", 4.0),
    ]
    answers = [survey(place, score, agent, channel=channel) for place, (agent, channel, score) in enumerate(scores)]
    published(small, survey_responses=answers)
    found = rows(small, MONTH).set_index("agent")
    # By email and in chats all have: 300 s and 550 s; reopened 1/3, 3/4; transferred 2/3, 1/4; resolved at once 1/3, 1/4; satisfied 1/2, 2/3.
    by_hand = {
        "average_handle_time": (1150 / 3, 1950 / 4),
        "reopen_rate": (17 / 36, 31 / 48),
        "transfer_rate": (19 / 36, 17 / 48),
        "first_contact_resolution": (11 / 36, 13 / 48),
        "csat": (7 / 12, 11 / 18),
    }
    for name, (ada, ben) in by_hand.items():
        assert found[f"{name}_expected"].to_dict() == {"Ada": pytest.approx(ada), "Ben": pytest.approx(ben)}, name


def test_everyone_who_answered_is_in_the_table(team: SmallWarehouse) -> None:
    published(team)
    assert rows(team, MONTH).set_index("agent")["answered"].to_dict() == {"Ada": 28, "Ben": 28, "Cleo": 29}


def test_hours_worked_are_those_of_answers_in_local_time(small: SmallWarehouse) -> None:
    for day in (0, 7):  # Wednesdays, 10:10 UTC
        small.wait(NOON - timedelta(days=day, minutes=120), 600)
    small.wait(NOON - minutes(120), 60, agent="Ben")
    small.publish()
    filters = Filters(MONTH.start, MONTH.end, agents=("Ada",))
    found = Warehouse(small.folder / "data").ask("agent_hours", filters, zone="Asia/Kolkata")
    assert found.to_dict("records") == [{"weekday": 3, "hour": 15, "answers": 2, "days": 2, "days_in_all": 2}]


# What is worked out


def counted(*given: tuple[str, float, int, float]) -> pd.DataFrame:
    """Rows as agents_table.sql gives them, from agent, share within target, n, and the share that their mix lets expect."""
    frame = pd.DataFrame(
        given, columns=["agent", "promise_kept_rate", "promise_kept_rate_n", "promise_kept_rate_expected"]
    )
    for name in agents.MEASURES:
        if name not in frame:
            frame[name], frame[f"{name}_n"], frame[f"{name}_expected"] = np.nan, 0, np.nan
    return frame


def test_who_does_as_their_mix_lets_expect_would_have_the_common_share_with_everybodys() -> None:
    table = agents.compared(counted(("Ada", 0.86, 100, 0.86), ("Ben", 0.54, 100, 0.5))).set_index("agent")
    # 140 of 200 in all; Ben is 0.04 above what is expected of him.
    assert table["promise_kept_rate_same_mix"].to_dict() == {"Ada": pytest.approx(0.7), "Ben": pytest.approx(0.74)}
    assert table["csat_same_mix"].isna().all()


def test_likely_shares_lie_nearer_to_the_others_the_fewer_they_rest_on() -> None:
    shares = [("Few", 1.0, 4, 0.7)] + [(f"A{place}", 0.6 + 0.02 * place, 200, 0.7) for place in range(12)]
    found = agents.compared(counted(*shares)).set_index("agent")
    assert found.loc["Few", "promise_kept_rate_likely"] < 0.85
    assert abs(found.loc["A11", "promise_kept_rate_likely"] - 0.82) < 0.03
    few, many = (
        found.loc[name, "promise_kept_rate_likely_high"] - found.loc[name, "promise_kept_rate_likely_low"]
        for name in ("Few", "A11")
    )
    assert few > many
    assert found["csat_likely"].isna().all()


def test_of_nobody_nothing_is_compared() -> None:
    table = agents.compared(counted())
    assert table.empty
    assert agents.outside(table) == {}
    assert agents.totals(table)["n"].sum() == 0


def test_limits_are_those_of_chance_where_agents_differ_by_chance() -> None:
    chance = np.random.default_rng(3)
    trials = pd.Series(np.repeat(100, 60))
    shape = agents.funnel_of(pd.Series(chance.binomial(100, 0.8, 60) / 100), trials)
    assert shape.spread == 1
    # Spiegelhalter's exact limits for 100 and a share of 0.9 are 0.836-0.957 and 0.799-0.984 (see test_statistics).
    limits = agents.Funnel(0.9, 1.0).limits([100]).iloc[0]
    assert limits["low_95"] == pytest.approx(0.836, abs=0.01)
    assert limits["high_99.8"] == pytest.approx(0.98, abs=0.01)


def test_limits_widen_where_all_agents_lie_apart_for_reasons_they_share() -> None:
    # Shares at 0.5 and 0.9 around 0.7 with n = 100: every z is 0.2 / sqrt(0.7 * 0.3 / 100) = 4.364, which is then the spread.
    values, trials = pd.Series([0.5, 0.9] * 10), pd.Series([100] * 20)
    shape = agents.funnel_of(values, trials)
    assert (shape.centre, shape.spread) == (pytest.approx(0.7), pytest.approx(4.364, abs=1e-3))
    assert not shape.is_outside(values, trials).any()
    assert agents.Funnel(0.7, 1.0).is_outside(values, trials).all()


def test_a_few_agents_are_too_few_to_say_how_far_all_lie_apart() -> None:
    assert agents.funnel_of(pd.Series([0.5, 0.9]), pd.Series([100, 100])).spread == 1


def test_a_mix_stands_beside_the_teams_and_tickets_without_a_part_are_one() -> None:
    theirs = pd.DataFrame({"part": ["chat", None], "n": [3, 1]})
    found = agents.mix(theirs, pd.DataFrame({"part": ["chat", "email", None], "n": [2, 4, 2]}))
    assert found["share"].tolist() == [0.75, 0.25]
    assert found["team_share"].tolist() == [0.25, 0.25]
    assert agents.mix(theirs, theirs.head(0))["team_share"].isna().all()


def test_a_teams_counts_are_divided_by_who_answered() -> None:
    bins = [NOON, NOON + timedelta(days=7)]
    found = agents.per_agent(
        pd.DataFrame({"bin": bins, "value": [30.0, 0.0]}), pd.DataFrame({"bin": bins, "value": [3.0, 0.0]})
    )
    assert found["value"].tolist()[0] == 10
    assert np.isnan(found["value"].tolist()[1])


# Charts


def shares(*given: tuple[str, int, int]) -> pd.DataFrame:
    frame = pd.DataFrame(given, columns=["agent", "hits", "n"])
    return frame.assign(value=frame["hits"] / frame["n"])


CROWD = [(f"A{place}", 160, 200) for place in range(8)]


def test_the_funnel_names_only_who_lies_outside_its_outer_limits() -> None:
    chart = funnel_charts.funnel(
        shares(*CROWD, ("Zoë <b>", 110, 200)), "share", "CSAT", LIGHT, 250, lead=lambda agent: f"agents?agent={agent}"
    )
    assert [text for text in texts(chart) if not text.startswith(("all", "99.8"))] == ["Zoë &lt;b&gt;"]
    dots = traces(chart)["agents"]
    assert dots["customdata"][0] == ["A0: 80%, n = 200<br>within what chance makes", "agents?agent=A0"]
    assert dots["marker"]["color"][-1] == LIGHT.ink
    assert set(dots["marker"]["color"][:-1]) == {LIGHT.line}
    assert "Zoë <b> 55% (n = 200)" in chart.alt


def test_the_funnel_narrows_around_the_common_share() -> None:
    chart = funnel_charts.funnel(shares(("Ada", 8, 10), ("Ben", 160, 200)), "share", "CSAT", DARK, 250)
    (line,) = chart.figure.layout.shapes
    assert line.y0 == pytest.approx(0.8)
    drawn = [trace for trace in chart.figure.data if trace.name == "99.8 % limit"]
    assert len(drawn) == 2
    assert drawn[0].y[0] < drawn[0].y[-1] < 0.8 < drawn[1].y[-1] < drawn[1].y[0]
    assert "differences are what chance makes" in chart.alt


def test_nobody_in_the_funnel_is_red() -> None:
    chart = funnel_charts.funnel(shares(*CROWD, ("Zoë", 110, 200)), "share", "CSAT", LIGHT, 250)
    assert LIGHT.limit not in json.dumps(chart.figure.to_plotly_json(), default=str)


def test_who_has_few_counts_but_is_not_drawn() -> None:
    chart = funnel_charts.funnel(shares(("Ada", 80, 100), ("Few", 0, 9)), "share", "CSAT", LIGHT, 250)
    assert list(traces(chart)["agents"]["x"]) == [100]
    assert "1 agent with fewer not drawn" in chart.alt
    alone = funnel_charts.funnel(shares(("Few", 1, 2)), "share", "CSAT", LIGHT, 250)
    assert list(traces(alone)["agents"]["x"]) == [2]


@pytest.mark.parametrize(
    ("given", "said"),
    [([], "CSAT: nothing counted yet."), ([("Ada", 5, 5), ("Ben", 3, 3)], "CSAT: 100% for 2 agents.")],
)
def test_a_funnel_without_anything_to_tell_apart_says_so(given: list[tuple[str, int, int]], said: str) -> None:
    assert funnel_charts.funnel(shares(*given), "share", "CSAT", LIGHT, 250).alt == said


def test_a_funnel_is_of_shares() -> None:
    with pytest.raises(ValueError, match="of shares"):
        funnel_charts.funnel(shares(("Ada", 1, 2)), "seconds", "Handle time", LIGHT, 250)


def test_the_mix_has_channels_in_their_colours_and_the_team_as_a_tick() -> None:
    frame = pd.DataFrame({"part": ["chat", None], "n": [3, 1], "share": [0.75, 0.25], "team_share": [0.25, np.nan]})
    chart = agent_charts.mix(frame, "channel", {"chat": "Chat"}, "team", LIGHT, 200)
    bars, ticks, ends = chart.figure.data
    assert list(bars.x) == [0.75, 0.25]
    assert list(bars.marker.color) == [LIGHT.chat, LIGHT.other]
    assert [list(pair)[1] for pair in bars.customdata] == [
        "tickets?which=arrived&channel=chat",
        "tickets?which=arrived&none=channel",
    ]
    assert list(ticks.x) == [0.25, None]
    assert list(ends.text) == ["75% · team 25%", "25% · team —"]
    assert chart.figure.layout.xaxis.range[0] == 0
    topics = agent_charts.mix(frame, "topic", {}, "team", LIGHT, 200)
    assert set(topics.figure.data[0].marker.color) == {LIGHT.line}


def test_hours_lead_to_the_tickets_answered_then() -> None:
    frame = pd.DataFrame({"weekday": [3], "hour": [15], "answers": [4], "days": [2], "days_in_all": [2]})
    chart = agent_charts.hours(frame, LIGHT, 200)
    heat, marks = chart.figure.data
    assert heat.z[2][15] == 4
    assert [list(pair) for pair in marks.customdata] == [
        ["Wed 15:00: 4 answers on 2 days", "tickets?which=answered&weekday=3&hour=15"]
    ]
    assert agent_charts.hours(frame.head(0), LIGHT, 200).alt == "No answers in this period."


# The page


def test_agents_stand_in_order_of_name_with_interval_and_n(
    team: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = [survey(number, 5.0) for number in range(12)] + [survey(20, 1.0, "Ben")]
    app = visit(published(team, survey_responses=answered), "agents.py", monkeypatch)
    table = app.dataframe[0].value.set_index("Agent")
    assert table.index.tolist() == ["Ada", "Ben", "Cleo"]
    assert table.loc["Ada", ["csat", "csat 95"]].tolist() == ["100%", "76–100%, n = 12"]
    assert table.loc["Ben", ["csat", "csat 95"]].tolist() == ["fewer than 10", "0–79%, n = 1"]
    assert table.loc["Cleo", ["csat", "csat 95", "csat likely"]].tolist() == ["—", "n = 0", "—"]
    assert table.loc["Ben", ["promise_kept_rate", "promise_kept_rate 95"]].tolist() == ["50%", "33–67%, n = 28"]
    assert table["By day"].map(len).unique().tolist() == [27]  # the unfinished day is left out
    assert "average_handle_time" not in table
    assert "Together: 85 answered · 84 tickets" in text(app)
    assert all(alts(app))


def crowd(desk: SmallWarehouse, size: int) -> Path:
    """Agents of whom nine in ten waits are kept, but none of the last one's."""
    for place in range(size):
        desk.change(NOON - minutes(60), agent=f"Agent {place}")
        for number in range(60):
            seconds = 7200 if place == size - 1 or number % 10 == 0 else 60
            desk.wait(NOON - minutes(600 - number), seconds, agent=f"Agent {place}")
    return published(desk)


def test_who_lies_outside_chance_is_named_at_the_top_without_a_verdict(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Together 80 %; 90 % of 60 is 1.9 standard errors above, 0 % is 15 below.
    app = visit(crowd(small, 9), "agents.py", monkeypatch, period="7 days")
    assert "**Few of these 9 agents differ by more than chance makes**" in text(app)
    assert "Agent 8 on within target. Worth a closer look, up or down; not a verdict." in text(app)
    assert "Agent 8 0% (n = 60)" in alts(app)[0]


def test_where_most_agents_lie_outside_chance_the_page_does_not_say_few(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Together 45 %; 90 % and 0 % of 60 are both 7 standard errors away.
    app = visit(crowd(small, 2), "agents.py", monkeypatch, period="7 days")
    assert "**Many of these 2 agents differ by more than chance makes**" in text(app)


def test_without_more_difference_than_chance_the_page_says_so(
    team: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(published(team), "agents.py", monkeypatch)
    assert "Differences between these 3 agents are no more than chance makes** on within target" in text(app)


def test_a_team_lists_its_own_agents_and_helpers_when_asked(
    team: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = published(team)
    app = visit(settings, "agents.py", monkeypatch, team="Billing")
    assert app.dataframe[0].value["Agent"].tolist() == ["Ada", "Ben"]
    app.toggle(key="helpers").set_value(True).run()
    assert app.dataframe[0].value["Agent"].tolist() == ["Ada", "Ben", "Cleo"]


def test_one_agent_has_a_page_of_their_own_by_link(team: SmallWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [survey(1, 2.0, comment="Too <b>slow</b>"), survey(2, 5.0, "Ben", comment="Not about Ada")]
    app = visit(published(team, survey_responses=said), "agents.py", monkeypatch, agent="Ada")
    assert "**Ada**" in text(app)
    assert "Billing · Email · 28 answers on 28 days · in the data since 5 Feb 2026" in text(app)
    assert tiles(app)["Within target"] == "100%"
    assert tiles(app)["CSAT"] == "n < 10"
    assert "88–100%, n = 28" in text(app)
    assert "Fewer than 10, too few for a chart: customer satisfaction." in text(app)
    shown = alts(app)
    assert any(alt.startswith("Answered by week") for alt in shown)
    assert any("Work by channel: Email 100% · team 100%" in alt for alt in shown)
    comments, tickets = (table.value for table in app.dataframe)
    assert comments[["Ticket", "Score", "Comment"]].values.tolist() == [["T1", "2 of 5", "Too <b>slow</b>"]]
    assert len(tickets) == 28


def test_the_link_of_a_row_chooses_the_agent_in_the_filter(
    team: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(published(team), "agents.py", monkeypatch)
    app.query_params["agent"] = app.query_params["open"] = "Ben"
    app.run()
    assert app.multiselect(key="agent").value == ["Ben"]
    assert "open" not in app.query_params
    app.button(key="everyone").click().run()
    assert app.multiselect(key="agent").value == []
    assert app.dataframe[0].value["Agent"].tolist() == ["Ada", "Ben", "Cleo"]


def test_the_only_agent_there_is_can_be_opened_too(small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    small.change(NOON - minutes(60))
    small.wait(NOON - minutes(60), 60)
    settings = published(small)
    assert visit(settings, "agents.py", monkeypatch).dataframe[0].value["Agent"].tolist() == ["Ada"]
    app = visit(settings, "agents.py", monkeypatch, agent="Ada", open="Ada")
    assert "**Ada**" in text(app)
    app.button(key="everyone").click().run()
    assert "**Ada**" not in text(app)


def test_notes_show_who_wrote_them_and_when_the_newest_first(
    team: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [
        note(2, body="Calm *with* angry callers", kind="recognition"),
        note(1),
        note(3, agent="Ben"),
        note(4, is_removed=True),
    ]
    app = visit(published(team, note_rows=kept), "agents.py", monkeypatch, agent="Ada")
    said = text(app)
    assert said.index("**Coaching** :small[:gray[Lea · 3 Mar 2026, 12:00]]") < said.index(
        "**Recognition** :small[:gray[Lea · 2 Mar 2026, 12:00]]"
    )
    assert "Calm \\*with\\* angry callers" in said
    assert "Note 3" not in said
    assert "Note 4" not in said


def written(desk: SmallWarehouse) -> list[dict[str, Any]]:
    files = sorted((desk.folder / "data" / "written" / "note").glob("*.jsonl"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in files]


def keep(app: AppTest, body: str, author: str) -> AppTest:
    app.text_area[0].set_value(body)
    app.text_input(key="note_author").set_value(author)
    return next(button for button in app.button if button.label == "Keep note").click().run()


def test_a_note_is_written_for_the_pipelines_to_load(team: SmallWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(published(team), "agents.py", monkeypatch, agent="Ada")
    app = keep(app, "Explained the refund rules well.", "Lea")
    assert "It shows here with the next data" in app.success[0].value
    (row,) = written(team)
    assert (row["agent"], row["kind"], row["author"]) == ("Ada", "coaching", "Lea")
    assert datetime.fromisoformat(row["written_at"])


def test_a_note_without_text_or_author_is_not_kept(team: SmallWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(published(team), "agents.py", monkeypatch, agent="Ada")
    assert "fill in both" in keep(app, "Text", " ").warning[0].value
    assert written(team) == []


def test_only_who_wrote_a_note_takes_it_back(team: SmallWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(published(team, note_rows=[note(1, "Lea"), note(2, "Max")]), "agents.py", monkeypatch, agent="Ada")
    assert not [button for button in app.button if button.label == "Take back"]
    app.session_state["author"] = "Lea"
    app.run()
    (taken,) = [button for button in app.button if button.label == "Take back"]
    taken.click().run()
    (row,) = written(team)
    assert (row["note_id"], row["is_removed"]) == ("N1", True)


def test_an_agent_with_nothing_in_the_period_keeps_their_notes(
    team: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.change(NOON - timedelta(days=60), agent="Dan")
    app = visit(published(team, note_rows=[note(1, agent="Dan")]), "agents.py", monkeypatch, agent="Dan")
    assert "Nothing of Dan in this period" in text(app)
    assert "Note 1" in text(app)
    assert not app.metric


def test_data_without_agents_says_so(small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    small.change(NOON - minutes(60), agent=None)
    small.ticket(NOON - minutes(60), agent=None)
    app = visit(small.publish(), "agents.py", monkeypatch)
    assert "the data names no agent" in text(app)
    assert not app.dataframe


def test_a_source_without_answers_shows_tickets_and_no_zeros_for_waits(
    small: SmallWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.answers_known = {"desk": False}
    for name in ("Ada", "Ben"):
        small.change(NOON - minutes(60), agent=name)
        small.ticket(NOON - minutes(60), agent=name)
    settings = published(small)
    app = visit(settings, "agents.py", monkeypatch)
    assert "Answered" not in app.dataframe[0].value
    assert "desk does not say when customers were answered" in text(app)
    one = visit(settings, "agents.py", monkeypatch, agent="Ada")
    assert tiles(one)["Within target"] == "—"
    assert "answers on" not in text(one)
