"""How the pipelines do, as others see it: the health address of a running `serve`, its metrics, `status` and its exit codes."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipelines.__main__ import main
from pipelines.health_address import answering
from pipelines.lock import FolderLock, holder
from tests.browsing import PROJECT, free_port
from tests.conftest import Desk
from warehouse import state
from warehouse.checking import Finding
from warehouse.settings import Health
from warehouse.standing import outside

PATIENCE_SECONDS = 120
HEADER = "ticket_id,created_at,channel,team,agent,customer\n"
CUSTOMER = "Grace Hopper"


@dataclass
class Served:
    """A running `serve`: its desk, process and port, and the file that holds its log."""

    desk: Desk
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def ask(self, path: str, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def health(self) -> dict[str, Any]:
        status, text = self.ask("/healthz")
        told: dict[str, Any] = json.loads(text)
        assert status == (200 if told["state"] == "ok" else 503)
        return told

    def figures(self) -> dict[tuple[str, ...], float]:
        """Every sample of /metrics by its name and label values, as Prometheus' own parser reads it."""
        families = text_string_to_metric_families(self.ask("/metrics")[1])
        return {
            (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
            for family in families
            for sample in family.samples
        }

    def until(self, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        return until(lambda: told if is_so(told := self.health()) else None)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


def until(ready: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            if found := ready():
                return found
        except OSError:
            pass  # it does not listen yet
        time.sleep(0.1)
    raise AssertionError(f"not so after {PATIENCE_SECONDS} s")


@contextmanager
def serving(desk: Desk, port: int | None = None) -> Iterator[Served]:
    port = port or free_port()
    desk.sections = [section for section in desk.sections if "[health]" not in section]
    desk.setting(f'[health]\nport = {port}\n[schedule]\nrefresh = "0.2s"\n')
    log = desk.folder / "serve.log"
    with log.open("ab") as stderr:
        command = [sys.executable, "-m", "pipelines", "serve", "--settings", str(desk.settings_file())]
        process = subprocess.Popen(command, cwd=PROJECT, stderr=stderr)
    try:
        yield Served(desk, process, port, log)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0, log.read_text(encoding="utf-8")


def deliver_daily(desk: Desk, *today: str) -> None:
    """A file on each of the last four days and one just now: with such a rhythm nothing is late while a test runs, however slow."""
    now = int(time.time())
    for days in (4, 3, 2, 1, 0):
        at = datetime.fromtimestamp(now - 86_400 * days, UTC).isoformat()
        rows = [f"D{days},{at},email,,,", *(today if days == 0 else ())]
        desk.deliver(f"tickets/{days}.csv", HEADER + "\n".join(rows) + "\n", age=now - 86_400 * days - 1_769_904_000)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A desk of which six tickets were loaded and one was refused, served."""
    desk = Desk(tmp_path_factory.mktemp("served"))
    desk.source("tickets", "ticket")
    deliver_daily(desk, f"Ticket-77,2026-01-01T10:00:00Z,email,Billing,Ada,{CUSTOMER}", "T3,never,email,,,")
    with serving(desk) as served:
        served.until(lambda told: told["version"] is not None and told["run"] is not None)
        yield served


# --- the health address -------------------------------------------------------------------------------------------------


def test_what_is_loaded_and_in_time_is_healthy_and_says_since_when(served: Served) -> None:
    told = served.health()
    assert (told["state"], told["reasons"], told["version"]) == ("ok", [], 1)
    assert (told["run"]["run_id"], told["run"]["state"]) == (1, "done")
    (feed,) = told["sources"]
    assert (feed["feed"], feed["state"], feed["rows_read"], feed["rows_rejected"]) == ("tickets", "fresh", 7, 1)
    assert told["data_as_of"] is not None
    assert told["fresh_since"] == told["run"]["good_at"] == told["run"]["noted_at"]
    assert told["disk"]["free_bytes"] > 0


def test_metrics_are_read_by_prometheus_own_parser(served: Served) -> None:
    figures = served.figures()
    rows = [figures["support_rows_total", "tickets", what, "tickets"] for what in ("loaded", "rejected", "unchanged")]
    assert rows == [6, 1, 0]
    assert figures["support_rows_read_total", "tickets", "tickets"] == 7
    assert figures["support_files_total", "tickets", "tickets"] == 5
    assert figures["support_runs_total", "done"] == 1
    assert figures["support_published_version",] == 1
    assert (figures["support_state", "ok"], figures["support_state", "failing"]) == (1, 0)
    assert figures["support_run_step_seconds_count", "load"] == 1
    assert figures["support_file_bytes", "published"] > 1_000_000
    assert figures["process_resident_memory_bytes",] > 10_000_000
    assert figures["support_data_age_seconds", "tickets", "tickets"] >= 0


def test_every_metric_says_what_it_is(served: Served) -> None:
    families = [
        one for one in text_string_to_metric_families(served.ask("/metrics")[1]) if one.name.startswith("support")
    ]
    assert len(families) > 20
    assert [one.name for one in families if not one.documentation or one.type == "unknown"] == []


def test_nothing_of_customers_stands_in_what_is_told(served: Served) -> None:
    for path in ("/healthz", "/metrics"):
        text = served.ask(path)[1]
        assert "tickets" in text
        assert not [word for word in (CUSTOMER, "Hopper", "Ticket-77", "Ada", "c_") if word in text]


def test_other_addresses_and_other_names_are_refused(served: Served) -> None:
    assert served.ask("/")[0] == 404
    assert served.ask("/healthz?x=1")[0] == 200
    assert served.ask("/healthz", Host="evil.example.org")[0] == 421


def test_a_second_serve_says_a_taken_port_and_serves_all_the_same(served: Served, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.source("tickets", "ticket")
    desk.deliver("tickets/a.csv", HEADER + "T1,2026-01-01T10:00:00Z,email,,,\n")
    with serving(desk, served.port) as second:
        until(lambda: (tmp_path / "data" / "warehouse.duckdb").exists())
    (said,) = [line for line in second.lines() if "cannot be served" in line["message"]]
    assert f"127.0.0.1:{served.port}" in said["message"]
    assert said["level"] == "warning"


# --- its log ------------------------------------------------------------------------------------------------------------


def test_serve_logs_json_lines_with_the_run_they_are_about(served: Served) -> None:
    (done,) = [line for line in served.lines() if line["message"].startswith("run 1 done")]
    assert (done["run_id"], done["level"], done["logger"]) == (1, "info", "pipelines")
    assert datetime.fromisoformat(done["time"]).tzinfo == UTC


def test_status_of_a_running_serve_names_its_process_and_takes_nothing(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--settings", str(served.desk.settings_file())]) == 0
    said = capsys.readouterr().out
    assert f"process {served.process.pid}" in said
    assert "1 of 7" in said
    assert main(["status", "--json", "--settings", str(served.desk.settings_file())]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["process"], told["version"], told["next"]["upkeep"][11:16]) == (served.process.pid, 1, "03:30")


# --- what fails, and recovers -------------------------------------------------------------------------------------------


def test_a_folder_that_is_gone_is_said_and_so_is_that_it_is_back(served: Served) -> None:
    """Last in this file with `served`: it disturbs it."""
    exports = served.desk.folder / "exports"
    exports.rename(exports.with_name("unmounted"))
    told = served.until(lambda told: told["state"] == "failing")
    assert any("tickets" in reason for reason in told["reasons"])
    assert (told["fresh_since"], bool(told["since"])) == (None, True)
    assert main(["status", "--settings", str(served.desk.settings_file())]) == 1
    exports.with_name("unmounted").rename(exports)
    assert served.until(lambda told: told["state"] == "ok")["fresh_since"] >= told["since"]
    levels = [line["level"] for line in served.lines() if "[sources.tickets]" in line["message"]]
    assert levels == ["warning", "info"]


def test_counters_go_on_after_a_restart(ticket_desk: Desk) -> None:
    deliver_daily(ticket_desk)
    ticket_desk.run()
    with serving(ticket_desk) as first:
        before = first.until(lambda told: told["run"] is not None) and first.figures()
    assert before["support_runs_total", "done"] == 1
    assert before["support_rows_read_total", "tickets", "tickets"] == 5


# --- status -------------------------------------------------------------------------------------------------------------


def _status(desk: Desk) -> int:
    return main(["status", "--settings", str(desk.settings_file())])


def test_status_without_a_warehouse_is_three(ticket_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert _status(ticket_desk) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_status_with_wrong_settings_is_two(ticket_desk: Desk) -> None:
    ticket_desk.setting('[log]\nformat = "xml"\n')
    assert _status(ticket_desk) == 2


def test_status_of_a_late_source_is_one(ticket_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    an_hour_ago = int(time.time()) - 3600
    at = datetime.fromtimestamp(an_hour_ago, UTC).isoformat()
    ticket_desk.deliver("tickets/a.csv", HEADER + f"T1,{at},email,,,\n", age=an_hour_ago - 1_769_904_000)
    ticket_desk.run()
    assert _status(ticket_desk) == 1
    first, reason = capsys.readouterr().out.splitlines()[:2]
    assert first.startswith("late since")
    assert reason.strip().startswith("tickets is late: silent for 3")


def test_status_of_a_failed_run_is_one_and_says_why(ticket_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    deliver_daily(ticket_desk)
    ticket_desk.run()
    assert _status(ticket_desk) == 0
    state.ended(ticket_desk.folder / "data", 2, "failed", ["the disk is full"], [], {})
    capsys.readouterr()
    assert _status(ticket_desk) == 1
    said = capsys.readouterr().out
    assert said.startswith("failing since")
    assert "run 2 failed\n  the disk is full" in said


def test_status_leaves_the_folder_as_it_was(ticket_desk: Desk) -> None:
    deliver_daily(ticket_desk)
    ticket_desk.run()
    before = _looks(ticket_desk)
    _status(ticket_desk)
    assert _looks(ticket_desk) == before


def _looks(desk: Desk) -> list[tuple[str, int]]:
    """What lies in the data folder, but for the temp folder of whoever asks, which goes with the process."""
    paths = [path for path in (desk.folder / "data").rglob("*") if "/reading-" not in str(path)]
    return sorted((str(path), path.stat().st_mtime_ns) for path in paths)


# --- the parts ----------------------------------------------------------------------------------------------------------


def test_who_holds_a_folder_is_known_without_holding_it(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    lock = FolderLock(tmp_path)
    assert holder(tmp_path) == os.getpid()
    lock.release()
    assert (tmp_path / "pipelines.lock").read_text() == str(os.getpid())
    assert holder(tmp_path) is None


def test_a_state_says_since_when_runs_go_well_or_fail(tmp_path: Path) -> None:
    first = state.ended(tmp_path, 1, "done", [], [], {})
    second = state.ended(tmp_path, 2, "done", [], [], {})
    assert (second.fresh_since, second.failing_since) == (first.at, None)
    third = state.ended(tmp_path, 3, "failed", ["no room"], [], {})
    fourth = state.ended(tmp_path, 4, "done", ["[sources.a] gone"], [], {})
    assert (fourth.fresh_since, fourth.failing_since, fourth.good_at) == (None, third.at, second.at)
    finding = Finding("keys_are_unique", "error", "a key twice", "a", 1, "T1")
    assert state.ended(tmp_path, 5, "done", [], [finding], {}).failing_since == third.at
    well = state.ended(tmp_path, 6, "done", [], [], {})
    assert (well.fresh_since, state.read(tmp_path)) == (well.at, well)


def test_a_state_that_cannot_be_written_is_a_problem_and_no_end(tmp_path: Path) -> None:
    (tmp_path / "state.json").mkdir()
    kept = state.ended(tmp_path, 1, "done", [], [], {})
    assert "state.json cannot be written" in kept.problems[0]
    assert not kept.is_good


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (
            "[sources.a] Conversion Error: Could not convert Ada to INT32",
            "[sources.a] Conversion Error (the log says more)",
        ),
        ("error: a key twice (desk: 3, such as T1, T2)", "error: a key twice (desk: 3)"),
        ("column 'Ada' of \"Grace\" is odd", "column … of … is odd"),
        ("ada@example.com called from +44 20 7946 0958", "… called from …"),
        ("401 of https://crm.example.com", "401 of https://crm.example.com"),
        ("line\x1b[31m\nbreak", "line[31m break"),
    ],
)
def test_what_was_delivered_is_not_told_outside(problem: str, told: str) -> None:
    assert outside(problem) == told


def test_port_nought_is_no_address() -> None:
    with answering(Health(port=0), None):  # type: ignore[arg-type]
        names = [thread.name for thread in threading.enumerate()]
    assert "health address" not in names
