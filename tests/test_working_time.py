"""Working time, worked out by hand, and against a plain Python recomputation, through the schedules of support.toml.

Each case is a ticket that is created and solved, and a schedule for its team: its business time is that between the two.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import Desk

HOUR = 3600
OFFICE = '{ mon-fri = "09:00-17:00" }'
NIGHT = '{ mon-fri = "22:00-06:00" }'
ALWAYS = '{ sun-sat = "00:00-24:00" }'

# name: (zone, hours, holidays, from (UTC), to (UTC), seconds by hand)
CASES: dict[str, tuple[str, str, str, str, str, float]] = {
    "five days of eight hours": ("UTC", OFFICE, "", "2022-03-20 00:00", "2022-03-26 23:59", 144_000),
    "the same week in Kolkata": ("Asia/Kolkata", OFFICE, "", "2022-03-19 18:30", "2022-03-26 18:29", 144_000),
    # London: clocks go forward on 2024-03-31 01:00 UTC, back on 2024-10-27 01:00 UTC. 09-17 is 09-17 UTC in winter and 08-16 UTC in summer.
    "spring, closing to opening": ("Europe/London", OFFICE, "", "2024-03-29 17:00", "2024-04-01 08:00", 0),
    "spring, Friday 16:00 to Monday 10:00": (
        "Europe/London",
        OFFICE,
        "",
        "2024-03-29 16:00",
        "2024-04-01 09:00",
        2 * HOUR,
    ),
    "autumn, Friday 16:00 to Monday 10:00": (
        "Europe/London",
        OFFICE,
        "",
        "2024-10-25 15:00",
        "2024-10-28 10:00",
        2 * HOUR,
    ),
    "spring week is five office days": ("Europe/London", OFFICE, "", "2024-03-31 00:00", "2024-04-06 23:00", 40 * HOUR),
    "spring night shift loses an hour": (
        "Europe/London",
        '{ sat = "22:00-06:00" }',
        "",
        "2024-03-30 00:00",
        "2024-04-01 00:00",
        7 * HOUR,
    ),
    "autumn night shift gains an hour": (
        "Europe/London",
        '{ sat = "22:00-06:00" }',
        "",
        "2024-10-26 00:00",
        "2024-10-28 00:00",
        9 * HOUR,
    ),
    # New York: spring 2024-03-10, autumn 2024-11-03. Local Sunday to local Sunday: 05:00 UTC in winter, 04:00 UTC in summer.
    "round the clock, spring week": (
        "America/New_York",
        ALWAYS,
        "",
        "2024-03-10 05:00",
        "2024-03-17 04:00",
        167 * HOUR,
    ),
    "round the clock, autumn week": (
        "America/New_York",
        ALWAYS,
        "",
        "2024-11-03 04:00",
        "2024-11-10 05:00",
        169 * HOUR,
    ),
    "Lord Howe moves by half an hour": (
        "Australia/Lord_Howe",
        '{ sun = "00:00-06:00" }',
        "",
        "2024-04-06 00:00",
        "2024-04-08 00:00",
        6.5 * HOUR,
    ),
    # Monday 22-24, nothing on Tuesday (neither 00-06 nor 22-24), Wednesday 00-06.
    "overnight with a holiday": ("UTC", NIGHT, '"2024-06-11"', "2024-06-10 20:00", "2024-06-12 20:00", 8 * HOUR),
    "overnight, whole week": ("UTC", NIGHT, "", "2024-06-09 00:00", "2024-06-16 00:00", 40 * HOUR),
    "overnight over the end of the week": (
        "UTC",
        '{ sat = "22:00-06:00" }',
        "",
        "2024-06-15 00:00",
        "2024-06-17 00:00",
        8 * HOUR,
    ),
    "round the clock, a day off": (
        "UTC",
        ALWAYS,
        '"2024-06-12"',
        "2024-06-09 00:00",
        "2024-06-16 00:00",
        6 * 24 * HOUR,
    ),
    "round the clock, a week off": (
        "UTC",
        ALWAYS,
        '"2024-06-09..2024-06-15"',
        "2024-06-08 00:00",
        "2024-06-17 00:00",
        2 * 24 * HOUR,
    ),
    "a day off when clocks go forward": (
        "Europe/London",
        ALWAYS,
        "2024-03-31",
        "2024-03-30 00:00",
        "2024-04-02 00:00",
        49 * HOUR,
    ),
    # 2021-01-04 to 2024-01-01 are 1,092 days, 156 weeks.
    "three years": ("UTC", OFFICE, "", "2021-01-04 00:00", "2024-01-01 00:00", 156 * 40 * HOUR),
    "three years in London": ("Europe/London", OFFICE, "", "2021-01-04 00:00", "2024-01-01 00:00", 156 * 40 * HOUR),
    "three years round the clock": (
        "Europe/London",
        ALWAYS,
        "",
        "2021-01-04 00:00",
        "2024-01-01 00:00",
        1092 * 24 * HOUR,
    ),
    "hours that touch or overlap count once": (
        "UTC",
        '{ mon = ["09:00-12:00", "12:00-15:00", "14:00-17:00"] }',
        "",
        "2024-06-09 00:00",
        "2024-06-16 00:00",
        8 * HOUR,
    ),
    "lunch": (
        "America/New_York",
        '{ mon-fri = ["09:00-12:30", "13:30-17:00"] }',
        "",
        "2024-05-07 16:00",
        "2024-05-07 18:00",
        HOUR,
    ),
    "within one second": ("UTC", OFFICE, "", "2024-06-10 08:59:59", "2024-06-10 09:00:01", 1),
    "nothing at all": ("UTC", OFFICE, "", "2024-06-10 09:30", "2024-06-10 09:30", 0),
    # A local time that comes twice is the first: 01:30 BST (00:30 UTC) to 03:00 GMT. One that is skipped moves on: 02:30 to 03:00 BST.
    "opens in the hour that comes twice": (
        "Europe/London",
        '{ sun = "01:30-03:00" }',
        "",
        "2024-10-27 00:00",
        "2024-10-28 00:00",
        2.5 * HOUR,
    ),
    "opens in the hour that is skipped": (
        "Europe/London",
        '{ sun = "01:30-03:00" }',
        "",
        "2024-03-31 00:00",
        "2024-04-01 00:00",
        0.5 * HOUR,
    ),
    # Beirut skips the first hour of its summer: 2024-03-31 00:00 becomes 01:00. The day has 23 hours.
    "midnight is skipped": ("Asia/Beirut", ALWAYS, '"2024-03-30"', "2024-03-30 22:00", "2024-03-31 21:00", 23 * HOUR),
    # Havana repeats the first hour of 2024-11-03: the Sunday has 25 hours from its first midnight.
    "midnight comes twice": (
        "America/Havana",
        '{ sun = "00:00-24:00" }',
        "",
        "2024-11-02 00:00",
        "2024-11-05 00:00",
        25 * HOUR,
    ),
    # A Saturday night shift into Sunday, the first day of 2023 and of the calendar's first week.
    "the night before the first week": (
        "UTC",
        '{ sat = "22:00-06:00" }',
        "",
        "2021-01-03 01:00",
        "2021-01-03 12:00",
        5 * HOUR,
    ),
    "no hours at all": ("UTC", "{}", "", "2024-06-10 08:00", "2024-06-11 08:00", 0),
}


def _schedule(name: str, zone: str, hours: str, holidays: str = "", more: str = "") -> str:
    off = f'"{holidays}"' if holidays[:1].isdigit() else holidays
    return f'[[schedules]]\nname = "{name}"\ntime_zone = "{zone}"\nhours = {hours}\nholidays = [{off}]\n{more}\n'


HEADER = "ticket_id,created_at,status,solved_at,channel,team\n"


def _deliver(desk: Desk, *tickets: tuple[str, str, str, str]) -> None:
    """Tickets that were solved: name, created, solved, team."""
    rows = [f"{name},{created},solved,{solved},email,{team}" for name, created, solved, team in tickets]
    desk.deliver("tickets/a.csv", HEADER + "\n".join(rows) + "\n")
    assert desk.run().problems == []


def _business_seconds(desk: Desk) -> dict[str, float | None]:
    return dict(desk.ask("select ticket_id, full_resolution_business_seconds from tickets"))


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float | None]:
    """The business seconds of every case."""
    desk = Desk(tmp_path_factory.mktemp("by hand"))
    desk.keep("customer")  # ids of two words look like people
    for name, (zone, hours, off, _, _, _) in CASES.items():
        desk.setting(_schedule(name, zone, hours, off, f'team = "{name}"'))
    desk.source("tickets", "ticket")
    _deliver(desk, *((f'"{name}"', start, end, f'"{name}"') for name, (_, _, _, start, end, _) in CASES.items()))
    return _business_seconds(desk)


@pytest.mark.parametrize("name", CASES)
def test_working_time_is_that_worked_out_by_hand(by_hand: dict[str, float | None], name: str) -> None:
    assert by_hand[name] == CASES[name][-1]


def test_without_a_schedule_business_time_is_unknown_and_not_zero(desk: Desk) -> None:
    desk.setting(_schedule("Billing hours", "UTC", OFFICE, more='team = "Billing"'))
    desk.source("tickets", "ticket")
    _deliver(
        desk,
        ("T1", "2024-06-10 08:00", "2024-06-11 08:00", "Orders"),
        ("T2", "2024-06-10 08:00", "2024-06-11 08:00", "Billing"),
    )
    assert _business_seconds(desk) == {"T1": None, "T2": 8 * HOUR}
    assert desk.ask("select full_resolution_seconds, schedule_id from tickets where ticket_id = 'T1'") == [
        (24 * HOUR, None)
    ]


def test_the_schedule_that_names_most_holds(desk: Desk) -> None:
    desk.setting(_schedule("Any", "UTC", '{ mon = "09:00-10:00" }'))
    desk.setting(_schedule("Source", "UTC", '{ mon = "09:00-11:00" }', more='source = "tickets"'))
    desk.setting(_schedule("Channel", "UTC", '{ mon = "09:00-12:00" }', more='channel = "email"'))
    desk.setting(_schedule("Team", "UTC", '{ mon = "09:00-13:00" }', more='team = "Billing"'))
    desk.setting(_schedule("Elsewhere", "UTC", ALWAYS, more='source = "other"\nteam = "Billing"'))
    desk.source("tickets", "ticket")
    rows = [
        "T1,2024-06-10 00:00,solved,2024-06-11 00:00,email,Billing",
        "T2,2024-06-10 00:00,solved,2024-06-11 00:00,email,Orders",
        "T3,2024-06-10 00:00,solved,2024-06-11 00:00,chat,Orders",
    ]
    desk.deliver("tickets/a.csv", HEADER + "\n".join(rows))
    desk.run()
    assert _business_seconds(desk) == {"T1": 4 * HOUR, "T2": 3 * HOUR, "T3": 2 * HOUR}


# London is open until 16:30 UTC, the Pacific from 15:00 UTC.
LONDON = _schedule("London", "Europe/London", '{ mon-fri = "09:00-17:30" }', more='team = "London"')
PACIFIC = _schedule("Pacific", "America/Los_Angeles", '{ mon-fri = "08:00-18:00" }', more='team = "Pacific"')


def _moving(desk: Desk, moves: list[tuple[str, str, str, str]], field: str = "team") -> None:
    """Tickets of one afternoon, from 15:00 to 18:00, with changes (ticket, time, before, after) meanwhile."""
    desk.source("tickets", "ticket", 'part_of = "desk"')
    desk.source("events", "event", 'part_of = "desk"')
    last = {ticket: after for ticket, _, _, after in moves} if field == "team" else {}
    rows = [
        f"{ticket},2024-05-08 15:00,solved,2024-05-08 18:00,email,{last.get(ticket, '')}"
        for ticket in dict.fromkeys(move[0] for move in moves)
    ]
    desk.deliver("tickets/a.csv", HEADER + "\n".join(rows) + "\n")
    events = [f"{ticket},2024-05-08 {time},{field},{before},{after}" for ticket, time, before, after in moves]
    desk.deliver("events/a.csv", "ticket_id,happened_at,field,old_value,new_value\n" + "\n".join(events) + "\n")
    assert desk.run().problems == []


def test_a_ticket_that_changes_its_team_changes_its_schedule(desk: Desk) -> None:
    desk.keep("customer")  # ids of two words look like people
    desk.setting(LONDON + PACIFIC)
    moves = [
        ("moves", "16:00", "London", "Pacific"),
        ("moves back", "15:30", "London", "Pacific"),
        ("moves back", "16:00", "Pacific", "London"),
        ("to nobody", "16:00", "London", "Orders"),
    ]
    _moving(desk, moves)
    assert _business_seconds(desk) == {"moves": 3 * HOUR, "moves back": 1.5 * HOUR, "to nobody": None}


def test_a_ticket_says_which_schedule_it_is_under_and_since_when(desk: Desk) -> None:
    desk.source("schedules", "schedule", 'part_of = "desk"')
    desk.source("holidays", "holiday", 'part_of = "desk"')
    # Wednesday is day 3: 4320 minutes. London 09:00-17:30, the Pacific 08:00-18:00.
    rows = ["london,Europe/London,4860,5370", "pacific,America/Los_Angeles,4800,5400"]
    desk.deliver("schedules/a.csv", "schedule_id,time_zone,opens_minute,closes_minute\n" + "\n".join(rows) + "\n")
    desk.deliver("holidays/a.csv", "schedule_id,from_date\nlondon,2024-05-09\n")
    moves = [
        ("moves", "15:00", "", "london"),
        ("moves", "16:00", "london", "pacific"),
        ("late", "16:00", "", "pacific"),
        ("unknown", "15:00", "", "nowhere"),
    ]
    _moving(desk, moves, "schedule")
    # An hour without a schedule leaves the whole unknown.
    assert _business_seconds(desk) == {"moves": 3 * HOUR, "late": None, "unknown": None}
    assert desk.ask("select schedule_id from tickets order by ticket_id") == [("pacific",), ("pacific",), ("nowhere",)]


def test_changed_hours_count_for_tickets_that_are_long_over(desk: Desk) -> None:
    desk.source("schedules", "schedule", 'part_of = "desk"')
    header = "schedule_id,time_zone,opens_minute,closes_minute\n"
    desk.deliver("schedules/a.csv", header + "london,Europe/London,4860,5370\nlondon,Europe/London,6300,6810\n")
    _moving(desk, [("T1", "15:00", "", "london")], "schedule")
    assert _business_seconds(desk) == {"T1": 1.5 * HOUR}
    desk.deliver("schedules/b.csv", header + "london,Europe/London,4860,5340\n")
    desk.run()
    assert _business_seconds(desk) == {"T1": HOUR}
    assert desk.ask("select opens_minute, closes_minute from schedule_hours") == [(4860, 5340)]


def test_a_new_year_makes_calendars_longer_and_builds_no_old_ticket_anew(desk: Desk) -> None:
    desk.source("tickets", "ticket")
    desk.setting(_schedule("Hours", "UTC", OFFICE))
    _deliver(desk, ("T1", "2024-12-30 00:00", "2024-12-31 00:00", ""))
    assert desk.ask("select max(year(opens_at)) from open_hours") == [(2035,)]
    desk.deliver("tickets/b.csv", "ticket_id,created_at,solved_at\nT2,2025-01-06T00:00:00Z,2025-01-07T00:00:00Z\n")
    assert desk.run().tickets_built == 1
    assert desk.ask("select max(year(opens_at)) from open_hours") == [(2036,)]
    assert _business_seconds(desk) == {"T1": 8 * HOUR, "T2": 8 * HOUR}


def test_changed_settings_count_for_tickets_that_are_long_over(desk: Desk) -> None:
    desk.source("tickets", "ticket")
    desk.setting(_schedule("Hours", "UTC", OFFICE))
    _deliver(desk, ("T1", "2024-06-10 00:00", "2024-06-11 00:00", ""))
    desk.sections[0] = _schedule("Hours", "UTC", OFFICE, '"2024-06-10"')
    desk.run()
    assert _business_seconds(desk) == {"T1": 0}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            "x,Mars/Base,60,120",
            "time_zone is Mars/Base; it must be a time zone such as UTC, Europe/Berlin or America/New_York",
        ),
        ("x,UTC,120,60", "opens_minute 120 to closes_minute 60 is no interval of a week of 10080 minutes"),
        ("x,UTC,60,", "opens_minute and closes_minute must both be given, or neither"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_rejected_with_the_reason(desk: Desk, row: str, reason: str) -> None:
    desk.source("schedules", "schedule")
    desk.deliver("schedules/a.csv", f"schedule_id,time_zone,opens_minute,closes_minute\n{row}\n")
    desk.run()
    assert desk.ask("select reason from rejected_rows") == [(reason,)]


def test_a_customer_still_waiting_waits_in_working_time_too(desk: Desk) -> None:
    desk.setting(_schedule("Hours", "UTC", OFFICE))
    desk.source("tickets", "ticket", 'part_of = "desk"')
    desk.source("messages", "message", 'part_of = "desk"')
    # From Friday 16:00 to Monday 10:00.
    desk.deliver(
        "tickets/a.csv", "ticket_id,created_at,status,exported_at\nT1,2024-06-07 16:00,open,2024-06-10 10:00\n"
    )
    desk.deliver("messages/a.csv", "message_id,ticket_id,sent_at,author_kind\n1,T1,2024-06-07 16:00,customer\n")
    desk.run()
    assert desk.ask("select wait_business_seconds, waited_business_seconds, waited_seconds from waits") == [
        (None, 2 * HOUR, 66 * HOUR)
    ]


ZONES = [
    "UTC",
    "Europe/London",
    "Europe/Dublin",
    "America/New_York",
    "America/St_Johns",
    "America/Los_Angeles",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "America/Santiago",
    "America/Havana",
    "Asia/Beirut",
    "Africa/Casablanca",
    "Asia/Tokyo",
    "America/Sao_Paulo",
    "Europe/Berlin",
    "Pacific/Auckland",
    "Pacific/Apia",
]
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _plain_hours(
    zone: str, hours: dict[str, tuple[int, int]], off: list[tuple[date, date]]
) -> list[tuple[float, float]]:
    """The calendar worked out in Python: local days as UTC seconds, pieces on days off left out, touching ones joined."""
    pieces = []
    for number in range(1_400):
        day = date(2021, 12, 26) + timedelta(days=number)  # a Sunday
        opens, closes = hours.get(DAYS[number % 7], (0, 0))
        for piece_day, start, end in ((day, opens, min(closes, 1440)), (day + timedelta(days=1), 0, closes - 1440)):
            if start < end and not any(first <= piece_day <= last for first, last in off):
                begin, done = (_instant(zone, piece_day, minute) for minute in (start, end))
                pieces += [(begin, done)] if begin < done else []
    merged: list[tuple[float, float]] = []
    for begin, done in sorted(pieces):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], done))
        else:
            merged.append((begin, done))
    return merged


def _instant(zone: str, day: date, minute: int) -> float:
    local = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    return local.replace(tzinfo=ZoneInfo(zone)).timestamp()


def _made_up(chance: random.Random, number: int) -> Iterator[Any]:
    """A zone, hours by day, and days off."""
    yield ZONES[number % len(ZONES)]
    hours = {}
    for day in chance.sample(DAYS, chance.randint(1, 7)):
        opens = chance.choice([chance.randrange(1440), 30 * chance.randrange(48)])
        hours[day] = (opens, opens + chance.choice([60, 480, 540, 720, chance.randrange(1, 1440)]))
    yield hours
    firsts = [date(2022, 1, 1) + timedelta(days=chance.randrange(1100)) for _ in range(chance.randint(0, 12))]
    yield [(first, first + timedelta(days=chance.choice([0, 0, 1, 8]))) for first in firsts]


def test_forty_made_up_schedules_give_what_plain_python_gives(tmp_path: Path) -> None:
    chance = random.Random(4)
    desk = Desk(tmp_path)
    tickets, expected = [], {}
    for number in range(40):
        zone, hours, off = _made_up(chance, number)
        text = ", ".join(f'{day} = "{_clock(opens)}-{_clock(closes % 1440)}"' for day, (opens, closes) in hours.items())
        days = ", ".join(f'"{first}..{last}"' for first, last in off)
        desk.setting(_schedule(f"S{number}", zone, f"{{ {text} }}", days, f'team = "S{number}"'))
        open_hours = _plain_hours(zone, hours, off)
        for place in range(50):
            begin = datetime(2022, 1, 10, tzinfo=UTC).timestamp() + chance.randrange(3 * 365 * 86_400)
            done = begin + chance.choice(
                [chance.randrange(7200), chance.randrange(7 * 86_400), chance.randrange(100 * 86_400)]
            )
            stamps = [datetime.fromtimestamp(stamp, UTC).isoformat() for stamp in (begin, done)]
            tickets.append((f"{number}-{place}", *stamps, f"S{number}"))
            expected[f"{number}-{place}"] = sum(
                max(0, min(done, closes) - max(begin, opens)) for opens, closes in open_hours
            )
    desk.source("tickets", "ticket")
    _deliver(desk, *tickets)  # type: ignore[arg-type]
    assert _business_seconds(desk) == expected


def test_a_call_that_came_before_its_ticket_has_a_wait_in_working_time(desk: Desk) -> None:
    desk.setting('[[schedules]]\nname = "Office"\ntime_zone = "UTC"\nhours = { mon-fri = "09:00-17:00" }\n')
    desk.source("tickets", "ticket", 'part_of = "desk"')
    desk.source("calls", "call", 'part_of = "desk"')
    desk.deliver("tickets/a.csv", "ticket_id,created_at,status\nT,2026-01-05T09:00:40Z,open\n")
    call = "C,T,2026-01-05T08:59:20Z,2026-01-05T08:59:30Z,2026-01-05T09:00:40Z,2026-01-05T09:05:00Z"
    desk.deliver("calls/a.csv", f"call_id,ticket_id,entered_at,queued_at,answered_at,ended_at\n{call}\n")
    desk.run()
    assert desk.ask("select wait_seconds, wait_business_seconds from waits") == [(70.0, 40.0)]
