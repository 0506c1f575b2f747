"""Rows are found by number and tickets built a slice at a time: neither may be seen in what comes out."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.comparing import same_tables, tables
from tests.conftest import Desk
from warehouse import slicing
from warehouse.ask import Warehouse

TICKETS = "ticket_id,created_at,updated_at,status,agent,team,supervisor\n"


def _desk(folder: Path) -> Desk:
    desk = Desk(folder)
    desk.source("tickets", "ticket", 'part_of = "desk"')
    desk.source("events", "event", 'part_of = "desk"\nkey = ["event_id"]')
    return desk


def _ticket(ticket_id: str, day: int, agent: str, status: str = "open", version: int = 1) -> str:
    return f"{ticket_id},2026-01-{day:02}T10:00:00Z,2026-02-{version:02}T00:00:00Z,{status},{agent},Billing,Zoe\n"


def _history(desk: Desk) -> None:
    ids = ["A1", "B1", "1", "x-9", "x-10", "2026-7", "77"]
    desk.deliver("tickets/a.csv", TICKETS + "".join(_ticket(one, day, "Ada") for day, one in enumerate(ids, start=1)))
    changes = "".join(f"E{one},{one},2026-01-20T10:00:00Z,status,open,solved\n" for one in ids[:4])
    desk.deliver("events/a.csv", "event_id,ticket_id,happened_at,field,old_value,new_value\n" + changes)


def test_ids_that_have_one_number_stay_apart(tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    _history(desk)
    desk.run()
    assert desk.ask("select count(distinct ticket_no) from store.ticket_rows where ticket_id in ('A1', 'B1', '1')") == [
        (1,)
    ]
    desk.deliver("tickets/b.csv", TICKETS + _ticket("B1", 2, "Bob", version=2))
    desk.run()
    found = desk.ask("select ticket_id, agent from tickets where ticket_id in ('A1', 'B1', '1') order by ticket_id")
    assert found == [("1", "Ada"), ("A1", "Ada"), ("B1", "Bob")]
    assert desk.ask("select count(*) from ticket_events where ticket_id = 'A1' and not is_inferred") == [(1,)]


def _numbers_of_tickets(desk: Desk) -> tuple[str, bool]:
    """What the pipelines know of them, and whether pages count tickets by them."""
    ((known,),) = desk.ask("select value from store.memory where name = 'numbers of tickets'")
    return known, bool(Warehouse(desk.folder / "data").ask("ticket_numbers")["by_number"].iloc[0])


def test_it_is_known_whether_two_tickets_have_one_number(tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    desk.deliver("tickets/a.csv", TICKETS + _ticket("1", 1, "Ada") + _ticket("2", 2, "Ada"))
    desk.run()
    assert _numbers_of_tickets(desk) == ("unique", True)
    desk.deliver("tickets/b.csv", TICKETS + _ticket("A3", 3, "Bob"))
    desk.run()
    assert _numbers_of_tickets(desk) == ("unique", True)
    desk.deliver("tickets/c.csv", TICKETS + _ticket("A2", 3, "Bob"))
    desk.run()
    assert _numbers_of_tickets(desk) == ("shared", False)
    for known in ("another hash", None):
        _forget_numbers(desk, known)
        desk.run()
        assert _numbers_of_tickets(desk) == ("shared", False)


def _forget_numbers(desk: Desk, hashes: str | None) -> None:
    """As where DuckDB hashes otherwise now, or where an earlier version of the product made the file (None)."""
    with duckdb.connect(str(desk.folder / "data" / "loading.duckdb")) as connection:
        if hashes:
            connection.execute(
                "update store.memory set value = $hashes where name = 'numbers of ids'", {"hashes": hashes}
            )
        else:
            connection.execute("delete from store.memory where name = 'numbers of tickets'")


def test_tickets_of_two_sources_may_have_one_number(tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    desk.source("others", "ticket", "")
    desk.deliver("tickets/a.csv", TICKETS + _ticket("1", 1, "Ada", "solved") + _ticket("2", 2, "Ada"))
    desk.deliver("others/a.csv", TICKETS + _ticket("1", 1, "Bob", "solved") + _ticket("7", 1, "Bob", "solved"))
    desk.run()
    assert _numbers_of_tickets(desk) == ("unique", True)
    assert _counted(desk, "arrived") == _counted(desk, "arrived", by_number=False) == (4, 4)
    assert _counted(desk, "solved") == _counted(desk, "solved", by_number=False) == (3, 3)


def test_numbers_that_lie_far_apart_are_not_counted_by(tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    desk.deliver("tickets/a.csv", TICKETS + _ticket("1", 1, "Ada") + _ticket("2000000", 2, "Ada"))
    desk.run()
    assert _numbers_of_tickets(desk) == ("unique", False)


def _counted(desk: Desk, which: str, by_number: bool = True) -> tuple[int, int]:
    values = dict.fromkeys(("start", "end", "since", "topics", "priorities", "none", "words", "weekday", "hour"))
    values |= {"which": which, "zone": "UTC", "near": 4000, "by_number": by_number}
    (row,) = Warehouse(desk.folder / "data").ask("tickets_counted", **values).itertuples()
    return row.found, row.counted


def test_many_slices_give_the_tables_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _desk(tmp_path / "whole")
    _history(whole)
    whole.run()
    monkeypatch.setattr(slicing, "SLICE", 2)
    sliced = _desk(tmp_path / "sliced")
    _history(sliced)
    assert sliced.run().tickets_built == 5  # of seven ids, as three of them have one number
    same_tables(tables(sliced), tables(whole))


def test_an_agent_was_last_seen_on_the_newest_ticket_that_they_still_hold(tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    desk.deliver("tickets/a.csv", TICKETS + _ticket("1", 1, "Ada") + _ticket("2", 5, "Ada") + _ticket("3", 3, "Bob"))
    desk.run()
    desk.deliver("tickets/b.csv", TICKETS + _ticket("2", 5, "Bob", version=2))
    desk.run()
    seen = "select agent, day(first_seen_at), day(last_seen_at), team, supervisor from agents order by agent"
    assert desk.ask(seen) == [("Ada", 1, 1, "Billing", "Zoe"), ("Bob", 3, 5, "Billing", "Zoe")]


def test_an_agent_who_holds_nothing_any_more_is_gone(tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    desk.deliver("tickets/a.csv", TICKETS + _ticket("1", 1, "Ada") + _ticket("2", 2, "Bob"))
    desk.run()
    desk.deliver("tickets/b.csv", TICKETS + _ticket("1", 1, "Bob", version=2))
    desk.run()
    assert desk.ask("select agent from agents") == [("Bob",)]
    assert desk.ask("select team, agents, tickets from teams") == [("Billing", 1, 2)]


def test_a_row_number_counts_the_rejected_rows_before_it(tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    desk.deliver("tickets/a.csv", TICKETS + "T0,not a date,,,,,\n" + _ticket("T1", 1, "Ada"))
    desk.run()
    assert desk.ask("select line_no from rejected_rows") == [(1,)]
    assert desk.ask("select line_no from store.ticket_rows") == [(2,)]


def test_rows_are_found_again_where_ids_have_other_numbers_now(tmp_path: Path) -> None:
    desk = _desk(tmp_path)
    _history(desk)
    desk.run()
    with duckdb.connect(str(tmp_path / "data" / "loading.duckdb")) as connection:
        for table in ("store.ticket_rows", "store.event_rows", "store.tickets", "ticket_events", "backlog_changes"):
            connection.execute(f"update {table} set ticket_no = ticket_no + 7")
        connection.execute("update store.ticket_rows set key_no = key_no + 7")
        connection.execute("update store.memory set value = 'another hash' where name = 'numbers of ids'")
    desk.deliver("tickets/b.csv", TICKETS + _ticket("x-9", 4, "Bob", version=2))
    assert desk.run().state == "done"
    assert desk.ask(
        "select count(*), count(distinct ticket_id), count(*) filter (where agent = 'Bob') from tickets"
    ) == [(7, 7, 1)]
    assert desk.ask("select count(*) from ticket_events where not is_inferred") == [(4,)]
