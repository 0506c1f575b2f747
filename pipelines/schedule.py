"""What runs when: the refresh, on the schedule of support.toml, until stopped."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from pipelines.refresh import Pipelines, Report
from warehouse.settings import Settings

log = logging.getLogger("pipelines")


def serve(pipelines: Pipelines, stop: threading.Event) -> None:
    """Refreshes on schedule until `stop` is set; a run under way is finished first."""
    scheduler = BackgroundScheduler(timezone=UTC)
    # One run at a time; a run that is late is run once, not skipped and not made up for.
    scheduler.add_job(
        lambda: _refresh(pipelines),
        _trigger(pipelines.settings),
        id="refresh",
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
        next_run_time=datetime.now(UTC),
    )
    scheduler.start()
    try:
        stop.wait()
    finally:
        scheduler.shutdown(wait=True)


def _trigger(settings: Settings) -> BaseTrigger:
    if settings.schedule.refresh_cron:
        return CronTrigger.from_crontab(settings.schedule.refresh_cron, timezone=settings.clock.time_zone)
    return IntervalTrigger(seconds=settings.schedule.refresh_seconds, timezone=UTC)


def _refresh(pipelines: Pipelines) -> None:
    report = pipelines.run("schedule", only_if_new=True)
    if report:
        log.log(logging.WARNING if report.state == "failed" or report.problems else logging.INFO, summary(report))


def summary(report: Report) -> str:
    """One line on a run."""
    steps = ", ".join(f"{step} {seconds:.2f}s" for step, seconds in report.seconds.items())
    version = f", version {report.version}" if report.version else ""
    problems = "".join(f"; {problem}" for problem in report.problems)
    return f"run {report.run_id} {report.state}: {report.arrived:,} new files, {report.tickets_built:,} tickets built{version} ({steps}){problems}"
