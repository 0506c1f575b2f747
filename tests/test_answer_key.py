"""An independent answer key: every ticket on every column, every SLA row and every day of the backlog, to the second.

The key was worked out from the same raw tables by parties that share no code with this product. Its durations are minutes with four
decimals: a whole second is off by at most 0.003 s.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.refresh import Pipelines
from tests.conftest import shared_settings
from warehouse.settings import load

TICKETS = 2_045
COUNTS = {
    "count_public_agent_comments": "public_agent_comment_count",
    "count_agent_comments": "agent_comment_count",
    "count_end_user_comments": "customer_comment_count",
    "count_internal_comments": "internal_comment_count",
    "total_comments": "comment_count",
    "count_ticket_handoffs": "handoff_count",
    "total_agent_replies": "agent_reply_count",
    "count_resolutions": "resolution_count",
    "count_reopens": "reopen_count",
    "assignee_stations_count": "assignee_station_count",
    "unique_assignee_count": "unique_assignee_count",
    "group_stations_count": "group_station_count",
}
FLAGS = {
    "is_one_touch_resolution": "is_one_touch",
    "is_two_touch_resolution": "is_two_touch",
    "is_multi_touch_resolution": "is_multi_touch",
}
DURATIONS = {
    "first_reply_time_calendar_minutes": "first_response_seconds",
    "first_reply_time_business_minutes": "first_response_business_seconds",
    "total_reply_time_calendar_minutes": "total_reply_seconds",
    "ticket_unassigned_duration_calendar_minutes": "unassigned_seconds",
    "first_resolution_business_minutes": "first_resolution_business_seconds",
    "full_resolution_business_minutes": "full_resolution_business_seconds",
    "agent_wait_time_in_calendar_minutes__exact": "agent_wait_seconds",
    "agent_wait_time_in_business_minutes": "agent_wait_business_seconds",
    "requester_wait_time_in_calendar_minutes__exact": "requester_wait_seconds",
    "requester_wait_time_in_business_minutes": "requester_wait_business_seconds",
    "solve_time_in_calendar_minutes__exact": "solve_seconds",
    "solve_time_in_business_minutes": "solve_business_seconds",
    "agent_work_time_in_calendar_minutes__exact": "agent_work_seconds",
    "agent_work_time_in_business_minutes": "agent_work_business_seconds",
    "on_hold_time_in_calendar_minutes__exact": "on_hold_seconds",
    "on_hold_time_in_business_minutes": "on_hold_business_seconds",
    "new_status_duration_in_calendar_minutes__exact": "new_seconds",
    "new_status_duration_in_business_minutes": "new_business_seconds",
    "open_status_duration_in_calendar_minutes__exact": "open_seconds",
    "open_status_duration_in_business_minutes": "open_business_seconds",
}
# Columns that count the minute boundaries a duration crosses: worked out so from our stretches and moments.
STRETCH_BOUNDARIES = {
    "agent_wait_time_in_calendar_minutes": ["pending"],
    "requester_wait_time_in_calendar_minutes": ["new", "open", "hold"],
    "solve_time_in_calendar_minutes": ["new", "open", "hold", "pending"],
    "agent_work_time_in_calendar_minutes": ["new", "open"],
    "on_hold_time_in_calendar_minutes": ["hold"],
    "new_status_duration_in_calendar_minutes": ["new"],
    "open_status_duration_in_calendar_minutes": ["open"],
}
MOMENT_BOUNDARIES = {
    "first_resolution_calendar_minutes": "first_resolution_seconds",
    "final_resolution_calendar_minutes": "full_resolution_seconds",
}


@pytest.fixture(scope="module")
def key(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The answer key as tables of text, with the warehouse that the raw tables became attached as `ours`."""
    folder = tmp_path_factory.mktemp("answer key")
    pipelines = Pipelines(load(shared_settings("zendesk_tables", shared, folder)))
    report = pipelines.run("test")
    pipelines.close()
    assert report is not None
    assert (report.state, report.problems) == ("done", [])
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{folder / 'zendesk_tables' / 'warehouse.duckdb'}' as ours (read_only)")
        connection.execute("use ours")
        for name in ("ticket_metrics_exact", "sla_exact", "dbt_zendesk_ticket_backlog"):
            path = shared / "oracles" / "zendesk" / "expected" / f"{name}.csv.gz"
            connection.execute(f"create table memory.{name} as from read_csv('{path}', all_varchar = true)")
        connection.execute(
            f"create table memory.raw_user as from read_csv('{shared}/oracles/zendesk/exports/user.csv.gz', all_varchar = true)"
        )
        yield connection


def _differences(key: duckdb.DuckDBPyConnection, rows: str, same: str, shown: str) -> tuple[int, int, list[object]]:
    """Of `rows`: how many are the same, how many are not, and a few of those."""
    sql = f"select count(*) filter (where {same}), count(*) filter (where ({same}) is not true), list(({shown})) filter (where ({same}) is not true)[:5] from {rows}"
    (found,) = key.execute(sql).fetchall()
    return found


BOTH = "memory.ticket_metrics_exact as key full join tickets as found on found.ticket_id = key.ticket_id"


def test_every_column_of_the_key_is_compared(key: duckdb.DuckDBPyConnection) -> None:
    columns = {
        row[0] for row in key.execute("select column_name from (describe memory.ticket_metrics_exact)").fetchall()
    }
    assert columns == {"ticket_id", *COUNTS, *FLAGS, *DURATIONS, *STRETCH_BOUNDARIES, *MOMENT_BOUNDARIES}


@pytest.mark.parametrize("column", DURATIONS)
def test_a_duration_is_that_of_the_key_for_every_ticket(key: duckdb.DuckDBPyConnection, column: str) -> None:
    same = f"(key.{column} is null) = (found.{DURATIONS[column]} is null) and coalesce(abs(key.{column}::double * 60 - found.{DURATIONS[column]}) < 0.01, true)"
    assert _differences(key, BOTH, same, f"found.ticket_id, key.{column}::double * 60, found.{DURATIONS[column]}") == (
        TICKETS,
        0,
        None,
    )


# Where there is nothing to count the key is empty, and we say 0.
@pytest.mark.parametrize("column", COUNTS)
def test_a_count_is_that_of_the_key_for_every_ticket(key: duckdb.DuckDBPyConnection, column: str) -> None:
    same = f"key.ticket_id = found.ticket_id and coalesce(key.{column}::bigint, 0) is not distinct from found.{COUNTS[column]}"
    assert _differences(key, BOTH, same, f"found.ticket_id, key.{column}, found.{COUNTS[column]}") == (TICKETS, 0, None)


@pytest.mark.parametrize("column", FLAGS)
def test_touches_are_those_of_the_key_for_every_ticket(key: duckdb.DuckDBPyConnection, column: str) -> None:
    same = f"key.ticket_id = found.ticket_id and key.{column}::boolean is not distinct from found.{FLAGS[column]}"
    assert _differences(key, BOTH, same, f"found.ticket_id, key.{column}, found.{FLAGS[column]}") == (TICKETS, 0, None)


@pytest.mark.parametrize("column", STRETCH_BOUNDARIES)
def test_the_minute_boundaries_of_statuses_are_those_of_the_key(key: duckdb.DuckDBPyConnection, column: str) -> None:
    rows = f"""
memory.ticket_metrics_exact as key
full join (
    select ticket_id, coalesce(sum(date_diff('minute', happened_at, ended_at)) filter (where list_contains({STRETCH_BOUNDARIES[column]}, new_value)), 0) as minutes
    from (
        select ticket_id, happened_at, new_value, coalesce(lead(happened_at) over (partition by ticket_id order by position), as_of) as ended_at
        from ticket_events, as_of
        where field = 'status'
    )
    group by ticket_id
) as found on found.ticket_id = key.ticket_id"""
    assert _differences(
        key, rows, f"key.{column}::bigint = found.minutes", f"found.ticket_id, key.{column}, found.minutes"
    ) == (TICKETS, 0, None)


@pytest.mark.parametrize("column", MOMENT_BOUNDARIES)
def test_the_minute_boundaries_of_resolutions_are_those_of_the_key(key: duckdb.DuckDBPyConnection, column: str) -> None:
    minutes = f"date_diff('minute', found.created_at, found.created_at + to_seconds(found.{MOMENT_BOUNDARIES[column]}))"
    same = f"key.ticket_id = found.ticket_id and key.{column}::bigint is not distinct from {minutes}"
    assert _differences(key, BOTH, same, f"found.ticket_id, key.{column}, {minutes}") == (TICKETS, 0, None)


# Metrics that the key leaves out are left out; its `_true` columns mend the others where filled.
SLAS = """
(
    select
        ticket_id,
        case metric
            when 'first_reply_time' then 'first_response'
            when 'next_reply_time' then 'next_response'
            when 'agent_work_time' then 'agent_work'
            when 'requester_wait_time' then 'requester_wait'
        end as metric,
        sla_applied_at::timestamp as applied_at,
        target::double * 60 as target_seconds,
        in_business_hours::boolean as is_business_time,
        coalesce(breach_true, breach)::boolean as is_breached,
        coalesce(elapsed_true, elapsed)::double * 60 as elapsed_seconds,
        breach_or_done_at::timestamp as breach_or_done_at,
    from memory.sla_exact
) as key
full join (
    from sla_outcomes
    where metric in ('first_response', 'next_response', 'agent_work', 'requester_wait')
) as found on found.ticket_id = key.ticket_id and found.metric = key.metric and found.applied_at = key.applied_at"""


def test_every_sla_row_is_that_of_the_key(key: duckdb.DuckDBPyConnection) -> None:
    same = """
key.target_seconds = found.target_seconds
and key.is_business_time = found.is_business_time
and abs(key.elapsed_seconds - found.elapsed_seconds) < 0.01
-- For an answer that is still due the key says neither; for the other metrics it says no.
and coalesce(key.is_breached, false) = (found.state = 'breached')"""
    assert _differences(key, SLAS, same, "coalesce(found.ticket_id, key.ticket_id), found, key") == (6_945, 0, None)


def test_promised_answers_have_the_state_and_the_moment_of_the_key(key: duckdb.DuckDBPyConnection) -> None:
    rows = f"(select key, found from {SLAS} where coalesce(key.metric, found.metric) in ('first_response', 'next_response'))"
    same = """
case when key.is_breached then 'breached' when key.is_breached is null then 'running' else 'met' end = found.state
and key.breach_or_done_at is not distinct from case found.state
    when 'breached' then found.breached_at
    when 'running' then found.due_at
    else coalesce(found.replied_at, found.ended_at)
end"""
    assert _differences(key, rows, same, "found, key") == (3_183, 0, None)


CHANNELS = "map {'voice': 'phone'}"


def test_every_row_of_the_daily_backlog_is_that_of_the_key(key: duckdb.DuckDBPyConnection) -> None:
    rows = "memory.dbt_zendesk_ticket_backlog as key full join backlog_days as found on found.ticket_id = key.ticket_id and found.day = key.date_day::date"
    same = f"""
key.status = found.status
and coalesce({CHANNELS}[key.created_channel], key.created_channel) = found.channel
and key.assignee_name is not distinct from found.agent
and key.priority is not distinct from found.priority
and key.group_name is not distinct from found.team"""
    assert _differences(key, rows, same, "key, found") == (13_972, 0, None)


def test_the_hourly_roll_up_carries_the_backlog_of_the_key(key: duckdb.DuckDBPyConnection) -> None:
    rows = """
(select date_day::date as day, count(*) as open from memory.dbt_zendesk_ticket_backlog group by day) as key
full join (
    select
        hours.hour::date as day,
        arg_max(hours.open, hours.hour) as open,
    from (select hour, sum(sum(arrived + reopened - solved - abandoned - removed)) over (order by hour) as open from queue_hours group by hour) as hours
    group by day
) as found on found.day = key.day"""
    found = key.execute(
        f"select count(*) filter (where key.open is not distinct from found.open), count(*) from {rows} where found.day is not null"
    ).fetchall()
    assert found[0][0] == found[0][1] > 700, found


def test_agents_of_one_name_are_told_apart(key: duckdb.DuckDBPyConnection) -> None:
    names = {
        row[0] for row in key.execute("select name from memory.raw_user where role in ('agent', 'admin')").fetchall()
    }
    assert {
        row[0] for row in key.execute("select distinct agent from tickets where agent is not null").fetchall()
    } <= names
