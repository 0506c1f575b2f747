"""Checks run in every refresh and say what they found, on which source, with examples."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines import sample
from pipelines.sample.demand import Demand
from tests.conftest import Desk
from warehouse.building import create_schema
from warehouse.checking import Finding, checks, run_checks
from warehouse.connection import open_for_writing

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


@pytest.fixture
def arrivals(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """A file with a source whose data goes to Friday 30 January 2026, 10:20."""
    connection = open_for_writing(tmp_path / "loading.duckdb")
    create_schema(connection, "UTC")
    connection.execute(
        "insert into sources (source, feed, kind, as_of) values ('desk', 'tickets', 'ticket', '2026-01-30 10:20:00')"
    )
    return connection


def _arrive(connection: duckdb.DuckDBPyConnection, counts: Sequence[int], hour: str = "09:00:00") -> None:
    """So many tickets at this hour of Friday 30 January, of the Friday before, and so on; one more two days before all of them."""
    days_back = [(7 * weeks, count) for weeks, count in enumerate(counts)]
    for days, count in [*days_back, (days_back[-1][0] + 2, 1)]:
        connection.execute(
            f"insert into store.queue_changes (source, hour, arrived) select 'desk', timestamp '2026-01-30 {hour}' - to_days($days), $count",
            {"days": days, "count": count},
        )


def _unusual(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    sql = next(check.sql for check in checks() if check.name == "volume_is_as_usual")
    return connection.execute(sql).fetchall()


# A hundred on every Friday are a root of 10, with a half for chance: usual are (10 - 4.5 / 2) ** 2 = 60.06 to (10 + 4.5 / 2) ** 2 = 150.06.
HUNDRED = "usual then are 61 to 150"


@pytest.mark.parametrize(("count", "is_said"), [(60, True), (61, False), (150, False), (151, True), (0, True)])
def test_a_fall_or_a_rise_beyond_the_same_weekdays_is_said(
    arrivals: duckdb.DuckDBPyConnection, count: int, is_said: bool
) -> None:
    _arrive(arrivals, [count, 100, 100, 100, 100, 100])
    said = f"{count} tickets in the 24 hours to Fri 30 Jan 10:00 UTC; {HUNDRED}"
    assert _unusual(arrivals) == ([("desk", said)] if is_said else [])


def test_a_source_that_always_varied_may_vary_and_one_odd_week_changes_nothing(
    arrivals: duckdb.DuckDBPyConnection,
) -> None:
    # Roots 8, 8, 10, 12, 12: median 10, median deviation 2, so usual are up to (10 + 4.5 * 1.4826 * 2) ** 2 = 544.9.
    _arrive(arrivals, [545, 64, 64, 100, 144, 144])
    assert _unusual(arrivals)[0][1].endswith("usual then are 0 to 544")
    arrivals.execute("delete from store.queue_changes")
    _arrive(arrivals, [151, 100, 100, 9000, 100, 100])
    assert _unusual(arrivals)[0][1].endswith(HUNDRED)


@pytest.mark.parametrize("before", [[100, 100, 100], [], [5, 5, 5, 5, 5]])
def test_three_weekdays_are_no_history_and_a_handful_no_volume(
    arrivals: duckdb.DuckDBPyConnection, before: list[int]
) -> None:
    _arrive(arrivals, [0, *before])
    assert _unusual(arrivals) == []


def test_a_weekday_without_any_counts_as_none_and_the_hour_under_way_is_left_out(
    arrivals: duckdb.DuckDBPyConnection,
) -> None:
    _arrive(arrivals, [0, 0, 0, 0, 0])  # quiet Fridays: usual are up to (0 + 4.5 / 2) ** 2 = 5.06
    _arrive(arrivals, [30], hour="10:00:00")
    assert _unusual(arrivals) == []
    _arrive(arrivals, [30], hour="08:00:00")
    assert _unusual(arrivals)[0][1].startswith("30 tickets")
    assert _unusual(arrivals)[0][1].endswith("usual then are 0 to 5")


def test_surveys_are_compared_up_to_where_their_own_feed_goes(arrivals: duckdb.DuckDBPyConnection) -> None:
    arrivals.execute(
        "insert into sources (source, feed, kind, as_of) values ('desk', 'csat', 'survey', '2026-01-30 03:00:00')"
    )
    arrivals.execute(
        "insert into survey_responses (source, sent_at) select 'desk', timestamp '2026-01-30 02:00:00' - to_days(7 * (1 + range % 5)::integer)"
        " from range(500)"
    )
    assert _unusual(arrivals) == [("desk", f"0 surveys in the 24 hours to Fri 30 Jan 03:00 UTC; {HUNDRED}")]


def test_in_ninety_days_of_the_made_up_desk_only_its_outages_are_unusual(
    arrivals: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    end = datetime(2026, 2, 1, tzinfo=UTC)
    sample.write_history(tmp_path / "exports", days=90, tickets=9000, seed=4, end=end)
    files = str(tmp_path / "exports" / "tickets" / "*.csv")
    arrivals.execute(
        "insert into store.queue_changes (source, hour, arrived) select 'desk', date_trunc('hour', created_at::timestamptz::timestamp), count(*)"
        f" from (select distinct ticket_id, created_at from read_csv('{files}')) group by all"
    )
    demand = Demand(seed=4, start=int((end - timedelta(days=90)).timestamp()), days=90, tickets=9000)
    outages = [(outage.began_at, outage.ended_at + 86_400) for outage in demand.incidents()]
    unusual = []
    for hours in range(0, 55 * 24, 7):
        as_of = end - timedelta(hours=hours)
        arrivals.execute("update sources set as_of = $as_of", {"as_of": as_of.replace(tzinfo=None)})
        if _unusual(arrivals):
            unusual.append(as_of.timestamp())
    assert unusual
    assert all(any(began <= at <= over for began, over in outages) for at in unusual)


def test_every_check_says_what_it_means_and_how_bad_it_is() -> None:
    every = checks()
    assert {check.name for check in every} == {*DAMAGE, "volume_is_as_usual"}
    assert all(check.severity in ("error", "warning") and check.meaning for check in every)
    assert all((Path(__file__).parents[1] / "warehouse" / "checks" / f"{check.name}.sql").is_file() for check in every)
