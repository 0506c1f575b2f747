"""What pages ask, and what they keep: one warehouse a process, every answer once a version."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from pages.elements import access, format, habits, periods
from pages.elements.habits import OURS, Habits
from pages.elements.kept import kept
from pages.elements.palette import Theme
from pages.elements.periods import Period
from pages.elements.process import of_file as of_file
from pages.elements.process import path as path
from pages.elements.process import settings as settings
from warehouse import dictionary as file_dictionary
from warehouse import glossary as metrics
from warehouse import state
from warehouse.ask import Filters, Warehouse
from warehouse.connection import version_path
from warehouse.deliveries import GAPS_OF_A_RHYTHM, judged
from warehouse.dictionary import Dictionary
from warehouse.errors import NoWarehouse, SupportError
from warehouse.scope import EVERYTHING, Scope
from warehouse.series import Grain, Split
from warehouse.standing import Facts, Pull, Standing, facts
from warehouse.standing import standing as stands

# Answers are small (aggregated); drawings are whole pages of figures.
KEPT_ANSWERS = 2000
KEPT_DRAWINGS = 200
CHOICES_SECONDS = 60


@dataclass(frozen=True)
class Source:
    """How far the data of a source goes."""

    name: str
    first_at: datetime | None
    as_of: datetime | None
    delivered_at: datetime | None
    answers_known: bool
    # A longer silence is late, by the source's own rhythm.
    allowed_seconds: float = 0


def first_at(sources: Iterable[Source]) -> datetime | None:
    """When the data of these sources begins, UTC without a zone; None where there is none."""
    return min((source.first_at for source in sources if source.first_at), default=None)


def begin(first_at: datetime, zone: str) -> str:
    """`the data begins on 28 Feb 1999`, in the account's time."""
    return f"the data begins on {format.date(periods.local_time(first_at, zone))}"


@dataclass(frozen=True)
class View:
    """Everything a drawing depends on: equal views look the same, so viewers share them."""

    settings: str
    version: int
    filters: Filters
    period: Period
    sources: tuple[Source, ...]
    as_of: datetime
    zone: str
    theme: Theme
    kind: str | None = None
    habits: Habits = OURS
    # How much of people this visitor may see.
    scope: Scope = field(kw_only=True)

    def ask(self, question: str, **values: Any) -> pd.DataFrame:
        """The answer for the period and filters of this view."""
        return answer(self.settings, self.version, question, self.filters, **values)

    def ask_before(self, question: str, **values: Any) -> pd.DataFrame | None:
        """The answer for the period this one is compared with; None where there is none."""
        before = self.filters_before
        return None if before is None else answer(self.settings, self.version, question, before, **values)

    @property
    def filters_before(self) -> Filters | None:
        """The filters with the period this one is compared with; None where there is none."""
        if self.period.previous_start is None or self.period.previous_end is None:
            return None
        return replace(self.filters, start=self.period.previous_start, end=self.period.previous_end)

    def series(
        self, name: str, grain: Grain | None = None, split: Split | None = None, filters: Filters | None = None
    ) -> pd.DataFrame:
        """A metric over time and by part (see Warehouse.series), for this view's filters or others."""
        return series(self.settings, self.version, name, filters or self.filters, grain, split, self.zone)

    @property
    def silent_sources(self) -> tuple[str, ...]:
        """Sources that do not say when a customer was answered: they have no waits."""
        return tuple(source.name for source in self.sources if not source.answers_known)

    @property
    def knows_waits(self) -> bool:
        return len(self.silent_sources) < len(self.sources)


@kept(most=20)
def _warehouse(settings_file: str) -> Warehouse:
    return Warehouse(of_file(settings_file).data.folder)


def rest() -> None:
    """Gives back what answers are worked out from; the answers that are kept stay."""
    _warehouse(path()).rest()


def version() -> int:
    """The newest published version; raises NoWarehouse and SettingsError."""
    return _warehouse(path()).version()


def damage() -> str | None:
    """Why another version than the newest published one is shown; None: it is the newest."""
    return _warehouse(path()).damage()


def published_at(version: int) -> datetime | None:
    """When a version was published, UTC without a zone; None where its file is gone."""
    try:
        written = version_path(settings().data.folder, version).stat().st_mtime
    except OSError:
        return None
    return datetime.fromtimestamp(written, UTC).replace(tzinfo=None)


@kept(most=20)
def findings(settings_file: str, version: int | None) -> int:
    """How many checks found something in this version."""
    if version is None:
        return 0
    return int(_answer(settings_file, version, "health_findings", Filters(), EVERYTHING)["name"].nunique())


def published() -> tuple[str, int | None]:
    """What answers depend on: the settings, and the newest published version; None as long as nothing was published."""
    try:
        return path(), version()
    except NoWarehouse:
        return path(), None


def answer(settings_file: str, version: int, question: str, filters: Filters, **values: Any) -> pd.DataFrame:
    """The answer of a question as this visitor may see it, kept as long as the version is the newest. The caller may change it."""
    asked = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return _answer(settings_file, version, question, filters, access.scope(), **asked).copy(deep=False)


@kept(most=KEPT_ANSWERS)
def _answer(
    settings_file: str, version: int, question: str, filters: Filters, scope: Scope, **values: Any
) -> pd.DataFrame:
    del version  # part of the key
    asked = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return _warehouse(settings_file).ask(question, filters, scope, **asked)


def series(
    settings_file: str, version: int, name: str, filters: Filters, grain: Grain | None, split: Split | None, zone: str
) -> pd.DataFrame:
    """A metric of the catalogue over time and by part as this visitor may see it, kept as long as the version is the newest."""
    return _series(settings_file, version, name, filters, grain, split, zone, access.scope()).copy(deep=False)


@kept(most=KEPT_ANSWERS)
def _series(
    settings_file: str,
    version: int,
    name: str,
    filters: Filters,
    grain: Grain | None,
    split: Split | None,
    zone: str,
    scope: Scope,
) -> pd.DataFrame:
    del version  # part of the key
    return _warehouse(settings_file).series(name, filters, grain, split, zone, scope=scope)


# What a page works out for a view (frames, figures), built once for everyone who looks at the same thing and may see as much of it:
# the view says how much that is. Nobody may change what is kept.
drawing = kept(most=KEPT_DRAWINGS)


@kept(most=5)
def glossary(settings_file: str, version: int) -> pd.DataFrame:
    """Every metric of this version with its definition (see warehouse.glossary)."""
    del version  # part of the key
    return _warehouse(settings_file).read(metrics.read)


@kept(most=5)
def dictionary(settings_file: str, version: int) -> Dictionary:
    """Every table, column and macro of this version with what it is (see warehouse.dictionary)."""
    del version  # part of the key
    return _warehouse(settings_file).read(file_dictionary.read)


@kept(most=20)
def sources(settings_file: str, version: int) -> tuple[Source, ...]:
    """Every source with data, as of this version."""
    refresh = of_file(settings_file).schedule.refresh_seconds
    # Neither question says anything of people.
    feeds = judged(
        _answer(settings_file, version, "health_sources", Filters(), EVERYTHING).copy(deep=False), now(), refresh
    )
    allowed = feeds[feeds["gaps"] >= GAPS_OF_A_RHYTHM].groupby("source")["allowed_seconds"].min()
    return tuple(
        Source(
            row.source,
            _instant(row.first_at),
            _instant(row.as_of),
            _instant(row.delivered_at),
            bool(row.answers_known),
            format.number(allowed.get(row.source)) or 0,
        )
        for row in _answer(settings_file, version, "sources_as_of", Filters(), EVERYTHING).itertuples()
    )


def standing(settings_file: str, version: int) -> Standing:
    """How the pipelines stand now, as far as the newest version and the file beside it say."""
    settings = of_file(settings_file)
    known, pulls = _deliveries(settings_file, version)
    return stands(known, pulls, state.read(settings.data.folder), now(), settings.schedule.refresh_seconds)


@kept(most=2)
def _deliveries(settings_file: str, version: int) -> tuple[Facts, list[Pull]]:
    del version  # part of the key
    ask = _warehouse(settings_file).ask
    pulls: Any = ask("health_pulls").drop_duplicates("name").itertuples()
    return facts(ask), [Pull(row.name, None if pd.isna(row.message) else row.message) for row in pulls]


def choices(settings_file: str, is_filled: bool) -> dict[str, dict[str, str]]:
    """For each filter its values with their labels, in order, as this visitor may see them. A new agent is in the list within a minute."""
    return _choices(settings_file, is_filled, access.scope(), int(time.monotonic() // CHOICES_SECONDS))


@kept(most=20)
def _choices(settings_file: str, is_filled: bool, scope: Scope, minute: int) -> dict[str, dict[str, str]]:
    del is_filled, minute  # parts of the key: the first data is in the lists at once
    frame = _warehouse(settings_file).ask("filter_choices", scope=scope)
    return {
        str(name): dict(zip(rows["value"], rows["label"], strict=True)) for name, rows in frame.groupby("dimension")
    }


def write_as_visitor() -> None:
    """Has this run of a page, or of a part of it that runs by itself, write numbers and times as support.toml says, else as the visitor's
    browser does."""
    try:
        locale = settings().clock.locale
    except SupportError:
        locale = None
    format.use(habits.of(locale or st.context.locale))


def now() -> datetime:
    """The present instant, UTC without a zone; the one of the settings where they fix it."""
    return settings().clock.as_of_utc() or datetime.now(UTC).replace(tzinfo=None)


def _instant(value: Any) -> datetime | None:
    moment: datetime | None = None if pd.isna(value) else value.to_pydatetime()
    return moment
