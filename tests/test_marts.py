"""Tickets, waits, changes and roll-ups worked out by hand from a few delivered rows."""

from __future__ import annotations

from tests.conftest import Desk

TARGETS = """
[[targets]]
metric = "first_response"
within = "10m"
[[targets]]
metric = "first_response"
channel = "phone"
within = "20s"
[[targets]]
metric = "next_response"
within = "1h"
"""


def _conversation(desk: Desk, tickets: list[str], messages: list[str]) -> None:
    desk.setting(TARGETS)
    desk.source("tickets", "ticket", 'part_of = "desk"')
    desk.source("messages", "message", 'part_of = "desk"')
    header = "ticket_id,created_at,updated_at,status,channel,team,agent,solved_at,exported_at\n"
    desk.deliver("tickets/a.csv", header + "\n".join(tickets))
    desk.deliver("messages/a.csv", "message_id,ticket_id,sent_at,author,author_kind,is_public\n" + "\n".join(messages))
    assert desk.run().state == "done"


def _day(time: str) -> str:
    return f"2026-01-01T{time}:00Z"


def test_every_turn_of_the_customer_is_a_wait(desk: Desk) -> None:
    _conversation(
        desk,
        [f"T1,{_day('10:00')},{_day('14:00')},solved,email,Billing,Ada,{_day('14:00')},{_day('18:00')}"],
        [
            f"1,T1,{_day('10:00')},Eve,customer,true",
            f"2,T1,{_day('10:01')},,bot,true",
            f"3,T1,{_day('10:02')},Ada,agent,false",
            f"4,T1,{_day('10:07')},Eve,customer,true",
            f"5,T1,{_day('10:30')},Ada,agent,true",
            f"6,T1,{_day('10:40')},Ada,agent,true",
            f"7,T1,{_day('12:00')},Eve,customer,true",
            f"8,T1,{_day('12:45')},Bob,agent,true",
            f"9,T1,{_day('13:30')},Eve,customer,true",
        ],
    )
    waits = desk.ask("select turn, kind, wait_seconds, outcome, agent, within_target from waits order by turn")
    assert waits == [
        (1, "first", 1800.0, "answered", "Ada", False),
        (2, "next", 2700.0, "answered", "Bob", True),
        (3, "next", 1800.0, "solved", "Ada", None),
    ]
    counts = "first_response_seconds, full_resolution_seconds, reply_count, bot_reply_count"
    assert desk.ask(f"select {counts} from tickets") == [(1800.0, 14400.0, 3, 1)]


def test_a_customer_still_waiting_counts_until_the_as_of_instant(desk: Desk) -> None:
    _conversation(
        desk,
        [
            f"T1,{_day('10:00')},{_day('10:00')},open,email,Billing,,,{_day('10:08')}",
            f"T2,{_day('09:00')},{_day('09:00')},open,email,Billing,,,{_day('10:08')}",
        ],
        [f"1,T1,{_day('10:00')},Eve,customer,true", f"2,T2,{_day('09:00')},Max,customer,true"],
    )
    waits = desk.ask("select ticket_id, outcome, wait_seconds, waited_seconds, within_target from waits order by 1")
    assert waits == [("T1", "waiting", None, 480.0, None), ("T2", "waiting", None, 4080.0, False)]
    assert desk.ask("select ticket_id, age_seconds from tickets order by 1") == [("T1", 480.0), ("T2", 4080.0)]


def test_a_ticket_that_we_opened_keeps_nobody_waiting(desk: Desk) -> None:
    ticket = f"T1,{_day('10:00')},{_day('10:00')},open,email,Billing,Ada,,{_day('18:00')}"
    _conversation(desk, [ticket], [f"1,T1,{_day('10:00')},Ada,agent,true", f"2,T1,{_day('11:00')},Eve,customer,true"])
    assert desk.ask("select began_at::varchar, outcome from waits") == [("2026-01-01 11:00:00", "waiting")]


def test_a_customer_who_called_and_writes_later_waits_where_they_write(desk: Desk) -> None:
    desk.source("calls", "call", 'part_of = "desk"\nconstants.channel = "phone"')
    desk.source("messages", "message", 'part_of = "desk"')
    desk.deliver(
        "calls/a.csv",
        f"call_id,ticket_id,entered_at,queued_at,answered_at,ended_at\nC1,T1,{_day('10:00')},{_day('10:00')},{_day('10:01')},{_day('10:05')}\n",
    )
    desk.deliver(
        "messages/a.csv",
        f"message_id,ticket_id,sent_at,author_kind,channel\n1,T1,{_day('12:00')},customer,email\n2,T1,{_day('12:30')},agent,email\n",
    )
    desk.run()
    assert desk.ask("select turn, channel, wait_seconds from waits order by turn") == [
        (1, "phone", 60.0),
        (2, "email", 1800.0),
    ]


def _calls(desk: Desk, *rows: str) -> None:
    desk.setting(TARGETS)
    desk.source("calls", "call", 'constants.channel = "phone"')
    desk.deliver(
        "calls/a.csv", "call_id,entered_at,queued_at,answered_at,abandoned_at,ended_at,agent\n" + "\n".join(rows)
    )
    assert desk.run().state == "done"


def test_calls_are_waits_in_a_queue(desk: Desk) -> None:
    def at(seconds: int) -> str:
        return f"2026-01-01T10:{seconds // 60:02}:{seconds % 60:02}Z"

    desk.keep("customer")  # ids of two words look like people
    _calls(
        desk,
        f"answered,{at(0)},{at(10)},{at(30)},,{at(130)},Ada",
        f"late,{at(0)},{at(10)},{at(31)},,{at(90)},Ada",
        f"gave up,{at(0)},{at(10)},,{at(50)},,",
        f"hung up in the menu,{at(0)},,,{at(5)},,",
        f"straight through,{at(0)},,{at(8)},,{at(60)},Bob",
        f"in the queue,{at(0)},{at(20)},,,,",
    )
    waits = desk.ask("select ticket_id, wait_seconds, outcome, queued, within_target from waits order by ticket_id")
    assert waits == [
        ("answered", 20.0, "answered", True, True),
        ("gave up", 40.0, "abandoned", True, False),
        ("in the queue", None, "waiting", True, False),
        ("late", 21.0, "answered", True, False),
        ("straight through", 0.0, "answered", False, True),
    ]
    states = dict(desk.ask("select ticket_id, status from tickets"))
    assert states["hung up in the menu"] == "abandoned"
    assert states["in the queue"] == "open"
    assert desk.ask("select handle_seconds from tickets where ticket_id = 'answered'") == [(100.0,)]


def test_an_answer_before_its_question_is_counted_and_not_averaged(desk: Desk) -> None:
    desk.source("tickets", "ticket")
    rows = "T1,2026-01-01T10:00:00Z,2026-01-01T09:00:00Z\nT2,2026-01-01T10:00:00Z,2026-01-01T10:05:00Z\n"
    desk.deliver("tickets/a.csv", "ticket_id,created_at,first_response_at\n" + rows)
    desk.sections[-1] += 'columns.first_response_at = "first_response_at"\n'
    report = desk.run()
    assert desk.ask("select ticket_id, wait_seconds, fault from waits order by 1") == [
        ("T1", None, "answered before asked"),
        ("T2", 300.0, None),
    ]
    assert [finding.name for finding in report.findings if finding.found] == [
        "answers_come_after_questions",
        "channels_are_known",
    ]


def test_a_source_that_never_says_when_it_answered_has_no_waits(desk: Desk) -> None:
    desk.source("tickets", "ticket")
    desk.deliver("tickets/a.csv", "ticket_id,created_at,status\nT1,2026-01-01T10:00:00Z,open\n")
    desk.run()
    assert desk.ask("select count(*) from waits") == [(0,)]
    assert desk.ask("select count(*) from tickets where is_open") == [(1,)]


def _events(desk: Desk) -> None:
    desk.source("tickets", "ticket", 'part_of = "desk"')
    desk.source("events", "event", 'part_of = "desk"\nkey = ["event_id"]')
    desk.deliver(
        "tickets/a.csv",
        f"ticket_id,created_at,updated_at,status,channel,team\nT1,{_day('10:00')},{_day('15:00')},solved,email,Billing\n",
    )
    rows = [
        ("10:00", "", "new"),
        ("11:00", "new", "open"),
        ("12:00", "open", "solved"),
        ("13:00", "solved", "open"),
        ("15:00", "open", "solved"),
    ]
    lines = [f"{number},T1,{_day(time)},status,{old},{new},Ada" for number, (time, old, new) in enumerate(rows)]
    lines.append(f"9,T1,{_day('14:00')},team,Orders,Billing,Ada")
    desk.deliver("events/a.csv", "event_id,ticket_id,happened_at,field,old_value,new_value,actor\n" + "\n".join(lines))
    desk.run()


def test_solving_and_reopening_move_the_backlog(desk: Desk) -> None:
    _events(desk)
    assert desk.ask("select hour(happened_at), change, open_change from backlog_changes order by 1") == [
        (10, "arrived", 1),
        (12, "solved", -1),
        (13, "reopened", 1),
        (15, "solved", -1),
    ]
    assert desk.ask(
        "select reopen_count, reassignment_count, first_resolution_seconds, full_resolution_seconds from tickets"
    ) == [(1, 1, 7200.0, 18000.0)]


def test_passing_on_is_counted_and_a_first_agent_is_no_passing_on(desk: Desk) -> None:
    rows = [
        ("assigned", "agent", "", "Ada"),
        ("agents", "agent", "Ada", "Ben"),
        ("agents", "agent", "Ben", "Ben"),
        ("teams", "team", "Billing", "Orders"),
        ("raised", "priority", "Normal", "urgent"),
        ("lowered", "priority", "high", "low"),
    ]
    lines = [
        f"{number},{ticket},{_day('11:00')},{field},{old},{new},Ada"
        for number, (ticket, field, old, new) in enumerate(rows)
    ]
    desk.source("events", "event", 'key = ["event_id"]')
    desk.deliver("events/a.csv", "event_id,ticket_id,happened_at,field,old_value,new_value,actor\n" + "\n".join(lines))
    desk.run()
    columns = "ticket_id, agent_change_count, team_change_count, priority_raise_count"
    assert desk.ask(f"select {columns} from tickets order by 1") == [
        ("agents", 1, 0, 0),
        ("assigned", 0, 0, 0),
        ("lowered", None, None, 0),
        ("raised", None, None, 1),
        ("teams", 0, 1, 0),
    ]


def test_the_roll_up_by_hour_carries_the_backlog(desk: Desk) -> None:
    _events(desk)
    columns = "hour(hour), arrived, solved, reopened, open_at_end"
    assert desk.ask(f"select {columns} from queue_hours order by hour") == [
        (10, 1, 0, 0, 1),
        (12, 0, 1, 0, 0),
        (13, 0, 0, 1, 1),
        (15, 0, 1, 0, 0),
    ]


def test_rows_that_show_the_whole_ticket_become_changes(desk: Desk) -> None:
    desk.source(
        "incidents",
        "event",
        'key = ["id", "step"]\ncolumns = { ticket_id = "id", happened_at = "at", status = "state", team = "group", created_at = "opened" }',
    )
    rows = [
        f"I1,1,{_day('10:05')},new,,{_day('10:00')}",
        f"I1,2,{_day('11:00')},open,Network,{_day('10:00')}",
        f"I1,3,{_day('12:00')},solved,Network,{_day('10:00')}",
    ]
    desk.deliver("incidents/a.csv", "id,step,at,state,group,opened\n" + "\n".join(rows))
    desk.run()
    changes = desk.ask("select field, old_value, new_value from ticket_events where not is_inferred order by position")
    assert changes == [("status", "new", "open"), ("team", None, "Network"), ("status", "open", "solved")]
    assert desk.ask("select status, team, created_at::varchar, full_resolution_seconds from tickets") == [
        ("solved", "Network", "2026-01-01 10:00:00", 7200.0)
    ]


def test_unanswered_invitations_are_kept_and_take_channel_and_team_from_their_ticket(desk: Desk) -> None:
    desk.source("tickets", "ticket", 'part_of = "desk"')
    desk.source("surveys", "survey", 'part_of = "desk"')
    desk.deliver(
        "surveys/a.csv",
        f"response_id,kind,sent_at,score,ticket_id\nR1,CSAT,{_day('12:00')},5,T1\nR2,csat,{_day('12:00')},,T1\nR3,nps,{_day('12:00')},11,T1\n",
    )
    desk.run()
    desk.deliver("tickets/a.csv", f"ticket_id,created_at,channel,team\nT1,{_day('10:00')},chat,Billing\n")
    desk.run()
    found = desk.ask(
        "select response_id, kind, score, scale_max, answered_at is not null, channel, team from survey_responses order by 1"
    )
    assert found == [
        ("R1", "csat", 5.0, 5.0, True, "chat", "Billing"),
        ("R2", "csat", None, 5.0, False, "chat", "Billing"),
    ]
    assert desk.ask("select reason from rejected_rows") == [("score 11.0 lies outside the scale 0.0 to 10.0",)]
