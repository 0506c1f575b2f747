"""What a running dashboard says to a monitor: whether it can serve data, how old that is, and how the pipelines stand."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.datastructures import Headers

from pages.elements.door import Door, Rules
from tests.browsing import served
from tests.conftest import Desk
from tests.test_door import asked
from tests.test_seen_from_outside import CUSTOMER, deliver_daily
from warehouse import state

LOGIN = '[access]\nlogin = "header"\nproxies = ["10.9.9.9"]\nroles = [{ role = "admin", domains = ["example.com"] }]\n'


@dataclass
class Shown:
    address: str
    desk: Desk
    log: Path

    @property
    def data(self) -> Path:
        return self.desk.folder / "data"

    def health(self, expected: int = 200) -> dict[str, Any]:
        """What it says now: a version is looked at once a second."""
        time.sleep(1.1)
        status, text = _answer(f"{self.address}/api/health")
        assert status == expected, text
        told: dict[str, Any] = json.loads(text)
        return told

    def figures(self) -> dict[str, float]:
        families = text_string_to_metric_families(_answer(f"{self.address}/api/metrics")[1])
        return {"/".join([one.name, *one.labels.values()]): one.value for family in families for one in family.samples}


def _answer(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """A dashboard with a login."""
    desk = Desk(tmp_path_factory.mktemp("shown"), [LOGIN])
    desk.source("tickets", "ticket")
    deliver_daily(desk, f"Ticket-77,2026-01-01T10:00:00Z,email,Billing,Ada,{CUSTOMER}")
    desk.run()
    log = desk.folder / "dashboard.log"
    with (
        log.open("ab") as printed,
        served("dashboard.py", "--", "--settings", str(desk.settings_file()), printed=printed) as address,
    ):
        yield Shown(address, desk, log)


def test_a_dashboard_with_data_is_ready_and_says_how_old_it_is(shown: Shown) -> None:
    told = shown.health()
    assert (told["state"], told["version"], told["sessions"]) == ("ready", 1, 0)
    assert told["pipelines"]["state"] == "ok"
    assert told["fresh_since"] == told["pipelines"]["since"]
    assert 0 <= told["age_seconds"] < 3600


def test_where_visitors_log_in_no_name_is_said(shown: Shown) -> None:
    text = json.dumps(shown.health())
    assert not [word for word in ("tickets", "Ada", "Ticket-77", CUSTOMER, str(shown.desk.folder)) if word in text]


def test_its_metrics_are_read_by_prometheus_own_parser(shown: Shown) -> None:
    figures = shown.figures()
    assert (figures["support_dashboard_ready"], figures["support_dashboard_version"]) == (1, 1)
    assert (figures["support_state/ok"], figures["support_dashboard_sessions"]) == (1, 0)
    assert figures["process_resident_memory_bytes"] > 10_000_000


def test_its_metrics_are_for_this_machine_alone(shown: Shown) -> None:
    assert asked(shown.address, "/api/metrics").status == 200
    assert asked(shown.address, "/api/metrics", **{"X-Forwarded-For": "10.1.1.1"}).status == 404
    assert asked(shown.address, "/api/health", **{"X-Forwarded-For": "10.1.1.1"}).status == 200


def test_the_dashboard_says_that_the_pipelines_fail_and_goes_on_serving(shown: Shown) -> None:
    state.ended(shown.data, 2, "failed", [f"{CUSTOMER} is odd"], [], {})
    told = shown.health()
    assert (told["state"], told["pipelines"]["state"], told["fresh_since"]) == ("ready", "failing", None)
    assert CUSTOMER not in json.dumps(told)
    assert shown.figures()["support_state/failing"] == 1
    state.ended(shown.data, 3, "done", [], [], {})
    assert shown.health()["pipelines"]["state"] == "ok"


def test_a_published_file_that_is_rubbish_is_not_ready(shown: Shown) -> None:
    broken = shown.data / "warehouse-9.duckdb"
    broken.write_bytes(b"no warehouse at all")
    try:
        assert shown.health(503)["state"] == "no data"
        assert shown.figures()["support_dashboard_ready"] == 0
    finally:
        broken.unlink()
    assert shown.health()["state"] == "ready"


def test_the_dashboard_logs_json_lines_and_no_addresses_that_visitors_ask_for(shown: Shown) -> None:
    _answer(f"{shown.address}/tickets?q={CUSTOMER.replace(' ', '+')}")
    printed = [line for line in shown.log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    lines = [json.loads(line) for line in printed]
    assert {"uvicorn.error"} <= {line["logger"] for line in lines}
    assert "uvicorn.access" not in {line["logger"] for line in lines}
    assert "Hopper" not in shown.log.read_text(encoding="utf-8")


def test_monitors_that_support_toml_names_may_ask_for_metrics() -> None:
    def refusal(client: str) -> object:
        rules = Rules(monitors=(ip_network("10.0.0.0/24"),))
        scope = {"type": "http", "path": "/api/metrics", "client": (client, 1), "headers": [(b"host", b"127.0.0.1")]}
        return Door(None, rules)._refusal(scope, Headers(scope=scope))  # type: ignore[arg-type]

    assert refusal("10.0.0.5") is None
    assert refusal("10.0.1.5") == (404, "Not found")
