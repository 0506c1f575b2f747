"""python -m pipelines forget: a customer is gone from landed files and warehouse, and the figures of the past stay what they were."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.__main__ import main
from tests.conftest import Desk
from tests.test_privacy import KEY, pseudonym

PROJECT = Path(__file__).resolve().parents[1]
NAME, OTHER = "Quillfeather Zumbrowski", "Marlowe Tannenzapf"
WORDS = ("Quillfeather", "Zumbrowski", "Krummgasse", "Ringelblume", "Hollerbusch", "Fliederstrauch")
COLUMNS = ("ticket_id", "created_at", "status", "customer", "subject", "Street", "solved_at")
ROWS = [
    ("T1", "2026-01-05T09:00:00Z", "solved", NAME, "Ringelblume", "Krummgasse 9", "2026-01-05T12:00:00Z"),
    ("T2", "2026-01-05T10:00:00Z", "open", OTHER, "Wacholder", "Lindenweg 3", ""),
]
MESSAGES = (
    "message_id,ticket_id,sent_at,author,author_kind,body\n"
    f"1,T1,2026-01-05T09:00:00Z,{NAME},customer,Ringelblume\n"
    "2,T1,2026-01-05T09:20:00Z,Ada,agent,Hollerbusch\n"
    f"3,T2,2026-01-05T10:00:00Z,{OTHER},customer,Wacholder\n"
)
EVENTS = (
    "ticket_id,happened_at,field,old_value,new_value,actor\n"
    f"T1,2026-01-05T09:00:01Z,status,new,open,{NAME}\n"
    f"T1,2026-01-05T09:00:02Z,requester,,{NAME},Ada\n"
    f"T2,2026-01-05T10:00:01Z,priority,low,high,{NAME}\n"
)
SURVEYS = "response_id,ticket_id,kind,score,sent_at,comment\nr1,T1,csat,5,2026-01-06T09:00:00Z,Fliederstrauch\n"
FIGURES = (
    "select count(*), count(solved_at), sum(reply_count), sum(first_response_seconds), sum(handoff_count) from tickets",
    "select turn, agent, wait_seconds, outcome from waits order by all",
    "select score from survey_responses",
    "select ticket_id, happened_at, field from ticket_events order by all",
)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORT_PRIVACY_KEY", KEY)


@pytest.fixture
def busy(desk: Desk) -> Desk:
    """A customer who turns up in every kind of row, beside another; everything is kept, so that it has to be taken out."""
    desk.keep("customer", "message_text", "contact_details", "rejected_rows")
    tickets = "\n".join(",".join(row) for row in [COLUMNS, *ROWS]) + "\n"
    for name, rows, text in (
        ("tickets", "ticket", tickets),
        ("messages", "message", MESSAGES),
        ("events", "event", EVENTS),
        ("surveys", "survey", SURVEYS),
    ):
        desk.source(name, rows, 'part_of = "desk"')
        desk.deliver(f"{name}/a.csv", text)
    return desk


def forget(desk: Desk, *customers: str) -> int:
    return main(["forget", *customers, "--settings", str(desk.settings_file())])


def found_in(folder: Path, words: tuple[str, ...] = WORDS) -> list[tuple[str, str]]:
    """Where words stand in the files of a data folder: packed ones unpacked, workbooks as their cells."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return [(path.name, word) for path in paths for word in words if word.encode() in _plain(path)]


def _plain(path: Path) -> bytes:
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    if content[:4] == b"PAR1":
        return str(pq.read_table(io.BytesIO(content)).to_pylist()).encode()
    if content[:2] == b"PK":
        return str([list(sheet.values) for sheet in openpyxl.load_workbook(io.BytesIO(content))]).encode()
    return content


def test_somebody_is_gone_from_every_file_and_version(busy: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    busy.run()
    assert {word for _, word in found_in(busy.folder / "data")} == set(WORDS)
    assert forget(busy, NAME.upper()) == 0
    assert found_in(busy.folder / "data") == []
    assert {word for _, word in found_in(busy.folder / "data" / "landing", (OTHER, "Wacholder", "Lindenweg"))} == {
        *(OTHER, "Wacholder", "Lindenweg")
    }
    said = capsys.readouterr().out
    assert "erased from rows of 3 event, 2 message, 1 survey, 1 ticket" in said
    assert "4 landed files changed" in said


def test_the_figures_of_the_past_stay(busy: Desk) -> None:
    busy.run()
    before = [busy.ask(sql) for sql in FIGURES]
    counts = busy.ask("select name, rows_read, rows_loaded, content_id, modified_at from files order by all")
    forget(busy, NAME)
    assert [busy.ask(sql) for sql in FIGURES] == before
    assert busy.ask("select name, rows_read, rows_loaded, content_id, modified_at from files order by all") == counts
    assert busy.ask("select ticket_id, customer, subject from tickets order by ticket_id") == [
        ("T1", None, None),
        ("T2", OTHER, "Wacholder"),
    ]


def test_a_rebuild_from_the_landing_folder_brings_nobody_back(busy: Desk) -> None:
    busy.run()
    forget(busy, pseudonym(NAME))
    names = [name for (name,) in busy.ask("select table_name from duckdb_tables() where schema_name = 'main'")]
    queries = {name: f"from {name} order by all" for name in names if name not in ("runs", "check_results", "files")}
    queries["files"] = "select * exclude (run_id) from files order by all"
    before = {name: busy.ask(sql) for name, sql in queries.items()}
    (busy.folder / "data" / "loading.duckdb").unlink()
    busy.run()
    assert {name: busy.ask(sql) for name, sql in queries.items()} == before
    assert found_in(busy.folder / "data") == []


def test_the_erasure_is_recorded_without_the_data(busy: Desk) -> None:
    busy.run()
    forget(busy, NAME)
    assert busy.ask("select pseudonym, kind, rows from erasures order by kind") == [
        (pseudonym(NAME), "event", 3),
        (pseudonym(NAME), "message", 2),
        (pseudonym(NAME), "survey", 1),
        (pseudonym(NAME), "ticket", 1),
    ]


def test_the_same_export_again_brings_nobody_back(busy: Desk) -> None:
    busy.run()
    forget(busy, NAME)
    shutil.copy(busy.folder / "exports/tickets/a.csv", busy.folder / "exports/tickets/again.csv")
    assert busy.run().known == 1
    assert found_in(busy.folder / "data") == []


def test_a_later_export_that_names_them_loses_them_too(busy: Desk) -> None:
    busy.run()
    forget(busy, NAME)
    later = (
        ",".join(COLUMNS)
        + f"\nT1,2026-01-05T09:00:00Z,closed,{NAME},Ringelblume,Krummgasse,2026-01-05T12:00:00Z\nT9,2026-02-05T09:00:00Z,open,{NAME},Hollerbusch,,\n"
    )
    busy.deliver("messages/b.csv", MESSAGES.splitlines()[0] + "\n9,T9,2026-02-05T09:10:00Z,Ada,agent,Fliederstrauch\n")
    busy.run()
    busy.deliver("tickets/b.csv", later)
    busy.run()
    assert found_in(busy.folder / "data") == []
    assert busy.ask("select ticket_id, status, customer from tickets where ticket_id <> 'T2' order by 1") == [
        ("T1", "closed", None),
        ("T9", "open", None),
    ]


def test_who_is_not_there_is_said(busy: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    busy.run()
    assert forget(busy, "Nobody Inparticular") == 1
    assert "nothing of Nobody Inparticular is in" in capsys.readouterr().err
    assert busy.ask("select count(*) from erasures") == [(0,)]


def test_it_can_be_repeated(busy: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    busy.run()
    forget(busy, NAME)
    assert forget(busy, NAME) == 0
    assert "erased before, on 20" in capsys.readouterr().out
    assert busy.ask("select sum(rows) from erasures") == [(7,)]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.json", "in.json", "a.jsonl", "a.parquet", "a.xlsx", "latin.csv"])
def test_every_format_is_written_back_as_it_was(desk: Desk, tmp_path: Path, name: str, packed: bool) -> None:
    more = {"in.json": 'records = "data.tickets"', "latin.csv": 'encoding = "latin-1"\ndelimiter = ";"'}.get(name, "")
    desk.source("tickets", "ticket", more)
    content = _content(name, tmp_path)
    desk.deliver(f"tickets/{name}{'.gz' if packed else ''}", gzip.compress(content) if packed else content)
    desk.run()
    (landed,) = (desk.folder / "data/landing/tickets").iterdir()
    before = landed.stat().st_mtime_ns
    assert forget(desk, NAME) == 0
    assert found_in(desk.folder / "data") == []
    assert landed.stat().st_mtime_ns == before
    is_small_already = name.endswith((".parquet", ".xlsx"))
    assert (landed.read_bytes()[:2] == b"\x1f\x8b") == (packed or not is_small_already)
    if not packed and not is_small_already:
        assert desk.ask("select bytes from files") == [(len(gzip.decompress(landed.read_bytes())),)]
    assert b"Tannenzapf" in _plain(landed)
    assert desk.ask("select ticket_id, customer from tickets order by 1") == [("T1", None), ("T2", pseudonym(OTHER))]
    assert desk.ask("select state from files") == [("loaded",)]


def _content(name: str, folder: Path) -> bytes:
    records = [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]
    if name.endswith((".csv", ".tsv")):
        mark = {"a.csv": ",", "a.tsv": "\t", "latin.csv": ";"}[name]
        return "\r\n".join(mark.join(row) for row in [COLUMNS, *ROWS]).encode("latin-1")
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(records), folder / name)
        return (folder / name).read_bytes()
    if name.endswith(".xlsx"):
        workbook = openpyxl.Workbook()
        for row in [COLUMNS, *ROWS]:
            workbook.active.append(row)
        workbook.save(folder / name)
        return (folder / name).read_bytes()
    if name == "a.jsonl":
        return "\n".join(map(json.dumps, records)).encode()
    return json.dumps(records if name == "a.json" else {"data": {"tickets": records}}).encode()


def test_lines_that_cannot_be_read_are_blotted_out(desk: Desk) -> None:
    desk.keep("rejected_rows")
    desk.source("tickets", "ticket")
    good = f"T1,2026-01-05T09:00:00Z,{NAME}"
    desk.deliver(
        "tickets/a.csv",
        f'ticket_id,created_at,customer\n{good}\nT7,2026-01-05T09:00:00Z,{NAME},more\nT8,"open,{NAME}\nT2,2026-01-05T09:00:00Z,{OTHER}\n',
    )
    desk.run()
    forget(desk, NAME)
    assert found_in(desk.folder / "data") == []
    assert desk.counts("a.csv") == (4, 2, 0, 0, 2)


def test_rows_that_a_customers_name_tells_apart_stay_apart(desk: Desk) -> None:
    desk.source("surveys", "survey", 'key = ["customer"]')
    rows = [f"{number},{name},csat,5,2026-01-05T09:00:00Z" for number, name in enumerate((NAME, OTHER, "Third Person"))]
    desk.deliver("surveys/a.csv", "\n".join(["response_id,customer,kind,score,sent_at", *rows]) + "\n")
    desk.run()
    forget(desk, NAME, OTHER)
    assert desk.ask("select count(*), count(customer) from survey_responses") == [(3, 1)]
    assert found_in(desk.folder / "data", ("Quillfeather", "Tannenzapf")) == []


@pytest.mark.parametrize(
    "step", ["warehouse.erasing._replace", "pipelines.refresh.rewrite", "pipelines.refresh.publish"]
)
def test_killed_half_way_repeating_finishes_it(busy: Desk, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    busy.run()
    with monkeypatch.context() as broken:

        def die(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        broken.setattr(step, die)
        assert forget(busy, NAME) == 130
    assert forget(busy, NAME) == 0
    assert found_in(busy.folder / "data") == []
    assert len(list((busy.folder / "data").glob("warehouse-*.duckdb"))) == 1


def test_while_the_pipelines_serve_the_running_process_does_it(busy: Desk) -> None:
    busy.setting('[schedule]\nrefresh = "1s"')
    settings = str(busy.settings_file())
    command = [sys.executable, "-m", "pipelines"]
    serving = subprocess.Popen([*command, "serve", "--settings", settings], cwd=PROJECT, stderr=subprocess.DEVNULL)
    try:
        published = busy.folder / "data" / "warehouse.duckdb"
        deadline = time.monotonic() + 120
        while not published.exists() and time.monotonic() < deadline:
            time.sleep(0.2)
        done = subprocess.run(
            [*command, "forget", NAME, "--settings", settings], cwd=PROJECT, capture_output=True, text=True, timeout=200
        )
        assert done.returncode == 0, done.stderr
        assert "erased from rows of" in done.stdout
        assert found_in(busy.folder / "data") == []
        assert list((busy.folder / "data" / "forget").iterdir()) == []
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.wait(60)


def test_another_key_than_people_were_erased_under_is_refused(busy: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    busy.run()
    forget(busy, NAME)
    monkeypatch.setenv("SUPPORT_PRIVACY_KEY", "another key, as long as the first")
    report = busy.run()
    assert report.state == "failed"
    assert "under another privacy key" in report.problems[0]
