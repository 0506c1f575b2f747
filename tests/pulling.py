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
start() makes the same world each time: no clock, no chance. The same pull makes the same requests each time: what is polled for is ready after
so many polls, not after so much time. How the service asks for the next page must be as strict as the real one's: a fake that answers what it
does not understand hides mistakes.

A case that a scenario does not fit overrides that method in its class, says why in the docstring, and tests what holds instead.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from tests import killing
from tests.comparing import Rows, Tables, same_tables, tables
from tests.conftest import Desk
from tests.faults import Changed, Cut, Fault, Html, Malformed, Reset, Status
from tests.pull_case import AS_OF, SETTINGS, Of, PullCase, PullTests, put_beside
from tests.serving import FakeService

__all__ = ["AS_OF", "SETTINGS", "PullCase", "PullScenarios", "Rows", "Tables"]

FAILURES = {"500": Status(500), "503": Status(503, retry_after=0.02), "cut": Cut(), "reset": Reset()}


class PullScenarios(PullTests):
    """The scenarios. `every_step = True`, for one service only: killed before every step, interrupted at every request; else at a sample."""

    def test_a_full_pull_loads_every_record(self, desk: Desk, service: FakeService) -> None:
        self.run_well(desk)
        self.holds_what_it_should(desk, service)

    def test_an_increment_asks_only_for_what_is_new(self, desk: Desk, service: FakeService, undisturbed: Of) -> None:
        self.run_well(desk)
        self.case.grow(service)
        service.forget()
        self.run_well(desk)
        calm = undisturbed("grow")
        assert 0 < len(service.requests) < calm.requests
        self.holds_what_it_should(desk, service)
        same_tables(tables(desk), calm.tables)

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
        self, desk: Desk, service: FakeService, undisturbed: Of
    ) -> None:
        self.run_well(desk)
        self.case.be_late(service)
        self.run_well(desk)
        self.holds_what_it_should(desk, service)
        same_tables(tables(desk), undisturbed("be_late").tables)

    def test_late_then_new_records_are_all_there(self, desk: Desk, service: FakeService, undisturbed: Of) -> None:
        self.run_well(desk)
        for world in ("be_late", "grow"):
            getattr(self.case, world)(service)
            self.run_well(desk)
        self.holds_what_it_should(desk, service)
        same_tables(tables(desk), undisturbed("be_late", "grow").tables)

    def test_what_is_deleted_or_merged_is_said_to_be(self, desk: Desk, service: FakeService, undisturbed: Of) -> None:
        self.run_well(desk)
        self.case.delete(service)
        self.run_well(desk)
        self.holds_what_it_should(desk, service)
        if self.case.fresh_pull_tells_of_deleted:
            same_tables(tables(desk), undisturbed("delete").tables)

    def test_storms_of_429_are_waited_out(self, desk: Desk, service: FakeService, undisturbed: Of) -> None:
        calm = undisturbed()
        service.faults.storm(Status(429, retry_after=0.05), times=3)
        service.faults.each_once(Status(429, retry_after=0.02))
        self.run_well(desk)
        assert service.too_early == 0
        assert len(service.faults.happened) > calm.requests / 2
        same_tables(tables(desk), calm.tables)

    def test_it_asks_no_more_than_the_service_allows(self, desk: Desk, service: FakeService, undisturbed: Of) -> None:
        service.limit = self.case.limit
        self.run_well(desk)
        windows = ceil(len(service.requests) / service.limit.requests)
        assert service.too_early == 0
        assert service.over_limit <= windows
        same_tables(tables(desk), undisturbed().tables)

    @pytest.mark.parametrize("kind", FAILURES.values(), ids=FAILURES)
    def test_each_request_failing_once_changes_nothing(
        self, desk: Desk, service: FakeService, kind: Fault, undisturbed: Of
    ) -> None:
        service.faults.each_once(kind)
        self.run_well(desk)
        calm = undisturbed()
        assert len(service.requests) <= 2 * calm.requests
        same_tables(tables(desk), calm.tables)

    @pytest.mark.parametrize("kind", [Malformed(), Html()], ids=["malformed", "html"])
    def test_an_answer_that_is_no_json_is_never_taken_for_one(
        self, desk: Desk, service: FakeService, kind: Fault, undisturbed: Of
    ) -> None:
        calm = undisturbed()
        service.faults.once(kind, at=_place("middle", calm.requests))
        report = self.run(desk)
        assert len(service.faults.happened) == 1
        if report.problems:  # else it asked again
            self.run_well(desk)
        same_tables(tables(desk), calm.tables)

    def test_a_renamed_field_is_said_and_nothing_becomes_null(
        self, desk: Desk, service: FakeService, undisturbed: Of
    ) -> None:
        table, field = self.case.renamed
        calm = undisturbed()
        service.faults.always(Changed(self.case.rename_field))
        report = self.run(desk)
        reasons = [reason for (reason,) in desk.ask("select distinct reason from rejected_rows")]
        assert any(field in said for said in [*reasons, *report.problems]), [*reasons, *report.problems]
        made_up = Counter(tables(desk)[f"main.{table}"]) - Counter(calm.tables[f"main.{table}"])
        assert not made_up, f"{table} loaded without {field}: {next(iter(made_up))}"
        service.faults.clear()
        from_the_start(desk)
        self.run_well(desk)
        same_tables(tables(desk), calm.tables)

    def test_answers_of_another_shape_are_said_and_taken_for_nothing(
        self, desk: Desk, service: FakeService, undisturbed: Of
    ) -> None:
        calm = undisturbed()
        service.faults.always(Changed(another_shape))
        report = self.run(desk)
        assert (report.state, bool(report.problems)) == ("done", True)
        assert report.problems[0].startswith("[sources.")
        service.faults.clear()
        from_the_start(desk)
        self.run_well(desk)
        same_tables(tables(desk), calm.tables)

    @pytest.mark.parametrize("place", ["first", "middle", "last"])
    def test_an_expired_token_stops_this_source_alone(
        self, desk: Desk, service: FakeService, place: str, undisturbed: Of
    ) -> None:
        calm = undisturbed(beside=True)
        put_beside(desk)
        service.faults.always(Status(401), at=_place(place, calm.requests))
        report = self.run(desk)
        assert report.state == "done"
        assert [problem for problem in report.problems if "401" in problem or "refuse" in problem.lower()]
        assert desk.ask("select status from tickets where ticket_id = 'file-1'") == [("open",)]
        assert len(service.faults.happened) == 1, "who is refused must not ask on"
        service.faults.clear()
        self.run_well(desk)
        same_tables(tables(desk), calm.tables)

    def test_pulls_that_have_time_for_few_requests_get_there_in_the_end(
        self, desk: Desk, service: FakeService, undisturbed: Of
    ) -> None:
        calm = undisturbed()
        for requests in range(2, 2 + calm.requests):
            service.forget()
            with pytest.MonkeyPatch.context() as patched:
                self.end_time_after(requests, service, patched)
                assert self.run(desk).state == "done"
            assert len(service.requests) <= requests
            if len(service.requests) < requests:
                break
        self.run_well(desk)
        same_tables(tables(desk), calm.tables)

    def test_time_that_is_up_after_any_request_loses_nothing(
        self, service: FakeService, tmp_path: Path, undisturbed: Of
    ) -> None:
        calm = undisturbed()
        for requests in killing.spread(calm.requests, None if self.every_step else 3):
            desk = self.new_desk(tmp_path / str(requests), service)
            service.forget()
            with pytest.MonkeyPatch.context() as patched:
                self.end_time_after(requests, service, patched)
                assert self.run(desk).state == "done"
            assert len(service.requests) == requests
            self.run_well(desk)
            same_tables(tables(desk), calm.tables)

    @pytest.mark.parametrize("part", [1, 2, 3])
    def test_killed_between_any_two_steps_it_goes_on(
        self, service: FakeService, part: int, tmp_path: Path, undisturbed: Of
    ) -> None:
        calm = undisturbed()
        steps = self._steps(tmp_path / "counted", service)
        for number in killing.spread(steps, None if self.every_step else 12)[part - 1 :: 3]:
            desk = self.new_desk(tmp_path / str(number), service)
            service.forget()
            code, _ = killing.run(number, desk.settings_file(), self.case.constants)
            assert code == -9 or number > steps - 3, f"step {number} of {steps} was not reached"
            self.run_well(desk)
            assert len(service.requests) <= 2 * calm.requests
            same_tables(tables(desk), calm.tables)

    @pytest.mark.parametrize("place", ["first", "middle", "last"])
    def test_killed_in_the_middle_of_an_answer_it_goes_on(
        self, desk: Desk, service: FakeService, place: str, undisturbed: Of
    ) -> None:
        calm = undisturbed()
        service.faults.kill(lambda: process.pid, at=_place(place, calm.requests))
        command = killing.command(0, desk.settings_file(), self.case.constants)
        process = subprocess.Popen(command, cwd=killing.PROJECT)
        assert process.wait(timeout=60) == -9
        self.run_well(desk)
        assert len(service.requests) <= 2 * calm.requests
        same_tables(tables(desk), calm.tables)

    def _steps(self, folder: Path, service: FakeService) -> int:
        """Steps of a whole run; counted once a class."""
        if "_step_count" not in self.__class__.__dict__:
            code, steps = killing.run(0, self.new_desk(folder, service).settings_file(), self.case.constants)
            assert code == 0
            self.__class__._step_count = steps  # type: ignore[attr-defined]
        return self.__class__._step_count  # type: ignore[attr-defined,no-any-return]


def _place(name: str, requests: int) -> int:
    return {"first": 1, "middle": max(1, requests // 2), "last": requests}[name]


def another_shape(body: Any) -> Any:
    """JSON that says the same in a way that nobody reads: a list within an object, other names for the keys of an object."""
    if isinstance(body, list):
        return {"results": body}
    return {f"{name}_new": value for name, value in body.items()} if isinstance(body, dict) else body


def from_the_start(desk: Desk) -> None:
    """Forgets how far every source was pulled: the next run pulls everything again."""
    for progress in (desk.folder / "data" / "received").glob("*/progress.json"):
        progress.unlink()
