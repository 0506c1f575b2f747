"""How `serve` does, kept for other threads: the writer says what it found after each look, and nobody else touches its connection."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import pandas as pd
from apscheduler.events import JobExecutionEvent

from pipelines.health import Document, document
from pipelines.refresh import Pipelines, Report
from warehouse import state
from warehouse.ask import question_sql
from warehouse.errors import FolderError
from warehouse.standing import Facts, facts
from warehouse.state import State

log = logging.getLogger("pipelines")


@dataclass(frozen=True)
class Seen:
    """What the writer saw last, as a whole."""

    known: Facts
    last: State | None


class Watch:
    """Made, and told of each look, in the writer's turn; read by any thread."""

    def __init__(self, pipelines: Pipelines) -> None:
        self._settings = pipelines.settings
        self._problems: list[str] = []
        self._broken: dict[str, str] = {}
        self._seen = Seen(_facts(pipelines), _last(pipelines))

    def looked(self, pipelines: Pipelines, report: Report | None) -> None:
        """After a look for new exports, and the run that it led to."""
        if report:
            self._seen = Seen(_facts(pipelines), pipelines.last)
        last = self._seen.last
        if last and not report:
            # A folder that cannot be reached leads to no run, and neither does one that is back.
            kept = [problem for problem in last.problems if problem not in self._problems]
            now = [*kept, *(problem for problem in pipelines.problems if problem not in kept)]
            if now != last.problems:
                _say(now, last.problems)
                self._seen = replace(self._seen, last=state.keep(self._settings.data.folder, last, now))
        self._problems = pipelines.problems

    def heard(self, event: JobExecutionEvent) -> None:
        """How a job of the schedule ended: what broke stands as a problem until it goes well."""
        self._broken.pop(event.job_id, None)
        if event.exception:
            self._broken[event.job_id] = f"{event.job_id} broke ({type(event.exception).__name__}): the log says more"

    @property
    def known(self) -> Facts:
        return self._seen.known

    def document(self) -> Document:
        """How things stand now (see pipelines.health.document)."""
        seen = self._seen
        return document(self._settings, seen.known, seen.last, [*self._broken.values()])


def _facts(pipelines: Pipelines) -> Facts:
    def ask(question: str) -> pd.DataFrame:
        return pipelines.connection.execute(question_sql(question)).df()

    return facts(ask)


def _last(pipelines: Pipelines) -> State | None:
    """How the last run before this process ended."""
    try:
        return state.read(pipelines.folder)
    except FolderError as error:
        log.warning(str(error))
        return None


def _say(now: list[str], before: list[str]) -> None:
    for problem in now:
        if problem not in before:
            log.warning(problem)
    for problem in before:
        if problem not in now:
            log.info(f"no longer: {problem}")
