"""Which questions pages really ask: every page is run as a visitor finds it, and what it asks of the warehouse is noted."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd
from streamlit.testing.v1 import AppTest

from warehouse.ask import Filters, Warehouse
from warehouse.catalogue import CATALOGUE
from warehouse.series import SPLITS

NAVIGATION = Path(__file__).resolve().parents[2] / "pages" / "navigation.py"
DAYS_30, ALL_TIME, ITS_OWN = "30 days", "all time", "its own period"
# Of a period that a visitor chooses, and of one that a page has by itself.
OF_A_PERIOD = ("queue_volume", "wait_times", "consistency", "agents", "customer_voice")
OF_NOW = ("live", "weekly_summary", "data_health")
EVERY_PAGE = (*OF_A_PERIOD, *OF_NOW, "trends", "tickets", "ticket")
SETS = (
    *("created", "arrived", "answered", "solved", "first_solved", "resolved", "waits", "first_waits", "decided"),
    *("missed", "promises", "broken", "open_then"),
)
SETS_NOW = ("open", "waiting", "past", "unassigned", "due")
Query = Mapping[str, str | list[str]]
NOTHING = Filters()


@dataclass(frozen=True)
class Asked:
    """One question as a page asked it: of what period, of which page first, and how it is asked again."""

    period: str
    page: str
    question: str
    filters: Filters
    values: tuple[tuple[str, Any], ...]
    is_series: bool

    @property
    def name(self) -> str:
        """What it is called in a table: the question and what tells it from others of its name."""
        told = [str(value) for name, value in self.values if value is not None and name not in _UNTOLD]
        return " ".join([f"series {self.question}" if self.is_series else self.question, *told])

    @property
    def is_filtered(self) -> bool:
        """Whether it is of some sources, channels, teams or agents alone."""
        return any((self.filters.sources, self.filters.channels, self.filters.teams, self.filters.agents))

    def again(self, warehouse: Warehouse) -> pd.DataFrame:
        ask = warehouse.series if self.is_series else warehouse.ask
        found: pd.DataFrame = ask(self.question, self.filters, **{name: _thawed(value) for name, value in self.values})
        return found


_UNTOLD = ("zone", "as_of", "today", "start", "end", "at", "until", "most", "within_days", "previous_start")
_UNTOLD += ("previous_end", "source", "ticket_id", "seconds", "since", "near", "by_number")


def of_pages(folder: Path, pages: Collection[str] = EVERY_PAGE) -> list[Asked]:
    """Every question of these pages with 30 days and with all time, each once, in the order it was asked."""
    warehouse = Warehouse(folder / "data")
    moments = warehouse.ask("sources_as_of").iloc[0]
    found: dict[tuple[Any, ...], Asked] = {}
    for period, page, query in _visits(warehouse, _newest(warehouse), str(moments["source"])):
        if page not in pages:
            continue
        with _noted() as noted:
            _visit(folder, page, query)
        for question, filters, values, is_series in noted:
            asked = Asked(period, page, question, filters, values, is_series)
            found.setdefault((question, filters, values), asked)
    return list(found.values())


def _newest(warehouse: Warehouse) -> datetime:
    """When the newest ticket was made: the 30 days before it are full, those before the newest change need not be."""
    nothing = dict.fromkeys(("start", "end", "since", "topics", "priorities", "none", "words", "weekday", "hour"))
    found = warehouse.ask("tickets_behind", NOTHING, which="created", zone="UTC", most=1, **nothing)
    newest: datetime = found["moment"].iloc[0].to_pydatetime()
    return newest


def _visits(warehouse: Warehouse, newest: datetime, source: str) -> Iterator[tuple[str, str, Query]]:
    """Period, page and address of each visit."""
    busiest = warehouse.ask("agents_table", Filters(newest - timedelta(days=30)), within_days=7)
    agent = str(busiest.sort_values("tickets").iloc[-1]["agent"])
    for page in OF_NOW:
        yield ITS_OWN, page, {}
    first, last = (newest - timedelta(days=29)).date(), newest.date()
    for period, chosen in (
        (DAYS_30, {"period": "chosen days", "days": [str(first), str(last)]}),
        (ALL_TIME, {"period": "all"}),
    ):
        for page in OF_A_PERIOD:
            yield period, page, chosen
        yield period, "wait_times", chosen | {"answers": "all answers"}
        yield period, "agents", chosen | {"agent": agent}
        for split in SPLITS:
            yield period, "trends", chosen | {"split": split}
        for metric in CATALOGUE:
            yield period, "trends", chosen | {"metric": metric}
    yield from _ticket_visits(warehouse, newest, source)


def _ticket_visits(warehouse: Warehouse, newest: datetime, source: str) -> Iterator[tuple[str, str, Query]]:
    span = {"from": (newest - timedelta(days=30)).isoformat(), "to": newest.isoformat()}
    for which in SETS:
        yield DAYS_30, "tickets", {"which": which} | span
    for which in (*SETS, *SETS_NOW):
        yield ALL_TIME, "tickets", {"which": which}
    yield ALL_TIME, "tickets", {"q": "refund parcel"}
    one = warehouse.ask("agent_tickets", Filters(newest - timedelta(days=1)), most=1)["ticket_id"].iloc[0]
    yield DAYS_30, "ticket", {"source": source, "id": str(one)}


def _visit(folder: Path, page: str, query: Query) -> None:
    """The page as a visitor with this address finds it."""
    with patch.dict(os.environ, {"SUPPORT_SETTINGS": str(folder / "support.toml")}):
        app = AppTest.from_file(str(NAVIGATION), default_timeout=600)
        if page != "live":
            app.switch_page(f"{page}.py")
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
    if app.exception:
        raise RuntimeError(f"{page} {dict(query)}: {app.exception[0].message}")


@contextmanager
def _noted() -> Iterator[list[tuple[str, Filters, tuple[tuple[str, Any], ...], bool]]]:
    """Every call of Warehouse.ask and Warehouse.series while it lasts."""
    noted: list[tuple[str, Filters, tuple[tuple[str, Any], ...], bool]] = []

    def noting(method: Callable[..., pd.DataFrame], is_series: bool) -> Callable[..., pd.DataFrame]:
        def call(warehouse: Warehouse, question: str, filters: Filters = NOTHING, *args: Any, **values: Any) -> Any:
            given = dict(zip(("grain", "split", "zone") if is_series else ("scope",), args, strict=False)) | values
            given.pop("scope", None)
            noted.append((question, filters, tuple(sorted((n, _frozen(v)) for n, v in given.items())), is_series))
            return method(warehouse, question, filters, *args, **values)

        return call

    with (
        patch.object(Warehouse, "ask", noting(Warehouse.ask, is_series=False)),
        patch.object(Warehouse, "series", noting(Warehouse.series, is_series=True)),
    ):
        yield noted


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _thawed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
