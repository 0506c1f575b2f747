"""Marts are kept up to date from what changed; that must give what a rebuild from the landing folder gives, row for row."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines.sample import write_history
from pipelines.sample.exports import DEFAULT_END
from tests.conftest import Desk

PROJECT = Path(__file__).resolve().parents[1]
# What differs between two ways to the same tables: when and in which run something was done.
WHEN_DONE = {"files": "run_id", "runs": "*"}


def _sample_desk(folder: Path) -> Desk:
    """A desk with the settings that we ship, on exports of its own."""
    text = (PROJECT / "support.toml").read_text(encoding="utf-8")
    return Desk(folder, [text.replace("data/exports", "exports")])


def _tables(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(folder / "data" / "warehouse.duckdb"), read_only=True) as connection:
        names = connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name in ('main', 'store')"
            " union all select 'main', view_name from duckdb_views() where not internal order by all"
        ).fetchall()
        rows = {}
        for schema, name in names:
            if name in ("runs", "looked", "memory", "check_results", "delivered_columns"):
                continue
            columns = "* exclude (run_id)" if name == "files" else "*"
            rows[f"{schema}.{name}"] = connection.execute(
                f"select {columns} from {schema}.{name} order by all"
            ).fetchall()
        return rows


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("history")
    write_history(folder / "exports", days=20, tickets=1_500, seed=3, end=DEFAULT_END)
    return folder / "exports"


def _deliver_in_steps(history: Path, desk: Desk, order: list[Path], steps: int) -> None:
    for kind in history.iterdir():
        (desk.folder / "exports" / kind.name).mkdir(parents=True, exist_ok=True)
    for step in range(steps):
        for path in order[step::steps] if steps > 1 else order:
            target = desk.folder / "exports" / path.relative_to(history)
            shutil.copy2(path, target)
        report = desk.run()
        assert report.state == "done", report.problems


def test_twenty_small_runs_give_the_tables_of_a_rebuild_from_the_landing_folder(history: Path, tmp_path: Path) -> None:
    desk = _sample_desk(tmp_path)
    _deliver_in_steps(history, desk, sorted(history.rglob("*.csv")), 20)
    step_by_step = _tables(tmp_path)
    (tmp_path / "data" / "loading.duckdb").unlink()
    desk.run()
    rebuilt = _tables(tmp_path)
    assert rebuilt.keys() == step_by_step.keys()
    for name, rows in step_by_step.items():
        assert rebuilt[name] == rows, name
    assert len(step_by_step["store.tickets"]) == 1_500


def test_the_same_rows_in_any_order_of_delivery_give_the_same_tables(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPPORT_PRIVACY_KEY", "one key for both data folders")
    in_order, shuffled = _sample_desk(tmp_path / "in order"), _sample_desk(tmp_path / "shuffled")
    paths = sorted(history.rglob("*.csv"))
    _deliver_in_steps(history, in_order, paths, 1)
    _deliver_in_steps(history, shuffled, random.Random(5).sample(paths, len(paths)), 4)
    expected, found = _tables(in_order.folder), _tables(shuffled.folder)
    for name, rows in expected.items():
        if name.startswith("main.") and name not in ("main.files", "main.rejected_rows"):
            assert found[name] == rows, name
