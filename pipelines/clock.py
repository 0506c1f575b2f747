"""A clock that is set back: schedules go by it, and would wait until it is again as late as it was."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime

from apscheduler.schedulers.base import BaseScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

LOOK_SECONDS = 1.0
# Clocks are kept right in smaller steps.
STEP_SECONDS = 5.0
log = logging.getLogger("pipelines")


def wait(scheduler: BaseScheduler, stop: threading.Event) -> None:
    """Waits until `stop` is set. Where the clock is set back meanwhile, what runs at intervals or once is due at once, and the rest
    by the new time."""
    before = _ahead()
    while not stop.wait(LOOK_SECONDS):
        now = _ahead()
        if now < before - STEP_SECONDS:
            log.warning(f"the clock was set back by {before - now:.0f} s: the schedule goes by the new time")
            _reschedule(scheduler)
        before = now


def _ahead() -> float:
    """How far the clock is ahead of the seconds that have passed, which nobody sets."""
    return time.time() - time.monotonic()


def _reschedule(scheduler: BaseScheduler) -> None:
    now = datetime.now(UTC)
    for job in scheduler.get_jobs():
        is_due = isinstance(job.trigger, IntervalTrigger | DateTrigger)
        job.modify(next_run_time=now if is_due else job.trigger.get_next_fire_time(None, now))
