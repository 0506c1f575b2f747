"""Pulling, whichever service: its own schedule and thread, progress on disk, how far the data goes, what check says, who is forgotten."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.__main__ import main
from pipelines.refresh import Pipelines
from pipelines.schedule import serve
from pipelines.sources import progress
from pipelines.sources.pause import Pause
from pipelines.sources.pull import Pull
from tests.conftest import Desk
from tests.faults import Changed, Slow, Status
from tests.test_pulling import FakeDelighted
from warehouse.settings import load
from warehouse.sources import RemoteSource

KEY = "one key for all data folders of this test"


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORT_PRIVACY_KEY", KEY)
    for name in ("DESK", "SLOW"):
        monkeypatch.setenv(f"SUPPORT_{name}_KEY", "a key")


@pytest.fixture
def service() -> Iterator[FakeDelighted]:
    with FakeDelighted() as service:
        yield service


@pytest.fixture
def pulled(desk: Desk, service: FakeDelighted) -> Desk:
    """A desk with one source that is pulled."""
    desk.setting(_source("desk", service))
    return desk


def _source(name: str, service: FakeDelighted, more: str = "") -> str:
    address = f'kind = "delighted"\naddress = "{service.address}"\nsince = 2026-03-01\nfirst_wait = "0.01s"\n'
    return f'[sources.{name}]\n{address}requests_a_minute = 100000\nevery = "1s"\n{more}\n'


def test_a_page_lands_as_it_was_received(pulled: Desk, service: FakeDelighted) -> None:
    pulled.run()
    (landed,) = (pulled.folder / "data" / "landing" / "desk").iterdir()
    (page,) = [json.loads(line) for line in gzip.decompress(landed.read_bytes()).splitlines()]
    assert page["address"].startswith("/v1/survey_responses.json?per_page=100")
    assert page["body"] == service.responses
    assert "YSBrZXk6" not in landed.read_text(encoding="latin-1")


def test_a_page_that_is_received_is_taken_in_though_the_run_after_it_was_killed(pulled: Desk) -> None:
    pipelines = Pipelines(load(pulled.settings_file()))
    pipelines.pull()
    pipelines.close()
    assert list((pulled.folder / "data" / "received" / "desk" / "responses").iterdir())
    pulled.run()
    assert not list((pulled.folder / "data" / "received" / "desk" / "responses").iterdir())
    assert pulled.ask("select count(*) from survey_responses") == [(11,)]


def test_a_look_that_finds_nothing_new_writes_nothing(pulled: Desk) -> None:
    pipelines = Pipelines(load(pulled.settings_file()))
    pipelines.pull()
    pipelines.run("test")
    log = pulled.folder / "data" / "loading.duckdb.wal"
    before = log.stat().st_size if log.exists() else 0
    looks = [pipelines.run("test", only_if_new=True) for _ in range(3)]
    after = log.stat().st_size if log.exists() else 0
    pipelines.close()
    assert looks == [None, None, None]
    assert after == before


def test_a_slow_source_delays_no_other(pulled: Desk, service: FakeDelighted) -> None:
    with FakeDelighted() as slow:
        slow.faults.always(Slow(12))
        pulled.setting('[schedule]\nrefresh = "1s"\n')
        pulled.sections.append(_source("slow", slow))
        stop, pipelines = threading.Event(), Pipelines(load(pulled.settings_file()))
        serving = threading.Thread(target=serve, args=(pipelines, stop))
        serving.start()
        try:
            _until(lambda: _has_responses(pulled, 11))
            service.responses.append(
                service.responses[0] | {"id": "new", "updated_at": service.responses[-1]["updated_at"] + 1}
            )
            _until(lambda: _has_responses(pulled, 12))
            assert slow.requests
        finally:
            stop.set()
            slow.faults.clear()
            serving.join(timeout=40)
            pipelines.close()
        assert not serving.is_alive()


def test_data_is_as_of_the_last_pull_that_reached_the_end_though_nothing_was_new(pulled: Desk) -> None:
    pulled.run()
    before = datetime.now(UTC).replace(tzinfo=None)
    pulled.run()
    ((as_of, complete, message),) = pulled.ask(
        "select as_of.as_of, pulls.complete_at, pulls.message from as_of inner join pulls using (source)"
    )
    assert before <= as_of == complete <= datetime.now(UTC).replace(tzinfo=None)
    assert message is None


def test_how_far_a_list_is_pulled_stands_in_the_warehouse(pulled: Desk) -> None:
    pulled.run()  # eleven responses, one an hour from 01:00 on the 2nd of March on, are one page
    assert pulled.ask("select name, source, feeds, endpoint, pages, through_at from pulls") == [
        ("desk", "desk", ["desk"], "responses", 1, datetime(2026, 3, 2, 11))
    ]


def test_data_is_not_as_of_a_pull_that_failed(pulled: Desk, service: FakeDelighted) -> None:
    pulled.run()
    ((before,),) = pulled.ask("select as_of from as_of")
    service.faults.always(Status(401))
    report = pulled.run()
    ((as_of, message),) = pulled.ask("select as_of.as_of, pulls.message from as_of inner join pulls using (source)")
    assert as_of == before
    assert "401" in message
    assert "401" in report.problems[0]
    assert "[sources.desk]" in report.problems[0]


def test_a_progress_file_that_is_damaged_is_said_and_stops_this_source_alone(pulled: Desk) -> None:
    pulled.run()
    pulled.source("beside", "survey", 'constants.kind = "csat"')
    pulled.deliver("beside/a.csv", "response_id,sent_at,score\n1,2026-03-01T10:00:00Z,5\n")
    path = pulled.folder / "data" / "received" / "desk" / "progress.json"
    path.write_text("{", encoding="utf-8")
    report = pulled.run()
    assert report.state == "done"
    assert any("progress.json" in problem and "Remove it" in problem for problem in report.problems)
    assert pulled.ask("select count(*) from survey_responses where source = 'beside'") == [(1,)]


def test_an_earlier_since_pulls_what_is_before(desk: Desk, service: FakeDelighted) -> None:
    desk.setting(_source("desk", service).replace("2026-03-01", "2026-03-02T05:30:00Z"))
    desk.run()
    assert desk.ask("select count(*) from survey_responses") == [(6,)]  # responses 6 to 11: one an hour from 01:00 on
    desk.sections[0] = _source("desk", service)
    desk.run()
    assert desk.ask("select count(*) from survey_responses") == [(11,)]


def test_what_is_left_out_must_be_there(pulled: Desk, service: FakeDelighted) -> None:
    pulled.sections[0] = _source("desk", service, 'leave_out = ["answers"]')
    assert any("leave_out" in problem and "responses" in problem for problem in pulled.run().problems)


def test_a_backfill_says_how_far_it_is_and_how_long_the_rest_takes_at_this_pace(tmp_path: Path) -> None:
    source = RemoteSource(kind="delighted", address="http://127.0.0.1", since=datetime(2026, 1, 1, tzinfo=UTC))
    began = datetime(2026, 4, 11, tzinfo=UTC)
    pull = Pull("desk", source, None, None, tmp_path, progress.Progress(), {}, began)  # type: ignore[arg-type]
    assert (
        pull.how_far("tickets", datetime(2026, 1, 11, tzinfo=UTC))
        == "desk: tickets, 0 pages, through 2026-01-11 00:00 (10% of the time)"
    )
    pull.paces["tickets"] = (time.monotonic() - 60, datetime(2026, 1, 1, tzinfo=UTC))
    said = pull.how_far("tickets", datetime(2026, 1, 21, tzinfo=UTC))  # 20 days a minute, 80 days are left
    assert said.endswith("(20% of the time), about 4 minutes left at this pace")


def test_a_cursor_that_is_changed_after_it_was_kept_is_not_kept_so(tmp_path: Path) -> None:
    source = RemoteSource(kind="delighted", address="http://127.0.0.1")
    known, pause = progress.Progress(), Pause(threading.Event(), None)
    pull = Pull("desk", source, None, pause, tmp_path, known, {}, datetime(2026, 4, 11, tzinfo=UTC))
    cursor = {"seen": {"1": 1}}
    pull.keep("conversations", [], cursor)
    cursor["seen"]["2"] = 1
    pull.cursor("conversations")["seen"]["3"] = 1
    progress.write(tmp_path, known)
    assert progress.read(tmp_path).endpoints["conversations"].cursor == {"seen": {"1": 1}}


def test_check_says_what_is_missing_and_where_to_put_it(
    pulled: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SUPPORT_DESK_KEY")
    assert main(["check", "--settings", str(pulled.settings_file())]) == 1
    said = capsys.readouterr().out
    assert "desk: not good" in said
    assert "SUPPORT_DESK_KEY" in said
    assert "secrets.toml" in said


def test_check_says_that_a_source_is_reached_and_since_when_it_would_be_pulled(
    pulled: Desk, service: FakeDelighted, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = str(pulled.settings_file())
    assert main(["check", "--settings", settings]) == 0
    assert "responses: reached; begins at 2026-03-01T00:00:00+00:00" in capsys.readouterr().out
    assert not (pulled.folder / "data" / "received" / "desk" / "responses").exists(), "check keeps nothing"
    pulled.run()
    assert main(["check", "--settings", settings]) == 0
    newest = datetime.fromtimestamp(service.responses[-1]["updated_at"], UTC)
    assert f"responses: reached; goes on after {newest.isoformat()}" in capsys.readouterr().out


def test_check_says_why_a_source_is_not_reached(
    pulled: Desk, service: FakeDelighted, capsys: pytest.CaptureFixture[str]
) -> None:
    service.faults.always(Status(403))
    assert main(["check", "--settings", str(pulled.settings_file())]) == 1
    said = capsys.readouterr().out
    assert "403" in said
    assert "desk: not good" in said


def test_a_pull_ends_soon_after_it_is_told_to(pulled: Desk, service: FakeDelighted) -> None:
    service.faults.always(Status(429, retry_after=30))
    pipelines, stop = Pipelines(load(pulled.settings_file())), threading.Event()
    pulling = threading.Thread(target=pipelines.pull, args=(stop,))
    pulling.start()
    _until(lambda: len(service.requests) > 0)
    stop.set()
    pulling.join(timeout=10)
    pipelines.close()
    assert not pulling.is_alive()


def test_who_is_forgotten_is_gone_from_pages_and_scores_stay(pulled: Desk, service: FakeDelighted) -> None:
    for response in service.responses:
        mail = f"{response['person']}@example.com"
        response |= {"comment": f"Call me, {mail}", "person_properties": {"mail": mail}, "tags": ["Angry"]}
    pulled.run()
    scores = pulled.ask("select response_id, score, answered_at from survey_responses order by all")
    assert main(["forget", "p1", "--settings", str(pulled.settings_file())]) == 0
    assert pulled.ask("select response_id, score, answered_at from survey_responses order by all") == scores
    landed = _landed_text(pulled)
    assert "p1" not in landed
    assert "p2@example.com" in landed


def test_who_was_forgotten_stays_so_when_pulled_again(pulled: Desk, service: FakeDelighted) -> None:
    pulled.run()
    assert main(["forget", "p1", "--settings", str(pulled.settings_file())]) == 0
    service.responses[0] |= {"comment": "p1 again", "updated_at": service.responses[-1]["updated_at"] + 60}
    pulled.run()
    assert pulled.ask("select count(*) from survey_responses") == [(11,)]
    assert "p1" not in _landed_text(pulled)


def test_a_field_that_the_service_renamed_is_said_with_what_there_is(pulled: Desk, service: FakeDelighted) -> None:
    service.faults.always(
        Changed(lambda body: [{"points" if key == "score" else key: one[key] for key in one} for one in body])
    )
    pulled.run()
    ((reason,),) = pulled.ask("select distinct reason from rejected_rows")
    assert reason.startswith("has no field 'score' (it has: id, ")
    assert pulled.counts(pulled.ask("select name from files")[0][0]) == (11, 0, 0, 0, 11)


def test_every_endpoint_of_a_service_is_read() -> None:
    from pipelines.sources.services import SERVICES
    from warehouse.connection import SQL_FOLDER
    from warehouse.services import PARTS

    for kind, parts in PARTS.items():
        read = {endpoint for part in parts for endpoint in part.endpoints}
        assert read >= set(SERVICES[kind].endpoints), kind
        files = {path.stem for path in (SQL_FOLDER / "staging" / kind).glob("*.sql")}
        assert files == {part.rows for part in parts}, kind


def _landed_text(desk: Desk) -> str:
    paths = (desk.folder / "data" / "landing" / "desk").iterdir()
    return "".join(gzip.decompress(path.read_bytes()).decode() for path in paths)


def _has_responses(desk: Desk, count: int) -> bool:
    published = desk.folder / "data" / "warehouse.duckdb"
    return published.exists() and desk.ask("select count(*) from survey_responses") == [(count,)]


def _until(holds, seconds: float = 20) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
