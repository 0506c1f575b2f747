"""What must hold on any help desk, tried on generated ones: the backlog adds up, waiting adds up, parts make the whole."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pages.elements import periods
from tests.conftest import Desk

START = datetime(2026, 3, 27, tzinfo=UTC)
CHANNELS = ("email", "chat", "phone", "social")
TEAMS = ("Billing", "Orders")
STEPS = ("customer", "agent", "bot", "note", "open", "pending", "solved", "closed")


@st.composite
def _ticket(draw: st.DrawFn) -> tuple[str, str, list[tuple[int, str]]]:
    """A ticket: channel, team, and what happens to it when (minutes after the start)."""
    began = draw(st.integers(0, 3_000))
    gaps = draw(st.lists(st.tuples(st.integers(0, 600), st.sampled_from(STEPS)), max_size=7))
    moments, now = [(began, "customer")], began
    for gap, step in gaps:
        now += gap
        moments.append((now, step))
    return draw(st.sampled_from(CHANNELS)), draw(st.sampled_from(TEAMS)), moments


def _stamp(minute: int) -> str:
    return (START + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _deliver(desk: Desk, tickets: list[tuple[str, str, list[tuple[int, str]]]]) -> None:
    for name, kind in (("tickets", "ticket"), ("events", "event"), ("messages", "message")):
        desk.source(name, kind, 'part_of = "desk"' + ('\nkey = ["event_id"]' if kind == "event" else ""))
    rows: dict[str, list[str]] = {"tickets": [], "events": [], "messages": []}
    for number, (channel, team, moments) in enumerate(tickets):
        status = "new"
        rows["events"].append(f"{number:04}-000,T{number},{_stamp(moments[0][0])},status,,new")
        for place, (minute, step) in enumerate(moments, start=1):
            if step in ("customer", "agent", "bot", "note"):
                kind = "agent" if step == "note" else step
                rows["messages"].append(
                    f"{number}-{place},T{number},{_stamp(minute)},{kind},{str(step != 'note').lower()}"
                )
            elif step != status:
                rows["events"].append(f"{number:04}-{place:03},T{number},{_stamp(minute)},status,{status},{step}")
                status = step
        rows["tickets"].append(f"T{number},{_stamp(moments[0][0])},{_stamp(moments[-1][0])},{status},{channel},{team}")
    headers = {
        "tickets": "ticket_id,created_at,updated_at,status,channel,team",
        "events": "event_id,ticket_id,happened_at,field,old_value,new_value",
        "messages": "message_id,ticket_id,sent_at,author_kind,is_public",
    }
    for name, header in headers.items():
        desk.deliver(f"{name}/a.csv", "\n".join([header, *rows[name]]))


@given(st.lists(_ticket(), min_size=1, max_size=12))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_on_any_help_desk_backlog_and_waiting_add_up_at_every_hour_and_cut(
    tickets: list[tuple[str, str, list[tuple[int, str]]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        _deliver(desk, tickets)
        report = desk.run()
        assert report.state == "done", report.problems
        assert desk.ask("select count(*) from tickets") == [(len(tickets),)]
        with duckdb.connect(str(Path(folder) / "data" / "warehouse.duckdb"), read_only=True) as connection:
            _backlog_adds_up(connection)
            _waiting_adds_up(connection)


def _backlog_adds_up(connection: duckdb.DuckDBPyConnection) -> None:
    """The level carried by the roll-up is the number of tickets open at the end of that hour, by their changes and by their stretches."""
    wrong = connection.execute(
        """
with counted as (
    select hours.hour, hours.channel, hours.team, backlog_changes.ticket_id, sum(open_change) as is_open,
        count(*) filter (where open_change = 1 and (until_at is null or until_at >= hours.hour + interval 1 hour)) as is_span_open
    from queue_hours as hours
    inner join backlog_changes
        on happened_at < hours.hour + interval 1 hour
        and backlog_changes.channel is not distinct from hours.channel and backlog_changes.team is not distinct from hours.team
    group by all
)

select hours.hour, hours.open_at_end, coalesce(sum(is_open), 0) as open, coalesce(sum(is_span_open), 0) as open_by_spans
from queue_hours as hours
left join counted
    on counted.hour = hours.hour and counted.channel is not distinct from hours.channel and counted.team is not distinct from hours.team
group by hours.hour, hours.channel, hours.team, hours.open_at_end
having open <> hours.open_at_end or open_by_spans <> hours.open_at_end
union all
select hour, null, is_open, is_span_open from counted where is_open <> is_span_open or is_open not in (0, 1)"""
    ).fetchall()
    assert wrong == []
    by_part = connection.execute(
        "select sum(arrived - solved - abandoned - removed + reopened), sum(open_change) from store.queue_changes"
    ).fetchall()
    assert by_part == connection.execute("select count(*), count(*) from tickets where is_open").fetchall()


def _waiting_adds_up(connection: duckdb.DuckDBPyConnection) -> None:
    """Little's law: the number waiting, summed over time, is the sum of all waits (those still open until now)."""
    ((integral, total),) = connection.execute(
        """
with instants as (
    select began_at as moment, 1 as change from waits
    union all
    select ended_at, -1 from waits where ended_at is not null
    union all
    select as_of, 0 from as_of
),

levels as (
    select
        moment,
        sum(change) over (order by moment rows unbounded preceding) as waiting,
        lead(moment) over (order by moment) as next_moment
    from instants
)

select
    coalesce(sum(waiting * epoch(next_moment - moment)), 0),
    (select coalesce(sum(waited_seconds), 0) from waits)
from levels
where next_moment is not null"""
    ).fetchall()
    assert integral == total


ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")


@pytest.mark.parametrize("name", [name for name in periods.CHOICES if name != "all"])
@given(moment=st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)), zone=st.sampled_from(ZONES))
@settings(max_examples=60, deadline=None)
def test_a_period_is_compared_with_one_of_equal_length_and_the_same_weekdays_through_clock_changes(
    name: str, moment: datetime, zone: str
) -> None:
    period = periods.period(name, moment, datetime(2000, 1, 1), zone, None)
    assert period.previous_start is not None
    assert period.previous_end is not None
    now, before = (
        [_local(instant, zone) for instant in span]
        for span in ((period.start, period.end), (period.previous_start, period.previous_end))
    )
    assert (now[0] - before[0]).days % 7 == 0
    assert [instant.weekday() for instant in now] == [instant.weekday() for instant in before]
    assert abs((now[1] - now[0]) - (before[1] - before[0])) <= timedelta(hours=1)
    assert before[1] <= now[0]


def _local(instant: datetime, zone: str) -> datetime:
    """The wall clock of the zone."""
    return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
