"""A short run of the benchmarks of what many viewers cost, with loose bounds: nobody loses the speed unnoticed."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipelines.refresh import Pipelines
from tests.bench import made_up, merging, viewers
from warehouse.settings import load

pytestmark = pytest.mark.alone
TICKETS, VIEWERS = 3000, 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("viewers")
    (home / "support.toml").write_text(made_up.SETTINGS, encoding="utf-8")
    made_up.write_history(home / "exports", TICKETS)
    pipelines = Pipelines(load(home / "support.toml"))
    pipelines.run("test")
    pipelines.close()
    return home


def test_twenty_viewers_are_redrawn_in_time_and_none_is_dropped(folder: Path) -> None:
    found = {figure.what: figure for figure in viewers.figures(folder, TICKETS, VIEWERS, minutes=0.5)}
    assert found["live page: viewers dropped"].value == 0
    assert found["live page: redraws missed"].value == 0
    assert found["live page: a refresh, p95"].value < 1.5
    assert found["live page: new version to its redraw, p95"].value < 4
    flat = found["live page: memory, last minute beside the first"].ratio
    assert flat is not None
    assert flat < 1.1
    assert found["memory of a dashboard without viewers, every page drawn once"].value < 500


def test_a_batch_merged_into_keyed_tables_changes_tickets_and_adds_none(folder: Path) -> None:
    merging.figures(folder, TICKETS, batches=2)
    with duckdb.connect(str(folder / "keyed.duckdb"), read_only=True) as connection:
        counts = connection.execute("select count(*), count(distinct ticket_id) from tickets").fetchone()
    assert counts == (TICKETS, TICKETS)
