"""The benchmark's own sums: what it makes up is what it says, and a ratio is of two figures of one run."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd

from pipelines.refresh import Pipelines
from tests.bench import made_up, questions, upkeep
from tests.bench.figures import Figure, table
from tests.bench.plain import Plain
from warehouse.settings import load


def test_a_made_up_history_has_five_changes_and_a_message_a_ticket(tmp_path: Path) -> None:
    made_up.write_history(tmp_path, 300)
    assert [_rows(tmp_path, kind, "history") for kind in made_up.KINDS] == [300, 1500, 300]


def test_a_ticket_in_five_of_a_batch_is_older_than_ninety_days(tmp_path: Path) -> None:
    made_up.write_batch(tmp_path, 100_000, number=1)
    path = tmp_path / "tickets" / "batch-000001.csv"
    old = f"count(*) filter (where created_at < timestamp '{made_up.END}' - interval 90 days)"
    ((share, count),) = duckdb.sql(f"select {old} / count(*), count(*) from '{path}'").fetchall()
    assert 0.15 < share < 0.25
    assert count > 900


def test_a_figure_stands_beside_its_baseline_and_the_ratio_of_both() -> None:
    figures = [Figure("load", "10 tickets", 3, "s", "bare", 1.5), Figure("publish", "10 tickets", 250, "ms")]
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table(figures).splitlines()]
    assert lines[2] == ["load", "10 tickets", "3 s", "1.5 s bare", "2.00"]
    assert lines[3] == ["publish", "10 tickets", "250 ms", "", ""]


def test_the_benchmark_of_upkeep_says_what_it_took_and_what_it_gave_back(tmp_path: Path) -> None:
    found = upkeep.figures(tmp_path, 400, batches=4, size=40, nights=1, bare_batches=20)
    by_name = {(figure.what, figure.size): figure.value for figure in found}
    assert by_name["an upkeep: rows moved, median", "400 tickets, 4 batches of 40"] > 400
    before, after = (
        by_name[what, "20 bare batches of 40, 1 upkeeps"]
        for what in ("file before the last upkeep", "file after upkeep")
    )
    assert 0 < after <= before


def test_what_a_page_asks_is_found_and_answers_as_plain_sql_does(tmp_path: Path) -> None:
    (tmp_path / "support.toml").write_text(made_up.SETTINGS, encoding="utf-8")
    made_up.write_history(tmp_path / "exports", 2000)
    pipelines = Pipelines(load(tmp_path / "support.toml"))
    pipelines.run("test")
    pipelines.close()
    timed = questions.measured(tmp_path, ("wait_times",))  # raises where an answer differs
    asked = {(one.asked.period, one.asked.name) for one in timed}
    assert {("30 days", "wait_marks first"), ("all time", "wait_marks first"), ("all time", "wait_curve")} <= asked
    assert any(one.plain is not None for one in timed)
    assert max(one.milliseconds for one in timed) < 5000


def test_a_plain_answer_that_differs_is_refused() -> None:
    ours, theirs = pd.DataFrame({"value": [1.0, 2.0]}), pd.DataFrame({"value": [1.0, 2.1]})
    plain = Plain("", ("value",))
    assert plain.equal(plain.of(ours), ours)
    assert not plain.equal(plain.of(ours), theirs)
    assert not plain.equal(plain.of(ours), theirs.head(1))


def _rows(folder: Path, kind: str, name: str) -> int:
    ((count,),) = duckdb.sql(f"select count(*) from '{folder / kind / name}.csv'").fetchall()
    return int(count)
