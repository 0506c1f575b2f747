"""The raw tables of a Zendesk account, from files to every metric, SLA and backlog: what the answer key's generator makes, at any size."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.bench import loading
from tests.bench.figures import Figure
from tests.conftest import SHARED

# What the public dbt package took for 200,000 tickets on two such cores, as the answer key's authors measured it.
PEER_TICKETS, PEER_SECONDS, PEER_MEGABYTES = 200_000, 152.0, 2250.0
SETTINGS = """
[data]
folder = "data"
[sources.zendesk]
kind = "zendesk_tables"
path = "exports"
"""


def figures(folder: Path, tickets: int = PEER_TICKETS) -> list[Figure]:
    """One run on so many made-up tickets; nothing where the generator is missing."""
    generator = SHARED / "oracles" / "zendesk" / "generate.py"
    if not generator.exists():
        return []
    exports = folder / "exports"
    if not exports.exists():
        exports.mkdir(parents=True)
        command = [sys.executable, str(generator), "--tickets", str(tickets), "--seed", "7", "--out", str(exports)]
        subprocess.run(command, check=True, capture_output=True)
    (folder / "support.toml").write_text(SETTINGS, encoding="utf-8")
    told = loading.runs(folder, tickets, batches=0)
    seconds = sum(told["runs"][0].get(step, 0) for step in loading.STEPS)
    size, peer = loading.size_of(tickets), "the public dbt package, as published"
    is_same = tickets == PEER_TICKETS
    return [
        Figure(
            "a Zendesk account's raw tables, from files to every metric",
            size,
            seconds,
            "s",
            peer if is_same else "",
            PEER_SECONDS if is_same else None,
        ),
        Figure(
            "memory of that, at most",
            size,
            told["megabytes"],
            "MB",
            peer if is_same else "",
            PEER_MEGABYTES if is_same else None,
        ),
    ]
