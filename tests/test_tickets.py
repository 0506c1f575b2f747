"""The tickets behind a figure: every set worked out by hand over a few rows, and what the page makes of its address."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.elements import tables
from pages.elements.ticket_sets import SETS
from tests.small_warehouse import NOON, SmallWarehouse, minutes
from tests.test_pages import text, visit
from warehouse.ask import Filters, Warehouse
from warehouse.connection import read_sql

EVERYTHING = Filters()
ANY: dict[str, Any] = {
    "start": None,
    "end": None,
    "topics": None,
    "priorities": None,
    "none": None,
    "weekday": None,
    "hour": None,
    "words": None,
    "zone": "UTC",
    "most": 1000,
    "since": None,
    "near": 4000,
    "by_number": True,
}


def hours(amount: float) -> timedelta:
    return timedelta(hours=amount)


def days(amount: float) -> timedelta:
    return timedelta(days=amount)


@dataclass
class WholeDesk(SmallWarehouse):
    """A small warehouse with surveys and outcomes of promises."""

    surveys: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[dict[str, Any]] = field(default_factory=list)

    def survey(
        self, ticket_id: str | None, kind: str, scale: tuple[int, int], score: float | None, **more: Any
    ) -> None:
        row = {"source": "desk", "response_id": f"R{len(self.surveys) + 1}", "ticket_id": ticket_id, "kind": kind}
        row |= {"scale_min": scale[0], "scale_max": scale[1], "score": score, "sent_at": NOON - hours(23)}
        self.surveys.append(row | {"channel": "email", "team": "Billing", "agent": "Ada", "topic": "Invoice"} | more)

    def outcome(self, ticket_id: str, metric: str, target_seconds: float, counted: float, **more: Any) -> None:
        row = {"source": "desk", "ticket_id": ticket_id, "metric": metric, "is_business_time": False, "gave_up": False}
        row |= {"target_seconds": target_seconds, "elapsed_seconds": counted, "counted_seconds": counted}
        self.outcomes.append(row | more)

    def _fill(self, connection: duckdb.DuckDBPyConnection) -> None:
        super()._fill(connection)
        for table, rows in (("survey_responses", self.surveys), ("store.sla_outcomes", self.outcomes)):
            if rows:
                delivered = pd.DataFrame(rows).astype(object)
                delivered = delivered.where(delivered.notna(), None)
                connection.register("delivered_more", delivered)
                connection.execute(f"insert into {table} by name select * from delivered_more")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> WholeDesk:
    """Six tickets, published once: no test changes them.

    A: email, answered in 10 minutes, solved, reopened, answered after two hours (one was promised), solved for good.
    B: chat, nobody's, waits for two hours (one was promised). C: a call given up after two minutes.
    D: deleted; its times make no sense. E: waits for half an hour, an hour was promised. F: waits, nothing was promised.
    """
    desk = WholeDesk(tmp_path_factory.mktemp("desk"))
    billing = {"channel": "email", "team": "Billing", "agent": "Ada", "topic": "Invoice", "priority": "high"}
    nobody = {"channel": "chat", "team": "Orders", "agent": None, "topic": None, "priority": "low"}
    call = {"channel": "phone", "team": "Billing", "agent": None, "topic": "Invoice", "priority": None}
    phone = {"channel": "phone", "team": "Orders", "agent": "Ben", "topic": "Delivery", "priority": "low"}
    moments = {"A": days(3), "B": hours(2), "C": hours(5), "D": hours(4), "E": minutes(30), "F": minutes(10)}
    kinds = {"A": billing, "B": nobody, "C": call, "D": billing, "E": phone, "F": phone}
    subjects = {"A": "Refund for order 7", "B": "Where is my <b>parcel</b>?", "E": "REFUND [late](http://x)"}
    for ticket, age in moments.items():
        own = kinds[ticket] | {"ticket_id": ticket, "is_open": ticket in "BEF", "subject": subjects.get(ticket)}
        desk.ticket(NOON - age, **own, status="open" if ticket in "BEF" else "solved")
        desk.change(NOON - age, ticket_id=ticket, **kinds[ticket])
    desk.tickets[0] |= {"first_solved_at": NOON - days(2), "solved_at": NOON - days(1), "reopen_count": 1}
    for age, change in ((days(2), "solved"), (hours(36), "reopened"), (days(1), "solved")):
        desk.change(NOON - age, change, ticket_id="A", **billing)
    desk.change(NOON - hours(5) + minutes(2), "abandoned", ticket_id="C", **call)
    desk.change(NOON - hours(3), "removed", ticket_id="D", **billing)
    desk.wait(NOON - days(3), 600, ticket_id="A", **billing)
    desk.wait(NOON - hours(36), 7200, ticket_id="A", turn=2, kind="next", **billing)
    desk.wait(NOON - hours(2), None, ticket_id="B", **nobody)
    desk.wait(NOON - hours(5), 120, "abandoned", ticket_id="C", **call)
    desk.wait(NOON - hours(4), -60, ticket_id="D", **billing | {"wait_seconds": None, "fault": "answered before asked"})
    desk.wait(NOON - minutes(30), None, ticket_id="E", **phone)
    desk.wait(NOON - minutes(10), None, ticket_id="F", **phone | {"target_seconds": None})
    made = {"applied_at": NOON - days(3)}
    desk.outcome("A", "first_response", 3600, 600, ended_at=NOON - days(3) + minutes(10), **made)
    desk.outcome("A", "resolution", 86400, 172800, ended_at=NOON - days(1), due_at=NOON - days(2), **made)
    running = {"applied_at": NOON - hours(2), "running_since_at": NOON - hours(2)}
    desk.outcome("B", "first_response", 3600, 0, due_at=NOON - hours(1), **running)
    desk.outcome("E", "first_response", 36000, 0, due_at=NOON + hours(8), **running)
    desk.survey("A", "csat", (1, 5), 2, comment="Too slow", answered_at=NOON - hours(22))
    desk.survey("B", "csat", (1, 5), None, channel="chat", team="Orders", agent=None, topic=None)
    desk.survey("D", "ces", (1, 7), 4)
    desk.survey(None, "nps", (0, 10), 1, comment="Of no ticket")
    desk.survey("E", "nps", (0, 10), 4, sent_at=NOON - hours(1), comment="", channel="phone", agent="Ben")
    desk.publish()
    return desk


def ask(desk: SmallWarehouse, which: str, filters: Filters = EVERYTHING, **values: Any) -> pd.DataFrame:
    return Warehouse(desk.folder / "data").ask("tickets_behind", filters, **(ANY | {"which": which} | values))


def counted(desk: SmallWarehouse, which: str, **values: Any) -> tuple[int, int, pd.Timestamp | None]:
    """How many tickets, how many moments, and since when the newest moments are looked at."""
    (row,) = (
        Warehouse(desk.folder / "data")
        .ask("tickets_counted", EVERYTHING, **(ANY | {"which": which} | values))
        .itertuples(index=False)
    )
    return row.found, row.counted, None if pd.isna(row.since) else row.since


def behind(desk: SmallWarehouse, which: str, filters: Filters = EVERYTHING, **values: Any) -> str:
    """The numbers of the tickets, newest first."""
    return "".join(ask(desk, which, filters, **values)["ticket_id"])


# Newest moment first, by hand.
EVER = {
    "created": "FEBDCA",
    "arrived": "FEBDCA",
    "answered": "DA",
    "first_answered": "DA",
    "abandoned": "C",
    "solved": "A",
    "reopened": "A",
    "removed": "D",
    "open_then": "FEB",
    "open": "FEB",
    "unassigned": "B",
    "first_solved": "A",
    "resolved": "A",
    "waits": "FEBCA",
    "first_waits": "FEBCA",
    "next_waits": "A",
    "waiting": "FEB",
    "decided": "BA",
    "kept": "A",
    "missed": "BA",
    "past": "B",
    "due": "E",
    "promises": "BA",
    "broken": "BA",
    "surveys": "EABD",
    "csat": "A",
    "nps": "E",
    "ces": "D",
    "unhappy": "EA",
    "commented": "A",
}


@pytest.mark.parametrize("which", EVER)
def test_the_tickets_of_a_set_are_those_counted_by_hand(desk: WholeDesk, which: str) -> None:
    assert behind(desk, which) == EVER[which]


def test_every_set_that_the_page_names_is_one_of_the_question_and_tested_here() -> None:
    named = set(SETS)
    assert named == set(EVER)
    said = set(re.findall(r"[a-z_]+", read_sql("moments_behind").split("with\n")[0]))
    assert named <= said


@pytest.mark.parametrize(
    ("which", "first", "last", "tickets"),
    [
        ("created", days(4), hours(5), "A"),  # C was made at the very end, which is not included
        ("created", hours(5), hours(3), "DC"),
        ("solved", days(2.5), days(1.5), "A"),
        ("open_then", days(1.2), days(1.1), "A"),  # reopened a day and a half ago, solved again a day ago
        ("open_then", days(1.9), days(1.8), ""),
        ("open_then", hours(4.5), hours(3.5), "D"),
        ("reopened", days(1), days(0), ""),
        ("first_solved", days(1.5), days(0), ""),
        ("resolved", days(1.5), days(0), "A"),
        ("answered", hours(34.5), hours(33.5), "A"),  # began 36 h ago, answered two hours later
        ("waits", hours(34.5), hours(33.5), ""),
        ("missed", hours(35.5), hours(34.5), "A"),  # counts when it was due
        ("broken", days(2.1), days(1.9), "A"),
        ("broken", hours(2), hours(0), "B"),  # still running
        ("promises", days(1.1), days(0.9), ""),
        ("promises", days(3), days(2.9), "A"),  # made and kept within these hours
        ("csat", hours(23.5), hours(22.5), "A"),
    ],
)
def test_a_ticket_counts_at_the_moment_that_its_figure_does(
    desk: WholeDesk, which: str, first: timedelta, last: timedelta, tickets: str
) -> None:
    assert behind(desk, which, start=NOON - first, end=NOON - last) == tickets


def test_a_ticket_in_a_set_several_times_is_listed_once_with_its_newest_moment(desk: WholeDesk) -> None:
    (row,) = ask(desk, "answered", start=NOON - days(4), end=NOON - hours(30)).itertuples()
    assert (row.ticket_id, row.moment, row.figure) == ("A", pd.Timestamp(NOON - hours(34)), 7200)


def test_the_figure_of_a_wait_is_how_long_it_lasted_and_unknown_where_its_times_make_no_sense(desk: WholeDesk) -> None:
    waited = ask(desk, "waiting").set_index("ticket_id")["figure"]
    assert waited.to_dict() == {"F": 600, "E": 1800, "B": 7200}
    assert ask(desk, "answered").set_index("ticket_id")["figure"].isna().to_dict() == {"D": True, "A": False}


# Moments of the sets in which a ticket is several times, by hand: A was answered twice, and D at a time that makes no sense.
MOMENTS = {"answered": 3, "solved": 2, "waits": 6, "decided": 3, "missed": 2, "promises": 3}


@pytest.mark.parametrize("by_number", [True, False], ids=["by number", "by name"])
@pytest.mark.parametrize("which", EVER)
def test_tickets_of_a_set_are_counted_once_and_their_moments_each(desk: WholeDesk, which: str, by_number: bool) -> None:
    found, moments, _ = counted(desk, which, by_number=by_number)
    assert (found, moments) == (len(EVER[which]), MOMENTS.get(which, len(EVER[which])))


def test_tickets_are_counted_within_a_period(desk: WholeDesk) -> None:
    assert counted(desk, "answered", start=NOON - days(4), end=NOON - hours(30))[:2] == (1, 2)
    assert counted(desk, "answered", start=NOON - hours(1))[:2] == (0, 0)


def test_more_tickets_than_a_list_holds_are_counted_and_the_newest_listed(desk: WholeDesk) -> None:
    assert ask(desk, "created", most=2)["ticket_id"].tolist() == ["F", "E"]
    assert counted(desk, "created")[0] == 6


@pytest.mark.parametrize(
    ("near", "since"), [(1, NOON - hours(12)), (5, NOON - hours(12)), (6, NOON - days(3.5)), (7, None)]
)
def test_the_newest_moments_are_those_of_whole_days(desk: WholeDesk, near: int, since: datetime | None) -> None:
    """Five tickets are of the last day, that began twelve hours ago, and A is of three days before."""
    assert counted(desk, "created", near=near)[2] == since
    assert behind(desk, "created", since=since) == ("FEBDC" if since == NOON - hours(12) else "FEBDCA")


def test_tickets_are_looked_for_further_back_where_a_few_have_all_the_newest_moments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = SmallWarehouse(tmp_path)
    for ticket, age in (("A", days(9)), ("B", days(5)), ("C", days(3))):
        small.ticket(NOON - age, ticket_id=ticket)
        small.change(NOON - age, ticket_id=ticket)
        small.change(NOON - age + hours(1), "reopened", ticket_id=ticket)
    for second in range(4000):
        small.change(NOON - hours(1) + timedelta(seconds=second / 2), "reopened", ticket_id="A")
    small.publish()
    assert counted(small, "reopened")[2] == NOON - hours(12)
    app = visit(small.settings_file(), "tickets.py", monkeypatch, which="reopened")
    assert shown(app) == ["A", "C", "B"]
    assert "**3 tickets reopened**" in text(app)


@pytest.mark.parametrize(
    ("filters", "values", "tickets"),
    [
        (Filters(channels=("phone",)), {}, "FEC"),
        (Filters(teams=("Billing",)), {}, "DCA"),
        (Filters(agents=("Ben",)), {}, "FE"),
        (Filters(sources=("elsewhere",)), {}, ""),
        (Filters(channels=("phone",), teams=("Orders",)), {}, "FE"),
        (Filters(), {"topics": ["Invoice"]}, "DCA"),
        (Filters(), {"topics": ["Invoice", "Delivery"], "priorities": ["high"]}, "DA"),
        (Filters(), {"none": "agent"}, "BC"),
        (Filters(), {"none": "topic"}, "B"),
        (Filters(), {"none": "priority"}, "C"),
        (Filters(), {"none": "channel"}, ""),
        (Filters(channels=("phone",)), {"none": "agent"}, "C"),
    ],
)
def test_filters_and_what_must_be_empty_hold_together(
    desk: WholeDesk, filters: Filters, values: dict[str, Any], tickets: str
) -> None:
    assert behind(desk, "created", filters, **values) == tickets


@pytest.mark.parametrize(
    ("words", "tickets"),
    [
        ("refund", "EA"),
        ("order REFUND", "A"),
        ("refund 7 for ORDER", "A"),
        ("refund 7 for none", ""),
        ("a", "EBA"),
        ("100%", ""),
        ("_", ""),
        ("'; drop table tickets", ""),
    ],
)
def test_searching_wants_every_word_in_number_or_subject(desk: WholeDesk, words: str, tickets: str) -> None:
    assert behind(desk, "created", words=words.split()) == tickets


@pytest.mark.parametrize(
    ("moment", "zone", "weekday", "hour"),
    [
        (datetime(2026, 3, 4, 12, 0), "UTC", 3, 12),
        (datetime(2026, 3, 1, 23, 30), "Europe/Berlin", 1, 0),  # Sunday in UTC, Monday there
        (datetime(2026, 3, 29, 0, 30), "Europe/Berlin", 7, 1),
        (datetime(2026, 3, 29, 1, 30), "Europe/Berlin", 7, 3),  # there is no hour from 2 to 3 that day
        (datetime(2026, 10, 25, 0, 30), "Europe/Berlin", 7, 2),
        (datetime(2026, 10, 25, 1, 30), "Europe/Berlin", 7, 2),  # and this one twice
        (datetime(2026, 3, 4, 9, 40), "Asia/Kolkata", 3, 15),
        (datetime(2026, 3, 5, 3, 0), "America/New_York", 3, 22),
    ],
)
def test_weekdays_and_hours_are_those_of_the_zone_on_that_day(
    tmp_path: Path, moment: datetime, zone: str, weekday: int, hour: int
) -> None:
    small = SmallWarehouse(tmp_path)
    small.change(moment)
    small.publish()
    hits = [
        (day, clock)
        for day, clock in ((weekday, hour), (weekday, (hour + 1) % 24), (weekday % 7 + 1, hour))
        if behind(small, "arrived", weekday=day, hour=clock, zone=zone)
    ]
    assert hits == [(weekday, hour)]


# The page -----------------------------------------------------------------------------------------------------------


def shown(app: AppTest) -> list[str]:
    return app.dataframe[0].value["Ticket"].tolist() if app.dataframe else []


def test_the_page_lists_what_its_address_asks_for_and_says_so(desk: WholeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(
        desk.settings_file(),
        "tickets.py",
        monkeypatch,
        which="answered",
        team="Billing",
        **{"from": "2026-03-01T00:00:00", "to": "2026-03-04T12:00:01"},
    )
    assert shown(app) == ["D", "A"]
    assert app.dataframe[0].value["Waited"].tolist() == ["—", "2h"]
    assert "**2 tickets answered**" in text(app)
    assert "from 1 Mar 2026, 00:00 to 4 Mar 2026, 12:00 · Billing · times of UTC" in text(app).replace("\\", "")


def test_a_set_of_how_things_stand_now_takes_no_notice_of_the_period(
    desk: WholeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(
        desk.settings_file(), "tickets.py", monkeypatch, which="waiting", **{"from": "2020-01-01", "to": "2020-01-02"}
    )
    assert shown(app) == ["F", "E", "B"]
    assert "as the data stands now" in text(app)


def test_an_instant_with_a_zone_is_that_instant(desk: WholeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(desk.settings_file(), "tickets.py", monkeypatch, **{"from": "2026-03-04T12:30:00+01:00"})
    assert shown(app) == ["F", "E"]


def test_the_search_box_is_in_the_address(desk: WholeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(desk.settings_file(), "tickets.py", monkeypatch, q="refund")
    assert app.text_input(key="q").value == "refund"
    assert shown(app) == ["E", "A"]
    app.text_input(key="q").set_value("refund order").run()
    assert shown(app) == ["A"]
    assert "**1 ticket made**" in text(app)


def test_what_the_address_says_that_makes_no_sense_is_left_out_and_named(
    desk: WholeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    nonsense = {"from": "yesterday", "weekday": "9", "hour": "9" * 5000, "none": "subject"}
    app = visit(desk.settings_file(), "tickets.py", monkeypatch, **nonsense)
    assert len(shown(app)) == 6
    assert all(name in text(app) for name in ("from yesterday", "weekday 9", "none subject"))


def test_a_set_that_there_is_not_is_named_with_those_that_there_are(
    desk: WholeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(desk.settings_file(), "tickets.py", monkeypatch, which="[all](javascript:alert)")
    assert r"\[all\]\(javascript\::small[]alert\)" in app.error[0].value
    assert "first_waits" in app.error[0].value


def test_text_of_customers_and_of_the_address_stays_text(desk: WholeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(desk.settings_file(), "tickets.py", monkeypatch, topic="<script>*x*</script>")
    assert r"\<script\>\*x\*" in text(app)
    everything = visit(desk.settings_file(), "tickets.py", monkeypatch)
    assert "Where is my <b>parcel</b>?" in everything.dataframe[0].value["Subject"].tolist()


def test_no_ticket_is_a_sentence(desk: WholeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    app = visit(desk.settings_file(), "tickets.py", monkeypatch, which="reopened", **{"from": "2026-03-04T00:00:00"})
    assert "**No tickets.**" in text(app)
    assert "**0 tickets reopened**" in text(app)


def test_every_row_leads_to_its_ticket(desk: WholeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: dict[str, Any] = {}
    monkeypatch.setattr(tables, "place", lambda _, table: shown.update(vars(table)))
    visit(desk.settings_file(), "tickets.py", monkeypatch, which="past")
    assert shown["leads"] == ["ticket?source=desk&id=B"]
