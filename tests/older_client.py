"""DuckDB's command line of 1.5, which most analysts' tools still bring, as a process of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import duckdb_cli

BINARY = Path(duckdb_cli.__file__).parent / "duckdb"


def run(path: Path, sql: str) -> str:
    """What it prints as CSV without headers; the first error ends it and is raised."""
    command = [str(BINARY), "-readonly", "-csv", "-noheader", "-bail", str(path)]
    done = subprocess.run(command, input=sql, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode or done.stderr:
        raise AssertionError(done.stderr or f"ended with {done.returncode}")
    return done.stdout
