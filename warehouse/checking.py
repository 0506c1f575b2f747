"""The check step: every file of checks/ must return no rows. What it finds is kept in `check_results`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from warehouse.connection import SQL_FOLDER

_HEADER = re.compile(r"^-- (severity|meaning): (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Check:
    """One check: its SQL gives (source, example) rows, one per thing that is wrong."""

    name: str
    severity: str
    meaning: str
    sql: str


@dataclass(frozen=True)
class Finding:
    """What a check found on one source."""

    name: str
    severity: str
    meaning: str
    source: str
    found: int
    examples: str

    def line(self) -> str:
        return f"{self.severity}: {self.meaning} ({self.source}: {self.found:,}, such as {self.examples})"


@cache
def checks() -> tuple[Check, ...]:
    """All checks of checks/, by name."""
    return tuple(_read(path) for path in sorted((SQL_FOLDER / "checks").glob("*.sql")))


def _read(path: Path) -> Check:
    text = path.read_text(encoding="utf-8")
    header = dict(_HEADER.findall(text))
    return Check(path.stem, header["severity"], header["meaning"], text)


def run_checks(connection: duckdb.DuckDBPyConnection, run_id: int) -> list[Finding]:
    """Runs every check, keeps what was found in `check_results`, and returns it, errors first.

    Checks of single tickets look at those of temp table checked_tickets, which a build leaves: the others are as they were.
    """
    connection.execute(
        "create temp table if not exists checked_tickets as select distinct ticket_no from store.tickets"
    )
    findings = [finding for check in checks() for finding in _run(connection, check)]
    connection.execute("drop table temp.checked_tickets")
    connection.execute("begin")
    connection.execute("delete from check_results")
    for finding in findings:
        values = (
            run_id,
            finding.name,
            finding.severity,
            finding.meaning,
            finding.source,
            finding.found,
            finding.examples,
        )
        connection.execute("insert into check_results values (?, ?, ?, ?, ?, ?, ?)", values)
    connection.execute("commit")
    return sorted(findings, key=lambda finding: (finding.severity != "error", finding.name, finding.source))


def _run(connection: duckdb.DuckDBPyConnection, check: Check) -> list[Finding]:
    rows = connection.execute(
        f"select coalesce(source, ''), count(*), array_to_string(list(example order by example)[:3], ', ') from ({check.sql}) group by all order by all"
    ).fetchall()
    return [
        Finding(check.name, check.severity, check.meaning, source, found, examples) for source, found, examples in rows
    ]
