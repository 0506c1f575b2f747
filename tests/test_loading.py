"""Delivered rows into the store: newer replaces older, every row is accounted for, nothing is guessed."""

from __future__ import annotations

import pytest

from tests.conftest import TICKET_HEADER, Desk

HEADER = "ticket_id,created_at,updated_at,status\n"


def test_a_file_delivered_again_changes_nothing(ticket_desk: Desk) -> None:
    text = HEADER + "T1,2026-01-01T10:00:00Z,2026-01-01T10:00:00Z,open\n"
    ticket_desk.deliver("tickets/a.csv", text)
    first = ticket_desk.run()
    ticket_desk.deliver("tickets/b.csv", text)
    second = ticket_desk.run()
    assert (first.arrived, first.version) == (1, 1)
    assert (second.arrived, second.known, second.version) == (0, 1, None)
    assert ticket_desk.ask("select count(*) from files") == [(1,)]


def test_a_later_delivery_replaces_a_ticket(ticket_desk: Desk) -> None:
    ticket_desk.deliver("tickets/a.csv", HEADER + "T1,2026-01-01T10:00:00Z,2026-01-01T10:00:00Z,open\n")
    ticket_desk.run()
    ticket_desk.deliver("tickets/b.csv", HEADER + "T1,2026-01-01T10:00:00Z,2026-01-01T12:00:00Z,solved\n")
    ticket_desk.run()
    assert ticket_desk.ask("select status from tickets") == [("solved",)]
    assert ticket_desk.counts("b.csv") == (1, 1, 0, 0, 0)


def test_an_older_version_arriving_late_does_not_undo_a_newer(ticket_desk: Desk) -> None:
    ticket_desk.deliver("tickets/b.csv", HEADER + "T1,2026-01-01T10:00:00Z,2026-01-01T12:00:00Z,solved\n")
    ticket_desk.run()
    ticket_desk.deliver("tickets/a.csv", HEADER + "T1,2026-01-01T10:00:00Z,2026-01-01T10:00:00Z,open\n")
    ticket_desk.run()
    assert ticket_desk.ask("select status from tickets") == [("solved",)]
    assert ticket_desk.counts("a.csv") == (1, 0, 0, 1, 0)


def test_without_an_update_time_the_later_written_file_is_newer(ticket_desk: Desk) -> None:
    header = "ticket_id,created_at,status\n"
    ticket_desk.deliver("tickets/new.csv", header + "T1,2026-01-01T10:00:00Z,solved\n", age=600)
    ticket_desk.run()
    ticket_desk.deliver("tickets/old.csv", header + "T1,2026-01-01T10:00:00Z,open\n", age=60)
    ticket_desk.run()
    assert ticket_desk.ask("select status from tickets") == [("solved",)]


def test_an_unchanged_newer_delivery_still_counts_as_the_newest(ticket_desk: Desk) -> None:
    header = "ticket_id,created_at,status\n"
    ticket_desk.deliver("tickets/1.csv", header + "T1,2026-01-01T10:00:00Z,open\n", age=60)
    ticket_desk.run()
    ticket_desk.deliver(
        "tickets/3.csv", header + "T1,2026-01-01T10:00:00Z,open\nT2,2026-01-01T11:00:00Z,open\n", age=600
    )
    ticket_desk.run()
    ticket_desk.deliver("tickets/2.csv", header + "T1,2026-01-01T10:00:00Z,solved\n", age=300)
    ticket_desk.run()
    assert ticket_desk.ask("select status from tickets where ticket_id = 'T1'") == [("open",)]
    assert ticket_desk.counts("3.csv") == (2, 1, 1, 0, 0)
    assert ticket_desk.counts("2.csv") == (1, 0, 0, 1, 0)


def test_versions_within_one_file_are_taken_one_after_the_other(ticket_desk: Desk) -> None:
    rows = [
        "T1,2026-01-01T10:00:00Z,2026-01-01T10:00:00Z,new",
        "T1,2026-01-01T10:00:00Z,2026-01-01T12:00:00Z,open",
        "T1,2026-01-01T10:00:00Z,2026-01-01T11:00:00Z,pending",
        "T1,2026-01-01T10:00:00Z,2026-01-01T12:00:00Z,open",
    ]
    ticket_desk.deliver("tickets/a.csv", HEADER + "\n".join(rows))
    ticket_desk.run()
    assert ticket_desk.ask("select status from tickets") == [("open",)]
    assert ticket_desk.counts("a.csv") == (4, 2, 1, 1, 0)


def test_bad_rows_are_kept_with_a_reason_and_good_ones_are_loaded(ticket_desk: Desk) -> None:
    rows = [
        "T1,2026-01-01T10:00:00Z,,open",
        "T2,not a date,,open",
        ",2026-01-01T10:00:00Z,,open",
        "T4,2026-01-01T10:00:00Z,,open,one too many",
        "T5",
        'T6,2026-01-01T10:00:00Z,,"open\nagain"',
    ]
    ticket_desk.deliver("tickets/a.csv", HEADER + "\n".join(rows) + "\n")
    ticket_desk.keep("rejected_rows")
    report = ticket_desk.run()
    assert report.state == "done"
    assert ticket_desk.counts("a.csv") == (6, 2, 0, 0, 4)
    reasons = dict(ticket_desk.ask("select reason, delivered from rejected_rows"))
    assert reasons["the line has more columns than the header"] == "T4,2026-01-01T10:00:00Z,,open,one too many"
    assert reasons["the line has fewer columns than the header"] == "T5"
    assert "T2" in reasons["created_at: not a date is not a date such as 2026-01-31T10:30:00"]
    assert "ticket_id is empty" in reasons


def test_a_bad_file_does_not_stop_the_run(ticket_desk: Desk) -> None:
    ticket_desk.deliver("tickets/good.csv", HEADER + "T1,2026-01-01T10:00:00Z,,open\n")
    ticket_desk.deliver("tickets/page.csv", "<html><body>Sign in</body></html>\n")
    ticket_desk.deliver("tickets/empty.csv", "")
    ticket_desk.deliver("tickets/cut.csv.gz", b"\x1f\x8b\x08\x00cut short")
    assert ticket_desk.run().state == "done"
    refused = dict(ticket_desk.ask("select name, reason from files where state = 'refused'"))
    assert refused.keys() == {"page.csv", "empty.csv", "cut.csv.gz"}
    assert "is a web page" in refused["page.csv"]
    assert ticket_desk.ask("select count(*) from tickets") == [(1,)]


def test_a_file_still_being_written_is_left_for_the_next_run(ticket_desk: Desk) -> None:
    path = ticket_desk.folder / "exports" / "tickets" / "a.csv"
    with path.open("w") as file:
        file.write(HEADER + "T1,2026-01-01T10:00:00Z,,open\n")
        file.flush()
        assert ticket_desk.run().arrived == 0
        file.write("T2,2026-01-01T10:00:00Z,,open\n")
    assert ticket_desk.run().arrived == 1
    assert ticket_desk.ask("select count(*) from tickets") == [(2,)]


@pytest.mark.parametrize("name", ["a.csv.part", ".a.csv", "~$a.xlsx"])
def test_unfinished_and_hidden_names_are_not_exports(ticket_desk: Desk, name: str) -> None:
    ticket_desk.deliver(f"tickets/{name}", HEADER)
    assert ticket_desk.run().arrived == 0


def test_rows_that_are_no_rows_are_rejected_with_their_reason(desk: Desk) -> None:
    desk.source(
        "tickets", "ticket", '[[sources.tickets.reject]]\ncolumn = "status"\nvalues = ["test"]\nreason = "a test"'
    )
    desk.deliver("tickets/a.csv", HEADER + "T1,2026-01-01T10:00:00Z,,test\nT2,2026-01-01T10:00:00Z,,open\n")
    desk.run()
    assert desk.ask("select reason, line_no from rejected_rows") == [("a test", 1)]


def test_values_and_null_markers_are_mapped(desk: Desk) -> None:
    desk.source("tickets", "ticket", 'nulls = ["n/a"]\nvalues.channel = { Voice = "phone" }\ncolumns.agent = "Owner"')
    desk.deliver("tickets/a.csv", "ticket_id,created_at,channel,Owner\nT1,2026-01-01T10:00:00Z,voice,n/a\n")
    desk.run()
    assert desk.ask("select channel, agent from tickets") == [("phone", None)]


def test_local_times_are_read_in_the_zone_of_the_source(desk: Desk) -> None:
    desk.source("tickets", "ticket", 'time_zone = "America/New_York"')
    rows = "T1,2026-01-01 10:00,\nT2,2026-07-01 10:00,\nT3,2026-01-01T10:00:00+02:00,\n"
    desk.deliver("tickets/a.csv", "ticket_id,created_at,updated_at\n" + rows)
    desk.run()
    instants = desk.ask("select strftime(created_at, '%m-%dT%H') from tickets order by ticket_id")
    assert instants == [("01-01T15",), ("07-01T14",), ("01-01T08",)]


def test_dates_that_could_be_read_both_ways_refuse_the_file_and_say_what_to_set(ticket_desk: Desk) -> None:
    ticket_desk.deliver("tickets/a.csv", "ticket_id,created_at\nT1,03/04/2026 10:00\nT2,05/06/2026 11:00\n")
    ticket_desk.run()
    ((reason,),) = ticket_desk.ask("select reason from files")
    assert "'03/04/2026 10:00'" in reason or "'05/06/2026 11:00'" in reason
    assert "created_at = { column = 'created_at', format = \"%d/%m/%Y %H:%M\" }" in reason


@pytest.mark.parametrize(
    ("dates", "day"), [(["03/04/2026", "25/04/2026"], "2026-04-03"), (["03/04/2026", "04/25/2026"], "2026-03-04")]
)
def test_dates_that_fit_only_one_order_are_read_in_it(ticket_desk: Desk, dates: list[str], day: str) -> None:
    ticket_desk.deliver("tickets/a.csv", f"ticket_id,created_at\nT1,{dates[0]}\nT2,{dates[1]}\n")
    ticket_desk.run()
    assert ticket_desk.ask("select created_at::date::varchar from tickets where ticket_id = 'T1'") == [(day,)]


def test_a_changed_mapping_loads_the_files_again(desk: Desk) -> None:
    desk.source("tickets", "ticket")
    desk.deliver("tickets/a.csv", "ticket_id,created_at,Owner\nT1,2026-01-01T10:00:00Z,Ada\n")
    desk.run()
    desk.sections.clear()
    desk.source("tickets", "ticket", 'columns.agent = "Owner"')
    desk.run()
    assert desk.ask("select agent from tickets") == [("Ada",)]


def test_a_source_taken_out_of_the_settings_leaves_the_warehouse(desk: Desk) -> None:
    desk.source("old", "ticket")
    desk.deliver("old/a.csv", HEADER + "T1,2026-01-01T10:00:00Z,,open\n")
    desk.run()
    desk.sections.clear()
    desk.source("new", "ticket")
    desk.deliver("new/a.csv", HEADER + "T2,2026-01-01T10:00:00Z,,open\n")
    desk.run()
    assert desk.ask("select source, ticket_id from tickets") == [("new", "T2")]


def test_ten_thousand_files_are_no_problem(ticket_desk: Desk) -> None:
    for number in range(10_000):
        path = ticket_desk.folder / "exports" / "tickets" / f"{number}.csv"
        path.write_text(f"{TICKET_HEADER}\nT{number},2026-01-01T10:00:00Z,,open,email,,,,,,\n")
    report = ticket_desk.run()
    again = ticket_desk.run()
    assert report.arrived == 10_000
    assert ticket_desk.ask("select count(*) from tickets") == [(10_000,)]
    assert again.seconds["pull"] < report.seconds["pull"]


def test_mapping_the_first_answer_later_makes_waits_known(desk: Desk) -> None:
    desk.source("tickets", "ticket")
    desk.deliver("tickets/a.csv", f"{TICKET_HEADER}\nA,2026-01-01T09:00:00Z,,solved,email,,,,,2026-01-01T09:10:00Z,\n")
    desk.run()
    assert desk.ask("select answers_known from sources") == [(False,)]
    desk.sections.clear()
    desk.source("tickets", "ticket", 'columns.first_response_at = "first_response_at"')
    desk.run()
    assert desk.ask("select answers_known from sources") == [(True,)]
    assert desk.ask("select outcome, wait_seconds from waits") == [("answered", 600.0)]
