"""What questions cost: every one that pages ask, warm, with 30 days and with all time, and the heaviest beside plain SQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from tests.bench.asked import ALL_TIME, DAYS_30, EVERY_PAGE, ITS_OWN, Asked, of_pages
from tests.bench.figures import Figure, middle
from tests.bench.plain import PLAIN, Plain
from warehouse.ask import Warehouse

TIMES = 5
# What takes longer in all is asked fewer times, once at least.
LONGEST_SECONDS = 2.0
BARS = {DAYS_30: 100.0, ITS_OWN: 100.0, ALL_TIME: 700.0}
AT_MOST = 2.0


@dataclass(frozen=True)
class Timed:
    """A question with its median, in milliseconds, and that of plain SQL for the same answer; None: no plain SQL is written for it."""

    asked: Asked
    milliseconds: float
    plain: float | None

    @property
    def is_over(self) -> bool:
        return self.milliseconds > BARS[self.asked.period]


def figures(folder: Path, tickets: int) -> list[Figure]:
    """Every question of every page of the made-up desk in the folder, the slowest of each period first; raises ValueError where plain SQL answers otherwise."""
    return short(measured(folder), tickets)


def short(timed: list[Timed], tickets: int) -> list[Figure]:
    """A few lines a period: for a table."""
    found: list[Figure] = []
    for period in BARS:
        found += _of_period(period, [one for one in timed if one.asked.period == period], f"{tickets:,} tickets")
    return found


def every(timed: list[Timed], tickets: int) -> list[Figure]:
    """A line a question, the slowest first: for JSON."""
    slowest_first = sorted(timed, key=lambda one: -one.milliseconds)
    size = f"{tickets:,} tickets"
    return [
        Figure(
            f"{one.asked.period}: {one.asked.page}: {one.asked.name}",
            size,
            one.milliseconds,
            "ms",
            "plain SQL",
            one.plain,
            is_detail=True,
        )
        for one in slowest_first
    ]


def growth(small: list[Timed], large: list[Timed], sizes: tuple[int, int]) -> list[Figure]:
    """How much longer questions of a fixed 30 days take in the large desk, in the middle and at most; its 30 days hold as many times the rows."""
    before = {one.asked.name: one.milliseconds for one in small if one.asked.period == DAYS_30}
    ratios = [
        one.milliseconds / before[one.asked.name]
        for one in large
        if one.asked.period == DAYS_30 and one.asked.name in before
    ]
    size, rows = f"{sizes[0]:,} to {sizes[1]:,} tickets", sizes[1] / sizes[0]
    return [
        Figure(f"growth of a question, 30 days, {which}", size, ratio, "times", "as many rows", rows)
        for which, ratio in (("in the middle", middle(ratios)), ("at most", max(ratios)))
    ]


def measured(folder: Path, pages: Collection[str] = EVERY_PAGE) -> list[Timed]:
    """Every question of these pages with its median."""
    warehouse = Warehouse(folder / "data")
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{folder / 'data' / 'warehouse.duckdb'}' as desk (read_only); use desk")
        return [_timed(asked, warehouse, connection) for asked in of_pages(folder, pages)]


def _timed(asked: Asked, warehouse: Warehouse, connection: duckdb.DuckDBPyConnection) -> Timed:
    milliseconds = _median(lambda: asked.again(warehouse))
    plain = None if asked.is_filtered else PLAIN.get(asked.name)
    if plain is None:
        return Timed(asked, milliseconds, None)
    _refuse_another_answer(asked, plain, asked.again(warehouse), plain.answer(connection, asked))
    return Timed(asked, milliseconds, _median(lambda: plain.answer(connection, asked)))


def _median(ask: Callable[[], object]) -> float:
    """Milliseconds, once warm."""
    ask()
    took: list[float] = []
    while len(took) < TIMES and sum(took) < LONGEST_SECONDS * 1000:
        began = time.perf_counter()
        ask()
        took.append((time.perf_counter() - began) * 1000)
    return middle(took)


def _refuse_another_answer(asked: Asked, plain: Plain, ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    """Raises ValueError where plain SQL does not answer what the question does."""
    known = plain.of(ours)
    if not plain.equal(known, theirs):
        raise ValueError(f"{asked.name}, {asked.period}: plain SQL gives\n{theirs}\nand the question\n{known}")


def _of_period(period: str, timed: list[Timed], size: str) -> list[Figure]:
    slowest = max(timed, key=lambda one: one.milliseconds)
    compared = [one for one in timed if one.plain]
    over = [one for one in compared if one.milliseconds > AT_MOST * (one.plain or 0)]
    bar = f"{BARS[period]:.0f} ms"
    found = [
        Figure(f"the slowest question, {period}: {slowest.asked.name}", size, slowest.milliseconds, "ms", "plain SQL", slowest.plain),
        Figure(f"questions over {bar}, {period}", size, sum(one.is_over for one in timed), f"of {len(timed)}"),
    ]  # fmt: skip
    if compared:
        worst = max(compared, key=lambda one: one.milliseconds / (one.plain or 1))
        what = f"the dearest beside plain SQL, {period}: {worst.asked.name}"
        found += [
            Figure(what, size, worst.milliseconds, "ms", "plain SQL", worst.plain),
            Figure(f"more than twice plain SQL, {period}", size, len(over), f"of {len(compared)}"),
        ]
    return found
