"""python -m pipelines run | check | serve | status | upkeep | forget | rebuild | backup | restore | sample | start: how data gets in. Every command takes --settings FILE."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import duckdb

from pipelines import sample
from pipelines.announcing import announcing
from pipelines.backup import backup, restore
from pipelines.forget import forget
from pipelines.machine_faults import said_of
from pipelines.rebuild import rebuild
from pipelines.refresh import Pipelines, Report
from pipelines.schedule import serve, summary
from pipelines.sources.check import check
from pipelines.sources.files import base_folder
from pipelines.start import start
from pipelines.status import NO_WAREHOUSE, status
from warehouse import __version__, columns, journal, logs
from warehouse.errors import NoWarehouse, SettingsError, SupportError
from warehouse.settings import Sample, Settings, load, settings_path
from warehouse.sources import RemoteSource
from warehouse.texts import printable

log = logging.getLogger("pipelines")


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; what a person can mend is one line on stderr and exit code 1 (2 for settings)."""
    parsed = _parser().parse_args(arguments)
    is_service = parsed.command in (_serve, _start) or getattr(parsed, "live", False)
    if is_service:
        logs.set_up(None)
    else:
        logging.basicConfig(handlers=[logs.handler("text")], level=logging.INFO)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a refresh longer than its interval is no news
    try:
        return int(parsed.command(parsed) or 0)
    except SettingsError as error:
        tell(str(error), logging.ERROR)
        return 2
    except SupportError as error:
        tell(str(error), logging.ERROR)
        return 1
    except (duckdb.Error, OSError) as error:
        tell(f"stopped: {said_of(error)}", logging.ERROR)
        return 1
    except KeyboardInterrupt:
        return 130


def say(text: str, stream: TextIO | None = None) -> None:
    """One line for a person. Names of files and what stands in them is data: it can neither steer a terminal nor begin a line."""
    print(printable(text), file=stream or sys.stdout, flush=True)


def tell(text: str, level: int = logging.INFO) -> None:
    """A line on stderr of what goes on: of a service that logs JSON, one of its log."""
    if logs.is_json():
        log.log(level, text)
    else:
        say(text, sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipelines", description="Pulls exports into the warehouse.")
    parser.add_argument("--version", action="version", version=f"support operations dashboard {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _command(commands, "run", _run, "pull, load, build, check and publish once, and say what was done")
    _command(
        commands,
        "check",
        _check,
        "say of each source whether it can be reached, since when it would be pulled, and what is missing",
    )
    _command(commands, "serve", _serve, "do so on the schedule of support.toml until stopped")
    told = _command(
        commands, "status", _status, "say how things stand: 0 good, 1 not, 2 settings wrong, 3 no warehouse"
    )
    told.add_argument("--json", action="store_true", help="as a document for programs")
    _command(
        commands, "upkeep", _upkeep, "put the warehouse's rows back in order and give back the space of dropped ones"
    )
    forgotten = _command(commands, "forget", _forget, "erase customers from landed files and warehouse")
    forgotten.add_argument("customer", nargs="+", help="as the exports name them, or a pseudonym")
    again = _command(commands, "rebuild", _rebuild, "make the whole warehouse again from what was delivered")
    again.add_argument(
        "--without-expired", action="store_true", help="leave out what was read from files that are no longer kept"
    )
    _command(commands, "backup", _backup, "write the data folder to one file").add_argument("file", type=Path)
    _command(commands, "restore", _restore, "make a data folder of such a file").add_argument("file", type=Path)
    made_up = _command(commands, "sample", _sample, "write the exports of a made-up help desk")
    made_up.add_argument("--out", type=Path, help="folder for the export files")
    made_up.add_argument("--days", type=int, help="days of history")
    made_up.add_argument("--tickets", type=int, help="tickets of the history")
    made_up.add_argument("--seed", type=int, help="the same seed gives the same files")
    made_up.add_argument(
        "--end", type=_instant, help="where the history ends; default: a fixed date, or now with --live"
    )
    made_up.add_argument("--live", action="store_true", help="go on writing exports in real time")
    made_up.add_argument("--every", type=float, help="seconds between live exports")
    made_up.add_argument("--speed", type=float, default=1.0, help="how much faster than real time the live desk runs")
    _command(commands, "start", _start, "the made-up help desk, the pipelines and the dashboard together, until Ctrl-C")
    return parser


def _command(commands, name, function, meaning) -> argparse.ArgumentParser:  # type: ignore[no-untyped-def]
    command: argparse.ArgumentParser = commands.add_parser(name, help=meaning, description=meaning)
    command.add_argument("--settings", type=Path, default=settings_path(), help="settings file (default: support.toml)")
    command.set_defaults(command=function)
    return command


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _settings(parsed: argparse.Namespace) -> Settings:
    """The settings, with every source's folder there."""
    settings = load(parsed.settings)
    if not settings.sources:
        raise SettingsError(f"{parsed.settings}: no [sources.NAME] is set: say at least where one kind of export lies")
    for name, source in settings.sources.items():
        if isinstance(source, RemoteSource):
            continue
        folder = base_folder(source.path)
        if not folder.is_dir():
            raise SettingsError(
                f"{parsed.settings}: sources.{name}.path: the folder {folder} does not exist; allowed is an existing folder, file or pattern"
            )
    return settings


def _run(parsed: argparse.Namespace) -> int:
    with _pipelines(_settings(parsed)) as pipelines:
        pipelines.pull()
        report = pipelines.run("run")
        pipelines.progress("")
        assert report is not None
        _print_report(pipelines, report)
    return 0 if report.state == "done" else 1


@contextmanager
def _pipelines(settings: Settings) -> Iterator[Pipelines]:
    """The pipelines, saying on stderr what they do; closed with the block."""
    with announcing(tell) as announce:
        pipelines = Pipelines(settings, announce)
        try:
            yield pipelines
        finally:
            pipelines.close()


def _print_report(pipelines: Pipelines, report: Report) -> None:
    say(summary(report))
    if not report.run_id:
        return
    if report.known:
        say(f"{report.known:,} files were delivered before and change nothing")
    rows = journal.files_of_run(pipelines.connection, report.run_id)
    if rows:
        width = max(len(row[0]) for row in rows)
        say(
            f"{'source':{width}}  {'files':>6} {'read':>10} {'loaded':>10} {'unchanged':>10} {'superseded':>10} {'rejected':>10}"
        )
        for feed, count, *numbers in rows:
            say(f"{feed:{width}}  {count:>6,} " + " ".join(f"{number:>10,}" for number in numbers))
    for change in columns.said(pipelines.connection, report.run_id):
        say(change)
    for reason in journal.refusals(pipelines.connection, report.run_id):
        say(f"refused: {reason}")
    for reason, count, name, line in journal.rejections(pipelines.connection, report.run_id):
        say(f"rejected {count:,}: {reason} (such as row {line} of {name})")
    for finding in report.findings:
        say(finding.line())


def _check(parsed: argparse.Namespace) -> int:
    """Exit code 1 where a source cannot be pulled as it is."""
    found = check(load(parsed.settings))
    for line in found.lines():
        say(line)
    return 0 if found.is_good else 1


def _forget(parsed: argparse.Namespace) -> int:
    with announcing(tell) as announce:
        said = forget(_settings(parsed), parsed.customer, announce)
    print("\n".join(said))
    return 0


def _rebuild(parsed: argparse.Namespace) -> int:
    with announcing(tell) as announce:
        for line in rebuild(_settings(parsed), not parsed.without_expired, announce):
            say(line)
    return 0


def _backup(parsed: argparse.Namespace) -> int:
    with announcing(tell) as announce:
        for line in backup(load(parsed.settings).data.folder, parsed.file, announce):
            say(line)
    return 0


def _restore(parsed: argparse.Namespace) -> int:
    with announcing(tell) as announce:
        for line in restore(load(parsed.settings).data.folder, parsed.file, announce):
            say(line)
    return 0


def _serve(parsed: argparse.Namespace) -> int:
    settings = _settings(parsed)
    logs.set_up(settings.log.format)
    with _pipelines(settings) as pipelines:
        serve(pipelines, _stop_on_signals())
    return 0


def _status(parsed: argparse.Namespace) -> int:
    try:
        code, text = status(load(parsed.settings), parsed.json)
    except NoWarehouse as error:
        say(str(error), sys.stderr)
        return NO_WAREHOUSE
    for line in text.split("\n"):
        say(line)
    return code


def _upkeep(parsed: argparse.Namespace) -> int:
    """What `serve` does at night, and a run that publishes it."""
    with _pipelines(_settings(parsed)) as pipelines:
        pipelines.progress("putting rows in order")
        done = pipelines.keep_up()
        while done is None:
            done = pipelines.keep_up()
        say(done.line())
        report = pipelines.run("upkeep", only_if_new=True)
    if report:
        say(summary(report))
    return 1 if report and report.state == "failed" else 0


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _sample(parsed: argparse.Namespace) -> int:
    """Options that are not given come from [sample] of the settings."""
    section = load(parsed.settings).sample or Sample()
    given = {
        "folder": parsed.out,
        "days": parsed.days,
        "tickets": parsed.tickets,
        "seed": parsed.seed,
        "every": parsed.every,
    }
    plan = section.model_copy(update={name: value for name, value in given.items() if value is not None})
    desk = _made_up_history(plan, parsed)
    say(f"{plan.tickets:,} tickets of {plan.days} days written to {plan.folder}")
    if parsed.live:
        sample.run_live(desk, plan.folder, every_seconds=plan.every, stop=_stop_on_signals(), speed=parsed.speed)
    return 0


def _made_up_history(plan: Sample, parsed: argparse.Namespace) -> sample.HelpDesk:
    """The history, and a file that says how it was made: a desk that is started again goes on where it was."""
    marker = plan.marker
    recipe = {"days": plan.days, "tickets": plan.tickets, "seed": plan.seed}
    end = parsed.end or (datetime.now(UTC).replace(microsecond=0) if parsed.live else sample.DEFAULT_END)
    if parsed.live and not parsed.end and marker.is_file():
        before = json.loads(marker.read_text(encoding="utf-8"))
        if recipe != {name: before.get(name) for name in recipe}:
            raise SettingsError(
                f"{plan.folder} holds another made-up help desk ({before}). Remove the folder and the data folder, or choose others"
            )
        end = _instant(before["end"])
    with announcing(tell) as announce:
        desk = sample.write_history(plan.folder, **recipe, end=end, progress=announce)
    marker.write_text(json.dumps(recipe | {"end": end.isoformat()}), encoding="utf-8")
    return desk


def _start(parsed: argparse.Namespace) -> int:
    settings = load(parsed.settings)
    logs.set_up(settings.log.format)
    return start(parsed.settings, settings)


if __name__ == "__main__":
    sys.exit(main())
