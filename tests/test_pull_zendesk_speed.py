"""A backfill is quick and small: measured in a process of its own, from a server that answers at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.fake_zendesk import TOKEN, USER, new_ticket
from tests.serving import Asked, FakeService

PAGES = 25
PULL = """
import json, re, sys, threading, time
from pathlib import Path
from pipelines.sources.remote import pull_one
from warehouse.settings import load

settings = load(Path(sys.argv[1]))
began = time.monotonic()
outcome = pull_one(settings, "desk", threading.Event())
seconds = time.monotonic() - began
# Of this program alone: what getrusage says begins with the memory of the process that started it.
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
print(json.dumps({"problems": outcome.problems, "seconds": seconds, "megabytes": peak / 1024}))
"""


class Ready(FakeService):
    """Pages of a thousand tickets of three kilobytes, made before they are asked for; everything else is empty."""

    def __init__(self) -> None:
        super().__init__()
        words = {
            "description": "The printer is on fire again. " * 40,
            "custom_fields": [{"id": number, "value": "x" * 20} for number in range(20)],
        }
        tickets = [new_ticket(number, 1_700_000_000 + number, 900, "email") | words for number in range(1000)]
        self.tickets = json.dumps(tickets).encode()
        self.route("GET", r"/api/v2/incremental/tickets/cursor\.json", self._page)
        self.route("GET", r"/api/v2/(?:.*/)?(\w+)\.json", self._nothing)

    def _page(self, asked: Asked) -> Any:
        after = int(asked.query.get("cursor", "0")) + 1
        ends = json.dumps({"after_cursor": str(after), "end_of_stream": after == PAGES}).encode()
        return b'{"tickets": ' + self.tickets + b", " + ends[1:]

    def _nothing(self, asked: Asked, name: str) -> Any:
        name = {"policies": "sla_policies"}.get(name, name)
        return {name: [], "end_time": None, "end_of_stream": True, "meta": {"has_more": False}}


def test_fifty_thousand_tickets_are_pulled_in_a_minute_within_300_megabytes(tmp_path: Path) -> None:
    with Ready() as service:
        address = f'kind = "zendesk"\naddress = "{service.address}"\nuser = "{USER}"\nrequests_a_minute = 100000\n'
        settings = tmp_path / "support.toml"
        settings.write_text(f'[data]\nfolder = "data"\n[sources.desk]\n{address}', encoding="utf-8")
        environment = {"SUPPORT_DESK_TOKEN": TOKEN, "PATH": ""}
        command = [sys.executable, "-c", PULL, str(settings)]
        project = Path(__file__).resolve().parents[1]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env=environment, cwd=project, timeout=120
        )
    measured = json.loads(done.stdout)
    assert measured["problems"] == []
    assert len(service.tickets) > 2_500_000
    assert PAGES * 1000 / measured["seconds"] * 60 > 50_000
    assert measured["megabytes"] < 300
