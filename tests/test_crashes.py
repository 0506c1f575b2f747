"""Killed with -9 at any moment the pipelines lose nothing and count nothing twice; readers see whole versions all the while."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipelines.refresh import Pipelines
from tests import crashing
from tests.browsing import free_port
from tests.comparing import Tables, same_rows, same_tables, tables
from tests.conftest import Desk
from tests.crashing import PROJECT, Ended, Moment, Starter
from tests.serving import Asked, FakeService
from warehouse.adhoc import AdHoc
from warehouse.errors import QueryRefused
from warehouse.settings import Sql, load

KILLS = 200
SEED = 20_260_701
AS_OF = "2027-12-31T00:00:00Z"
COMMANDS = {"upkeep": "upkeep", "erasing": "forget", "rewriting": "forget"}
# Killed in these, the process may have published what there was: there is nothing left to do.
LATE = {"renaming", "sweeping", "noting", "upkeep"}
TICKETS = "ticket_id,created_at,updated_at,status,channel,team,agent,customer\n"
SURVEYS = "response_id,ticket_id,kind,scale_max,score,sent_at,answered_at\n"
PAGE = 2
SETTINGS = """
[data]
folder = "data"
keep_versions = {keep}
[clock]
as_of = "{as_of}"
[privacy]
keep = ["customer", "contact_details", "rejected_rows"]
[sources.drops]
path = "exports/drops"
rows = "ticket"
[sources.answers]
path = "exports/answers"
rows = "survey"
part_of = "drops"
[sources.crm]
kind = "http"
address = "{address}"
request = "/tickets"
rows = "ticket"
records = "tickets"
since = 2026-01-01
first_wait = 0.01
requests_a_minute = 100000
columns = {{ ticket_id = "id", created_at = "created", updated_at = "updated", status = "state", channel = "channel" }}
paging = {{ by = "cursor", parameter = "after", next = "next" }}
progress = {{ parameter = "since", field = "updated", overlap = "1m", sorted = true }}
"""
# Opens the newest version over and over, until its input ends: each holds whole deliveries, all before the newest, and adds up.
READER = """
import select, sys, duckdb
from warehouse.connection import newest_version, open_version
from pathlib import Path
folder, newest, looks = Path(sys.argv[1]), 0, 0
def look(connection):
    tickets, arrived, deliveries, last, ragged, pages = connection.execute('''
        select
            (select count(*) from tickets),
            (select coalesce(sum(arrived), 0) from queue_hours),
            count(*), coalesce(max(number), 0), count(*) filter (where tickets <> 5 or solved <> (number < last)::int),
            (select coalesce(max(split_part(ticket_id, '-', 2)::int), 0) - count(*) from tickets where source = 'crm')
        from (
            select split_part(ticket_id, '-', 2)::int as number, count(*) as tickets, count(*) filter (where status = 'solved') as solved,
                max(number) over () as last
            from tickets where ticket_id like 'D-%' group by 1)
    ''').fetchone()
    assert tickets == arrived, (tickets, arrived)
    # A ticket that changed before it was pulled comes where its change stands in the service's order: after the newer ones.
    assert deliveries == last and not ragged and pages <= 1, (deliveries, last, ragged, pages)
    return last
while not select.select([sys.stdin], [], [], 0.2)[0]:
    if not (folder / 'warehouse.duckdb').exists():
        assert not looks, 'warehouse.duckdb was there and is gone'
        continue
    with duckdb.connect(str(folder / 'warehouse.duckdb'), read_only=True) as connection:
        connection.execute('set enable_progress_bar = false')
        last = look(connection)
    assert last >= newest, (last, newest)
    newest, looks = last, looks + 1
print(looks)
"""


class Crm(FakeService):
    """Tickets by the time of their last change, two on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tickets: dict[str, dict[str, str]] = {}
        self.route("GET", "/tickets", self._page)

    def _page(self, asked: Asked) -> Any:
        since, after = asked.query.get("since", ""), int(asked.query.get("after", "0"))
        rows = sorted(self.tickets.values(), key=lambda row: (row["updated"], row["id"]))
        rows = [row for row in rows if row["updated"] >= since.replace("+00:00", "Z")]
        there_is_more = len(rows) > after + PAGE
        return {"tickets": rows[after : after + PAGE], "next": str(after + PAGE) if there_is_more else None}


class World:
    """A help desk of two folders and a service. Each delivery brings new tickets, changes one from before, and has a row that is none."""

    def __init__(self, desks: list[Desk], service: Crm) -> None:
        self.desks, self.service, self.number = desks, service, 0

    def deliver(self) -> None:
        self.number += 1
        number, begin = self.number, f"2026-{1 + self.number // 28:02}-{1 + self.number % 28:02}T"
        rows = [
            f"D-{number}-{row},{begin}10:0{row}:00Z,{begin}10:30:00Z,open,email,A,Ada,c{number}" for row in range(5)
        ]
        rows.append(f"X-{number},someday,,open,,,,")
        if number > 1:
            rows.append(f"D-{number - 1}-0,2026-01-01T00:00:00Z,{begin}11:00:00Z,solved,email,A,Ben,c{number - 1}")
        answers = [f"R-{number},D-{number}-1,csat,5,{number % 5 + 1},{begin}12:00:00Z,{begin}13:00:00Z"]
        for desk in self.desks:
            desk.deliver(f"drops/{number:04}.csv", TICKETS + "\n".join(rows) + "\n", age=number * 60)
            desk.deliver(f"answers/{number:04}.csv", SURVEYS + "\n".join(answers) + "\n", age=number * 60)
        for ticket in range(3 * number - 2, 3 * number + 1):
            row = {"created": f"{begin}09:00:00Z", "updated": f"{begin}09:0{ticket % 3}:00Z", "state": "open"}
            self.service.tickets[f"P-{ticket}"] = {"id": f"P-{ticket}", "channel": "chat"} | row
        if number > 1:
            self.service.tickets[f"P-{3 * number - 3}"] |= {"state": "solved", "updated": f"{begin}09:05:00Z"}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world that is delivered to two desks: what is done to the first is not done to the second."""
    monkeypatch.setenv("SUPPORT_PRIVACY_KEY", "one key for both data folders")
    with Crm() as service:
        desks = [Desk(tmp_path / name) for name in ("disturbed", "calm")]
        for desk in desks:
            desk.folder.mkdir()
            desk.sections = [SETTINGS.format(keep=4, as_of=AS_OF, address=service.address)]
        yield World(desks, service)


def _line(desk: Desk, step: str, customer: str) -> list[str]:
    """A command that takes this step. Fewer versions are kept, and the others swept away, where that is what is looked at."""
    desk.sections[0] = re.sub(
        r"keep_versions = \d", f"keep_versions = {2 if step == 'sweeping' else 4}", desk.sections[0]
    )
    command = COMMANDS.get(step, "run")
    return [command, *([customer] if command == "forget" else []), "--settings", str(desk.settings_file())]


def _well(ended: Ended) -> Ended:
    assert ended.code == 0, ended.said
    return ended


@contextmanager
def reading(desk: Desk) -> Iterator[None]:
    """A reader in a process of its own, all the while; fails where it ever saw what it must not."""
    (desk.folder / "data").mkdir(exist_ok=True)
    command = [sys.executable, "-c", READER, str(desk.folder / "data")]
    process = subprocess.Popen(command, cwd=crashing.PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield
        assert process.poll() is None, "the reader ended early: its words stand above"
    finally:
        looks, _ = process.communicate("\n")
    assert int(looks.split()[-1]) > 10


def _undisturbed(world: World, starter: Starter) -> dict[str, tuple[int, float]]:
    """How many effects each step has, and how long it takes."""
    desk, calm = world.desks[1], {}
    for step in ("pulling", "upkeep", "erasing"):
        world.deliver()
        ended = _well(starter.run(_line(desk, step, f"c{world.number}")))
        names = set(crashing.NAMES) if not calm else {"rewriting", "sweeping", step} if step == "erasing" else {step}
        calm |= {name: ended.steps[name] for name in names}
    return calm


def _files(desk: Desk) -> list[tuple[Any, ...]]:
    """What became of every delivered file, and every row that was refused."""
    return desk.ask(
        "select feed, name, state, reason, rows_read, rows_loaded, rows_unchanged, rows_superseded, rows_rejected from files where feed <> 'crm'"
        " union all select feed, file_name, reason, delivered, line_no, null, null, null, null from rejected_rows"
    )


def _tables(desk: Desk) -> Tables:
    """Every table; of erasures whom they are of, not when they were, and so how many rows of each there were by then."""
    found = tables(desk)
    found["main.erasures"] = desk.ask("select distinct pseudonym, kind from erasures")
    return found


def _leftovers(desk: Desk) -> list[str]:
    data = desk.folder / "data"
    named = [*data.glob(".*"), *data.rglob("*.partial"), *data.rglob("*.part"), *(data / "scratch").iterdir()]
    return sorted(str(path.relative_to(data)) for path in {*named, *data.rglob("*.wal"), *data.rglob("*.tmp")})


def test_killed_at_200_moments_of_every_step_nothing_is_lost_and_nothing_counted_twice(
    world: World, tmp_path: Path
) -> None:
    disturbed, calm_desk = world.desks
    chance, kills, forgotten = random.Random(SEED), Counter[str](), []
    ended: Ended | None = None
    starts = 0
    print(f"seed {SEED}")
    with crashing.starter(tmp_path) as starter, reading(disturbed):
        calm = _undisturbed(world, starter)
        while kills.total() < KILLS:
            step = min(crashing.NAMES, key=lambda name: (kills[name], chance.random()))
            if ended is None or ended.code == 0 or ended.step in LATE:
                world.deliver()
            line = _line(disturbed, step, f"c{world.number}")
            forgotten += [line[1]] if line[0] == "forget" else []
            ended = starter.run(line, crashing.any_moment(step, calm[step], chance))
            assert ended.code in (0, -9), ended.said
            starts += 1
            assert starts < 3 * KILLS, kills
            kills[ended.step or "ending"] += ended.code == -9
        for desk in world.desks:
            _well(starter.run(_line(desk, "pulling", "")))
            _well(
                starter.run(
                    ["forget", *[f"c{n}" for n in range(1, 5)], *forgotten, "--settings", str(desk.settings_file())]
                )
            )
    print("\n".join(f"{step}: {count} kills" for step, count in sorted(kills.items())))
    assert all(kills[step] >= KILLS / 40 for step in crashing.NAMES), kills
    assert _leftovers(disturbed) == []
    same_tables(_tables(disturbed), _tables(calm_desk))
    same_rows("files", _files(disturbed), _files(calm_desk))


def test_killed_while_it_notes_how_it_did_nothing_is_left_once_the_next_has_noted_it(
    ticket_desk: Desk, tmp_path: Path
) -> None:
    ticket_desk.deliver("tickets/1.csv", "ticket_id,created_at\nT1,2026-01-01T10:00:00Z\n")
    data = ticket_desk.folder / "data"
    line, kills = _line(ticket_desk, "noting", ""), 0
    with crashing.starter(tmp_path) as starter:
        _well(starter.run(line))
        effects, _ = _well(starter.run(line)).steps["noting"]
        # The note is the last that a run writes: from the end on, back to where half of it is there.
        while kills < 2:
            assert starter.run(line, Moment("noting", effects)).code == -9
            kills, effects = kills + any(data.glob(".*")), effects - 1
        _well(starter.run(line))
    assert _leftovers(ticket_desk) == []


@pytest.mark.parametrize("name", [".erasures.jsonl.part", ".privacy.key.4711.part"])
def test_what_a_killed_run_left_of_a_small_file_is_taken_away_by_the_next(ticket_desk: Desk, name: str) -> None:
    ticket_desk.deliver("tickets/1.csv", "ticket_id,created_at\nT1,2026-01-01T10:00:00Z\n")
    ticket_desk.run()
    (ticket_desk.folder / "data" / name).write_text("half", encoding="utf-8")
    ticket_desk.run()
    assert _leftovers(ticket_desk) == []


@pytest.mark.parametrize(
    "moment", [Moment("checkpoint", effect=1), Moment("copying", effect=1), Moment("renaming", effect=3)]
)
def test_killed_while_it_publishes_the_next_look_publishes_though_nothing_is_new(
    ticket_desk: Desk, tmp_path: Path, moment: Moment
) -> None:
    for number in (1, 2):
        ticket_desk.deliver(f"tickets/{number}.csv", f"ticket_id,created_at\nT{number},2026-01-01T10:00:00Z\n")
        with crashing.starter(tmp_path) as starter:
            ended = starter.run(_line(ticket_desk, "checkpoint", ""), moment if number == 2 else None)
    assert (ended.code, ended.step) == (-9, moment.step)
    pipelines = Pipelines(load(ticket_desk.settings_file()))
    report = pipelines.run("schedule", only_if_new=True)
    quiet = pipelines.run("schedule", only_if_new=True)
    pipelines.close()
    assert report
    assert (report.version is not None, quiet) == (True, None)
    assert ticket_desk.ask("select count(*) from tickets") == [(2,)]


# The other processes -------------------------------------------------------------------------------------------------


class Parts:
    """The made-up help desk, the pipelines and the dashboard, each a process of its own that can be killed and started again."""

    def __init__(self, settings: Path) -> None:
        self.settings, self.port = settings, free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        for name in names:
            command = [sys.executable, "-m", *self._command(name)]
            environment = os.environ | {"SUPPORT_SETTINGS": str(self.settings)}
            self.processes[name] = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL)

    def _command(self, name: str) -> list[str]:
        return {
            "sample": ["pipelines", "sample", "--live", "--speed", "50"],
            "serve": ["pipelines", "serve"],
            "dashboard": ["streamlit", "run", "dashboard.py", f"--server.port={self.port}", "--logger.level=error"],
        }[name]

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        assert self.processes[name].wait() == -9

    def close(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(timeout=60)

    def live(self) -> list[str]:
        return [name for name, process in self.processes.items() if process.poll() is None]

    def health(self) -> dict[str, Any]:
        """What the dashboard says of itself; empty where it does not answer, or has no data."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/health", timeout=10) as answer:
                return dict(json.load(answer))
        except OSError:
            return {}

    def shows_more_than(self, version: int) -> int:
        """Waits until the dashboard shows a newer version, and gives its number."""
        until = time.monotonic() + 300
        while (found := int(self.health().get("version", 0))) <= version:
            assert time.monotonic() < until, f"{self.live()} live, version {version} stays"
            time.sleep(0.2)
        return found


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    text = (PROJECT / "support.toml").read_text(encoding="utf-8")
    for old, new in (("tickets = 40000", "tickets = 400"), ("days = 90", "days = 5"), ("every = ", "every = 1.0  # ")):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "support.toml").write_text(text, encoding="utf-8")
    made = Parts(tmp_path / "support.toml")
    made.start("sample")
    yield made
    made.close()


def test_the_dashboard_and_the_made_up_help_desk_are_killed_and_the_rest_goes_on(parts: Parts) -> None:
    exports = parts.settings.parent / "data" / "exports"
    wait_for((exports / "desk.json").exists)
    parts.start("serve", "dashboard")
    version = parts.shows_more_than(0)
    parts.kill("dashboard")
    assert parts.live() == ["sample", "serve"]
    left = exports / "tickets" / f".tickets-half.csv.{parts.processes['dashboard'].pid}.part"
    of_a_live_one = exports / "tickets" / f".tickets-whole.csv.{os.getpid()}.part"
    for path in (left, of_a_live_one):
        path.write_text("ticket_id,cre")
    parts.start("dashboard")
    version = parts.shows_more_than(version)
    parts.kill("sample")
    assert parts.health()["state"] == "ready"
    parts.start("sample")
    parts.shows_more_than(version)
    wait_for(lambda: not left.exists())
    assert of_a_live_one.exists()
    assert sorted(parts.live()) == ["dashboard", "sample", "serve"]


def test_a_process_for_sql_that_is_killed_is_said_and_the_next_query_runs(ticket_desk: Desk) -> None:
    ticket_desk.deliver("tickets/a.csv", "ticket_id,created_at\nT1,2026-01-01T10:00:00Z\n")
    ticket_desk.run()
    asked = AdHoc(ticket_desk.folder / "data", Sql(seconds=60))
    try:
        endless = asked.start("select count(*) from range(1000000) a, range(1000000) b, range(1000000) c")
        os.kill(endless.pid, signal.SIGKILL)
        with pytest.raises(QueryRefused):
            endless.wait(60)
        result = asked.start("select count(*) as tickets from tickets").wait(120)
        assert result
        assert result.frame["tickets"].tolist() == [1]
    finally:
        asked.close()


def wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 300
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.2)
