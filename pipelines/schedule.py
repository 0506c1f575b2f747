"""What runs when: the refresh, the nightly upkeep, and the pull of each source that is pulled, on the schedules of support.toml, until stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from pipelines import clock
from pipelines.doorbell import Doorbell
from pipelines.health_address import answering
from pipelines.refresh import Pipelines, Report
from pipelines.sources.remote import pull_one
from pipelines.watch import Watch
from warehouse import logs, spares, state
from warehouse.errors import SupportError, line_of
from warehouse.settings import Settings

SAID_EVERY_SECONDS = 60.0
# Between two steps of the upkeep.
REST_SECONDS = 0.2
# What is delivered within so long is taken in together.
GATHER_SECONDS = 0.1
# Pages say that the pipelines do not run after a few of them.
SIGN_SECONDS = 10.0
log = logging.getLogger("pipelines")


def serve(pipelines: Pipelines, stop: threading.Event) -> None:
    """Refreshes on schedule until `stop` is set; a run under way is finished first."""
    remote_sources = pipelines.settings.remote_sources
    turn = threading.Lock()  # to write: a run's, or a step's of the upkeep
    executors = {
        "default": ThreadPoolExecutor(1),
        "upkeep": ThreadPoolExecutor(1),
        "signs": ThreadPoolExecutor(1),
        "spares": ThreadPoolExecutor(1),
        "pulls": ThreadPoolExecutor(max(len(remote_sources), 1)),
    }
    scheduler = BackgroundScheduler(executors=executors, timezone=UTC)
    watch = Watch(pipelines)
    scheduler.add_listener(watch.heard, EVENT_JOB_ERROR | EVENT_JOB_EXECUTED)
    pipelines.every_seconds = SIGN_SECONDS
    sign_of_life(pipelines)
    signs = IntervalTrigger(seconds=SIGN_SECONDS, timezone=UTC)
    _add(scheduler, "sign of life", sign_of_life, signs, pipelines, executor="signs", at_once=False)
    refreshing = Refreshing(scheduler, pipelines, turn, watch)
    _add(scheduler, "refresh", refreshing.look, refresh_trigger(pipelines.settings))
    _add(
        scheduler,
        "upkeep",
        keep_up,
        upkeep_trigger(pipelines.settings),
        pipelines,
        turn,
        stop,
        executor="upkeep",
        at_once=False,
    )
    for name, source in remote_sources.items():
        # A thread a source: a slow one delays neither another nor the refresh.
        trigger = IntervalTrigger(seconds=source.every, timezone=UTC)
        _add(scheduler, f"pull {name}", _pull, trigger, pipelines.settings, name, stop, executor="pulls")
    scheduler.start()
    try:
        with answering(pipelines.settings.health, watch), refreshing.on_delivery():
            clock.wait(scheduler, stop)
    finally:
        # The scheduler's own waiting holds the lock that a run under way needs to say what follows from it.
        scheduler.shutdown(wait=False)
        for executor in executors.values():
            executor.shutdown(wait=True)


def _add(
    scheduler: BackgroundScheduler,
    name: str,
    work: Callable[..., None],
    trigger: BaseTrigger,
    *arguments: Any,
    executor: str = "default",
    at_once: bool = True,
    max_instances: int = 1,
) -> None:
    """Work from now on, or from the first time that its trigger names, in place of what had its name: what is late is done once, not skipped
    and not made up for."""
    scheduler.add_job(
        work,
        trigger,
        args=arguments,
        id=name,
        executor=executor,
        max_instances=max_instances,
        replace_existing=True,
        coalesce=True,
        misfire_grace_time=None,
        **({"next_run_time": datetime.now(UTC)} if at_once else {}),
    )


class Refreshing:
    """Looks for new exports and takes them in, in the writer's turn; and what follows from a run."""

    def __init__(
        self, scheduler: BackgroundScheduler, pipelines: Pipelines, turn: threading.Lock, watch: Watch
    ) -> None:
        self._scheduler = scheduler
        self._pipelines = pipelines
        self._turn = turn
        self._watch = watch
        self._is_due = threading.Event()
        self._is_copying = threading.Event()

    def look(self) -> None:
        """A run, where there is something to do; where its publication is put off, another when it may be made."""
        with self._turn:
            report = self._pipelines.run("schedule", only_if_new=True)
            if report:
                _say(report)
            self._watch.looked(self._pipelines, report)
            if report and report.state == "done":
                self._publish_later()
            origin = self._pipelines.wanted_spare() if report and report.version else None
        if origin and not self._is_copying.is_set():
            self._is_copying.set()
            self._once("spare", partial(self._make_spare, origin), 0, executor="spares")

    def _publish_later(self) -> None:
        """A look when what is put off may be published."""
        seconds = self._pipelines.seconds_to_publication()
        if seconds is not None:
            self._once("publication", self.look, seconds)

    @contextmanager
    def on_delivery(self) -> Iterator[None]:
        """Until the end of the block, what is delivered is taken in when it comes; not where a crontab line says when."""
        if self._pipelines.settings.schedule.refresh_cron:
            yield
            return
        doorbell = Doorbell(self._pipelines.settings, self._ring)
        self._pipelines.intake.moved_in = doorbell
        doorbell.start()
        try:
            yield
        finally:
            doorbell.stop()

    def _ring(self) -> None:
        if not self._is_due.is_set():
            self._is_due.set()
            self._once("delivery", self._take_in, GATHER_SECONDS)

    def _take_in(self) -> None:
        self._is_due.clear()
        self.look()

    def _make_spare(self, origin: Path) -> None:
        try:
            spares.make(origin)
            with self._turn:
                spares.keep(origin)
                self._publish_later()
        except OSError as error:
            log.info(f"no spare version is made: {error.strerror}")
        finally:
            self._is_copying.clear()

    def _once(self, name: str, work: Callable[[], None], seconds: float, executor: str = "default") -> None:
        at = DateTrigger(datetime.now(UTC) + timedelta(seconds=seconds))
        # One may be at work while the next is due.
        _add(self._scheduler, name, work, at, executor=executor, at_once=False, max_instances=2)


def sign_of_life(pipelines: Pipelines) -> None:
    """Tells pages that this process lives; a run under way may take long."""
    try:
        state.give_sign_of_life(pipelines.folder, SIGN_SECONDS)
    except OSError as error:
        log.warning(f"{state.NAME} cannot be written: {error.strerror}")


def keep_up(pipelines: Pipelines, turn: threading.Lock, stop: threading.Event) -> None:
    """One upkeep, with a rest after each step: whoever waits for its turn has it then."""
    done = None
    while not done and not stop.is_set():
        try:
            with turn:
                done = pipelines.keep_up()
        except (SupportError, duckdb.Error, OSError) as error:
            log.warning(f"upkeep ended early: {line_of(error)}")
            return
        stop.wait(REST_SECONDS)
    log.info(done.line() if done else "upkeep stopped: the rest is for the next one")


def upkeep_trigger(settings: Settings) -> BaseTrigger:
    """When rows are put back in order."""
    return CronTrigger.from_crontab(settings.schedule.upkeep_cron, timezone=settings.clock.time_zone)


def refresh_trigger(settings: Settings) -> BaseTrigger:
    """When new exports are looked for."""
    if settings.schedule.refresh_cron:
        return CronTrigger.from_crontab(settings.schedule.refresh_cron, timezone=settings.clock.time_zone)
    return IntervalTrigger(seconds=settings.schedule.refresh_seconds, timezone=UTC)


def _pull(settings: Settings, name: str, stop: threading.Event) -> None:
    with logs.about(source=name, pull=f"{name} {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"):
        _pull_and_say(settings, name, stop)


def _pull_and_say(settings: Settings, name: str, stop: threading.Event) -> None:
    outcome = pull_one(settings, name, stop, Slowly())
    if outcome.problems:
        log.warning(f"[sources.{name}] {'; '.join(outcome.problems)}")
    elif outcome.pages:
        log.info(
            f"[sources.{name}] {outcome.pages:,} pages pulled{'' if outcome.is_complete else ', not to the end yet'}"
        )


class Slowly:
    """Logs how far a long pull is, once a minute."""

    def __init__(self) -> None:
        self._said_at = time.monotonic()

    def __call__(self, message: str) -> None:
        if time.monotonic() - self._said_at >= SAID_EVERY_SECONDS:
            self._said_at = time.monotonic()
            log.info(message)


def _say(report: Report) -> None:
    with logs.about(run_id=report.run_id):
        log.log(logging.WARNING if report.state == "failed" or report.problems else logging.INFO, summary(report))


def summary(report: Report) -> str:
    """One line on a run."""
    if not report.run_id:
        return f"no run could begin: {'; '.join(report.problems)}"
    steps = ", ".join(f"{step} {seconds:.2f}s" for step, seconds in report.seconds.items())
    version = f", version {report.version}" if report.version else ""
    problems = "".join(f"; {problem}" for problem in report.problems)
    return f"run {report.run_id} {report.state}: {report.arrived:,} new files, {report.tickets_built:,} tickets built{version} ({steps}){problems}"
