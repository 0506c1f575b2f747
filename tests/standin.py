"""A made-up service and a small puller of it, to try the scenarios of tests/pulling.py on: python -m tests.standin run --settings FILE

The puller keeps pages as files that a source of files then loads. It is as careful as a puller has to be; `mistakes` make it careless.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx2

from pipelines import __main__ as program
from pipelines.refresh import Pipelines, Report
from tests.conftest import Desk
from tests.faults import Fault
from tests.serving import Asked, FakeService, Reply
from warehouse.settings import Settings, load

KEY = "a key"
PAGE = 3
Mistake = Literal["cursor first", "no retries", "takes any answer", "forgets deleted", "asks on", "ignores retry-after", "no cursor"]


class FakeStandIn(FakeService):
    """Tickets by when they were changed, three on a page, from `after` (exclusive) on."""

    def __init__(self) -> None:
        super().__init__()
        self.tickets = [_ticket(number) for number in range(1, 12)]
        self.route("GET", "/tickets", self._page)

    def refuse(self, asked: Asked) -> Reply | None:
        return None if asked.headers.get("authorization") == f"Bearer {KEY}" else Reply(401)

    def _page(self, asked: Asked) -> Any:
        after = asked.query.get("after", "")
        changed = sorted(
            (ticket for ticket in self.tickets if ticket["seen_at"] > after), key=lambda ticket: str(ticket["seen_at"])
        )
        return {"tickets": changed[:PAGE], "more": len(changed) > PAGE}


def _instant(number: int) -> str:
    return f"2026-03-{1 + number // 24:02}T{number % 24:02}:00:00Z"


def _ticket(number: int, **more: str) -> dict[str, str]:
    ticket = {"ticket_id": str(number), "created_at": _instant(number), "updated_at": _instant(number), "status": "open"}
    return ticket | {"agent": f"Agent {number % 3}", "seen_at": _instant(number)} | more


class StandInCase:
    kind = "standin"
    secrets = {"SUPPORT_STANDIN_KEY": KEY}
    renamed = ("tickets", "status")
    requests_when_quiet = 1
    fresh_pull_tells_of_deleted = True
    limit = None

    def start(self) -> FakeStandIn:
        return FakeStandIn().start()


def pull(folder: Path, address: str) -> None: ...
