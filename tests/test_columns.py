"""Columns that come or go: a new one is said and kept, one that is needed stops its source alone, another leaves its field empty."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Desk
from tests.test_pages import text, visit
from warehouse import columns

PROJECT = Path(__file__).resolve().parents[1]
HEADER = "ticket_id,created_at,status"


def _run_said(desk: Desk) -> str:
    """What `python -m pipelines run` says."""
    command = [sys.executable, "-m", "pipelines", "run", "--settings", str(desk.settings_file())]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=300, check=True).stdout


@pytest.fixture
def widened_desk(ticket_desk: Desk) -> Desk:
    """A desk whose second file has a column more."""
    ticket_desk.deliver("tickets/a.csv", f"{HEADER}\n1,2026-01-01,open\n")
    ticket_desk.run()
    ticket_desk.deliver("tickets/b.csv", f"{HEADER},mood\n2,2026-01-02,open,glad\n")
    return ticket_desk


def test_a_new_column_is_said_and_its_file_is_loaded(widened_desk: Desk) -> None:
    assert "[sources.tickets] b.csv has a new column 'mood'" in _run_said(widened_desk)
    assert widened_desk.counts("b.csv") == (1, 1, 0, 0, 0)
    assert widened_desk.ask("select name from delivered_columns where is_new and not is_mapped") == [("mood",)]


def test_a_new_column_is_said_once_alone(widened_desk: Desk) -> None:
    widened_desk.run()
    widened_desk.deliver("tickets/c.csv", f"{HEADER},mood\n3,2026-01-03,open,sad\n")
    assert "new column" not in _run_said(widened_desk)


def test_a_new_column_is_kept_until_it_is_mapped(widened_desk: Desk) -> None:
    widened_desk.run()
    widened_desk.sections = [
        section.replace('rows = "ticket"', 'rows = "ticket"\ncolumns.topic = "mood"')
        for section in widened_desk.sections
    ]
    (widened_desk.folder / "exports" / "tickets" / "a.csv").unlink()
    (widened_desk.folder / "exports" / "tickets" / "b.csv").unlink()
    widened_desk.run()
    assert widened_desk.ask("select topic from tickets where ticket_id = '2'") == [("glad",)]


JSON_FORMS = {
    "a.jsonl": "\n".join,
    "a.json": lambda rows: f"[{', '.join(rows)}]",
    "wrapped.json": lambda rows: f'{{"data": [{", ".join(rows)}]}}',
}


@pytest.mark.parametrize("form", JSON_FORMS)
def test_a_new_key_of_rows_of_json_is_said_once_and_one_that_is_left_out_is_not_gone(desk: Desk, form: str) -> None:
    records = 'records = "data"\n' if form.startswith("wrapped") else ""
    desk.source("tickets", "ticket", records + 'columns.topic = "about.topic"')
    file = f"tickets/{form}"
    rows = ['{"ticket_id": "1", "created_at": "2026-01-01", "status": "open", "about": {"topic": "Refund"}}']
    desk.deliver(file, JSON_FORMS[form](rows))
    desk.run()
    assert desk.ask("select name, is_mapped, is_new from delivered_columns order by name") == [
        (name, True, False) for name in ("about", "created_at", "status", "ticket_id")
    ]
    rows += [
        '{"ticket_id": "2", "created_at": "2026-01-02", "mood": "glad"}',
        '{"ticket_id": "3", "created_at": "2026-01-03", "priority": "high"}',
    ]
    desk.deliver(f"tickets/b{form}", JSON_FORMS[form](rows))
    said = _run_said(desk)
    assert f"[sources.tickets] b{form} has a new column 'mood': kept in the landed file" in said
    assert f"[sources.tickets] b{form} has a new column 'priority', and it is read" in said
    assert desk.ask("select count(*) from tickets") == [(3,)]
    desk.deliver(f"tickets/c{form}", JSON_FORMS[form](['{"ticket_id": "4", "created_at": "2026-01-04"}']))
    said = _run_said(desk)
    assert "new column" not in said
    assert "no longer has" not in said


def test_of_keys_that_are_ids_so_many_are_kept_and_no_more(desk: Desk) -> None:
    desk.source("tickets", "ticket")
    ids = ", ".join(f'"field_{number}": 1' for number in range(2 * columns.MOST_KEYS))
    desk.deliver("tickets/a.jsonl", f'{{"ticket_id": "1", "created_at": "2026-01-01", {ids}}}\n')
    desk.run()
    assert desk.ask("select count(*) from delivered_columns") == [(columns.MOST_KEYS,)]
    assert desk.ask("select count(*) from tickets") == [(1,)]


def test_data_health_names_a_new_column(widened_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    widened_desk.run()
    assert "Columns that came or went" in text(visit(widened_desk.settings_file(), "data_health.py", monkeypatch))


def test_a_needed_column_that_vanished_stops_its_source_and_no_other(ticket_desk: Desk) -> None:
    ticket_desk.source("sound", "ticket")
    ticket_desk.deliver("tickets/a.csv", f"{HEADER}\n1,2026-01-01,open\n")
    ticket_desk.run()
    ticket_desk.deliver("tickets/b.csv", "ticket_id,opened,status\n2,2026-01-02,open\n")
    ticket_desk.deliver("sound/b.csv", f"{HEADER}\n3,2026-01-03,open\n")
    (problem,) = ticket_desk.run().problems
    assert problem.startswith("[sources.tickets] stands still")
    assert "b.csv has no column 'created_at' (it has: ticket_id, opened, status). Map it in support.toml" in problem
    assert ticket_desk.ask("select ticket_id from tickets order by 1") == [("1",), ("3",)]


def test_a_source_that_stood_still_goes_on_with_the_next_good_file(ticket_desk: Desk) -> None:
    for name, header in (("a", HEADER), ("b", "ticket_id,opened,status"), ("c", HEADER)):
        ticket_desk.deliver(f"tickets/{name}.csv", f"{header}\n{name},2026-01-01,open\n")
        report = ticket_desk.run()
    assert report.problems == []
    assert ticket_desk.ask("select ticket_id from tickets order by 1") == [("a",), ("c",)]


def test_a_column_that_is_mapped_by_hand_is_needed(desk: Desk) -> None:
    desk.source("tickets", "ticket", 'columns.status = "State"')
    desk.deliver("tickets/a.csv", "ticket_id,created_at,State\n1,2026-01-01,open\n")
    desk.run()
    desk.deliver("tickets/b.csv", "ticket_id,created_at\n2,2026-01-01\n")
    assert "b.csv has no column 'State'" in desk.run().problems[0]


def test_another_column_that_vanished_is_said_and_its_field_is_empty(ticket_desk: Desk) -> None:
    ticket_desk.deliver("tickets/a.csv", f"{HEADER}\n1,2026-01-01,solved\n")
    ticket_desk.run()
    ticket_desk.deliver("tickets/b.csv", "ticket_id,created_at\n2,2026-01-02\n")
    assert "b.csv no longer has the column 'status': what it fills is empty from here on" in _run_said(ticket_desk)
    assert ticket_desk.counts("b.csv") == (1, 1, 0, 0, 0)


def test_a_changed_type_is_rejected_row_by_row(ticket_desk: Desk) -> None:
    ticket_desk.deliver(
        "tickets/a.csv", "ticket_id,created_at,handle_seconds\n1,2026-01-01,60\n2,2026-01-01,a minute\n3,soon,60\n"
    )
    ticket_desk.run()
    assert ticket_desk.counts("a.csv") == (3, 1, 0, 0, 2)
    assert ticket_desk.ask("select reason from rejected_rows order by line_no") == [
        ("handle_seconds: a minute is not a number",),
        ("created_at: soon is not a date such as 2026-01-31T10:30:00",),
    ]
