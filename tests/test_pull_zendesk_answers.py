"""An account pulled from Zendesk gives the figures that its raw tables give, which an independent answer key holds (test_answer_key.py)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.refresh import Pipelines, Report
from tests.fake_zendesk import TOKEN, USER, epoch
from tests.zendesk_from_tables import account_of_tables
from warehouse.settings import load

AS_OF = "2026-01-01T00:00:00Z"
SETTINGS = """
[data]
folder = "{folder}"
[clock]
as_of = "{as_of}"
[sources.zendesk]
{source}
"""
# Whose comments the tables ascribe to nobody: by the API, who is no agent is a customer.
UNKNOWN = "select ticket_id from tables.store.message_rows where author_kind = 'unknown'"


@pytest.fixture(scope="module")
def both(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouses made of the raw tables (`tables`) and of the API (`api`), attached."""
    folder = tmp_path_factory.mktemp("zendesk")
    exports = shared / "oracles" / "zendesk" / "exports"
    with pytest.MonkeyPatch.context() as patched, account_of_tables(exports, epoch(AS_OF) + 3600) as service:
        for name, value in {"SUPPORT_PRIVACY_KEY": "one key for both", "SUPPORT_ZENDESK_TOKEN": TOKEN}.items():
            patched.setenv(name, value)
        _run(folder / "tables", f'kind = "zendesk_tables"\npath = "{exports}"')
        paced = 'requests_a_minute = 100000\nfirst_wait = "0.01s"'
        _run(folder / "api", f'kind = "zendesk"\naddress = "{service.address}"\nuser = "{USER}"\n{paced}')
    with duckdb.connect() as connection:
        for name in ("tables", "api"):
            connection.execute(f"attach '{folder / name / 'data' / 'warehouse.duckdb'}' as {name} (read_only)")
        yield connection


def _run(folder: Path, source: str) -> Report:
    folder.mkdir()
    settings = folder / "support.toml"
    settings.write_text(SETTINGS.format(folder=folder / "data", as_of=AS_OF, source=source), encoding="utf-8")
    pipelines = Pipelines(load(settings))
    pipelines.pull()
    report = pipelines.run("test")
    pipelines.close()
    assert report is not None
    assert (report.state, report.problems) == ("done", [])
    return report


def _same(both: duckdb.DuckDBPyConnection, table: str, columns: str = "*", where: str = "true") -> int:
    """How many rows both have; fails with some that one alone has."""
    found = {
        name: Counter(
            both.execute(
                f"select {columns} from {name}.{table} where ticket_id not in ({UNKNOWN}) and {where}"
            ).fetchall()
        )
        for name in ("tables", "api")
    }
    alone = {"tables": found["tables"] - found["api"], "api": found["api"] - found["tables"]}
    assert not any(alone.values()), {name: (rows.total(), list(rows)[:3]) for name, rows in alone.items()}
    return found["api"].total()


def test_tickets_have_every_figure_that_the_tables_give_them(both: duckdb.DuckDBPyConnection) -> None:
    assert _same(both, "tickets") > 2_000


def test_waits_are_those_of_the_tables(both: duckdb.DuckDBPyConnection) -> None:
    assert _same(both, "waits") > 3_000


def test_promises_come_out_as_by_the_tables(both: duckdb.DuckDBPyConnection) -> None:
    assert _same(both, "sla_outcomes") > 6_000


def test_changes_are_those_of_the_tables(both: duckdb.DuckDBPyConnection) -> None:
    fields = "field in ('status', 'agent', 'team', 'priority')"
    assert _same(both, "ticket_events", "ticket_id, happened_at, field, old_value, new_value", fields) > 20_000


def test_calendars_are_those_of_the_tables(both: duckdb.DuckDBPyConnection) -> None:
    for table in ("schedule_hours", "holidays"):
        rows = [
            both.execute(f"from {name}.{table} where schedule_id <> 'none yet' order by all").fetchall()
            for name in ("tables", "api")
        ]
        assert rows[0] == rows[1] != []
