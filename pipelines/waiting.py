"""What a command asks of the pipelines is done by a run of its own, or by the process that runs them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from pipelines.refresh import Pipelines
from warehouse.errors import FolderInUse, SupportError
from warehouse.settings import Settings

PATIENCE_SECONDS = 3600.0
STEP_SECONDS = 0.3
Found = TypeVar("Found")


def until(
    found: Callable[[], Found | None], settings: Settings, trigger: str, progress: Callable[[str], None]
) -> Found | None:
    """What `found` gives once it gives something: runs the pipelines, or waits for the process that does. None: not in time.

    Raises SupportError where a run of ours fails.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            _run(settings, trigger, progress)
        except FolderInUse:
            progress("waiting for the process that runs the pipelines")
        answer = found()
        if answer is not None:
            return answer
        time.sleep(STEP_SECONDS)
    return None


def _run(settings: Settings, trigger: str, progress: Callable[[str], None]) -> None:
    pipelines = Pipelines(settings, progress)
    try:
        report = pipelines.run(trigger, only_if_new=True)
    finally:
        pipelines.close()
    if report and report.state != "done":
        raise SupportError(f"not finished: {'; '.join(report.problems)}. It is taken up again by the next run")
