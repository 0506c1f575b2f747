"""A published file that is deleted, or overwritten with rubbish, is published again by the next run, though nothing is new."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines import refresh
from pipelines.refresh import Pipelines
from tests.conftest import Desk
from warehouse import published
from warehouse.ask import Warehouse
from warehouse.connection import numbered_versions
from warehouse.errors import NoWarehouse
from warehouse.scope import EVERYTHING
from warehouse.settings import load

HEADER = "ticket_id,created_at\n"
RUBBISH = b"rubbish" * 100_000


def _deliver(desk: Desk, number: int) -> None:
    desk.deliver(f"tickets/{number}.csv", f"{HEADER}T{number},2026-01-01T10:00:00Z\n")


@pytest.fixture
def folder(ticket_desk: Desk) -> Path:
    """The data folder of a desk with one version of one ticket."""
    _deliver(ticket_desk, 1)
    ticket_desk.run()
    return ticket_desk.folder / "data"


def _looked(desk: Desk) -> refresh.Report | None:
    """What `serve` does again and again: a run where there is something to do."""
    pipelines = Pipelines(load(desk.settings_file()))
    try:
        return pipelines.run("test", only_if_new=True)
    finally:
        pipelines.close()


def _overwrite(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(RUBBISH)


def _replace(path: Path) -> None:
    path.unlink()
    path.write_bytes(RUBBISH)


def _cut(path: Path) -> None:
    path.chmod(0o644)
    with path.open("rb+") as file:
        file.truncate(20_000)


DAMAGES: dict[str, tuple[Callable[[Path], None], str, str | None]] = {
    "warehouse-1.duckdb was removed": (Path.unlink, "warehouse-1.duckdb", None),
    "warehouse.duckdb was removed": (Path.unlink, "warehouse.duckdb", None),
    "warehouse-1.duckdb was changed": (_overwrite, "warehouse-1.duckdb", "damaged-warehouse-1.duckdb"),
    "warehouse.duckdb was changed": (_replace, "warehouse.duckdb", "damaged-warehouse.duckdb"),
    "warehouse-1.duckdb was changed by": (_cut, "warehouse-1.duckdb", "damaged-warehouse-1.duckdb"),
}


@pytest.mark.parametrize("said", DAMAGES)
def test_a_published_file_that_is_not_as_it_was_is_kept_aside_and_published_again(
    ticket_desk: Desk, folder: Path, said: str
) -> None:
    assert _looked(ticket_desk) is None
    damage, name, aside = DAMAGES[said]
    damage(folder / name)
    report = _looked(ticket_desk)
    assert report is not None
    assert report.version == 2
    assert any(said in problem for problem in report.problems)
    assert ticket_desk.ask("select count(*) from tickets") == [(1,)]
    assert (folder / "warehouse.duckdb").stat().st_ino == (folder / "warehouse-2.duckdb").stat().st_ino
    assert aside is None or (folder / aside).exists()
    assert _looked(ticket_desk) is None


def test_all_versions_removed_are_published_again(ticket_desk: Desk, folder: Path) -> None:
    for path in folder.glob("warehouse*.duckdb"):
        path.unlink()
    report = _looked(ticket_desk)
    assert report is not None
    assert ticket_desk.ask("select count(*) from tickets") == [(1,)]


def test_a_run_killed_before_its_version_was_out_is_made_up_for(ticket_desk: Desk, folder: Path) -> None:
    with duckdb.connect(str(folder / "loading.duckdb")) as connection:
        connection.execute(
            "insert into runs (run_id, state, version, files, tickets_built) values (2, 'done', 2, 1, 1)"
        )
    report = _looked(ticket_desk)
    assert report is not None
    assert report.version == 3


def test_after_the_machine_was_started_anew_it_is_published_again(
    ticket_desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "_boot", lambda: "another")
    report = _looked(ticket_desk)
    assert report is not None
    assert (report.version, report.problems) == (2, [])


def test_a_version_that_was_changed_is_not_what_the_next_one_is_made_of(ticket_desk: Desk, folder: Path) -> None:
    for number in (2, 3):
        _deliver(ticket_desk, number)
        ticket_desk.run()
    with (folder / "warehouse-1.duckdb").open("rb") as file:
        before = file.read()
    _overwrite(folder / "warehouse-1.duckdb")
    _deliver(ticket_desk, 4)
    assert ticket_desk.run().version == 4
    assert sorted(numbered_versions(folder)) == [2, 3, 4]
    assert (folder / "damaged-warehouse-1.duckdb").read_bytes() == RUBBISH != before


def _tickets(warehouse: Warehouse) -> int:
    return int(warehouse.ask("health_runs")["tickets_built"].sum())


def test_a_dashboard_goes_on_with_the_version_it_has_open_where_that_is_removed(
    ticket_desk: Desk, folder: Path
) -> None:
    _deliver(ticket_desk, 2)
    ticket_desk.run()
    warehouse = Warehouse(folder)
    assert _tickets(warehouse) == 2
    assert warehouse.damage() is None
    (folder / "warehouse-2.duckdb").unlink()
    assert (warehouse.version(), _tickets(warehouse)) == (2, 2)
    assert warehouse.damage() == "warehouse-2.duckdb was removed"
    _looked(ticket_desk)
    assert (warehouse.version(), _tickets(warehouse), warehouse.damage()) == (3, 2, None)


def test_a_dashboard_goes_back_to_the_version_before_where_the_newest_is_rubbish(
    ticket_desk: Desk, folder: Path
) -> None:
    _deliver(ticket_desk, 2)
    ticket_desk.run()
    _overwrite(folder / "warehouse-2.duckdb")
    warehouse = Warehouse(folder)
    assert (_tickets(warehouse), warehouse.version()) == (1, 1)
    assert "warehouse-2.duckdb cannot be read" in str(warehouse.damage())
    _looked(ticket_desk)
    assert (warehouse.version(), _tickets(warehouse), warehouse.damage()) == (3, 2, None)


def test_a_dashboard_goes_back_too_where_the_file_that_it_has_open_is_overwritten(
    ticket_desk: Desk, folder: Path
) -> None:
    with duckdb.connect(str(folder / "loading.duckdb")) as connection:  # more than DuckDB reads at once
        connection.execute("create table many as select hash(range) as number from range(3000000)")
    _deliver(ticket_desk, 2)
    ticket_desk.run()
    warehouse = Warehouse(folder)
    assert _tickets(warehouse) == 2
    _overwrite(folder / "warehouse-2.duckdb")
    assert warehouse._answer("select count(*) as runs, max(version) as version from runs", {}, EVERYTHING)["runs"][0]
    with pytest.raises(duckdb.CatalogException):
        warehouse._answer("select sum(number) from many", {}, EVERYTHING)
    assert warehouse.version() == 1
    assert "warehouse-2.duckdb cannot be read" in str(warehouse.damage())


def test_without_a_version_that_can_be_read_it_says_so(folder: Path) -> None:
    _overwrite(folder / "warehouse-1.duckdb")
    warehouse = Warehouse(folder)
    with pytest.raises(NoWarehouse, match="no version that can be read"):
        warehouse.ask("health_runs")
    assert "warehouse-1.duckdb cannot be read" in str(warehouse.damage())


def test_a_data_folder_begun_anew_is_shown_though_its_numbers_are_lower(ticket_desk: Desk, folder: Path) -> None:
    _deliver(ticket_desk, 2)
    ticket_desk.run()
    warehouse = Warehouse(folder)
    assert _tickets(warehouse) == 2
    for path in folder.glob("*.duckdb"):
        path.unlink()
    ticket_desk.run()
    assert (warehouse.version(), warehouse.damage()) == (1, None)
    assert _tickets(warehouse) == 2


def test_a_version_that_was_named_but_not_noted_is_no_damage(
    ticket_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _deliver(ticket_desk, 1)
    ticket_desk.run()
    _deliver(ticket_desk, 2)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(published, "note", killed)
        with pytest.raises(KeyboardInterrupt):
            ticket_desk.run()
    assert ticket_desk.run().problems == []
    assert list((ticket_desk.folder / "data").glob("damaged-*")) == []


def test_a_changed_public_file_is_found_by_its_name_until_the_next_version_takes_its_place(ticket_desk: Desk) -> None:
    _deliver(ticket_desk, 1)
    ticket_desk.run()
    folder = ticket_desk.folder / "data"
    public = folder / "warehouse.duckdb"
    public.unlink()
    public.write_bytes(b"rubbish")
    looks = {public.name: [1, 1]}
    published.set_aside(folder, looks)
    assert public.exists()
    assert (folder / "damaged-warehouse.duckdb").read_bytes() == b"rubbish"
