"""When the customer of a ticket asked again stays true whatever comes, goes or moves, and however it is written."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
import pytest

from tests.conftest import Desk
from warehouse import returns, slicing

HEAD = "ticket_id,created_at,updated_at,status,customer,topic\n"
IN_PLACE, MOVED = 0.0, 1.0


def _desk(folder: Path) -> Desk:
    desk = Desk(folder)
    desk.source("tickets", "ticket")
    return desk


def _deliver(desk: Desk, number: int, *rows: str) -> None:
    versioned = (row.replace("*", f"2026-03-{number:02}T00:00:00Z") for row in rows)
    desk.deliver(f"tickets/{number}.csv", HEAD + "".join(f"{row}\n" for row in versioned))
    report = desk.run()
    assert report.state == "done", report.problems


def _returns(desk: Desk) -> dict[str, str | None]:
    found = desk.ask("select ticket_id, strftime(next_created_at, '%d') from tickets order by ticket_id")
    return dict(found)


@pytest.fixture(params=[IN_PLACE, MOVED], ids=["in place", "moved"])
def _written_so(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(returns, "FEW", request.param)


@pytest.mark.usefixtures("_written_so")
def test_a_ticket_names_the_next_one_of_its_customer_and_topic(tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    _deliver(
        desk,
        1,
        "A1,2026-01-01,*,open,ann,Invoice",
        "A2,2026-01-09,*,open,ann,Invoice",
        "A3,2026-01-05,*,open,ann,Delivery",
        "B1,2026-01-02,*,open,bob,",
        "N1,2026-01-03,*,open,,Invoice",
        "N2,2026-01-04,*,open,,Invoice",
    )
    assert _returns(desk) == {"A1": "09", "A2": None, "A3": None, "B1": None, "N1": None, "N2": None}
    # One in between, one of a topic that is not known, and one that comes last.
    _deliver(
        desk,
        2,
        "A4,2026-01-06,*,open,ann,Invoice",
        "B2,2026-01-07,*,open,bob,",
        "A5,2026-01-20,*,open,ann,Delivery",
    )
    expected = {"A1": "06", "A2": None, "A3": "20", "A4": "09", "A5": None, "B1": "07", "B2": None}
    assert _returns(desk) == expected | {"N1": None, "N2": None}
    # The one in between was another customer's, and the last one came on another day; who they were is known of one now.
    _deliver(
        desk,
        3,
        "A4,2026-01-06,*,open,bob,",
        "A5,2026-01-21,*,open,ann,Delivery",
        "N2,2026-01-04,*,open,ann,Invoice",
    )
    expected = {"A1": "04", "A2": None, "A3": "21", "A4": "07", "A5": None, "B1": "06", "B2": None}
    assert _returns(desk) == expected | {"N1": None, "N2": "09"}
    # And one that is known no longer.
    _deliver(desk, 4, "B2,2026-01-07,*,open,,")
    assert _returns(desk)["A4"] is None


@pytest.mark.usefixtures("_written_so")
@pytest.mark.parametrize("slice_size", [3, slicing.SLICE])
def test_whatever_is_delivered_in_whatever_order_a_walk_through_all_tickets_finds_the_same(
    slice_size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slicing, "SLICE", slice_size)
    chance = np.random.default_rng(7)
    desk, newest = _desk(tmp_path), dict[str, tuple[str, str, str]]()
    for number in range(1, 7):
        rows = []
        for ticket in chance.choice(40, size=12, replace=False):
            said = (
                f"2026-01-{chance.integers(1, 29):02}T{chance.integers(0, 2):02}:00:00Z",
                str(chance.choice(["ann", "bob", "cem", ""])),
                str(chance.choice(["Invoice", "Delivery", ""])),
            )
            newest[f"T{ticket}"] = said
            rows.append(f"T{ticket},{said[0]},*,open,{said[1]},{said[2]}")
        _deliver(desk, number, *rows)
    found = desk.ask("select ticket_id, strftime(next_created_at, '%Y-%m-%dT%H:%M:%SZ') from tickets")
    assert dict(found) == _walked(newest)


def _walked(tickets: dict[str, tuple[str, str, str]]) -> dict[str, str | None]:
    of_askers = defaultdict(list)
    for ticket, (created, customer, topic) in tickets.items():
        if customer:
            of_askers[customer, topic].append((created, ticket))
    found: dict[str, str | None] = dict.fromkeys(tickets)
    for theirs in of_askers.values():
        theirs.sort()
        found |= {ticket: later for (_, ticket), (later, _) in pairwise(theirs)}
    return found


def test_what_a_killed_run_left_noted_is_found_by_the_next_one(tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    _deliver(desk, 1, "A1,2026-01-01,*,open,ann,Invoice", "A2,2026-01-09,*,open,ann,Invoice")
    with duckdb.connect(str(tmp_path / "data" / "loading.duckdb")) as connection:
        connection.execute("update store.tickets set next_created_at = null")
        connection.execute("insert into store.touched_askers select asker_no from store.tickets")
    assert desk.run().state == "done"
    assert _returns(desk) == {"A1": "09", "A2": None}


def test_a_call_that_was_answered_is_counted_and_no_other(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.source("calls", "call")
    desk.deliver(
        "calls/a.csv",
        "call_id,ticket_id,channel,entered_at,queued_at,answered_at,abandoned_at,ended_at\n"
        "1,T1,phone,2026-01-01T09:00:00Z,2026-01-01T09:00:00Z,2026-01-01T09:01:00Z,,2026-01-01T09:09:00Z\n"
        "2,T1,phone,2026-01-02T09:00:00Z,2026-01-02T09:00:00Z,2026-01-02T09:01:00Z,,2026-01-02T09:09:00Z\n"
        "3,T1,phone,2026-01-03T09:00:00Z,2026-01-03T09:00:00Z,,2026-01-03T09:04:00Z,\n"
        "4,T2,chat,2026-01-01T09:00:00Z,2026-01-01T09:00:00Z,2026-01-01T09:01:00Z,,2026-01-01T09:09:00Z\n",
    )
    assert desk.run().state == "done"
    assert desk.ask("select ticket_id, answered_call_count from tickets order by ticket_id") == [("T1", 2), ("T2", 0)]
