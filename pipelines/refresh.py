"""One run of the pipelines: pull -> load -> build -> check -> publish, each its own step, each run a row in `runs`."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import rmtree
from statistics import median
from typing import Literal

import duckdb

from pipelines import archive, backup, erasures, rebuilt
from pipelines.intake import Intake
from pipelines.lock import FolderLock
from pipelines.machine_faults import said_of
from pipelines.sources import files, remote
from pipelines.sources.pulling import Outcome
from warehouse import (
    answers,
    columns,
    damage,
    journal,
    logs,
    page_queries,
    privacy,
    published,
    rebuilding,
    schema_version,
    spares,
    state,
)
from warehouse.building import build, create_schema, forget_changed_feeds, set_up_sources
from warehouse.checking import Finding, run_checks
from warehouse.connection import numbered_versions, open_for_writing, roll_back
from warehouse.erasures import Register
from warehouse.errors import CheckFailed, CopyDamaged, FolderError, SupportError, line_of
from warehouse.journal import Arrival
from warehouse.loading import Feed, feeds, load_feed
from warehouse.proving import Rereading, Written
from warehouse.publishing import clear_leftovers, publish
from warehouse.rewriting import clear_unfinished, rewrite, upgrade
from warehouse.services import speaks_of_customers
from warehouse.settings import Privacy, Settings
from warehouse.state import State
from warehouse.upkeep import Done, Upkeep

Progress = Callable[[str], None]
# Copying for readers may take at most a tenth of the writer's time.
PUBLISHING_SHARE = 10
# What checks refused is looked at again without anything new, as a mended product or disk may let it pass, but not all the time.
RETRY_SECONDS = 60.0


@dataclass
class Report:
    """What one run did, for a person."""

    run_id: int
    state: str = "running"
    held_by: Literal["check", "failure"] | None = None
    arrived: int = 0
    known: int = 0
    tickets_built: int = 0
    version: int | None = None
    problems: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


class Pipelines:
    """The one writer of a data folder. Opening it refuses a second one and clears what a killed one left."""

    # Whether a loading file that is made anew takes over what was read from files that are no longer kept.
    _with_gone = True

    def __init__(self, settings: Settings, progress: Progress = lambda message: None) -> None:
        self.settings = settings
        self.folder = settings.data.folder
        self.landing = self.folder / "landing"
        self.scratch = self.folder / "scratch"
        self.loading = self.folder / "loading.duckdb"
        self.progress = progress
        self.feeds = feeds(settings)
        self.lock = FolderLock(self.folder)
        # Between two signs of life, where the pipelines run all the time.
        self.every_seconds: float | None = None
        self._published_at = 0.0
        self._problems: list[str] = []
        self.intake = Intake(settings, self.feeds, self.landing, self.scratch, progress)
        # What the last publications took, whole copies and those made of an older one: one that was slow by chance does not hold up the next.
        self._publishings: dict[bool, deque[float]] = {is_made_of: deque(maxlen=3) for is_made_of in (False, True)}
        self._upkeep: Upkeep | None = None
        # What the last look found wrong, and how the last run of this process ended.
        self.problems: list[str] = []
        self.last: State | None = None
        self._rereading: Rereading | None = None
        self._refused_at = -RETRY_SECONDS
        self._unnoted: str | None = None
        self._said: list[str] = []
        try:
            self._open()
        except (duckdb.Error, OSError) as error:
            self.lock.release()
            raise FolderError(f"{self.folder} cannot be used: {said_of(error)}") from error
        except BaseException:
            self.lock.release()
            raise

    def _open(self) -> None:
        backup.refuse_half_restored(self.folder)
        for folder in (self.landing, self.scratch):
            folder.mkdir(exist_ok=True)
        files.clear_partials(self.landing)
        clear_leftovers(self.folder)
        rmtree(self.scratch)
        self.scratch.mkdir()
        rmtree(f"{self.loading}.tmp", ignore_errors=True)
        clear_unfinished(self.folder)
        rebuilt.sweep(self.folder)
        backup.sweep(self.folder)
        self.key = privacy.privacy_key(self.folder)
        try:
            self._begin()
        except (FolderError, duckdb.Error) as error:
            if not self._is_put_aside(error):
                raise
            self._begin_anew()

    def _begin(self) -> None:
        """Connects to the loading file, made anew where there is none, and brings it up to the settings and the archive."""
        self._connect()
        if journal.is_new(self.connection):
            self._take_over()
        journal.recover(self.connection)
        archive.note_expired(self.connection, self.landing)
        self.intake.adopt(self.connection)
        for name in forget_changed_feeds(
            self.connection, self.feeds, privacy.fingerprint(self.key, self.settings.privacy)
        ):
            self.progress(f"[sources.{name}] of support.toml changed: its files are loaded again")
            self._problems += journal.stays_as_read(self.connection, name)
        set_up_sources(self.connection, self.feeds, self.settings)

    def _connect(self) -> None:
        self.connection = _open_loading(self.loading, self.settings.data.memory_limit)
        self._upgrade()
        create_schema(self.connection, self.settings.clock.time_zone)
        privacy.set_up(self.connection, self.key, self.settings.privacy)
        page_queries.set_up(self.connection)

    def _upgrade(self) -> None:
        """Brings a file that an earlier version left up to date; raises OtherSchema where a newer one wrote it."""
        try:
            is_older = schema_version.is_older(self.connection, str(self.loading))
        except BaseException:
            self.connection.close()
            raise
        if is_older:
            self.progress("bringing the loading file up to this version")
            self.connection.close()
            upgrade(self.loading, self.settings.clock.time_zone, self.settings.data.memory_limit)
            self.connection = _open_loading(self.loading, self.settings.data.memory_limit)

    def _take_over(self) -> None:
        """Into a loading file that holds nothing yet, what the archive cannot give, from the newest version that is whole."""
        kept = [f"{path.parent.name}/{path.name}" for path in self.landing.glob("*/*") if files.is_landed(path)]
        for _, newest in sorted(numbered_versions(self.folder).items(), reverse=True):
            self.progress(f"reading {newest.name}")
            wrong = damage.found_in(newest)
            if wrong:
                self._problems.append(f"{newest.name} is damaged, too: {wrong}")
                continue
            gone = rebuilding.take_over(self.connection, newest, kept, self._with_gone)
            if gone:
                what = "taken over as it was read" if self._with_gone else "left out"
                self._problems.append(f"{gone:,} delivered files are no longer kept: what they said is {what}")
            return

    def _is_put_aside(self, error: BaseException) -> bool:
        """Whether the loading file turns out to be damaged: it is kept under another name then, and the connection closed."""
        if not damage.is_suspected(error):
            return False
        self.progress(f"reading {self.loading.name}, which may be damaged")
        self._disconnect()
        wrong = damage.found_in(self.loading)
        if wrong:
            aside = damage.put_aside(self.loading)
            self._problems.append(
                f"{self.loading} was damaged ({wrong}). It is kept as {aside.name}, and all is loaded again from {self.landing}"
            )
            self.progress(self._problems[-1])
        return bool(wrong)

    def _begin_anew(self) -> None:
        """A loading file in the place of a damaged one; a failed run says so."""
        self._begin()
        journal.note_failed_run(self.connection, "repair", self._problems)

    def _disconnect(self) -> None:
        """Ends the connection, also one that DuckDB has given up on."""
        with suppress(duckdb.Error, AttributeError):
            self._end_upkeep()
        with suppress(duckdb.Error, AttributeError):
            self.connection.close()

    def close(self) -> None:
        self._disconnect()
        self.lock.release()

    def pull(self, stop: threading.Event | None = None) -> list[Outcome]:
        """Pulls every source that is pulled, as far as its time allows; the next run takes in what came."""
        outcomes = remote.pull_all(self.settings, stop or threading.Event(), self.progress)
        self._problems += [f"[sources.{one.name}] {'; '.join(one.problems)}" for one in outcomes if one.problems]
        return outcomes

    def keep_up(self) -> Done | None:
        """The next step of the upkeep, of a new one where none is under way; what it did where it was the last, else None.

        First all of the published file is read. Between two steps runs go on. Raises SupportError and duckdb.Error: this upkeep is over then.
        """
        if self._reread():
            return None
        if not self._upkeep:
            self._keep_archive(None)
            self._upkeep = Upkeep(self.connection, self.loading)
        upkeep = self._upkeep
        try:
            if upkeep.step():
                return None
        except BaseException:
            self._end_upkeep()
            raise
        self._end_upkeep()
        self._rereading = None
        if upkeep.done.slices:
            journal.note_put_in_order(self.connection)
        return upkeep.done

    def _reread(self) -> bool:
        """Reads the next rows of the published file; False where all is read. A damaged one is kept aside: the next run publishes again."""
        self._rereading = self._rereading or Rereading(self.connection, self.folder)
        is_same = not self._is_unpublished() and not journal.has_work(self.connection)
        try:
            return self._rereading.step(is_same)
        except CopyDamaged as error:
            self._rereading = None
            damaged = numbered_versions(self.folder)[max(numbered_versions(self.folder))]
            raise CopyDamaged(f"{error}; it is kept as {published.keep_aside(damaged)}") from error

    def _end_upkeep(self) -> None:
        if self._upkeep:
            self._upkeep.close()
            self._upkeep = None

    def run(self, trigger: str, only_if_new: bool = False) -> Report | None:
        """One run; None where `only_if_new` and nothing was delivered. A failed run keeps the last good version in place.

        Where not even a run can be begun, as the disk is full, say, the report has number 0.
        """
        try:
            self._reopen_where_unnoted()
            report = self._run_or_mend(trigger, only_if_new)
        except (SupportError, duckdb.Error, OSError) as error:
            self._unnoted = self._unnoted or said_of(error)
            report = Report(0, "failed", held_by="failure", problems=[said_of(error)])
        if report:
            self._tell(report)
        return report

    def _reopen_where_unnoted(self) -> None:
        """After a failure that could not even be noted, the loading file is opened anew, and the run noted as what it is."""
        if self._unnoted is None:
            return
        self._disconnect()
        self._connect()
        journal.recover(self.connection, self._unnoted)
        self._unnoted = None

    def _run_or_mend(self, trigger: str, only_if_new: bool) -> Report | None:
        try:
            return self._run(trigger, only_if_new)
        except (SupportError, duckdb.Error) as error:
            if not damage.is_suspected(error):
                raise
            return self._mended(trigger, error)

    def _mended(self, trigger: str, error: BaseException) -> Report:
        """What becomes of a run that DuckDB ended as it does where its file is damaged: where it is, a run that loads everything again."""
        if self._is_put_aside(error):
            self._begin_anew()
            report = self._run(trigger)
            assert report
            return report
        problems = [line_of(error)]
        self._connect()
        run_id = journal.note_failed_run(self.connection, trigger, problems)
        report = Report(run_id, "failed", held_by="failure", problems=problems)
        self._begin()
        return report

    def _swap_in(self) -> None:
        """Puts a rebuilt loading file in the place of this one, where one is ready: this run takes in what came meanwhile."""
        if not rebuilt.is_ready(self.folder) or rebuilt.is_out_of_date(self.folder):
            return
        self.progress("swapping in the rebuilt warehouse")
        self._disconnect()
        try:
            rebuilt.swap_in(self.folder, self.loading, self.settings.data.memory_limit)
        except (SupportError, duckdb.Error, OSError) as error:
            rebuilt.refuse(self.folder)
            self._problems.append(f"the rebuilt warehouse is not swapped in: {line_of(error)}")
        self._begin()

    def _run(self, trigger: str, only_if_new: bool = False) -> Report | None:
        self._swap_in()
        started = time.monotonic()
        # How far sources are pulled is read before their pages are landed: what it speaks of is on the disk.
        is_told = journal.note_pulls(self.connection, remote.pulled(self.settings, self.intake.feeds_of_remote))
        arrivals, problems = self._take_in()
        problems = list(dict.fromkeys([*problems, *journal.pull_problems(self.connection)]))
        is_said, self._said = problems in ([], self._said), problems
        self.problems = problems
        if (
            only_if_new
            and not any(arrival.landed_name for arrival in arrivals)
            and not is_told
            and is_said
            and not erasures.requests(self.folder)
            and not journal.has_work(self.connection)
            and not self._has_to_publish()
        ):
            return None
        report = Report(journal.begin_run(self.connection, trigger), problems=problems)
        report.seconds["pull"] = time.monotonic() - started
        report.arrived = sum(arrival.landed_name is not None for arrival in arrivals)
        report.known = len(arrivals) - report.arrived
        try:
            with logs.about(run_id=report.run_id):
                self._work(report)
        except (SupportError, duckdb.Error, OSError) as error:
            if damage.is_suspected(error):
                raise
            self._fail(report, error)
        return report

    def _fail(self, report: Report, error: Exception) -> None:
        """Notes that a run failed, and why; where that cannot be written either, the next run does."""
        report.state = "failed"
        report.held_by = "check" if isinstance(error, CheckFailed) else "failure"
        report.problems.append(said_of(error))
        self._refused_at = time.monotonic() if report.held_by == "check" else self._refused_at
        try:
            roll_back(self.connection)
            journal.end_run(
                self.connection, report.run_id, "failed", report.problems, report.tickets_built, report.seconds, None
            )
        except duckdb.Error:
            self._unnoted = "; ".join(report.problems)

    def _tell(self, report: Report) -> None:
        """Says to pages and monitors how a run ended: one that failed stands in no version that they could read."""
        self.last = state.ended(
            self.folder,
            report.run_id,
            report.state,
            report.problems,
            report.findings,
            report.seconds,
            report.held_by,
            self.every_seconds,
        )

    def _work(self, report: Report) -> None:
        report.problems += published.faults(self.folder, published.noted(self.connection))
        asked, answer = self._erase(report)
        with _timed(report, "load"):
            for feed in self.feeds:
                self._load(feed, report)
        changed = journal.run_changed_something(self.connection, report.run_id) or self._is_unpublished()
        if changed:
            self.progress("building tickets, waits and roll-ups")
            with _timed(report, "build"):
                report.tickets_built = build(self.connection, self.settings)
            self.progress("checking")
            with _timed(report, "check"):
                report.findings = run_checks(self.connection, report.run_id)
            errors = [finding for finding in report.findings if finding.severity == "error"]
            if errors:
                raise CheckFailed(f"not published, the last good version stays: {errors[0].line()}")
        report.state = "done"
        is_rewritten = changed and self._rewrite(report)
        version = self._next_version() if changed and (is_rewritten or self._may_publish()) else None
        journal.end_run(
            self.connection, report.run_id, "done", report.problems, report.tickets_built, report.seconds, version
        )
        if version:
            self._publish(report, version, is_rewritten)
        if asked:
            erasures.settle(self.folder, asked, replace(answer, version=journal.newest_version(self.connection)))
        self._keep_archive(report.run_id)
        self.progress("")

    def _publish(self, report: Report, version: int, is_rewritten: bool) -> None:
        self.progress(f"publishing version {version}")
        keep = 1 if is_rewritten else self.settings.data.keep_versions
        written = None if is_rewritten else self._written_since_the_last(report.run_id)
        is_made_of = spares.found(self.connection, self.folder, keep) is not None
        try:
            with _timed(report, "publish"):
                publish(self.connection, self.loading, self.folder, version, keep, written)
        finally:
            self._published_at = time.monotonic()
            self._publishings[is_made_of].append(report.seconds["publish"])
        report.version = version
        journal.note_publication(self.connection, report.run_id, report.seconds["publish"])
        if is_rewritten:
            journal.note_rewritten(self.connection)

    def _written_since_the_last(self, run_id: int) -> Written | None:
        """What the copy is proven by; None, where nobody knows how much was written: by all of it."""
        found = journal.written_since(self.connection, published.newest(published.noted(self.connection)), run_id)
        return Written.of(self.connection, *found) if found else None

    def _keep_archive(self, run_id: int | None) -> None:
        """Packs and takes out landed files; what goes wrong is a problem of the next run: nothing depends on it."""
        self.progress("packing what was loaded")
        try:
            archive.keep(self.connection, self.landing, self.settings.data.keep_landed, run_id)
        except OSError as error:
            self._problems.append(f"{self.landing} is not packed: {line_of(error)}")

    def _erase(self, report: Report) -> tuple[list[str], erasures.Answer]:
        """Takes customers out of landed files: those of the requests, whose names are returned, and those erased before."""
        asked = erasures.requests(self.folder)
        register = Register(self.folder, privacy.fingerprint(self.key, Privacy()))
        if not asked and not register.people:
            return [], erasures.Answer()
        rebuilt.sweep(self.folder)
        backup.sweep(self.folder)
        with _timed(report, "erase"):
            customers = [feed for feed in self.feeds if speaks_of_customers(feed.source)]
            known = {feed.name for feed in self.feeds}
            landing = erasures.Landing(self.connection, self.landing, self.scratch, customers, known)
            return list(asked), landing.erase(
                register, {one for people in asked.values() for one in people}, self.progress
            )

    def _rewrite(self, report: Report) -> bool:
        """Writes the loading file anew where something was taken out that must not be found in it any more."""
        if not journal.is_to_be_rewritten(self.connection):
            return False
        self.progress("writing the loading file anew")
        with _timed(report, "rewrite"):
            self._end_upkeep()
            self.connection.close()
            try:
                rewrite(self.loading, self.settings.clock.time_zone, self.settings.data.memory_limit)
            finally:
                self._connect()
        return True

    def _load(self, feed: Feed, report: Report) -> None:
        """Loads one feed; what goes wrong there is said and leaves the others alone: its files are tried again next time."""
        try:
            load_feed(self.connection, feed, self.landing, self.scratch, report.run_id, self.progress)
            report.problems += columns.stopped(self.connection, feed.name, report.run_id)
            report.problems += answers.never_asked(self.connection, feed, self.landing)
        except (duckdb.OutOfMemoryException, duckdb.IOException, duckdb.FatalException, duckdb.InternalException):
            raise  # the machine's fault, not this source's
        except duckdb.Error as error:
            if damage.is_suspected(error):
                raise
            roll_back(self.connection)
            report.problems.append(f"[sources.{feed.name}] {line_of(error)}")

    def _take_in(self) -> tuple[list[Arrival], list[str]]:
        """What is new, landed, and what was in the way of it, or is still to be said."""
        arrivals, problems = self.intake.take_in(self.connection)
        problems += self._problems
        self._problems.clear()
        return arrivals, problems

    def _is_unpublished(self) -> bool:
        """Whether readers lack something: nothing is published yet, or changes were put off."""
        return (
            not self._is_published_whole()
            or journal.has_unpublished_change(self.connection)
            or journal.is_to_be_rewritten(self.connection)
        )

    def _is_published_whole(self) -> bool:
        """Whether the newest version is there as it was published."""
        looks = published.noted(self.connection)
        return published.is_whole(self.folder, looks, journal.newest_version(self.connection))

    def _has_to_publish(self) -> bool:
        """Whether readers lack something that they may have now: what is put off waits for its time."""
        if time.monotonic() - self._refused_at < RETRY_SECONDS:
            return False
        return journal.is_to_be_rewritten(self.connection) or (self._is_unpublished() and self._may_publish())

    def seconds_to_publication(self) -> float | None:
        """Until what is put off may be published; None where nothing is."""
        if not self._is_unpublished():
            return None
        return max(self._published_at + self._pause() - time.monotonic(), 0.0)

    def _next_version(self) -> int:
        return max([journal.newest_version(self.connection), *numbered_versions(self.folder)], default=0) + 1

    def _may_publish(self) -> bool:
        return time.monotonic() - self._published_at >= self._pause()

    def _pause(self) -> float:
        """Seconds between two publications; none where nobody knows yet what the next one takes."""
        known = self._publishings[
            spares.found(self.connection, self.folder, self.settings.data.keep_versions) is not None
        ]
        return (median(known) if known else 0) * (PUBLISHING_SHARE - 1)

    def wanted_spare(self) -> Path | None:
        """The version that a spare is to be copied of, where the next publication would else copy the whole file."""
        return spares.wanted(self.connection, self.folder, self.settings.data.keep_versions)


def _open_loading(path: Path, memory_limit: str | None) -> duckdb.DuckDBPyConnection:
    try:
        return open_for_writing(path, memory_limit)
    except duckdb.IOException as error:
        raise FolderError(f"{path} cannot be opened: {line_of(error)}") from error


@contextmanager
def _timed(report: Report, step: str) -> Iterator[None]:
    started = time.monotonic()
    try:
        yield
    finally:
        report.seconds[step] = time.monotonic() - started
