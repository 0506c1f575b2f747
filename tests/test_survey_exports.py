"""CSV exports of survey tools: Qualtrics with three header rows, SurveyMonkey with two, as they are published."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest

from pipelines.__main__ import main
from tests.conftest import Desk

QUALTRICS = """
rows_after_header = 2
time_zone = "America/Chicago"
constants.kind = "csat"
columns.response_id = "ResponseId"
columns.sent_at = "StartDate"
columns.answered_at = "EndDate"
columns.updated_at = "RecordedDate"
columns.customer = "ExternalReference"
columns.score = "Q1"
columns.comment = "Q2"
reject = [{ column = "Status", values = ["1", "Survey Preview", "8", "Spam"], reason = "is no answer" }]
"""
QUALTRICS_ROWS = [
    ["StartDate", "EndDate", "Status", "RecordedDate", "ResponseId", "ExternalReference", "Q1", "Q2"],
    [
        "Start Date",
        "End Date",
        "Response Type",
        "Recorded Date",
        "Response ID",
        "External Data Reference",
        "How\nsatisfied, really?",
        'Why "so"?',
    ],
    [
        f'{{"ImportId":"{key}"}}'
        for key in ("startDate", "endDate", "status", "recordedDate", "_recordId", "ref", "QID1", "QID2_TEXT")
    ],
    ["2026-03-02 08:00:00", "2026-03-02 08:02:00", "0", "2026-03-02 08:02:01", "R_1", "Ada", "5", "Schön,\nkurz „gut“"],
    ["2026-03-02 09:00:00", "2026-03-02 09:02:00", "1", "2026-03-02 09:02:01", "R_2", "", "1", "a preview"],
    ["2026-03-02 10:00:00", "2026-03-02 10:02:00", "0", "2026-03-02 10:02:01", "R_3", "Eve", "", ""],
]

SURVEYMONKEY = """
header_rows = 2
constants.kind = "csat"
date_format = "%m/%d/%Y %I:%M:%S %p"
columns.response_id = "Respondent ID"
columns.sent_at = "Start Date"
columns.answered_at = "End Date"
columns.customer = "Custom Data 1"
columns.score = "How satisfied are you, really? - Response"
columns.topic = "How did you come? - Phone"
columns.comment = "How did you come? - Other (please specify)"
values.score = { "Very satisfied" = "5", Neither = "3" }
"""
SURVEYMONKEY_ROWS = [
    [
        "Respondent ID",
        "Start Date",
        "End Date",
        "Custom Data 1",
        "How satisfied\nare you, really?",
        "How did you come?",
        "",
        "",
        "Anything else?",
    ],
    ["", "", "", "", "Response", "Mail", "Phone", "Other (please specify)", "Open-Ended Response"],
    [
        "13376313674",
        "03/05/2026 06:05:46 PM",
        "03/05/2026 06:05:57 PM",
        "Ada",
        "Very satisfied",
        "",
        "Phone",
        "",
        'She said "hm",\nthen no more',
    ],
    ["13376299051", "03/05/2026 05:52:49 AM", "03/05/2026 05:53:02 AM", "Eve", "Neither", "Mail", "", "fäx", ""],
]


def _csv(rows: list[list[str]], line_end: str = "\n", mark: str = "\ufeff", quoting: int = csv.QUOTE_MINIMAL) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=line_end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return mark + out.getvalue()


LAYOUTS = pytest.mark.parametrize(
    ("line_end", "mark", "quoting"),
    [("\n", "", csv.QUOTE_MINIMAL), ("\r\n", "\ufeff", csv.QUOTE_MINIMAL), ("\r\n", "\ufeff", csv.QUOTE_ALL)],
)


@LAYOUTS
def test_a_qualtrics_export_loads(desk: Desk, line_end: str, mark: str, quoting: int) -> None:
    desk.source("csat", "survey", QUALTRICS)
    desk.keep("customer", "contact_details")
    desk.deliver("csat/a.csv", _csv(QUALTRICS_ROWS, line_end, mark, quoting))
    assert desk.run().problems == []
    assert desk.counts("a.csv") == (3, 2, 0, 0, 1)
    assert desk.ask(
        "select response_id, score, comment, customer, answered_at::varchar from survey_responses order by 1"
    ) == [
        ("R_1", 5.0, "Schön,\nkurz „gut“", "Ada", "2026-03-02 14:02:00"),
        ("R_3", None, None, "Eve", None),
    ]


@LAYOUTS
def test_a_surveymonkey_export_loads(desk: Desk, line_end: str, mark: str, quoting: int) -> None:
    desk.source("csat", "survey", SURVEYMONKEY)
    desk.keep("customer", "contact_details")
    desk.deliver("csat/a.csv", _csv(SURVEYMONKEY_ROWS, line_end, mark, quoting))
    assert desk.run().problems == []
    assert desk.ask(
        "select response_id, score, topic, comment, customer, answered_at::varchar from survey_responses order by 1"
    ) == [
        ("13376299051", 3.0, None, "fäx", "Eve", "2026-03-05 05:53:02"),
        ("13376313674", 5.0, "Phone", None, "Ada", "2026-03-05 18:05:57"),
    ]


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["bare", "marked"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_a_line_break_in_the_first_name_loses_no_row(desk: Desk, line_end: str, mark: str) -> None:
    desk.source("tickets", "ticket", 'columns.ticket_id = "ticket\\nid"')
    desk.deliver(
        "tickets/a.csv",
        _csv([["ticket\nid", "created_at"], ["T1", "2026-03-01"], ["T2", "2026-03-02"]], line_end, mark),
    )
    desk.run()
    assert desk.counts("a.csv") == (2, 2, 0, 0, 0)
    assert desk.ask("select ticket_id from tickets order by all") == [("T1",), ("T2",)]


def test_a_mistyped_question_is_refused_with_those_there_are(desk: Desk) -> None:
    desk.source("csat", "survey", SURVEYMONKEY.replace("come? - Phone", "come? - Phones"))
    desk.deliver("csat/a.csv", _csv(SURVEYMONKEY_ROWS))
    desk.run()
    ((reason,),) = desk.ask("select reason from files where state = 'refused'")
    assert reason.startswith("a.csv has no column 'How did you come? - Phones' (it has: Respondent ID, Start Date,")
    assert "How did you come? - Mail, How did you come? - Phone, How did you come? - Other (please specify)," in reason


def test_a_file_with_one_of_two_header_rows_is_refused(desk: Desk) -> None:
    desk.source("csat", "survey", SURVEYMONKEY)
    desk.deliver("csat/a.csv", _csv(SURVEYMONKEY_ROWS[:1]))
    desk.run()
    assert desk.ask("select reason from files where state = 'refused'") == [
        ("a.csv is empty: not even a header in row 1. Deliver it again, whole",)
    ]


@pytest.mark.parametrize(
    ("settings", "rows", "heads"),
    [(QUALTRICS, QUALTRICS_ROWS, 3), (SURVEYMONKEY, SURVEYMONKEY_ROWS, 2)],
    ids=["three", "two"],
)
def test_somebody_is_taken_out_and_the_header_rows_stay(
    desk: Desk, settings: str, rows: list[list[str]], heads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPPORT_PRIVACY_KEY", "one key for all tests")
    desk.source("csat", "survey", settings)
    desk.deliver("csat/a.csv", _csv(rows, "\r\n"))
    desk.run()
    before = desk.ask("select response_id, score from survey_responses order by all")
    assert main(["forget", "Ada", "--settings", str(desk.settings_file())]) == 0
    (landed,) = (desk.folder / "data" / "landing" / "csat").iterdir()
    left = list(csv.reader(io.StringIO(gzip.decompress(landed.read_bytes()).decode("utf-8-sig"), newline="")))
    assert left[:heads] == rows[:heads]
    assert "Ada" not in str(left)
    assert left[-1] == rows[-1]
    assert desk.ask("select response_id, score from survey_responses order by all") == before


def test_the_published_qualtrics_exports_load(desk: Desk, shared: Path) -> None:
    folder = shared / "data/surveys/qualtrics"
    name = "excluder_raw_3header_100_from_rda.csv"
    with (folder / name).open(encoding="utf-8-sig", newline="") as file:
        delivered = list(csv.DictReader(file))[2:]
    answers = [row for row in delivered if row["Status"] != "Survey Preview"]
    mapping = "\n".join(
        line for line in QUALTRICS.splitlines() if "Q1" not in line and "Q2" not in line and "External" not in line
    )
    desk.source("csat", "survey", mapping, path=str(folder / name))
    assert desk.run().problems == []
    assert desk.counts(name)[0] == len(delivered) == 100
    assert {key for (key,) in desk.ask("select response_id from survey_responses")} == {
        row["ResponseId"] for row in answers
    }
