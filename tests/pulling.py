"""What every service that is pulled from has to survive, written once. A service's test file supplies a case:

    # tests/test_freshdesk.py
    class FakeFreshdesk(FakeService): ...            # tests/serving.py

    class FreshdeskCase(PullCase):
        kind = "freshdesk"
        ...

    class TestFreshdesk(PullScenarios):
        case = FreshdeskCase()

    def test_..., further tests of that service alone

pytest then runs every method of PullScenarios as `tests/test_freshdesk.py::TestFreshdesk::test_...`. Scenarios pull with the settings and secrets
of the case into a fresh data folder, disturb it, and compare every table of the published warehouse with that of an undisturbed pull of the
same world into another folder.

The world of a case: about a dozen tickets (or responses) on three or four pages of the endpoint that matters most, more than one page on every
endpoint that has pages, a few agents and teams, every status, one unassigned ticket, one survey. Every instant in it lies before AS_OF, and
start() makes the same world each time: no clock, no chance.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pytest

from pipelines.refresh import Report
from pipelines.sources.pause import Pause, TimeUp
from tests import killing
from tests.comparing import Tables, same_rows, same_tables, tables
from tests.conftest import Desk
from tests.faults import Changed, Cut, Fault, Html, Malformed, Reset, Status
from tests.serving import FakeService, Limit

# Where every world ends: how far the data goes, so that what is still open is equally long in every pull.
AS_OF = "2026-03-31T00:00:00Z"
SETTINGS = f"""
[data]
folder = "data"
[clock]
as_of = "{AS_OF}"
[privacy]
keep = ["message_text", "customer", "contact_details", "rejected_rows"]
"""
# Another source in the same support.toml, of files.
BESIDE = '[sources.beside]\npath = "exports/beside"\nrows = "ticket"\n'
BESIDE_TICKET = "ticket_id,created_at,status\nfile-1,2026-03-01T10:00:00Z,open\n"

FAILURES = {"500": Status(500), "503": Status(503, retry_after=0.02), "cut": Cut(), "reset": Reset()}


class PullCase(Protocol):
    """One service, as the scenarios need it. Derive from it: what has a value here is optional."""

    kind: str  # as in support.toml: "freshdesk"
    secrets: dict[str, str]  # environment variables, such as {"SUPPORT_DESK_KEY": "abc"}
    renamed: tuple[
        str, str
    ]  # table and field of `rename_field`: ("tickets", "status"); the field by the name that the service gave it
    requests_when_quiet: int  # how many requests a pull makes at most when nothing is new
    # Constants of modules that are others in the scenarios, in killed processes too: page sizes that make several pages of a small world,
    # waits between polls, {"pipelines.sources.freshdesk.REMAINING.window": 0.25}.
    constants: ClassVar[Mapping[str, float]] = {}
    limit: Limit = Limit(4, seconds=0.25)  # what the service allows in test_it_asks_no_more_than_the_service_allows
    fresh_pull_tells_of_deleted: bool = (
        True  # False: who pulls for the first time never hears of what was deleted before
    )

    def start(self) -> FakeService:
        """A service that answers, with its first world: `return FakeFreshdesk().start()`."""
        ...

    def settings(self, address: str) -> str:
        """[sources.NAME] of support.toml, one or more, with `since` before the world begins and what keeps tests from waiting:
        first_wait = 0.01 and requests_a_minute = 100000."""
        ...

    def grow(self, service: Any) -> None:
        """New records, and changes of a few old ones, later than all before: what an hour at the desk brings; more than a page of them."""
        ...

    def be_late(self, service: Any) -> None:
        """What comes out of order: a record with an older instant than others that were pulled already, appearing as late as the service may
        make it appear (within its overlap), and an update to the oldest record."""
        ...

    def delete(self, service: Any) -> None:
        """One record deleted, one merged into another where the service has merging, at an instant later than all before."""
        ...

    def rename_field(self, body: Any) -> Any:
        """An answer's JSON with the field `renamed[1]` under another name wherever it stands; answers without it as they are."""
        ...

    def expected(self, service: Any) -> Tables:
        """What the warehouse must hold, worked out by hand from the world's own records in plain Python: query -> rows, in any order.

        Such as {"select ticket_id, status, agent, team, channel from tickets where source = 'desk'": [("1", "open", "Ada", None, "email"), ...]};
        of messages, events, surveys, names, whatever the service has. Instants as text: `created_at::varchar`. Called in every world.
        """
        ...


@dataclass(frozen=True)
class Undisturbed:
    """What a pull gives when nothing goes wrong: every table, and how many requests it took."""

    tables: Tables
    requests: int


class PullScenarios:
    """Derive a class TestNAME with a `case`.

    every_step   True for one service only, as it takes long: killed before every step, interrupted at every request; else at a sample
    """

    case: ClassVar[PullCase]
    every_step: ClassVar[bool] = False

    # What tests of a service may use

    def run(self, desk: Desk) -> Report:
        """One `python -m pipelines run`: pull, load, publish."""
        return desk.run()

    def end_time_after(self, requests: int, service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
        """The time of the next pull is up once it has made so many requests."""
        made, check, sleep, left = len(service.requests), Pause.check, Pause.sleep, Pause.left

        def is_up() -> bool:
            return len(service.requests) - made >= requests

        def checked(pause: Pause) -> None:
            if is_up():
                raise TimeUp
            check(pause)

        def slept(pause: Pause, seconds: float) -> None:
            checked(pause)
            sleep(pause, seconds)

        monkeypatch.setattr(Pause, "check", checked)
        monkeypatch.setattr(Pause, "sleep", slept)
        monkeypatch.setattr(Pause, "left", lambda pause: 0.0 if is_up() else left(pause))

    @pytest.fixture(autouse=True)
    def _environment(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setenv("SUPPORT_PRIVACY_KEY", "one key for all data folders of this test")
        for name, value in self.case.secrets.items():
            monkeypatch.setenv(name, value)
        with killing.other_constants(self.case.constants):
            yield

    @pytest.fixture
    def service(self) -> Iterator[FakeService]:
        """The service in its first world."""
        with self.case.start() as service:
            yield service

    @pytest.fixture
    def desk(self, tmp_path: Path, service: FakeService) -> Desk:
        """A folder whose support.toml pulls from the service."""
        return self.new_desk(tmp_path, service)

    def new_desk(self, folder: Path, service: FakeService) -> Desk:
        folder.mkdir(exist_ok=True)
        return Desk(folder, [SETTINGS, self.case.settings(service.address)])

    def undisturbed(self, tmp_path_factory: pytest.TempPathFactory, *worlds: str, beside: bool = False) -> Undisturbed:
        """A first pull of the world that the case's methods `worlds` ("grow", "delete", ...) make; made once a class.

        `beside`: with the source of files beside it.
        """
        made: dict[Any, Undisturbed] = self.__class__.__dict__.get("_made") or {}
        self.__class__._made = made  # type: ignore[attr-defined]
        if (worlds, beside) not in made:
            with self.case.start() as service:
                for world in worlds:
                    getattr(self.case, world)(service)
                desk = self.new_desk(tmp_path_factory.mktemp("undisturbed"), service)
                if beside:
                    _put_beside(desk)
                self.run_well(desk)
                made[worlds, beside] = Undisturbed(tables(desk), len(service.requests))
        return made[worlds, beside]

    def run_well(self, desk: Desk) -> Report:
        """A run without any problem."""
        report = self.run(desk)
        assert (report.state, report.problems) == ("done", [])
        return report

    def holds_what_it_should(self, desk: Desk, service: FakeService) -> None:
        """The warehouse holds the service's present world as worked out by hand."""
        for query, rows in self.case.expected(service).items():
            same_rows(query, desk.ask(query), rows)

    # The scenarios

    def test_a_full_pull_loads_every_record(self, desk: Desk, service: FakeService) -> None:
        self.run_well(desk)
        self.holds_what_it_should(desk, service)

    def test_an_increment_asks_only_for_what_is_new(
        self, desk: Desk, service: FakeService, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        self.run_well(desk)
        self.case.grow(service)
        service.forget()
        self.run_well(desk)
        undisturbed = self.undisturbed(tmp_path_factory, "grow")
        assert 0 < len(service.requests) < undisturbed.requests
        self.holds_what_it_should(desk, service)
        same_tables(tables(desk), undisturbed.tables)

    def test_when_nothing_is_new_little_is_asked_and_nothing_lands(self, desk: Desk, service: FakeService) -> None:
        self.run_well(desk)
        before = tables(desk)
        self.run_well(desk)  # may bring once more what the overlap asks for again
        service.forget()
        quiet = self.run_well(desk)
        assert (quiet.arrived, quiet.tickets_built) == (0, 0)
        assert 0 < len(service.requests) <= self.case.requests_when_quiet
        same_tables(tables(desk), before)

    def test_what_is_late_and_out_of_order_is_not_missed(
        self, desk: Desk, service: FakeService, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        self.run_well(desk)
        self.case.be_late(service)
        self.run_well(desk)
        self.holds_what_it_should(desk, service)
        same_tables(tables(desk), self.undisturbed(tmp_path_factory, "be_late").tables)

    def test_late_then_new_records_are_all_there(
        self, desk: Desk, service: FakeService, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        self.run_well(desk)
        for world in ("be_late", "grow"):
            getattr(self.case, world)(service)
            self.run_well(desk)
        self.holds_what_it_should(desk, service)
        same_tables(tables(desk), self.undisturbed(tmp_path_factory, "be_late", "grow").tables)

    def test_what_is_deleted_or_merged_is_said_to_be(
        self, desk: Desk, service: FakeService, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        self.run_well(desk)
        self.case.delete(service)
        self.run_well(desk)
        self.holds_what_it_should(desk, service)
        if self.case.fresh_pull_tells_of_deleted:
            same_tables(tables(desk), self.undisturbed(tmp_path_factory, "delete").tables)

    def test_storms_of_429_are_waited_out(
        self, desk: Desk, service: FakeService, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        undisturbed = self.undisturbed(tmp_path_factory)
        service.faults.storm(Status(429, retry_after=0.05), times=3)
        service.faults.each_once(Status(429, retry_after=0.02))
        self.run_well(desk)
        assert service.too_early == 0
        assert len(service.faults.happened) > undisturbed.requests / 2
        same_tables(tables(desk), undisturbed.tables)

    def test_it_asks_no_more_than_the_service_allows(
        self, desk: Desk, service: FakeService, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        service.limit = self.case.limit
        self.run_well(desk)
        windows = ceil(len(service.requests) / service.limit.requests)
        assert service.too_early == 0
        assert service.over_limit <= windows
        same_tables(tables(desk), self.undisturbed(tmp_path_factory).tables)

    @pytest.mark.parametrize("kind", FAILURES.values(), ids=FAILURES)
    def test_each_request_failing_once_changes_nothing(
        self, desk: Desk, service: FakeService, kind: Fault, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        service.faults.each_once(kind)
        self.run_well(desk)
        undisturbed = self.undisturbed(tmp_path_factory)
        assert len(service.requests) <= 2 * undisturbed.requests
        same_tables(tables(desk), undisturbed.tables)

    @pytest.mark.parametrize("kind", [Malformed(), Html()], ids=["malformed", "html"])
    def test_an_answer_that_is_no_json_is_never_taken_for_one(
        self, desk: Desk, service: FakeService, kind: Fault, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        undisturbed = self.undisturbed(tmp_path_factory)
        service.faults.once(kind, at=undisturbed.requests // 2)
        report = self.run(desk)
        assert len(service.faults.happened) == 1
        if report.problems:  # else it asked again
            self.run_well(desk)
        same_tables(tables(desk), undisturbed.tables)

    def test_a_renamed_field_is_said_and_nothing_becomes_null(
        self, desk: Desk, service: FakeService, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        table, field = self.case.renamed
        undisturbed = self.undisturbed(tmp_path_factory)
        service.faults.always(Changed(self.case.rename_field))
        report = self.run(desk)
        reasons = [reason for (reason,) in desk.ask("select distinct reason from rejected_rows")]
        assert any(field in said for said in [*reasons, *report.problems]), [*reasons, *report.problems]
        made_up = Counter(tables(desk)[f"main.{table}"]) - Counter(undisturbed.tables[f"main.{table}"])
        assert not made_up, f"{table} loaded without {field}: {next(iter(made_up))}"
        service.faults.clear()
        from_the_start(desk)
        self.run_well(desk)
        same_tables(tables(desk), undisturbed.tables)

    def test_answers_of_another_shape_are_said_and_taken_for_nothing(
        self, desk: Desk, service: FakeService, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        undisturbed = self.undisturbed(tmp_path_factory)
        service.faults.always(Changed(another_shape))
        report = self.run(desk)
        assert (report.state, bool(report.problems)) == ("done", True)
        assert report.problems[0].startswith("[sources.")
        service.faults.clear()
        from_the_start(desk)
        self.run_well(desk)
        same_tables(tables(desk), undisturbed.tables)

    @pytest.mark.parametrize("place", ["first", "middle", "last"])
    def test_an_expired_token_stops_this_source_alone(
        self, desk: Desk, service: FakeService, place: str, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        undisturbed = self.undisturbed(tmp_path_factory, beside=True)
        _put_beside(desk)
        service.faults.always(Status(401), at=_place(place, undisturbed.requests))
        report = self.run(desk)
        assert report.state == "done"
        assert [problem for problem in report.problems if "401" in problem or "refuse" in problem.lower()]
        assert desk.ask("select status from tickets where ticket_id = 'file-1'") == [("open",)]
        assert len(service.faults.happened) == 1, "who is refused must not ask on"
        service.faults.clear()
        self.run_well(desk)
        same_tables(tables(desk), undisturbed.tables)

    def test_pulls_that_have_time_for_few_requests_get_there_in_the_end(
        self, desk: Desk, service: FakeService, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        undisturbed = self.undisturbed(tmp_path_factory)
        for requests in range(2, 2 + undisturbed.requests):
            service.forget()
            with pytest.MonkeyPatch.context() as patched:
                self.end_time_after(requests, service, patched)
                assert self.run(desk).state == "done"
            assert len(service.requests) <= requests
            if len(service.requests) < requests:
                break
        self.run_well(desk)
        same_tables(tables(desk), undisturbed.tables)

    def test_time_that_is_up_after_any_request_loses_nothing(
        self, service: FakeService, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        undisturbed = self.undisturbed(tmp_path_factory)
        for requests in killing.spread(undisturbed.requests, None if self.every_step else 3):
            desk = self.new_desk(tmp_path / str(requests), service)
            service.forget()
            with pytest.MonkeyPatch.context() as patched:
                self.end_time_after(requests, service, patched)
                assert self.run(desk).state == "done"
            assert len(service.requests) == requests
            self.run_well(desk)
            same_tables(tables(desk), undisturbed.tables)

    @pytest.mark.parametrize("part", [1, 2, 3])
    def test_killed_between_any_two_steps_it_goes_on(
        self, service: FakeService, part: int, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        undisturbed = self.undisturbed(tmp_path_factory)
        steps = self._steps(tmp_path / "counted", service)
        for number in killing.spread(steps, None if self.every_step else 12)[part - 1 :: 3]:
            desk = self.new_desk(tmp_path / str(number), service)
            service.forget()
            code, _ = killing.run(number, desk.settings_file(), self.case.constants)
            assert code == -9 or number > steps - 3, f"step {number} of {steps} was not reached"
            self.run_well(desk)
            assert len(service.requests) <= 2 * undisturbed.requests
            same_tables(tables(desk), undisturbed.tables)

    @pytest.mark.parametrize("place", ["first", "middle", "last"])
    def test_killed_in_the_middle_of_an_answer_it_goes_on(
        self, desk: Desk, service: FakeService, place: str, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        undisturbed = self.undisturbed(tmp_path_factory)
        service.faults.kill(lambda: process.pid, at=_place(place, undisturbed.requests))
        command = killing.command(0, desk.settings_file(), self.case.constants)
        process = subprocess.Popen(command, cwd=killing.PROJECT)
        assert process.wait(timeout=60) == -9
        self.run_well(desk)
        assert len(service.requests) <= 2 * undisturbed.requests
        same_tables(tables(desk), undisturbed.tables)

    def _steps(self, folder: Path, service: FakeService) -> int:
        """Steps of a whole run; counted once a class."""
        if "_step_count" not in self.__class__.__dict__:
            code, steps = killing.run(0, self.new_desk(folder, service).settings_file(), self.case.constants)
            assert code == 0
            self.__class__._step_count = steps  # type: ignore[attr-defined]
        return self.__class__._step_count  # type: ignore[attr-defined,no-any-return]


def _place(name: str, requests: int) -> int:
    return {"first": 1, "middle": max(1, requests // 2), "last": requests}[name]


def _put_beside(desk: Desk) -> None:
    desk.setting(BESIDE)
    desk.deliver("beside/a.csv", BESIDE_TICKET)


def another_shape(body: Any) -> Any:
    """JSON that says the same in a way that nobody reads: a list within an object, other names for the keys of an object."""
    if isinstance(body, list):
        return {"results": body}
    return {f"{name}_new": value for name, value in body.items()} if isinstance(body, dict) else body


def from_the_start(desk: Desk) -> None:
    """Forgets how far every source was pulled: the next run pulls everything again."""
    for progress in (desk.folder / "data" / "received").glob("*/progress.json"):
        progress.unlink()
