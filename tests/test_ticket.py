"""One ticket's whole history: what happened, in order and by hand, how it is drawn, and what the page says where little is known."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.elements import format, ticket_charts
from pages.elements.contrast import contrast, readable_on
from pages.elements.figure import Chart
from pages.elements.folded_time import folded
from pages.elements.palette import DARK, LIGHT, Palette
from pages.elements.ticket_charts import History
from tests.conftest import Desk
from tests.test_pages import alts, text, visit
from warehouse.ask import Warehouse

NINE = datetime(2026, 1, 5, 9, 0)  # a Monday
NOW = datetime(2026, 1, 5, 16, 0)
SETTINGS = """
[clock]
as_of = "2026-01-05T16:00:00Z"
[[schedules]]
name = "Mornings"
hours = { mon-fri = "09:00-12:00" }
[[targets]]
metric = "first_response"
channel = "chat"
within = "5m"
[[targets]]
metric = "first_response"
channel = "email"
within = "1h"
[[targets]]
metric = "next_response"
within = "8h"
"""
TICKETS = """ticket_id,created_at,status,channel,team,agent,customer,priority,topic,subject,solved_at
7,2026-01-05T09:00:00,solved,chat,Billing,Ben,C1,high,Refund,"Refund <b>*now*</b>",2026-01-05T14:00:00
8,2026-01-05T13:00:00,new,email,Billing,,C2,low,,,
10,2025-10-01T09:00:00,solved,email,Billing,Ada,C3,low,Refund,Slow,2025-12-20T09:00:00
"""
EVENTS = """event_id,ticket_id,happened_at,field,old_value,new_value,actor
1,7,2026-01-05T09:00:00,status,,new,C1
2,7,2026-01-05T09:01:00,agent,,Ada,Ada
3,7,2026-01-05T09:01:00,status,new,open,Ada
4,7,2026-01-05T09:30:00,status,open,pending,Ada
5,7,2026-01-05T11:30:00,status,pending,open,C1
6,7,2026-01-05T11:40:00,agent,Ada,Ben,Lee
7,7,2026-01-05T14:00:00,status,open,solved,Ben
8,8,2026-01-05T13:00:00,status,,new,C2
9,10,2025-10-01T09:00:00,status,,open,C3
10,10,2025-12-20T09:00:00,status,open,solved,Ada
"""
MESSAGES = """message_id,ticket_id,sent_at,author,author_kind,is_public,body
1,7,2026-01-05T09:00:00,C1,customer,true,"Where is *my* <b>money</b>?
# Please"
2,7,2026-01-05T09:10:00,Ada,agent,true,Looking
3,7,2026-01-05T09:20:00,Ada,agent,false,Angry customer
4,7,2026-01-05T11:30:00,C1,customer,true,Still nothing
5,7,2026-01-05T14:00:00,Ben,agent,true,Paid
6,8,2026-01-05T13:00:00,C2,customer,true,Hello
7,10,2025-10-01T09:00:00,C3,customer,true,One
8,10,2025-10-03T09:00:00,Ada,agent,true,Two
"""
SURVEYS = """response_id,ticket_id,kind,score,scale_min,scale_max,sent_at,answered_at,comment,customer
1,7,csat,2,1,5,2026-01-05T15:00:00,2026-01-05T15:30:00,Took <i>ages</i>,C1
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A chat that was answered late, reopened by nobody and scored 2; an email that waits; a slow one; and a source of bare tickets."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    desk.keep("customer", "message_text")
    desk.setting(SETTINGS)
    for name, rows, key in (
        ("tickets", "ticket", ""),
        ("events", "event", 'key = ["event_id"]'),
        ("messages", "message", ""),
        ("surveys", "survey", ""),
    ):
        desk.source(name, rows, f'part_of = "desk"\n{key}')
    desk.source("bare", "ticket")
    desk.deliver("tickets/a.csv", TICKETS)
    desk.deliver("events/a.csv", EVENTS)
    desk.deliver("messages/a.csv", MESSAGES)
    desk.deliver("surveys/a.csv", SURVEYS)
    desk.deliver(
        "bare/a.csv",
        "ticket_id,created_at,status,solved_at,channel,agent\n9,2026-01-05T09:00:00,solved,2026-01-05T10:00:00,email,Ann\n",
    )
    assert desk.run().state == "done"
    return desk


def ask(desk: Desk, question: str, ticket: str = "7", source: str = "desk") -> pd.DataFrame:
    return Warehouse(desk.folder / "data").ask(question, source=source, ticket_id=ticket)


def history(desk: Desk, ticket: str = "7", source: str = "desk") -> History:
    head = ask(desk, "ticket_head", ticket, source).iloc[0]
    parts = ("waits", "messages", "calls", "stretches", "targets", "surveys")
    frames = {name: ask(desk, f"ticket_{name}", ticket, source) for name in parts}
    return History(ticket, head["channel"], head["as_of"].to_pydatetime(), bool(head["is_open"]), **frames)


def at(*clock: int) -> pd.Timestamp:
    return pd.Timestamp(NINE.replace(hour=clock[0], minute=clock[1] if len(clock) > 1 else 0))


# What is known -------------------------------------------------------------------------------------------------------


def test_the_story_tells_everything_once_and_in_order(desk: Desk) -> None:
    story = ask(desk, "ticket_story")
    told = [f"{row.happened_at:%H:%M} {row.what}" for row in story.itertuples()]
    assert told == [
        "09:00 Created",
        "09:00 Customer wrote",
        "09:00 Wait began",
        "09:00 Status: new",
        "09:01 Agent: Ada",
        "09:01 Status: open",
        "09:05 Target missed: first response",
        "09:10 Agent wrote",
        "09:10 Wait ended: answered",
        "09:20 Agent wrote, private",
        "09:30 Status: pending",
        "11:30 Customer wrote",
        "11:30 Wait began",
        "11:30 Status: open",
        "11:40 Agent: Ben",
        "14:00 Agent wrote",
        "14:00 Wait ended: answered",
        "14:00 Status: solved",
        "14:00 Target kept: next response",
        "15:00 Asked: csat",
        "15:30 Answered: csat 2 of 1 to 5",
    ]
    seconds = {row.what: row.seconds for row in story.itertuples() if not pd.isna(row.seconds)}
    assert seconds["Target missed: first response"] == 300
    assert seconds["Wait ended: answered"] == 9000
    assert story.set_index("what").loc["Agent: Ben", ["who", "detail"]].tolist() == ["Lee", "was Ada"]
    assert story["is_told"].all()


def test_stretches_say_in_what_state_and_with_whom_the_ticket_was_and_for_how_long(desk: Desk) -> None:
    stretches = ask(desk, "ticket_stretches")
    rows = [
        (row.field, row.value if isinstance(row.value, str) else None, row.began_at, row.ended_at)
        for row in stretches.itertuples()
    ]
    assert rows[:3] == [
        ("agent", None, at(9), at(9, 1)),
        ("agent", "Ada", at(9, 1), at(11, 40)),
        ("agent", "Ben", at(11, 40), pd.NaT),
    ]
    assert [(value, began) for field, value, began, _ in rows if field == "status"] == [
        ("new", at(9)),
        ("open", at(9, 1)),
        ("pending", at(9, 30)),
        ("open", at(11, 30)),
        ("solved", at(14)),
    ]
    team = stretches[stretches["field"] == "team"].iloc[0]
    assert (team["value"], team["began_at"], team["is_told"]) == ("Billing", at(9), False)


def test_a_source_without_changes_tells_the_present_state_and_says_that_nobody_said_since_when(desk: Desk) -> None:
    stretches = ask(desk, "ticket_stretches", "9", "bare").set_index("field")
    assert not stretches["is_told"].any()
    assert stretches.loc["agent", "value"] == "Ann"
    assert ask(desk, "ticket_messages", "9", "bare").empty
    assert not ask(desk, "ticket_story", "9", "bare")["is_told"].all()


def test_business_time_stands_beside_calendar_time(desk: Desk) -> None:
    second = ask(desk, "ticket_waits").iloc[1]
    assert (second["waited_seconds"], second["waited_business_seconds"]) == (9000, 1800)
    head = ask(desk, "ticket_head").iloc[0]
    assert (head["full_resolution_seconds"], head["full_resolution_business_seconds"]) == (5 * 3600, 3 * 3600)
    assert (head["first_response_seconds"], head["reply_count"], head["reassignment_count"]) == (600, 2, 1)


def test_a_ticket_that_there_is_not_has_no_head(desk: Desk) -> None:
    assert ask(desk, "ticket_head", "7", "bare").empty


# The axis ------------------------------------------------------------------------------------------------------------


def after(*gaps: float) -> list[datetime]:
    moments = [NINE]
    for gap in gaps:
        moments.append(moments[-1] + timedelta(seconds=gap))
    return moments


def test_a_long_silence_is_drawn_short_and_says_how_long_it_was() -> None:
    time = folded(after(30, 270, 10500))
    (fold,) = time.folds
    assert fold.seconds == 10500
    assert time.places == (0, 30, 300, 600)  # half of the axis: there are but three gaps
    assert time.place(NINE + timedelta(seconds=300 + 5250)) == 450


def test_an_even_rhythm_is_not_folded() -> None:
    time = folded(after(60, 60, 90, 60, 120))
    assert time.folds == []
    assert time.length == 390


def test_the_axis_keeps_the_order_of_moments_and_ends_where_they_do() -> None:
    moments = after(1, 10, 100, 1000, 10000, 100000, 86400 * 90)
    time = folded(moments)
    places = [time.place(moment) for moment in moments]
    assert places == sorted(places) == list(time.places)
    assert time.place(NINE - timedelta(days=1)) == 0
    assert time.place(moments[-1] + timedelta(days=1)) == time.length


def test_labels_under_the_axis_have_room_and_name_the_day_where_it_changes() -> None:
    time = folded([NINE, NINE + timedelta(minutes=5), NINE + timedelta(hours=2), datetime(2026, 1, 6, 8)])
    places, texts = time.labels(lambda moment: moment)
    assert texts == ["09:00<br>5 Jan<br>2026", "11:00", "08:00<br>6 Jan"]
    assert all(later - earlier >= 0.16 * time.length for earlier, later in pairwise(places))


# The chart -----------------------------------------------------------------------------------------------------------


def drawn(shown: History, palette: Palette = LIGHT) -> Chart:
    return ticket_charts.timeline(shown, lambda moment: moment, {"chat": "Chat", "email": "Email"}, palette)


def lanes(chart: Chart) -> dict[str, dict[str, Any]]:
    titles = chart.figure.layout.yaxis.ticktext
    return {titles[round(trace.y[0])]: trace.to_plotly_json() for trace in chart.figure.data}


def test_there_is_a_lane_for_each_thing_that_is_known(desk: Desk) -> None:
    chart = drawn(history(desk))
    assert list(lanes(chart)) == [
        "Waits",
        "Customer wrote",
        "Agent wrote",
        "Status",
        "Team",
        "Agent",
        "Targets",
        "Surveys",
    ]
    assert (
        "2 waits, the longest 2h 30m, 1 past their target; 5 messages; statuses new, open, pending, open, solved"
        in chart.alt
    )
    assert list(lanes(drawn(history(desk, "9", "bare")))) == ["Status", "Agent"]


def test_waits_have_the_colour_of_their_channel_and_what_was_too_long_is_red(desk: Desk) -> None:
    shown = history(desk)
    time = folded(shown.moments)
    bars = lanes(drawn(shown))["Waits"]
    assert bars["marker"]["color"] == [LIGHT.chat, LIGHT.limit, LIGHT.chat]
    assert bars["base"] == [0, time.place(at(9, 5).to_pydatetime()), time.place(at(11, 30).to_pydatetime())]
    assert bars["text"] == ["10m", "+5m", "2h 30m"]
    assert "promised within 8h" in bars["customdata"][2][0]


def test_where_a_wait_was_due_a_thin_dotted_mark_is_red_only_where_it_was_missed(desk: Desk) -> None:
    shown = history(desk)
    time = folded(shown.moments)
    marks = [shape for shape in drawn(shown).figure.layout.shapes if shape.line.dash == "dot" and shape.x0 == shape.x1]
    assert [(mark.x0, mark.line.color) for mark in marks] == [(time.place(at(9, 5).to_pydatetime()), LIGHT.limit)]


def test_an_open_wait_is_hollow_and_ends_now(desk: Desk) -> None:
    chart = drawn(history(desk, "8"))
    bars = lanes(chart)["Waits"]
    assert set(bars["marker"]["color"]) == {"rgba(0,0,0,0)"}
    assert bars["marker"]["line"]["color"] == [LIGHT.email, LIGHT.limit]
    assert bars["base"][1] + bars["x"][1] == pytest.approx(folded(history(desk, "8").moments).place(NOW))
    assert "now" in [note.text for note in chart.figure.layout.annotations]
    assert "now" not in [note.text for note in drawn(history(desk)).figure.layout.annotations]


def test_messages_are_points_in_a_lane_of_their_author_and_private_ones_are_hollow(desk: Desk) -> None:
    by_lane = lanes(drawn(history(desk), DARK))
    assert by_lane["Agent wrote"]["marker"]["symbol"] == ["circle", "circle-open", "circle"]
    assert by_lane["Customer wrote"]["marker"]["color"] == [DARK.chat, DARK.chat]
    assert "Where is *my* &lt;b&gt;money&lt;/b&gt;? # Please" in by_lane["Customer wrote"]["customdata"][0][0]


def test_targets_are_crosses_where_they_were_missed_and_dots_where_they_were_kept(desk: Desk) -> None:
    shown = history(desk)
    points = lanes(drawn(shown))["Targets"]
    assert points["marker"]["symbol"] == ["x-thin", "circle"]
    assert points["marker"]["color"] == [LIGHT.limit, LIGHT.muted]
    assert points["x"] == [folded(shown.moments).place(at(*clock).to_pydatetime()) for clock in ((9, 5), (14,))]


def test_surveys_show_when_was_asked_and_what_was_answered(desk: Desk) -> None:
    points = lanes(drawn(history(desk)))["Surveys"]
    assert points["marker"]["symbol"] == ["diamond-open", "diamond"]
    assert points["text"] == ["", "CSAT 2 of 1–5"]
    assert "Took &lt;i&gt;ages" in points["customdata"][1][0]


def test_agents_and_teams_lead_on(desk: Desk) -> None:
    by_lane = lanes(drawn(history(desk)))
    assert [said[-1] for said in by_lane["Agent"]["customdata"]] == ["", "agents?agent=Ada", "agents?agent=Ben"]
    assert by_lane["Team"]["customdata"][0][-1] == "tickets?which=open&team=Billing"


def test_part_of_a_long_history_is_cut_to_the_days_asked_for(desk: Desk) -> None:
    whole = history(desk, "10")
    part = whole.between(datetime(2025, 10, 2), datetime(2025, 10, 5))
    assert part.moments == [datetime(2025, 10, 2), datetime(2025, 10, 3, 9), datetime(2025, 10, 5)]
    assert list(lanes(drawn(part))) == ["Waits", "Agent wrote", "Status", "Team", "Agent"]


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_text_on_every_channels_colour_can_be_read(palette: Palette) -> None:
    for name in ("email", "chat", "phone", "social", "web", "other", "limit"):
        fill = getattr(palette, name)
        assert contrast(readable_on(fill), fill) >= 4.5, name
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


# The page ------------------------------------------------------------------------------------------------------------


def page(desk: Desk, monkeypatch: pytest.MonkeyPatch, **query: str | list[str]) -> AppTest:
    return visit(desk.settings_file(), "ticket.py", monkeypatch, **query)


def said(app: AppTest) -> str:
    return text(app).replace("\\", "")


def test_the_page_opens_with_the_ticket_in_one_sentence(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(desk, monkeypatch, source="desk", id="7")
    assert (
        "Solved: it took 5h until it was solved for good; the customer waited twice, the longest 2h 30m, 1 past the target; CSAT 2 of 1–5."
        in said(app)
    )
    facts = (
        "[First response]]  \n**10m**  \n:small[:gray[10m in business time]]",
        "[Customer]]  \n**C1**",
        "[Hand-overs]]  \n**1**",
    )
    assert all(fact in said(app) for fact in facts)
    assert len(app.dataframe[0].value) == 21
    assert "2 waits" in alts(app)[0]


def test_a_ticket_that_waits_says_for_how_long(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(desk, monkeypatch, source="desk", id="8")
    assert "Open for 3h, new now; the customer has waited 3h for an answer, past the target." in said(app)


def test_text_of_customers_stays_text(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = text(page(desk, monkeypatch, source="desk", id="7"))
    assert r"Refund \<b\>\*now\*\</b\>" in shown
    assert r"Took \<i\>ages\</i\>" in shown
    assert "<b>" not in shown
    assert "<i>" not in shown


def test_what_was_written_is_read_in_full_once_it_is_opened(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(desk, monkeypatch, source="desk", id="7")
    assert app.expander[0].label == "What was written, 5 messages"
    assert "Still nothing" not in text(app)
    app.session_state["texts"] = True
    app.run()
    assert "Still nothing" in text(app)
    assert "Where is \\*my\\* \\<b\\>money\\</b\\>?  \n\\# Please" in text(app)
    assert "09\\:20 · private" in text(app)


def test_without_a_number_the_page_says_where_tickets_come_from(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Which ticket?" in text(page(desk, monkeypatch))
    assert "Which ticket?" in text(page(desk, monkeypatch, source="desk"))


def test_a_ticket_that_there_is_not_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(desk, monkeypatch, source="desk", id="<7>")
    assert r"There is no ticket \<7\> in desk" in text(app)
    assert not app.dataframe


def test_a_source_without_events_or_messages_says_what_is_not_known(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(desk, monkeypatch, source="bare", id="9")
    assert "bare delivers no messages: who wrote when is not known." in said(app)
    assert "bare delivers no changes" in said(app)
    assert "Waiting for us" not in text(app)
    assert not app.expander


def test_a_history_of_months_can_be_looked_at_in_parts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not page(desk, monkeypatch, source="desk", id="7").slider
    app = page(desk, monkeypatch, source="desk", id="10")
    assert "1 Oct 2025" in alts(app)[0]
    app.slider[0].set_value((datetime(2025, 10, 2), datetime(2025, 10, 4))).run()
    assert not app.exception
    assert "2 Oct 2025" in alts(app)[0]


def test_a_hash_that_stands_for_a_customer_is_shown_by_its_beginning() -> None:
    assert format.customer("c_ead8b32574a1fb2022e5") == "c_ead8b3…"
    assert format.customer("c_ead8b325") == "c_ead8b325"
    assert format.customer("Ada Lovelace") == "Ada Lovelace"
