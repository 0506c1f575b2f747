"""What the made-up help desk wrote, read back with plain Python, beside what the warehouse holds of it."""

from __future__ import annotations

import csv
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

IDS = {
    "tickets": "ticket_id",
    "events": "event_id",
    "messages": "message_id",
    "calls": "call_id",
    "surveys": "response_id",
}
FOUND = {
    "files": "select count(*) from files where state = 'loaded' and feed <> 'sample_annotations' and source = 'sample'",
    "rows": "select sum(rows_read)::bigint from files where feed <> 'sample_annotations' and source = 'sample'",
    "accounted": (
        "select sum(rows_loaded + rows_unchanged + rows_superseded + rows_rejected)::bigint from files"
        " where feed <> 'sample_annotations' and source = 'sample'"
    ),
    "rejected": "select count(*) from rejected_rows",
    "tickets": "select count(*) from store.ticket_rows",
    "events": "select count(*) from store.event_rows",
    "messages": "select count(*) from messages",
    "calls": "select count(*) from store.call_rows",
    "surveys": "select count(*) from survey_responses",
    "answers": "select count(score) from survey_responses",
    "score": "select sum(score)::bigint from survey_responses",
}
STATUSES = (
    "select status, count(*) from tickets where ticket_id in (select ticket_id from store.ticket_rows) group by status"
)


@dataclass
class Sums:
    """What was written: files, rows, and by id the newest row of each kind."""

    files: int = 0
    rows: int = 0
    newest: dict[str, dict[str, dict[str, str]]] = field(default_factory=lambda: {kind: {} for kind in IDS})

    def expected(self) -> dict[str, Any]:
        scores = [int(row["score"]) for row in self.newest["surveys"].values() if row["score"]]
        counts = {kind: len(rows) for kind, rows in self.newest.items()}
        whole = {"files": self.files, "rows": self.rows, "accounted": self.rows, "rejected": 0}
        return whole | counts | {"answers": len(scores), "score": sum(scores)}

    def statuses(self) -> dict[str, int]:
        return dict(Counter(row["status"] for row in self.newest["tickets"].values()))


class Exports:
    """The folder that a made-up help desk writes into; each file is read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: set[Path] = set()
        self._sums = Sums()

    def read(self) -> Sums:
        """What is there by now. Files of a kind are named by the time they were written, so the last row of an id is its newest."""
        for kind, name in IDS.items():
            for path in sorted(set((self.folder / kind).glob(f"{kind}-*.csv")) - self._seen, key=_written_at):
                self._seen.add(path)
                self._sums.files += 1
                with path.open(encoding="utf-8", newline="") as file:
                    for row in csv.DictReader(file):
                        self._sums.rows += 1
                        self._sums.newest[kind][row[name]] = row
        return self._sums


def _written_at(path: Path) -> tuple[int, str]:
    return (path.stat().st_mtime_ns, path.name)


def differences_in_the_end(exports: Exports, data: Path, most_seconds: float) -> list[str]:
    """Waits until as many files are loaded as were written, so long at most, and says what differs then."""
    until = time.monotonic() + most_seconds
    while found(data)["files"] != exports.read().files and time.monotonic() < until:
        time.sleep(1)
    return differences(exports.read(), data)


def found(data: Path) -> dict[str, Any]:
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as connection:
        return {name: connection.execute(sql).fetchall()[0][0] for name, sql in FOUND.items()}


def differences(written: Sums, data: Path) -> list[str]:
    """A line a sum that is another in the warehouse."""
    there = found(data)
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as connection:
        statuses = dict(connection.execute(STATUSES).fetchall())
    lines = [
        f"{name}: {value} written, {there[name]} found"
        for name, value in written.expected().items()
        if value != there[name]
    ]
    if statuses != written.statuses():
        lines.append(f"tickets by status: {written.statuses()} written, {statuses} found")
    return lines
