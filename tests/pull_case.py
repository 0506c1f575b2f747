"""The case of a service that is pulled from, and what its tests stand on: tests/pulling.py says how they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pytest

from pipelines.refresh import Report
from pipelines.sources.pause import Pause, TimeUp
from tests import killing
from tests.comparing import Tables, same_rows, tables
from tests.conftest import Desk
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


class PullCase(Protocol):
    """One service, as the scenarios need it. Derive from it: what has a value here is optional."""

    # As in support.toml: "freshdesk".
    kind: ClassVar[str]
    # Environment variables, such as {"SUPPORT_DESK_KEY": "abc"} for [sources.desk].
    secrets: ClassVar[Mapping[str, str]]
    # Table and field of rename_field, such as ("tickets", "status"); the field by the name that the service gives it.
    renamed: ClassVar[tuple[str, str]]
    # How many requests a pull makes at most when nothing is new.
    requests_when_quiet: ClassVar[int]
    # Constants of modules that are others in the scenarios, in killed processes too: page sizes that make several pages of a small world,
    # waits between polls, {"pipelines.sources.freshdesk.REMAINING.window": 0.25}.
    constants: ClassVar[Mapping[str, float]] = {}
    # What the service allows in test_it_asks_no_more_than_the_service_allows.
    limit: ClassVar[Limit] = Limit(4, seconds=0.25)
    # False: who pulls for the first time never hears of what was deleted before.
    fresh_pull_tells_of_deleted: ClassVar[bool] = True

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
        """An answer's JSON with the field `renamed[1]` under another name wherever it stands; answers without it as they are.

        Of answers that are no JSON (CSV, an archive) it gets the bytes.
        """
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


Of = Callable[..., Undisturbed]


class PullTests:
    """What tests of pulling from one service stand on. Derive a class TestNAME with a `case`, of PullScenarios in tests/pulling.py.

    every_step   True for one service only, as it takes long: killed before every step, interrupted at every request; else at a sample
    """

    case: ClassVar[PullCase]
    every_step: ClassVar[bool] = False

    def run(self, desk: Desk) -> Report:
        """One `python -m pipelines run`: pull, load, publish."""
        return desk.run()

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

    @pytest.fixture
    def undisturbed(self, tmp_path_factory: pytest.TempPathFactory) -> Of:
        """undisturbed("grow"): a first pull of the world that these methods of the case make; each is made once a class.

        `beside=True`: with the source of files beside it.
        """
        made: dict[Any, Undisturbed] = self.__class__.__dict__.get("_made") or {}
        self.__class__._made = made  # type: ignore[attr-defined]

        def of(*worlds: str, beside: bool = False) -> Undisturbed:
            if (worlds, beside) not in made:
                made[worlds, beside] = self._undisturbed(tmp_path_factory.mktemp("undisturbed"), worlds, beside)
            return made[worlds, beside]

        return of

    def _undisturbed(self, folder: Path, worlds: tuple[str, ...], beside: bool) -> Undisturbed:
        with self.case.start() as service:
            for world in worlds:
                getattr(self.case, world)(service)
            desk = self.new_desk(folder, service)
            if beside:
                put_beside(desk)
            self.run_well(desk)
            return Undisturbed(tables(desk), len(service.requests))

    def run_well(self, desk: Desk) -> Report:
        """A run without any problem."""
        report = self.run(desk)
        assert (report.state, report.problems) == ("done", [])
        return report

    def holds_what_it_should(self, desk: Desk, service: FakeService) -> None:
        """The warehouse holds the service's present world as worked out by hand."""
        for query, rows in self.case.expected(service).items():
            same_rows(query, desk.ask(query), rows)

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


def put_beside(desk: Desk) -> None:
    desk.setting(BESIDE)
    desk.deliver("beside/a.csv", BESIDE_TICKET)
