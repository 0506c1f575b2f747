"""Data health says what is stale, refused or odd, and shows every rejected row as delivered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.elements import health_charts, health_words, tables
from pages.elements.palette import LIGHT
from tests.conftest import Desk
from tests.small_warehouse import NOON, minutes
from tests.test_pages import alts, text, visit
from tests.test_pulling import FakeDelighted
from warehouse.ask import Warehouse
from warehouse.checking import checks
from warehouse.deliveries import judged

TICKETS = "ticket_id,created_at,channel,agent\n"


def page(desk: Desk, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    return visit(desk.settings_file(), "data_health.py", monkeypatch, **query)


def said(app: AppTest) -> str:
    return text(app).replace("\\", "")


def table(app: AppTest, *columns: str) -> list[list[Any]]:
    """The rows of the table that has these columns."""
    frames = [frame.value for frame in app.dataframe if set(columns) <= set(frame.value.columns)]
    return frames[0][list(columns)].values.tolist()


@pytest.fixture
def odd_desk(ticket_desk: Desk) -> Desk:
    """Two files with rows that cannot be loaded, an empty one, and two sources of which nothing came in."""
    ticket_desk.source("surveys", "survey")
    ticket_desk.source("calls", "call")
    bad = "2,yesterday <b>*x*</b>,email,Ada\n,2026-01-01T10:00:00,chat,Ada\n"
    ticket_desk.deliver("tickets/a.csv", f"{TICKETS}1,2026-01-01T10:00:00,pigeon,Ada\n{bad}")
    ticket_desk.deliver("tickets/b.csv", f"{TICKETS}3,2026-01-01T11:00:00,email,Ada\n4,tomorrow,email,Ada\n")
    ticket_desk.deliver("tickets/c.csv", "")
    ticket_desk.deliver("calls/d.csv", "call_id,entered_at\n1,never\n")
    ticket_desk.run()
    return ticket_desk


# What is stale -------------------------------------------------------------------------------------------------------


def feed(
    name: str = "tickets", silent: float | None = 10, gaps: int = 0, gap: float | None = None, **more: Any
) -> dict[str, Any]:
    """A feed whose newest file came so many seconds before noon, and spoke of that time."""
    came = pd.NaT if silent is None else pd.Timestamp(NOON - timedelta(seconds=silent))
    row = {"source": "desk", "feed": name, "kind": "ticket", "as_of": came, "source_as_of": came, "delivered_at": came}
    counts = {"files": 0 if silent is None else 5, "rows_loaded": 0 if silent is None else 9}
    row |= counts | {"rows_unchanged": 0, "rows_superseded": 0, "gaps": gaps}
    return row | {"usual_gap_seconds": gap, "long_gap_seconds": gap} | more


def feeds(*rows: dict[str, Any], refresh: float = 10) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    for name in ("as_of", "source_as_of", "delivered_at"):
        frame[name] = pd.to_datetime(frame[name])
    for name in ("usual_gap_seconds", "long_gap_seconds"):
        frame[name] = frame[name].astype(float)
    return judged(frame, NOON, refresh)


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (feed(silent=59), "fresh"),
        (feed(silent=61), "stale"),  # nothing sooner than a minute
        (feed(silent=3600, gaps=2, gap=7200.0), "stale"),  # two gaps are no rhythm
        (feed(silent=3600, gaps=3, gap=7200.0), "fresh"),
        (feed(silent=10799, gaps=3, gap=7200.0), "fresh"),
        (feed(silent=10801, gaps=3, gap=7200.0), "stale"),  # one and a half of its gaps
        (feed(silent=86400, kind="holiday"), "steady"),
        (feed(silent=None), "empty"),
        (feed(rows_loaded=0), "unusable"),
        (feed(silent=86400, source_as_of=pd.Timestamp(NOON - timedelta(days=3))), "history"),
        (feed(silent=86400, source_as_of=pd.Timestamp(NOON - timedelta(seconds=5))), "fresh"),  # another feed is new
    ],
)
def test_a_feed_is_stale_when_it_is_silent_for_longer_than_its_own_rhythm(row: dict[str, Any], state: str) -> None:
    assert feeds(row)["state"].tolist() == [state]


def test_the_refresh_interval_is_the_rhythm_of_a_feed_that_has_none_yet() -> None:
    assert feeds(feed(silent=3599), refresh=1800)["state"].tolist() == ["fresh"]
    assert feeds(feed(silent=3601), refresh=1800)["state"].tolist() == ["stale"]


def test_the_answer_names_the_stale_source_and_why() -> None:
    found = feeds(feed("tickets", 7200, 9, 60.0), feed("calls", 600, 9, 60.0), feed("new", 5, source="other"))
    assert health_words.freshness(found, 10) == (
        "desk is stale.",
        "tickets has been silent for 2h, and so have 1 more of its 2 feeds; it usually delivers every 1m.",
    )


def test_the_answer_is_no_where_nothing_is_stale() -> None:
    assert health_words.freshness(feeds(feed(silent=12), feed(silent=40)), 10) == (
        "Nothing is stale.",
        "2 feeds delivered in time; the newest data is 12s old.",
    )
    history = feeds(feed(silent=86400, source_as_of=pd.Timestamp(NOON - timedelta(days=9))))
    assert health_words.freshness(history, 10)[0] == "Nothing can be stale: all data is a history."


def test_the_usual_gap_is_the_median_of_a_feeds_own_deliveries(ticket_desk: Desk) -> None:
    for place, age in enumerate((0, 600, 1200, 1800, 9000)):
        ticket_desk.deliver(f"tickets/{place}.csv", f"{TICKETS}{place},2026-01-01T10:00:00,email,Ada\n", age)
    ticket_desk.run()
    (row,) = Warehouse(ticket_desk.folder / "data").ask("health_sources").itertuples()
    assert (row.gaps, row.usual_gap_seconds) == (4, 600)
    assert row.long_gap_seconds == pytest.approx(600 + 0.85 * 6600)  # between 600 and 7200, at 0.95 of three steps


def test_a_history_in_many_files_is_one_delivery_and_no_rhythm(ticket_desk: Desk) -> None:
    for place in range(9):
        ticket_desk.deliver(f"tickets/{place}.csv", f"{TICKETS}{place},2026-01-01T10:00:00,email,Ada\n", 600 + place)
    ticket_desk.run()
    (row,) = Warehouse(ticket_desk.folder / "data").ask("health_sources").itertuples()
    assert (row.files, row.gaps) == (9, 0)


# What was rejected ---------------------------------------------------------------------------------------------------


def test_rejected_rows_refused_files_and_findings_are_shown(odd_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(odd_desk, monkeypatch)
    tiles = {metric.label: metric.value for metric in app.metric}
    assert (tiles["Checks with findings"], tiles["Rows rejected"], tiles["Files refused"]) == ("2", "4", "1")
    assert table(app, "Feed", "State", "Read", "Loaded", "Rejected", "Refused") == [
        ["calls", "not loaded", "1", "0", "1", "0"],
        ["surveys", "nothing yet", "0", "0", "0", "0"],
        ["tickets", "history", "5", "2", "3", "1"],
    ]
    assert "Never delivered: surveys. Delivered, but nothing of it could be loaded: calls." in said(app)
    assert table(app, "Such as", "Found") == [["Ada", "1"], ["pigeon", "1"]]
    assert "Map the source's own word under values.channel" in said(app)
    assert [row[0] for row in table(app, "Why", "Written")] == [
        "c.csv is empty: not even a header in row 1. Deliver it again, whole"
    ]
    assert table(app, "State", "Files", "Tickets built") == [["done", "4", "2"]]
    assert "the last 1 run took" in alts(app)[0]


def test_reasons_are_grouped_without_the_values_that_differ_and_counted(
    odd_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons = table(page(odd_desk, monkeypatch), "Why", "Feed", "Rows", "Files")
    assert reasons == [
        ["created_at: … is not a date such as 2026-01-31T10:30:00", "tickets", "2", "2"],
        ["entered_at: … is not a date such as 2026-01-31T10:30:00", "calls", "1", "1"],
        ["ticket_id is empty", "tickets", "1", "1"],
    ]


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("created_at: it is not late is not a date such as x", "created_at: … is not a date such as x"),
        ("handle_seconds: -4 is negative", "handle_seconds: … is negative"),
        ("kind is smile; it must be csat, nps or ces", "kind …; it must be csat, nps or ces"),
        ("score 9.0 lies outside the scale 1 to 5", "score … lies outside the scale 1 to 5"),
        ("PHANTOM: a virtual call, not a customer", "PHANTOM: a virtual call, not a customer"),
    ],
)
def test_the_kind_of_a_reason_leaves_its_value_out(ticket_desk: Desk, reason: str, kind: str) -> None:
    rule = f'[[sources.tickets.reject]]\ncolumn = "channel"\nvalues = ["x"]\nreason = "{reason}"\n'
    ticket_desk.sections.append(rule)
    ticket_desk.deliver("tickets/a.csv", f"{TICKETS}1,2026-01-01T10:00:00,x,Ada\n2,2026-01-01T10:00:00,email,Ada\n")
    ticket_desk.run()
    warehouse = Warehouse(ticket_desk.folder / "data")
    assert warehouse.ask("health_reasons")["kind_of_reason"].tolist() == [kind]
    assert len(warehouse.ask("health_rejected", feed="tickets", reason=kind, most=10)) == 1


def test_the_address_leads_to_the_rows_as_delivered_with_file_and_row(
    odd_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = page(odd_desk, monkeypatch)
    assert len(table(everything, "As delivered", "Row")) == 4
    app = page(odd_desk, monkeypatch, feed="tickets", reason="created_at: … is not a date such as 2026-01-31T10:30:00")
    rows = table(app, "File", "Row", "As delivered")
    assert [row[:2] for row in rows] == [["b.csv", "2"], ["a.csv", "2"]]
    assert "yesterday <b>*x*</b>" in rows[1][2]
    assert app.selectbox(key="feed").value == "tickets"
    app.selectbox(key="reason").set_value("ticket_id is empty").run()
    assert [row[:2] for row in table(app, "File", "Row")] == [["a.csv", "3"]]


def test_a_feed_without_rejected_rows_says_so(odd_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No row of surveys was rejected." in said(page(odd_desk, monkeypatch, feed="surveys"))


def test_findings_lead_to_the_tickets_they_are_about(odd_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    to: dict[str, list[str]] = {}
    monkeypatch.setattr(tables, "place", lambda view, table, *_: to.update({table.key: list(table.leads)}))
    page(odd_desk, monkeypatch)
    assert to["findings"] == [
        "tickets?which=created&source=tickets&agent=Ada&none=team",
        "tickets?which=created&source=tickets&channel=pigeon",
    ]
    assert health_words.finding_lead("tickets_are_unique", "desk", "T1, T2") == "ticket?source=desk&id=T1"


# Checks and runs -----------------------------------------------------------------------------------------------------


def test_for_every_check_the_page_knows_what_to_do() -> None:
    assert {check.name for check in checks()} == set(health_words.ADVICE)


def test_a_sound_warehouse_says_so(ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket_desk.deliver("tickets/a.csv", "ticket_id,created_at,channel,team\n1,2026-01-31T23:59:00,email,Billing\n")
    ticket_desk.setting('[clock]\nas_of = "2026-02-01T00:01:30Z"')
    ticket_desk.run()
    app = page(ticket_desk, monkeypatch)
    assert "Nothing is stale. 1 feed delivered in time" in said(app).replace("*", "")
    assert "Nothing found." in text(app)
    assert "None: every row that was read is accounted for." in text(app)


def run(number: int, load: float, state: str = "done", **more: Any) -> dict[str, Any]:
    row = {"run_id": number, "started_at": pd.Timestamp(NOON + minutes(number)), "state": state, "message": None}
    return (
        row
        | {"files": 1, "pull_seconds": 0.5, "load_seconds": load, "build_seconds": 1.0, "check_seconds": None}
        | more
    )


def local(moment: datetime) -> datetime:
    return moment


def test_runs_are_bars_of_their_steps_from_the_oldest_to_the_newest() -> None:
    chart = health_charts.runs(pd.DataFrame([run(2, 3.0), run(1, 2.0)]), local, LIGHT, 200)
    by_step = {trace.name: list(trace.y) for trace in chart.figure.data}
    assert by_step == {"pull": [0.5, 0.5], "load": [2.0, 3.0], "build": [1.0, 1.0], "check": [0.0, 0.0]}
    assert chart.figure.layout.barmode == "stack"
    assert chart.figure.layout.yaxis.range[0] == 0
    assert "the newest 4.5s, the median 4.0s, the longest 4.5s" in chart.alt


def test_a_run_much_longer_than_the_others_is_cut_off_with_its_length_above() -> None:
    frame = pd.DataFrame([run(4, 0.5), run(3, 0.5, "failed"), run(2, 0.5), run(1, 600.0)])
    chart = health_charts.runs(frame, local, LIGHT, 200)
    top = chart.figure.layout.yaxis.range[1]
    assert sum(next(iter(trace.y)) for trace in chart.figure.data) == pytest.approx(top)
    texts = {note.x: note.text for note in chart.figure.layout.annotations if note.text in ("10m 2s", "failed")}
    assert texts == {0: "10m 2s", 2: "failed"}
    assert chart.alt.endswith("1 failed")


def test_without_runs_there_is_a_sentence() -> None:
    assert health_charts.runs(pd.DataFrame([run(1, 1.0)]).head(0), local, LIGHT, 200).alt == "No run yet."


# Pulled services -----------------------------------------------------------------------------------------------------


def test_a_service_that_cannot_be_pulled_is_said_first_with_why(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORT_GOOD_KEY", "a key")
    monkeypatch.setenv("SUPPORT_BAD_KEY", "another")
    with FakeDelighted() as service:
        for name in ("good", "bad"):
            desk.setting(f'[sources.{name}]\nkind = "delighted"\naddress = "{service.address}"\nfirst_wait = 0.01\n')
        desk.run()
    app = page(desk, monkeypatch)
    assert "bad cannot be pulled. " in said(app).replace("*", "")
    assert "refuses access: 401" in said(app)
    shown = table(app, "Source", "List", "Pulled", "Pages")
    assert shown == [["bad", "—", "failing", "0"], ["good", "responses", "to the end", "1"]]


def test_without_pulled_services_nothing_is_said_of_them(ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket_desk.deliver("tickets/a.csv", "ticket_id,created_at\n1,2026-01-31T23:59:00\n")
    ticket_desk.run()
    assert "Pulled services" not in text(page(ticket_desk, monkeypatch))
