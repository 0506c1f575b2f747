"""A minute of the made-up help desk at a hundred times its speed: nothing grows that should not, and what was written is what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import long_run, written
from tests.bench.figures import Figure

pytestmark = pytest.mark.alone
# Streamlit keeps 128 visitors who left for two minutes, with three handles each.
HANDLES_OF_WHO_LEFT = 128 * 3


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Figure]:
    """Raises where a page did not answer, the live page stood still, or sums differ."""
    folder = tmp_path_factory.mktemp("long run")
    return {figure.what: figure for figure in long_run.figures(folder, minutes=1, tickets=2000, days=4)}


@pytest.mark.parametrize("part", ["sample", "pipelines", "dashboard"])
def test_memory_handles_and_threads_stay_flat(part: str, found: dict[str, Figure]) -> None:
    memory, threads = (found[f"{part}: {what}, last third"].ratio for what in ("memory", "threads"))
    assert memory is not None
    assert threads is not None
    assert memory < 1.5
    assert threads < 1.5
    assert found[f"{part}: file handles, at most"].value < 150 + (part == "dashboard") * HANDLES_OF_WHO_LEFT


def test_files_grow_with_what_was_delivered_and_leave_nothing_behind(found: dict[str, Figure]) -> None:
    for part in ("loading", "published"):
        by_row = found[f"{part} file by delivered row, last third"].ratio
        assert by_row is not None
        assert by_row < 1.3
    # Those of a run under way and one more: a version is kept while the next is put in place.
    assert found["versions kept, at most"].value <= 4
    assert found["files that pass, at the end"].value <= 3


def test_a_row_that_is_missing_or_counted_twice_is_seen(tmp_path: Path) -> None:
    (tmp_path / "tickets").mkdir()
    lines = ["ticket_id,status", "T-1,new", "T-2,new", "T-1,solved"]
    (tmp_path / "tickets" / "tickets-1.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sums = written.Exports(tmp_path).read()
    assert (sums.files, sums.rows, sums.expected()["tickets"]) == (1, 3, 2)
    assert sums.statuses() == {"solved": 1, "new": 1}
