"""The live page while the hardest queries run on the SQL page: it does not slow by more than half."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import scoped_desk
from tests.browsing import dashboard
from tests.test_adhoc_breakouts import WORST
from tests.viewer import seconds_to_draw
from warehouse.adhoc import AdHoc, Query
from warehouse.errors import QueryRefused
from warehouse.settings import Sql

pytestmark = pytest.mark.alone
VISITS = 15
# What is bounded is the ratio of neighbouring rounds, the median of three.
MOST_TIMES_SLOWER = 1.5
ROUNDS = 3


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scoped_desk.publish(tmp_path_factory.mktemp("beside"))


@pytest.fixture(scope="module")
def address(desk: Path) -> Iterator[str]:
    with dashboard(desk) as served:
        for _ in range(3):
            seconds_to_draw(served)
        yield served


def median_visit(address: str, queries: list[Query] | None = None) -> float:
    """Seconds of a visit to the live page, the median; queries that are asked for are polled meanwhile, as their page does."""
    visits = []
    for _ in range(VISITS):
        visits.append(seconds_to_draw(address))
        for query in queries or []:
            poll(query)
    return statistics.median(visits)


def poll(query: Query) -> None:
    """One over its limit has ended as it should; the next round starts others."""
    try:
        query.poll()
    except QueryRefused:
        return


@contextmanager
def running(desk: Path, sql: str) -> Iterator[list[Query]]:
    """As many of a query as may run at once, until the measuring is over."""
    limits = Sql()
    adhoc = AdHoc(desk.parent / "data", limits)
    queries = [query for query in (started(adhoc, sql) for _ in range(limits.at_once)) if query]
    yield queries
    for query in queries:
        query.stop()
    adhoc.close()


def started(adhoc: AdHoc, sql: str) -> Query | None:
    """The query on its way; None where its text alone is refused at once."""
    try:
        return adhoc.start(sql)
    except QueryRefused:
        return None


@pytest.mark.parametrize("kind", WORST)
def test_the_hardest_queries_slow_the_live_page_by_no_more_than_half(kind: str, desk: Path, address: str) -> None:
    ratios = []
    for _ in range(ROUNDS):
        alone = median_visit(address)
        with running(desk, WORST[kind]) as queries:
            ratios.append(median_visit(address, queries) / alone)
    print(f"{kind}: {', '.join(f'{ratio:.2f}' for ratio in ratios)} times the visit alone")
    assert statistics.median(ratios) <= MOST_TIMES_SLOWER
