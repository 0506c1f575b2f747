"""Promises of support.toml and of the sources: three states, exactly on target, the moment of breach, what is due next."""

from __future__ import annotations

import pytest

from tests.conftest import Desk

OFFICE = '[[schedules]]\nname = "Office"\nhours = { mon-fri = "09:00-17:00" }\n'
HEADER = "ticket_id,created_at,status,solved_at,channel,priority,exported_at\n"
HOUR = 3600


def _promise(metric: str, within: str, more: str = "") -> str:
    return f'[[targets]]\nmetric = "{metric}"\nwithin = "{within}"\n{more}\n'


def _tickets(desk: Desk, settings: str, *rows: str) -> None:
    desk.keep("customer")  # ids of two words look like people
    desk.setting(settings)
    desk.source("tickets", "ticket")
    desk.deliver("tickets/a.csv", HEADER + "\n".join(rows) + "\n")
    assert desk.run().problems == []


def _outcomes(
    desk: Desk, columns: str = "ticket_id, state, elapsed_seconds, due_at::varchar, breached_at::varchar"
) -> list[tuple[object, ...]]:
    return desk.ask(f"select {columns} from sla_outcomes order by ticket_id, metric, applied_at")


# As of Monday 2024-06-10 12:00.
NOW = "2024-06-10 12:00"


def test_a_promise_is_met_breached_or_running_and_exactly_on_target_is_met(desk: Desk) -> None:
    _tickets(
        desk,
        _promise("resolution", "2h"),
        f"exact,2024-06-10 08:00,solved,2024-06-10 10:00:00,email,,{NOW}",
        f"late,2024-06-10 08:00,solved,2024-06-10 10:00:01,email,,{NOW}",
        f"open and late,2024-06-10 09:00,open,,email,,{NOW}",
        f"running,2024-06-10 11:00,open,,email,,{NOW}",
    )
    assert _outcomes(desk) == [
        ("exact", "met", 7200, "2024-06-10 10:00:00", None),
        ("late", "breached", 7201, "2024-06-10 10:00:00", "2024-06-10 10:00:00"),
        ("open and late", "breached", 10800, "2024-06-10 11:00:00", "2024-06-10 11:00:00"),
        ("running", "running", 3600, "2024-06-10 13:00:00", None),
    ]
    assert desk.ask("select sla_met_rate(state) from sla_outcomes") == [(1 / 3,)]


def test_what_runs_out_at_this_very_moment_is_breached(desk: Desk) -> None:
    _tickets(
        desk,
        _promise("resolution", "2h"),
        f"T1,2024-06-10 10:00,open,,email,,{NOW}",
        f"T2,2024-06-10 10:00:01,open,,email,,{NOW}",
    )
    assert _outcomes(desk, "state") == [("breached",), ("running",)]


def test_no_promise_at_all_is_not_a_hundred_per_cent(desk: Desk) -> None:
    _tickets(desk, "", f"T1,2024-06-10 10:00,open,,email,,{NOW}")
    assert _outcomes(desk) == []
    assert desk.ask("select sla_met_rate(state) from sla_outcomes") == [(None,)]


def test_a_promise_in_working_time_is_due_when_the_office_has_been_open_so_long(desk: Desk) -> None:
    # Friday 16:00 and 3 hours: an hour on Friday, two on Monday.
    _tickets(
        desk,
        OFFICE + _promise("resolution", "3h", "business = true"),
        f"exact,2024-06-07 16:00,solved,2024-06-10 11:00,email,,{NOW}",
        f"late,2024-06-07 16:00,solved,2024-06-10 11:00:01,email,,{NOW}",
        f"running,2024-06-10 10:00,open,,email,,{NOW}",
        f"due now,2024-06-10 08:00,open,,email,,{NOW}",
    )
    assert _outcomes(desk) == [
        ("due now", "breached", 3 * HOUR, "2024-06-10 12:00:00", "2024-06-10 12:00:00"),
        ("exact", "met", 3 * HOUR, "2024-06-10 11:00:00", None),
        ("late", "breached", 3 * HOUR + 1, "2024-06-10 11:00:00", "2024-06-10 11:00:00"),
        ("running", "running", 2 * HOUR, "2024-06-10 13:00:00", None),
    ]


def test_a_promise_in_working_time_without_a_schedule_says_nothing(desk: Desk) -> None:
    _tickets(
        desk,
        _promise("resolution", "3h", "business = true"),
        f"T1,2024-06-07 16:00,solved,2024-06-10 11:00,email,,{NOW}",
    )
    assert _outcomes(desk) == [("T1", None, None, None, None)]


def test_what_is_due_next_comes_first(desk: Desk) -> None:
    rows = [f"T{hour},2024-06-10 {hour:02}:00,open,,email,,{NOW}" for hour in (11, 9, 10)]
    _tickets(desk, _promise("resolution", "1d"), *rows)
    assert desk.ask("select ticket_id from sla_outcomes where state = 'running' order by due_at limit 1") == [("T9",)]


def test_the_promise_that_names_most_and_is_in_force_holds(desk: Desk) -> None:
    promises = [
        _promise("resolution", "10h"),
        _promise("resolution", "8h", 'channel = "email"'),
        _promise("resolution", "4h", 'priority = "high"\npolicy = "Gold"\nuntil = 2024-06-08'),
        _promise("resolution", "5h", 'priority = "high"\npolicy = "Silver"\nsince = 2024-06-09'),
        _promise("resolution", "1h", 'source = "elsewhere"\npriority = "high"'),
    ]
    _tickets(
        desk,
        '[clock]\ntime_zone = "America/New_York"\n' + "".join(promises),
        f"chat,2024-06-10 08:00,open,,chat,low,{NOW}",
        f"email,2024-06-10 08:00,open,,email,low,{NOW}",
        # The last day in force ends at midnight in New York, at 04:00 UTC.
        f"high before,2024-06-09T03:59:00Z,open,,email,high,{NOW}",
        f"high since,2024-06-09T04:00:00Z,open,,email,high,{NOW}",
    )
    assert _outcomes(desk, "ticket_id, target_seconds, policy") == [
        ("chat", 10 * HOUR, None),
        ("email", 8 * HOUR, None),
        ("high before", 4 * HOUR, "Gold"),
        ("high since", 5 * HOUR, "Silver"),
    ]


def _conversation(desk: Desk, settings: str) -> None:
    """One ticket: the customer at 10:00 and 12:00, the agent at 10:30 and 13:00; pending meanwhile, on hold from 14:00 to 15:00, solved at 16:00."""
    desk.setting(settings)
    for name, rows in (("tickets", "ticket"), ("messages", "message"), ("events", "event")):
        desk.source(name, rows, 'part_of = "desk"')
    day = "2024-06-10"
    desk.deliver("tickets/a.csv", f"ticket_id,created_at,status,exported_at\nT1,{day} 10:00,solved,{day} 18:00\n")
    said = [("10:00", "customer"), ("10:30", "agent"), ("12:00", "customer"), ("13:00", "agent")]
    desk.deliver(
        "messages/a.csv",
        "message_id,ticket_id,sent_at,author_kind\n" + "".join(f"{time},T1,{day} {time},{who}\n" for time, who in said),
    )
    states = [
        ("10:00", "new"),
        ("10:30", "pending"),
        ("12:00", "open"),
        ("14:00", "hold"),
        ("15:00", "open"),
        ("16:00", "solved"),
    ]
    desk.deliver(
        "events/a.csv",
        "ticket_id,happened_at,field,new_value\n"
        + "".join(f"T1,{day} {time},status,{state}\n" for time, state in states),
    )
    assert desk.run().problems == []


@pytest.mark.parametrize(
    ("metric", "elapsed", "due"),
    [
        # new 30 min, open 12-14 and 15-16: the third hour of work is used up at 15:30.
        ("agent_work", 3.5 * HOUR, "15:30:00"),
        # The same with the hour on hold: at 14:30.
        ("requester_wait", 4.5 * HOUR, "14:30:00"),
        # All of it: three hours after creation.
        ("resolution", 6 * HOUR, "13:00:00"),
    ],
)
def test_a_promise_on_time_in_statuses_is_used_up_only_in_those(
    desk: Desk, metric: str, elapsed: float, due: str
) -> None:
    _conversation(desk, _promise(metric, "3h"))
    assert _outcomes(desk, "state, elapsed_seconds, breached_at::time::varchar") == [("breached", elapsed, due)]


def test_every_answer_is_promised_anew(desk: Desk) -> None:
    _conversation(desk, _promise("first_response", "30m") + _promise("next_response", "30m"))
    assert _outcomes(desk, "metric, applied_at::time::varchar, state, elapsed_seconds, breached_at::time::varchar") == [
        ("first_response", "10:00:00", "met", 1800, None),
        ("next_response", "12:00:00", "breached", 3600, "12:30:00"),
    ]
    # The waits say the same.
    assert desk.ask("select turn, target_seconds, within_target, due_at::time::varchar from waits order by turn") == [
        (1, 1800, True, "10:30:00"),
        (2, 1800, False, "12:30:00"),
    ]


def test_a_promise_of_an_answer_can_count_working_time(desk: Desk) -> None:
    # The office opens at 12:30: the first answer took no working time, the second one 30 minutes.
    schedule = '[[schedules]]\nname = "Short"\nhours = { mon = "12:30-17:00" }\n'
    _conversation(
        desk,
        schedule
        + _promise("first_response", "1m", "business = true")
        + _promise("next_response", "29m", "business = true"),
    )
    assert _outcomes(desk, "metric, state, elapsed_seconds, due_at::time::varchar") == [
        ("first_response", "met", 0, "12:31:00"),
        ("next_response", "breached", 1800, "12:59:00"),
    ]
    assert desk.ask("select within_target, wait_business_seconds, due_at::time::varchar from waits order by turn") == [
        (True, 0, "12:31:00"),
        (False, 1800, "12:59:00"),
    ]


def test_an_update_is_promised_by_every_message_of_an_agent(desk: Desk) -> None:
    _conversation(desk, _promise("periodic_update", "150m"))
    assert _outcomes(desk, "applied_at::time::varchar, state, elapsed_seconds, due_at::time::varchar") == [
        ("10:30:00", "met", 2.5 * HOUR, "13:00:00"),
        ("13:00:00", "breached", 3 * HOUR, "15:30:00"),
    ]


def test_who_gives_up_in_time_leaves_a_promise_neither_met_nor_breached(desk: Desk) -> None:
    desk.keep("customer")  # ids of two words look like people
    desk.setting(_promise("first_response", "30s"))
    desk.source("calls", "call")
    calls = ["gave up,2024-06-10 10:00:00,2024-06-10 10:00:30", "too late,2024-06-10 10:00:00,2024-06-10 10:00:31"]
    desk.deliver(
        "calls/a.csv",
        "call_id,entered_at,abandoned_at,queued_at\n" + "".join(f"{call},{call.split(',')[1]}\n" for call in calls),
    )
    desk.run()
    assert _outcomes(desk, "ticket_id, state") == [("gave up", None), ("too late", "breached")]


def _with_own_targets(desk: Desk, settings: str, *targets: str) -> None:
    desk.setting(settings)
    for name, rows in (("tickets", "ticket"), ("events", "event"), ("targets", "target")):
        desk.source(name, rows, 'part_of = "desk"')
    desk.deliver(
        "tickets/a.csv",
        f"ticket_id,created_at,status,exported_at\nT1,2024-06-10 08:00,open,{NOW}\nT2,2024-06-10 08:00,open,{NOW}\n",
    )
    desk.deliver(
        "events/a.csv",
        "ticket_id,happened_at,field,new_value\nT1,2024-06-10 08:00,status,open\nT2,2024-06-10 08:00,status,open\n",
    )
    desk.deliver("targets/a.csv", "ticket_id,metric,applied_at,target_seconds,policy\n" + "\n".join(targets) + "\n")
    assert desk.run().problems == []


def test_a_source_that_brings_targets_keeps_to_them(desk: Desk) -> None:
    targets = (
        "T1,agent_work,2024-06-10 08:00,10800,Gold",
        "T1,agent_work,2024-06-10 10:00,7201,Gold",
        "T1,agent_work,2024-06-10 11:00,,Gold",
    )
    _with_own_targets(desk, _promise("agent_work", "1m"), *targets)
    # Two hours under the first target; the second replaced it, and was taken off after an hour.
    assert _outcomes(desk, "ticket_id, target_seconds, policy, state, elapsed_seconds, ended_at::time::varchar") == [
        ("T1", 10800, "Gold", "met", 7200, "10:00:00"),
        ("T1", 7201, "Gold", "met", 3600, "11:00:00"),
    ]


def test_a_promise_that_names_a_source_holds_there_beside_its_own_targets(desk: Desk) -> None:
    _with_own_targets(
        desk, _promise("agent_work", "1m", 'source = "desk"'), "T1,agent_work,2024-06-10 08:00,36000,Gold"
    )
    assert _outcomes(desk, "ticket_id, target_seconds, state") == [("T1", 36000, "running"), ("T2", 60, "breached")]


def test_changed_targets_count_for_tickets_that_are_long_over(desk: Desk) -> None:
    _tickets(desk, _promise("resolution", "2h"), f"T1,2024-06-10 08:00,solved,2024-06-10 10:00,email,,{NOW}")
    desk.sections[0] = _promise("resolution", "1h")
    desk.run()
    assert _outcomes(desk, "state, breached_at::time::varchar") == [("breached", "09:00:00")]
