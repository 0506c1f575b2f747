"""Checks run in every refresh and say what they found, on which source, with examples."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Desk
from warehouse.checking import Finding, checks, run_checks

HEADER = "ticket_id,created_at,status,channel,team,agent\n"


@pytest.fixture
def loading(ticket_desk: Desk) -> duckdb.DuckDBPyConnection:
    """The pipelines' file of a small, sound help desk, to be damaged."""
    rows = [f"T{number},2026-01-{number:02}T10:00:00Z,open,email,Billing,Ada" for number in range(1, 6)]
    ticket_desk.deliver("tickets/a.csv", HEADER + "\n".join(rows))
    assert ticket_desk.run().findings == []
    return duckdb.connect(str(ticket_desk.folder / "data" / "loading.duckdb"))


def _found(loading: duckdb.DuckDBPyConnection) -> dict[str, Finding]:
    return {finding.name: finding for finding in run_checks(loading, 1)}


DAMAGE = {
    "tickets_are_unique": "insert into store.tickets from store.tickets where ticket_id = 'T1'",
    "keys_are_unique": "insert into agents from agents",
    "backlog_adds_up": "update store.queue_changes set solved = solved + 1",
    "arrivals_are_tickets": "update store.queue_changes set arrived = arrived + 1",
    "waiting_adds_up": "insert into store.waits (source, ticket_id, turn, outcome) values ('tickets', 'T1', 1, 'waiting')",
    "rows_are_accounted_for": "update files set rows_loaded = rows_loaded - 1",
    "durations_are_not_negative": "update store.tickets set first_response_seconds = -1 where ticket_id = 'T2'",
    "answers_come_after_questions": "insert into store.waits (source, ticket_id, turn, outcome, fault) values ('tickets', 'T1', 1, 'answered', 'answered before asked')",
    "channels_are_known": "update store.queue_changes set channel = 'pigeon' where day(hour) = 3",
    "agents_have_a_team": "update agents set team = null",
    "nothing_begins_after_now": "update store.tickets set created_at = '2099-01-01' where ticket_id = 'T4'",
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_table_is_found_on_its_source_with_an_example(loading: duckdb.DuckDBPyConnection, name: str) -> None:
    loading.execute(DAMAGE[name])
    finding = _found(loading)[name]
    assert finding.source == "tickets"
    assert finding.found >= 1
    assert finding.examples
    assert loading.execute("select count(*) from check_results where name = $name", {"name": name}).fetchall() == [(1,)]


def _month_of_arrivals(desk: Desk, last_day: int) -> None:
    end = datetime(2026, 1, 30)
    rows = []
    for day in range(35):
        for number in range(last_day if day == 0 else 40):
            created = end - timedelta(days=day, minutes=10 + number)
            rows.append(f"T{day}-{number},{created:%Y-%m-%dT%H:%M:%S}Z,solved,email,Billing,Ada")
    rows.append(f"T,{end:%Y-%m-%dT%H:%M:%S}Z,open,email,Billing,Ada")
    desk.deliver("tickets/a.csv", HEADER + "\n".join(rows))


@pytest.mark.parametrize(("last_day", "noticed"), [(5, True), (30, False)])
def test_a_sudden_loss_of_volume_is_noticed(ticket_desk: Desk, last_day: int, noticed: bool) -> None:
    _month_of_arrivals(ticket_desk, last_day)
    names = [finding.name for finding in ticket_desk.run().findings]
    assert ("volume_did_not_collapse" in names) is noticed


def test_every_check_says_what_it_means_and_how_bad_it_is() -> None:
    every = checks()
    assert {check.name for check in every} == {*DAMAGE, "volume_did_not_collapse"}
    assert all(check.severity in ("error", "warning") and check.meaning for check in every)
    assert all((Path(__file__).parents[1] / "warehouse" / "checks" / f"{check.name}.sql").is_file() for check in every)
