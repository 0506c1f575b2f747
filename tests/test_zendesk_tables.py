"""A Zendesk account's raw tables become rows of ours: names, what is missing, what is still being written, what changed."""

from __future__ import annotations

import pytest

from tests.conftest import Desk

TABLES = {
    "ticket": "id,created_at,updated_at,status,via_channel,group_id,assignee_id,requester_id,priority,subject\n"
    "1,2024-05-06 09:00:00,2024-05-06 12:00:00,solved,voice,7,10,90,high,Broken\n2,2024-05-06 09:00:00,2024-05-06 09:00:00,new,web,,,91,,Lost\n",
    "ticket_field_history": "field_name,ticket_id,updated,user_id,value\n"
    "status,1,2024-05-06 09:00:00,90,new\nassignee_id,1,2024-05-06 09:30:00,10,11\nassignee_id,1,2024-05-06 10:00:00,11,10\nstatus,1,2024-05-06 12:00:00,10,solved\n"
    "status,2,2024-05-06 09:00:00,91,new\n"
    'sla_policy,1,2024-05-06 09:00:00,-1,Gold\nfirst_reply_time,1,2024-05-06 09:00:00,-1,"{""minutes"":60,""in_business_hours"":false}"\n',
    "ticket_comment": "id,ticket_id,user_id,created,public,body\n"
    '100,1,90,2024-05-06 09:00:00,true,"It, broke\nagain"\n101,1,10,2024-05-06 10:00:00,true,Sorry\n102,1,11,2024-05-06 11:00:00,true,So am I\n103,1,-1,2024-05-06 11:30:00,true,Beep\n104,1,999,2024-05-06 11:40:00,true,Who?\n',
    "user": "id,name,role\n10,Kim,agent\n11,Kim,admin\n12,Ada,agent\n90,Kim,end-user\n91,Eve,end-user\n",
    "group": "id,name\n7,Billing\n",
}


def _tables(desk: Desk, **changed: str | None) -> None:
    desk.sections = [
        '[clock]\nas_of = "2024-05-07T00:00:00Z"\n[sources.zd]\nkind = "zendesk_tables"\npath = "exports/zd"\n'
    ]
    for name, text in (TABLES | changed).items():
        if text is not None:
            desk.deliver(f"zd/{name}.csv", text)


def test_tables_become_tickets_changes_messages_and_promises(desk: Desk) -> None:
    _tables(desk)
    desk.keep("customer", "message_text")
    assert desk.run().problems == []
    assert desk.ask("select source, ticket_id, channel, team, customer, priority, status from tickets order by 2") == [
        ("zd", "1", "phone", "Billing", "90", "high", "solved"),
        ("zd", "2", "web", None, "91", None, "new"),
    ]
    assert desk.ask("select author_kind, body from messages order by message_id")[0] == ("customer", "It, broke\nagain")
    assert desk.ask("select author_kind from messages order by message_id") == [
        ("customer",),
        ("agent",),
        ("agent",),
        ("bot",),
        ("unknown",),
    ]
    assert desk.ask("select metric, policy, state, elapsed_seconds from sla_outcomes") == [
        ("first_response", "Gold", "met", 3600)
    ]
    assert desk.ask("select feed from sources order by 1") == [
        ("zd_events",),
        ("zd_holidays",),
        ("zd_messages",),
        ("zd_schedules",),
        ("zd_targets",),
        ("zd_tickets",),
    ]


def test_two_agents_of_one_name_are_two_agents(desk: Desk) -> None:
    _tables(desk)
    desk.run()
    assert desk.ask("select agent, unique_assignee_count, handoff_count from tickets where ticket_id = '1'") == [
        ("Kim (10)", 2, 2)
    ]
    assert desk.ask("select distinct author from messages where author_kind = 'agent' order by 1") == [
        ("Kim (10)",),
        ("Kim (11)",),
    ]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"user": None}, "has no table user (it has: group, ticket, ticket_comment, ticket_field_history)"),
        ({"user": "id,name\n10,Kim\n"}, "user.csv has no column 'role' (it has: id, name)"),
    ],
)
def test_what_is_missing_is_one_line(desk: Desk, changed: dict[str, str | None], problem: str) -> None:
    _tables(desk, **changed)
    (found,) = desk.run().problems
    assert found.startswith("[sources.zd] ")
    assert problem in found


def test_unchanged_tables_change_nothing(desk: Desk) -> None:
    _tables(desk)
    assert desk.run().version == 1
    _tables(desk)  # written again, later
    again = desk.run()
    assert (again.arrived, again.known, again.version) == (0, 6, None)


def test_a_changed_table_builds_only_the_tickets_it_changed(desk: Desk) -> None:
    _tables(desk)
    desk.run()
    desk.deliver("zd/ticket_comment.csv", TABLES["ticket_comment"] + "105,2,12,2024-05-06 10:00:00,true,Here\n")
    report = desk.run()
    assert (report.arrived, report.tickets_built) == (1, 1)
    assert desk.ask("select public_agent_comment_count from tickets where ticket_id = '2'") == [(1,)]


def test_a_table_still_being_written_leaves_all_for_the_next_run(desk: Desk) -> None:
    _tables(desk)
    with (desk.folder / "exports" / "zd" / "user.csv").open("a") as file:
        file.write("13,Bob,agent\n")
        file.flush()
        assert desk.run().arrived == 0
    assert desk.run().arrived == 6
