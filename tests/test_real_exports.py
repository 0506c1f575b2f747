"""Real exports, with figures worked out from the raw files by plain Python that shares nothing with the product."""

from __future__ import annotations

import csv
import gzip
import itertools
import time
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.refresh import Pipelines
from tests.conftest import shared_settings
from warehouse.settings import load


@pytest.fixture(scope="module")
def warehouses(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, duckdb.DuckDBPyConnection]:
    """Each of the four exports loaded with its settings file, read-only."""
    folder = tmp_path_factory.mktemp("real")
    opened = {}
    for name in ("anonymous_bank", "uci_incident", "ecommerce_csat", "sfo_2017"):
        pipelines = Pipelines(load(shared_settings(name, shared, folder)))
        report = pipelines.run("test")
        pipelines.close()
        assert report is not None
        assert report.state == "done", report.problems
        opened[name] = duckdb.connect(str(folder / name / "warehouse.duckdb"), read_only=True)
    return opened


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    (row,) = connection.execute(sql).fetchall()
    return tuple(row)


LOCAL_MONTH = "month(timezone('Asia/Jerusalem', timezone('UTC', began_at)))"


# Bank: integers counted from the raw lines (HANG / AGENT / PHANTOM; queued means q_time > 0).
@pytest.mark.parametrize(
    ("month", "calls", "hung_up", "queued", "gave_up", "answered", "wait_sum", "within_20", "servers"),
    [
        (1, 31_359, 4_299, 16_665, 3_080, 27_060, 947_857, 16_402, 28),
        (2, 33_066, 5_904, 18_028, 3_932, 27_162, 1_107_512, 16_209, 24),
    ],
)
def test_the_banks_calls_come_out_as_counted_by_hand(
    warehouses: dict[str, duckdb.DuckDBPyConnection],
    month: int,
    calls: int,
    hung_up: int,
    queued: int,
    gave_up: int,
    answered: int,
    wait_sum: int,
    within_20: int,
    servers: int,
) -> None:
    bank = warehouses["anonymous_bank"]
    of_tickets = LOCAL_MONTH.replace("began_at", "created_at")
    assert _row(
        bank, f"select count(*), count(*) filter (where status = 'abandoned') from tickets where {of_tickets} = {month}"
    ) == (calls, hung_up)
    found = _row(
        bank,
        f"""
select
    count(*) filter (where queued),
    count(*) filter (where queued and outcome = 'abandoned'),
    count(*) filter (where outcome = 'answered'),
    sum(wait_seconds) filter (where outcome = 'answered'),
    count(*) filter (where outcome = 'answered' and within_target),
    count(distinct agent),
from waits
where {LOCAL_MONTH} = {month}""",
    )
    assert found == (queued, gave_up, answered, wait_sum, within_20, servers)


def test_the_banks_phantom_rows_are_rejected_with_a_reason(warehouses: dict[str, duckdb.DuckDBPyConnection]) -> None:
    found = (
        warehouses["anonymous_bank"]
        .execute("select file_name, count(*) from rejected_rows where reason like 'PHANTOM%' group by 1 order by 1")
        .fetchall()
    )
    assert found == [("february.txt.gz", 278), ("january.txt.gz", 240)]


def test_the_bank_is_closed_from_friday_afternoon_to_saturday_evening(
    warehouses: dict[str, duckdb.DuckDBPyConnection],
) -> None:
    answered = dict(
        warehouses["anonymous_bank"]
        .execute(
            """
with local_hours as (
    select timezone('Asia/Jerusalem', timezone('UTC', hour)) as hour, answered
    from queue_hours
)

select (isodow(hour), hour(hour)), sum(answered)
from local_hours
where month(hour) = 2
group by all"""
        )
        .fetchall()
    )
    closed = [(5, hour) for hour in range(15, 24)] + [(6, hour) for hour in range(18)]
    assert sum(answered.get(slot, 0) for slot in closed) == 0
    assert answered[5, 13] > 150
    assert answered[6, 21] > 100


def _incidents(shared: Path) -> dict[str, list[dict[str, str]]]:
    rows = defaultdict(list)
    with gzip.open(next((shared / "data" / "uci_incident").glob("*.csv.gz")), "rt") as file:
        for row in csv.DictReader(file):
            rows[row["number"]].append(row)
    for events in rows.values():
        events.sort(key=lambda row: (_minute(row["sys_updated_at"]), int(row["sys_mod_count"])))
    return rows


def _minute(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M")


def test_incidents_are_tickets_and_their_log_is_changes(
    warehouses: dict[str, duckdb.DuckDBPyConnection], shared: Path
) -> None:
    uci = warehouses["uci_incident"]
    assert _row(uci, "select count(*) from tickets") == (20_769,)
    assert _row(uci, "select sum(rows_read), sum(rows_loaded) from files") == (119_998, 119_998)
    found = dict(uci.execute("select field, count(*) from ticket_events where not is_inferred group by 1").fetchall())
    hold = {"Awaiting Vendor": "hold", "Awaiting Problem": "hold", "Awaiting Evidence": "hold"}
    expected: Counter[str] = Counter()
    for events in _incidents(shared).values():
        for before, after in itertools.pairwise(events):
            expected["status"] += hold.get(before["incident_state"], before["incident_state"]) != hold.get(
                after["incident_state"], after["incident_state"]
            )
            expected["team"] += before["assignment_group"] != after["assignment_group"]
            expected["agent"] += before["assigned_to"] != after["assigned_to"]
            expected["priority"] += before["priority"] != after["priority"]
    assert found == expected
    assert (expected["team"], expected["agent"], expected["priority"]) == (20_437, 11_411, 361)


def test_incidents_reopen_and_fill_the_backlog_day_by_day(
    warehouses: dict[str, duckdb.DuckDBPyConnection], shared: Path
) -> None:
    done = {"Resolved", "Closed"}
    change_of_day: Counter[datetime] = Counter()
    reopened, reopened_incidents = 0, set()
    for number, events in _incidents(shared).items():
        opened = _minute(events[0]["opened_at"])
        change_of_day[opened.replace(hour=0, minute=0)] += 1
        was_done = False
        for event in events:
            is_done = event["incident_state"] in done
            if is_done != was_done:
                moment = max(_minute(event["sys_updated_at"]), opened)
                change_of_day[moment.replace(hour=0, minute=0)] += -1 if is_done else 1
                if not is_done:
                    reopened += 1
                    reopened_incidents.add(number)
            was_done = is_done
    uci = warehouses["uci_incident"]
    assert _row(uci, "select sum(reopen_count), count(*) filter (where reopen_count > 0) from tickets") == (
        reopened,
        len(reopened_incidents),
    )
    assert (reopened, len(reopened_incidents)) == (277, 235)
    found = dict(
        uci.execute("select date_trunc('day', hour), sum(open_change) from store.queue_changes group by 1").fetchall()
    )
    backlog, day = 0, min(change_of_day)
    levels = 0
    while day <= max(change_of_day):
        backlog += change_of_day[day]
        levels += int(found.get(day, 0))
        assert levels == backlog, day
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("channel", "n", "total"), [("email", 595, 2_311), ("phone", 13_644, 58_014), ("outcall", 2_943, 12_657)]
)
def test_the_shops_csat_by_channel(
    warehouses: dict[str, duckdb.DuckDBPyConnection], channel: str, n: int, total: int
) -> None:
    found = _row(
        warehouses["ecommerce_csat"],
        f"select count(score), sum(score) from survey_responses where channel = '{channel}'",
    )
    assert found == (n, total)


def test_the_shops_replies_before_their_report_are_counted_and_not_averaged(
    warehouses: dict[str, duckdb.DuckDBPyConnection],
) -> None:
    shop = warehouses["ecommerce_csat"]
    found = _row(
        shop,
        "select count(*), count(fault), count(wait_seconds), sum(wait_seconds) / 60, median(wait_seconds) / 60 from waits",
    )
    assert found == (17_182, 635, 16_547, 2_871_156, 6)
    assert _row(shop, "select severity, found from check_results where name = 'answers_come_after_questions'") == (
        "warning",
        635,
    )


def test_the_shops_agents_have_a_supervisor_and_a_manager(
    warehouses: dict[str, duckdb.DuckDBPyConnection], shared: Path
) -> None:
    with gzip.open(next((shared / "data" / "ecommerce_csat").glob("*.csv.gz")), "rt") as file:
        expected = {(row["Agent_name"], row["Supervisor"], row["Manager"]) for row in csv.DictReader(file)}
    assert (
        set(warehouses["ecommerce_csat"].execute("select agent, supervisor, manager from agents").fetchall())
        == expected
    )
    assert len(expected) == 1_368


def test_the_airports_nps(warehouses: dict[str, duckdb.DuckDBPyConnection]) -> None:
    found = _row(
        warehouses["sfo_2017"],
        "select count(*), count(score), count(*) filter (where score >= 9), count(*) filter (where score <= 6) from survey_responses where kind = 'nps'",
    )
    assert found == (2_831, 2_746, 1_436, 342)
    assert round(100 * (1_436 - 342) / 2_746, 1) == 39.8


def test_all_four_load_into_one_warehouse(shared: Path, tmp_path: Path) -> None:
    parts = [
        shared_settings(name, shared, tmp_path).read_text()
        for name in ("anonymous_bank", "uci_incident", "ecommerce_csat", "sfo_2017")
    ]
    sources = [part[part.index("[sources.") :] for part in parts]
    settings = tmp_path / "support.toml"
    settings.write_text('[data]\nfolder = "data"\n' + "\n".join(sources))
    started = time.monotonic()
    pipelines = Pipelines(load(settings))
    report = pipelines.run("test")
    pipelines.close()
    print(f"four real exports in one warehouse: {time.monotonic() - started:.1f} s")
    assert report is not None
    assert report.state == "done", report.problems
    with duckdb.connect(str(tmp_path / "data" / "warehouse.duckdb"), read_only=True) as connection:
        found = dict(connection.execute("select source, count(*) from tickets group by 1").fetchall())
        assert found == {"bank": 64_425, "incidents": 20_769, "shop": 17_182}
        instants = dict(connection.execute("select source, year(as_of) from as_of").fetchall())
        assert instants == {"bank": 1999, "incidents": 2017, "shop": 2023, "airport": 2017}
