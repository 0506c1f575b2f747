"""Export files of the made-up help desk: one a day and kind for its history, one a tick and kind while it is live."""

import csv
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.sample.desk import HelpDesk
from pipelines.sample.records import COLUMNS, Row
from pipelines.sample.remarks import ANNOTATION_COLUMNS

DEFAULT_END = datetime(2026, 1, 1, tzinfo=UTC)
ONE_DAY = timedelta(days=1)
DAYS_BETWEEN_NEWS = 10


def write_history(
    out: Path,
    *,
    days: int,
    tickets: int,
    seed: int,
    end: datetime = DEFAULT_END,
    staffing: float = 1.0,
    progress: Callable[[str], None] | None = None,
) -> HelpDesk:
    """Simulate ``days`` days up to ``end`` with ``tickets`` contacts and write a file a day and kind into ``out``, and one of annotations.

    The same arguments give the same bytes. Returns the desk, which can go on from there. ``staffing`` multiplies the
    number of agents. ValueError where ``end`` has no time zone, or there is not a day or a ticket.
    """
    _clear_unfinished(out)
    end = end.astimezone(UTC).replace(microsecond=0) if end.tzinfo else end
    desk = HelpDesk(seed=seed, start=end - days * ONE_DAY, days=days, tickets=tickets, staffing=staffing)
    _write_file(out / "annotations" / f"annotations-{end.date()}.csv", ANNOTATION_COLUMNS, desk.annotations())
    number = 0
    while desk.clock < end:
        date = desk.clock.date()
        desk.advance(min(_midnight_after(desk.clock), end))
        write_changes(out, desk, f"{date}")
        number += 1
        if progress and number % DAYS_BETWEEN_NEWS == 0:
            progress(f"{date}: day {number} of {days}")
    return desk


def run_live(desk: HelpDesk, out: Path, *, every_seconds: float, stop: threading.Event, speed: float = 1.0) -> None:
    """Go on in real time until ``stop`` is set, and write what is new every ``every_seconds``.

    A desk behind the wall clock first catches up, a file a day. ``speed`` is simulated seconds per second.
    """
    _move_on(desk, out, datetime.now(UTC), stop)
    desk_began, wall_began = desk.clock, time.time()
    while not stop.wait(every_seconds):
        _move_on(desk, out, desk_began + timedelta(seconds=(time.time() - wall_began) * speed), stop)


def _move_on(desk: HelpDesk, out: Path, until: datetime, stop: threading.Event) -> None:
    """Advance to a moment in steps of a day at most, and write what each step brought."""
    while int(until.timestamp()) > int(desk.clock.timestamp()) and not stop.is_set():
        desk.advance(min(_midnight_after(desk.clock), until))
        desk.repeat_newest()
        write_changes(out, desk, f"{desk.clock:%Y%m%dT%H%M%SZ}")


def write_changes(out: Path, desk: HelpDesk, stamp: str) -> list[Path]:
    """Write what is new since the last export, a file for each kind that has any, e.g. tickets/tickets-<stamp>.csv."""
    return [
        _write_file(out / kind / f"{kind}-{stamp}.csv", COLUMNS[kind], rows)
        for kind, rows in desk.take_changes().items()
        if rows
    ]


def _write_file(path: Path, columns: tuple[str, ...], rows: list[Row]) -> Path:
    """Write under a hidden name and rename, so that nobody reads half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    os.replace(unfinished, path)
    return path


def _clear_unfinished(out: Path) -> None:
    """Removes what a generator that was killed left half written; one that runs keeps its own."""
    for path in out.glob("*/.*.part"):
        try:
            os.kill(int(path.name.split(".")[-2]), 0)
        except (ProcessLookupError, ValueError):
            path.unlink(missing_ok=True)
        except PermissionError:
            continue  # another user's, and it runs


def _midnight_after(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0) + ONE_DAY
