"""Exports as they really come: each of these once stopped a run, lost rows without a word, or gave a wrong number."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Desk

HEADER = "ticket_id,created_at,status\n"


def _row(number: int | str, more: str = "open") -> str:
    return f"{number},2026-01-01T10:00:00Z,{more}\n"


def test_a_negative_duration_is_rejected_and_the_rest_is_published(ticket_desk: Desk) -> None:
    ticket_desk.deliver("tickets/a.csv", "ticket_id,created_at,handle_seconds\n1,2026-01-01,5\n2,2026-01-01,-1\n")
    assert ticket_desk.run().state == "done"
    assert ticket_desk.ask("select ticket_id from tickets") == [("1",)]
    assert ticket_desk.ask("select reason, delivered is not null from rejected_rows") == [
        ("handle_seconds: -1.0 is negative", True)
    ]


def test_one_ticket_under_two_keys_stands_once(desk: Desk) -> None:
    desk.source("tickets", "ticket", 'key = ["row"]')
    desk.deliver("tickets/a.csv", "row,ticket_id,created_at,status\nr1,1,2026-01-01,open\nr2,1,2026-01-01,solved\n")
    assert desk.run().state == "done"
    assert desk.ask("select ticket_id, status from tickets") == [("1", "solved")]


def test_a_ticket_that_was_given_up_and_is_open_again_adds_up(desk: Desk) -> None:
    desk.source("tickets", "ticket", 'part_of = "desk"')
    desk.source("events", "event", 'part_of = "desk"')
    desk.deliver(
        "tickets/a.csv",
        "ticket_id,created_at,updated_at,status,abandoned_at\n1,2026-01-01T10:00:00,2026-01-01T12:00:00,open,2026-01-01T10:05:00\n",
    )
    desk.deliver(
        "events/a.csv",
        "ticket_id,happened_at,position,field,old_value,new_value\n1,2026-01-01T10:06:00,1,status,open,solved\n",
    )
    assert desk.run().state == "done"
    assert desk.ask("select sum(open_change) from backlog_changes") == [(1,)]


def test_a_column_called_filename_is_a_column_like_any_other(desk: Desk) -> None:
    desk.source("a", "ticket", 'columns.subject = "FileName"')
    desk.source("b", "ticket")
    desk.deliver("a/a.csv", "ticket_id,created_at,FileName\n1,2026-01-01,report.pdf\n")
    desk.deliver("b/a.csv", HEADER + _row(2))
    assert desk.run().state == "done"
    assert desk.ask("select ticket_id, subject from tickets order by 1") == [("1", "report.pdf"), ("2", None)]


def test_a_source_that_is_away_for_a_while_keeps_its_file_numbers(desk: Desk) -> None:
    desk.source("a", "ticket")
    desk.source("b", "ticket")
    desk.deliver("a/1.csv", HEADER + _row(1))
    desk.deliver("b/1.csv", HEADER + _row(2))
    desk.run()
    both = list(desk.sections)
    desk.sections = [both[0]]
    (desk.folder / "data" / "loading.duckdb").unlink()
    desk.run()
    desk.deliver("a/2.csv", HEADER + _row(3))
    desk.run()
    desk.sections = both
    assert desk.run().state == "done"
    assert desk.ask("select source, ticket_id from tickets order by 2") == [("a", "1"), ("b", "2"), ("a", "3")]
    assert desk.ask("select count(*) = count(distinct file_no) from files") == [(True,)]


def test_taking_one_of_two_feeds_out_keeps_what_the_other_delivered(desk: Desk) -> None:
    header = "ticket_id,created_at,updated_at,subject\n"
    for name, day in (("a", 2), ("b", 3)):
        desk.source(name, "ticket", 'part_of = "desk"')
        desk.deliver(f"{name}/1.csv", f"{header}1,2026-01-01,2026-01-0{day},from {name}\n")
    desk.run()
    assert desk.ask("select subject from tickets") == [("from b",)]
    desk.sections.pop()
    desk.run()
    assert desk.ask("select subject from tickets") == [("from a",)]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("31.12.25", "2025-12-31"),
        ("13/02/26 09:05", "2026-02-13"),
        ("2026-01-01 01:30 PM", None),
        ("2026-01-01 10:00 Nowhere", None),
        ("infinity", None),
        ("5000-01-01", None),
        ("26/02/13", "2013-02-26"),
        ("2026/02/13", "2026-02-13"),
    ],
)
def test_a_date_is_read_right_or_not_at_all(ticket_desk: Desk, text: str, day: str | None) -> None:
    ticket_desk.deliver("tickets/a.csv", f"ticket_id,created_at\n1,{text}\n")
    ticket_desk.run()
    found = ticket_desk.ask("select created_at::date::varchar from tickets")
    assert found == ([(day,)] if day else [])
    if day is None:
        assert ticket_desk.counts("a.csv")[4] == 1


def test_two_digit_years_are_refused_by_a_four_digit_format(desk: Desk) -> None:
    desk.source("tickets", "ticket", 'date_format = "%d/%m/%Y"')
    desk.deliver("tickets/a.csv", "ticket_id,created_at\n1,13/02/26\n2,13/02/2026\n")
    desk.run()
    assert desk.ask("select ticket_id from tickets") == [("2",)]


def test_one_day_first_date_does_not_cost_the_iso_dates_beside_it(ticket_desk: Desk) -> None:
    ticket_desk.deliver("tickets/a.csv", "ticket_id,created_at\n1,2026-01-05\n2,2026-01-06T10:00:00\n3,13/04/2026\n")
    ticket_desk.run()
    assert ticket_desk.counts("a.csv") == (3, 3, 0, 0, 0)


def test_an_instant_out_of_range_costs_its_row_alone(desk: Desk) -> None:
    desk.source("tickets", "ticket", 'date_format = "epoch"')
    desk.deliver("tickets/a.csv", "ticket_id,created_at\n1,1767225600\n2,99999999999999999\n")
    desk.run()
    assert desk.counts("a.csv") == (2, 1, 0, 0, 1)


def test_a_line_break_in_a_note_above_the_header_costs_no_row(desk: Desk) -> None:
    desk.source("tickets", "ticket", "header_row = 2")
    desk.deliver("tickets/a.csv", '"Report\nof today",\n' + HEADER + _row(1) + _row(2) + _row(3))
    desk.run()
    assert desk.counts("a.csv") == (3, 3, 0, 0, 0)


@pytest.mark.parametrize(
    ("name", "text", "more", "message"),
    [
        ("a.json", '{"data": {"rows": []}}', 'records = "data.rwos"', "no list at records = 'data.rwos'"),
        ("a.json", '[{"ticket_id": 1, "created_at": "2026-01-01"},', "", "is cut off"),
        ("a.json", "[" * 100_000, 'records = "x"', "cannot be read as json"),
    ],
)
def test_a_json_document_that_does_not_fit_is_refused_and_said_so(
    desk: Desk, name: str, text: str, more: str, message: str
) -> None:
    desk.source("tickets", "ticket", more)
    desk.deliver(f"tickets/{name}", text)
    desk.run()
    ((state, reason),) = desk.ask("select state, reason from files")
    assert state == "refused"
    assert message in reason


def test_an_open_quote_costs_its_own_line_alone(ticket_desk: Desk) -> None:
    rows = [_row(number) for number in range(100)]
    rows[40] = '40,2026-01-01T10:00:00Z,"open\n'
    ticket_desk.keep("rejected_rows")
    ticket_desk.deliver("tickets/a.csv", HEADER + "".join(rows))
    ticket_desk.run()
    assert ticket_desk.counts("a.csv") == (100, 99, 0, 0, 1)
    assert ticket_desk.ask("select delivered from rejected_rows") == [('40,2026-01-01T10:00:00Z,"open',)]


@pytest.mark.parametrize("text", [HEADER + _row("1\r") + _row(2), (HEADER + _row(1)).replace("\n", "\r\n") + _row(2)])
def test_a_stray_line_end_does_not_refuse_the_file(ticket_desk: Desk, text: str) -> None:
    ticket_desk.deliver("tickets/a.csv", text)
    ticket_desk.run()
    assert ticket_desk.ask("select ticket_id from tickets order by 1") == [("1",), ("2",)]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_other_encodings_are_read(desk: Desk, encoding: str) -> None:
    desk.source("tickets", "ticket", f'encoding = "{encoding}"')
    desk.deliver("tickets/a.csv", "ticket_id,created_at,subject\n1,2026-01-01,“5 €”\n".encode(encoding))
    desk.run()
    assert desk.ask("select subject from tickets") == [("“5 €”",)]


def test_rejected_by_a_rule_of_its_kind_a_row_is_kept_as_delivered(desk: Desk) -> None:
    desk.source("surveys", "survey")
    desk.deliver("surveys/a.csv", "response_id,kind,sent_at,score\n1,stars,2026-01-01,5\n")
    desk.run()
    ((delivered,),) = desk.ask("select delivered from rejected_rows")
    assert '"kind":"stars"' in delivered


def test_a_file_name_that_is_no_text_is_landed_all_the_same(ticket_desk: Desk) -> None:
    folder = os.fsencode(ticket_desk.folder / "exports" / "tickets")
    with open(folder + b"/M\xfcller.csv", "w") as file:
        file.write(HEADER + _row(1))
    assert ticket_desk.run().state == "done"
    assert ticket_desk.ask("select ticket_id from tickets") == [("1",)]


def test_a_delimiter_of_two_characters_is_read(desk: Desk) -> None:
    desk.source("tickets", "ticket", 'delimiter = "||"')
    desk.deliver("tickets/a.csv", (HEADER + _row(1)).replace(",", "||"))
    desk.run()
    assert desk.ask("select ticket_id, status from tickets") == [("1", "open")]


def test_a_parquet_id_does_not_depend_on_the_files_read_with_it(ticket_desk: Desk, tmp_path: Path) -> None:
    for name, kind, number in (("a", "bigint", "1"), ("b", "double", "2.0")):
        path = tmp_path / f"{name}.parquet"
        duckdb.execute(f"copy (select {number}::{kind} as ticket_id, timestamp '2026-01-01' as created_at) to '{path}'")
        ticket_desk.deliver(f"tickets/{name}.parquet", path.read_bytes())
    ticket_desk.run()
    assert ticket_desk.ask("select ticket_id from tickets order by 1") == [("1",), ("2",)]


def test_hours_that_begin_elsewhere_leave_no_ghosts_in_the_roll_up(ticket_desk: Desk) -> None:
    ticket_desk.deliver("tickets/a.csv", HEADER + _row(1))
    ticket_desk.run()
    ticket_desk.setting('[clock]\ntime_zone = "Asia/Kolkata"\n')
    ticket_desk.run()
    assert ticket_desk.ask("select hour::varchar, arrived from queue_hours") == [("2026-01-01 09:30:00", 1)]


def test_an_agent_whose_only_answer_was_another_s_is_gone(desk: Desk) -> None:
    desk.source("messages", "message")
    header = "message_id,ticket_id,sent_at,updated_at,author,author_kind\n1,T,2026-01-01T10:00:00,2026-01-01T10:00:00,eve,customer\n"
    for hour, author in ((11, "bob"), (12, "amy")):
        desk.deliver(
            f"messages/{hour}.csv", f"{header}2,T,2026-01-01T10:30:00,2026-01-01T{hour}:00:00,{author},agent\n"
        )
        desk.run()
    assert desk.ask("select agent from agents") == [("amy",)]


def test_the_promise_that_names_most_holds(desk: Desk) -> None:
    desk.setting(
        '[[targets]]\nmetric = "first_response"\npriority = "high"\nwithin = "1m"\n[[targets]]\nmetric = "first_response"\nsource = "tickets"\nchannel = "email"\nwithin = "2h"\n'
    )
    desk.source("tickets", "ticket", 'columns.first_response_at = "answered"')
    desk.deliver(
        "tickets/a.csv",
        "ticket_id,created_at,channel,priority,answered\n1,2026-01-01T10:00:00,email,high,2026-01-01T10:30:00\n",
    )
    desk.run()
    assert desk.ask("select target_seconds, within_target from waits") == [(7200.0, True)]


def test_nobody_has_waited_less_than_no_time(desk: Desk) -> None:
    desk.setting('[clock]\nas_of = "2026-01-01T00:00:00Z"\n')
    desk.source("tickets", "ticket", 'columns.first_response_at = "answered"')
    desk.deliver("tickets/a.csv", "ticket_id,created_at,answered\n1,2099-01-01,\n")
    names = [finding.name for finding in desk.run().findings]
    assert desk.ask("select waited_seconds, outcome from waits") == [(None, "waiting")]
    assert desk.ask("select age_seconds from tickets") == [(None,)]
    assert "nothing_begins_after_now" in names


def test_changes_within_one_second_are_all_kept(desk: Desk) -> None:
    desk.source("events", "event")
    rows = "".join(
        f"T,2026-01-01T10:00:00,status,{old},{new}\n"
        for old, new in (("", "open"), ("open", "solved"), ("solved", "closed"))
    )
    desk.deliver("events/a.csv", "ticket_id,happened_at,field,old_value,new_value\n" + rows)
    desk.run()
    assert desk.counts("a.csv") == (3, 3, 0, 0, 0)
    assert desk.ask("select count(*) from ticket_events where not is_inferred") == [(3,)]


def test_keys_of_several_parts_do_not_run_into_each_other(desk: Desk) -> None:
    desk.source("messages", "message", 'key = ["a", "b"]')
    rows = "x|y,z,1,T,2026-01-01,agent\nx,y|z,2,T,2026-01-01,agent\n"
    desk.deliver("messages/a.csv", "a,b,message_id,ticket_id,sent_at,author_kind\n" + rows)
    desk.run()
    assert desk.ask("select count(*) from messages") == [(2,)]


def test_a_source_that_cannot_be_read_leaves_the_others_alone(desk: Desk) -> None:
    desk.source("odd", "ticket", 'columns.solved_at = { column = "created_at", next_day_after = "subject" }')
    desk.source("sound", "ticket")
    desk.deliver("odd/a.csv", HEADER + _row(1))
    desk.deliver("sound/a.csv", HEADER + _row(2))
    report = desk.run()
    assert desk.ask("select ticket_id from tickets") == [("2",)]
    assert any("[sources.odd]" in problem for problem in report.problems)


def test_one_message_under_two_keys_counts_once(desk: Desk) -> None:
    desk.source("messages", "message", 'key = ["row"]')
    rows = [
        "r1,1,T,2026-01-01T10:00:00,customer",
        "r2,2,T,2026-01-01T11:00:00,agent",
        "r3,2,T,2026-01-01T11:00:00,agent",
    ]
    desk.deliver("messages/a.csv", "row,message_id,ticket_id,sent_at,author_kind\n" + "\n".join(rows))
    assert desk.run().state == "done"
    assert desk.ask("select count(*) from messages") == [(2,)]
    assert desk.ask("select reply_count from tickets") == [(1,)]
