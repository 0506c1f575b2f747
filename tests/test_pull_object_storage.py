"""A folder of exports in object storage: S3 spoken by a local server that proves every signature."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from pipelines.sources.check import check
from tests import killing
from tests.conftest import Desk
from tests.faults import Cut, Reset, Status
from tests.object_storage import KEY, SECRET, FakeS3
from warehouse.errors import SettingsError
from warehouse.settings import load

HEADER = "ticket_id,created_at,status\n"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeS3]:
    monkeypatch.setenv("SUPPORT_DESK_ACCESS_KEY", KEY)
    monkeypatch.setenv("SUPPORT_DESK_SECRET_KEY", SECRET)
    with FakeS3() as service:
        yield service


@pytest.fixture
def desk(tmp_path: Path, service: FakeS3) -> Desk:
    return _desk(tmp_path / "desk", service)


def _desk(folder: Path, service: FakeS3, more: str = "") -> Desk:
    folder.mkdir(exist_ok=True)
    section = f"""
[sources.desk]
kind = "object_storage"
address = "s3://exports/help desk/out"
options = {{ endpoint = "{service.address}", region = "eu-central-1" }}
rows = "ticket"
first_wait = 0.01
{more}
"""
    return Desk(folder, [section])


def _put(service: FakeS3, name: str, *tickets: str, after: float = 0) -> None:
    lines = "".join(f"{ticket},2026-01-05T10:00:00Z,open\n" for ticket in tickets)
    service.put(f"help desk/out/{name}", HEADER + lines, after)


def _tickets(desk: Desk) -> list[str]:
    return [ticket for (ticket,) in desk.ask("select ticket_id from tickets order by ticket_id")]


def _got(service: FakeS3) -> int:
    """How many objects were asked for."""
    return len(service.asked_for("/exports/.+"))


def test_every_export_below_the_address_is_pulled_once(desk: Desk, service: FakeS3) -> None:
    for number in range(8):
        _put(service, f"{number}.csv", str(number))
    service.put("help desk/outside.csv", HEADER + "outside,2026-01-05T10:00:00Z,open\n")
    assert desk.run().problems == []
    assert _tickets(desk) == [str(number) for number in range(8)]
    again = desk.run()
    assert (again.arrived, again.problems, _got(service)) == (0, [], 8)


def test_new_and_changed_exports_are_pulled_whatever_their_age(desk: Desk, service: FakeS3) -> None:
    _put(service, "a.csv", "1", after=500)
    desk.run()
    _put(service, "late.csv", "2", after=-500)
    _put(service, "a.csv", "3", after=500)  # as large and as old as before
    assert desk.run().problems == []
    assert _tickets(desk) == ["1", "2", "3"]


def test_objects_of_one_name_in_different_folders_are_different_files(tmp_path: Path, service: FakeS3) -> None:
    desk = _desk(tmp_path / "deep", service, 'pattern = "**/tickets.csv"')
    for number, folder in enumerate(("", "2025/", "2026/", "2026/05/")):
        _put(service, f"{folder}tickets.csv", str(number))
    assert desk.run().problems == []
    assert _tickets(desk) == ["0", "1", "2", "3"]


def test_odd_names_are_safe(desk: Desk, service: FakeS3) -> None:
    names = [
        "%2E%2E%2Fx.csv",
        "a b ü.csv",
        "x" * 300 + ".csv",
        "y" + "x" * 299 + ".csv",
        "$(reboot);'&+.csv",
        "a=b.csv",
        "a~b#c.csv",
    ]
    for number, name in enumerate(names):
        _put(service, name, str(number))
    assert desk.run().problems == []
    assert _tickets(desk) == ["0", "1", "2", "3", "4", "5", "6"]


def test_only_what_the_pattern_names_is_pulled(tmp_path: Path, service: FakeS3) -> None:
    desk = _desk(tmp_path / "some", service, 'pattern = "tickets-*.csv"\nsince = 2026-01-01')
    for name in ("tickets-1.csv.part", ".tickets-2.csv", "agents.csv", "old/tickets-3.csv"):
        _put(service, name, "unwanted")
    _put(service, "tickets-old.csv", "too old", after=-40 * 86_400)
    _put(service, "tickets-5.csv", "5")
    assert desk.run().problems == []
    assert (_tickets(desk), _got(service)) == (["5"], 1)


def test_markers_of_folders_are_no_exports(desk: Desk, service: FakeS3) -> None:
    for key in ("help desk/out/", "help desk/out/2026/"):
        service.put(key, b"")
    _put(service, "a.csv", "1")
    assert desk.run().problems == []
    assert _got(service) == 1


@pytest.mark.parametrize("name", ["../x.csv", "2026//x.csv"])
def test_a_name_that_cannot_be_read_is_said(desk: Desk, service: FakeS3, name: str) -> None:
    _put(service, name, "1")
    (problem,) = desk.run().problems
    assert f"help desk/out/{name}" in problem
    assert "rename it" in problem


@pytest.mark.parametrize("fault", [Status(500), Status(503), Reset()], ids=str)
def test_each_request_failing_once_changes_nothing(desk: Desk, service: FakeS3, fault: Status | Reset) -> None:
    for number in range(5):
        _put(service, f"{number}.csv", str(number))
    service.faults.each_once(fault)
    assert desk.run().problems == []
    assert _tickets(desk) == ["0", "1", "2", "3", "4"]


def test_an_object_that_is_cut_off_is_never_taken_for_whole(desk: Desk, service: FakeS3) -> None:
    _put(service, "a.csv", *(f"{number:06}" for number in range(100_000)))
    service.faults.once(Cut(0.3), path="a.csv")
    while desk.run().problems:
        assert desk.ask("select count(*) from tickets") == [(0,)]
    assert desk.ask("select count(*) from tickets") == [(100_000,)]


def test_a_listing_that_is_cut_off_is_never_taken_for_whole(desk: Desk, service: FakeS3) -> None:
    for number in range(5):
        _put(service, f"{number}.csv", str(number))
    service.faults.once(Cut(0.5), at=2)
    if desk.run().problems:
        assert desk.run().problems == []
    assert _tickets(desk) == ["0", "1", "2", "3", "4"]


def test_an_object_that_vanishes_or_is_replaced_stops_no_other(desk: Desk, service: FakeS3) -> None:
    _put(service, "a.csv", "a")
    _put(service, "b.csv", "b", after=60)
    service.faults.once(Status(404), path="a.csv")
    assert desk.run().problems == []
    assert _tickets(desk) == ["b"]
    desk.run()
    assert _tickets(desk) == ["a", "b"]


@pytest.mark.parametrize(("name", "value"), [("ACCESS_KEY", "AKIDANOTHER"), ("SECRET_KEY", "a wrong secret")])
def test_wrong_keys_are_said_without_them(
    desk: Desk, service: FakeS3, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SUPPORT_DESK_{name}", value)
    (problem,) = desk.run().problems
    assert "refuses access" in problem
    assert value not in problem
    assert len(service.requests) == 1


def test_a_storage_that_stays_down_is_said_and_the_next_pull_goes_on(desk: Desk, service: FakeS3) -> None:
    _put(service, "a.csv", "a")
    _put(service, "b.csv", "b", after=60)
    service.faults.always(Status(500), path="b.csv")
    (problem,) = desk.run().problems
    assert "gave no good answer" in problem
    assert _tickets(desk) == ["a"]
    service.faults.clear()
    assert desk.run().problems == []
    assert _tickets(desk) == ["a", "b"]


def test_a_storage_that_is_not_there_is_said(desk: Desk, service: FakeS3) -> None:
    desk.sections[0] = desk.sections[0].replace(service.address, "http://127.0.0.1:9")
    (problem,) = desk.run().problems
    assert "(Connection refused)" in problem


def test_killed_at_any_step_no_export_is_lost(tmp_path: Path, service: FakeS3) -> None:
    for number in range(4):
        _put(service, f"{number}.csv", str(number), after=number)
    code, steps = killing.run(0, _desk(tmp_path / "counted", service).settings_file(), {})
    assert (code, steps > 10) == (0, True)
    for step in killing.spread(steps, 4):
        desk = _desk(tmp_path / str(step), service)
        killing.run(step, desk.settings_file(), {})
        assert desk.run().problems == []
        assert _tickets(desk) == ["0", "1", "2", "3"]


def test_check_says_what_is_there_and_what_is_missing(
    desk: Desk, service: FakeS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check(load(desk.settings_file())).is_good
    _put(service, "a.csv", "1")
    assert check(load(desk.settings_file())).is_good
    assert _got(service) == 0
    monkeypatch.delenv("SUPPORT_DESK_SECRET_KEY")
    assert "desk_secret_key is missing" in "".join(check(load(desk.settings_file())).lines())


def test_a_storage_with_an_authority_of_its_own_is_asked_where_its_certificate_is_named(
    tmp_path: Path, service: FakeS3
) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    service._server.socket = context.wrap_socket(service._server.socket, server_side=True)
    service.address = service.address.replace("http://127.0.0.1", "https://localhost")
    _put(service, "a.csv", "1")
    (problem,) = _desk(tmp_path / "stranger", service).run().problems
    assert "certificate of its endpoint is not trusted (UnknownIssuer)" in problem
    desk = _desk(tmp_path / "friend", service, f'certificates = "{tmp_path / "authority.pem"}"')
    assert desk.run().problems == []
    assert _tickets(desk) == ["1"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ('{ endpoint = "http://storage.example.com" }', "without TLS"),
        ('{ endpont = "https://storage.example.com" }', "endpont"),
        ('{ secret_access_key = "x" }', "looks like a secret"),
    ],
)
def test_options_that_cannot_be_right_are_refused(desk: Desk, options: str, said: str) -> None:
    text = desk.sections[0].split("\n")
    desk.sections[0] = "\n".join(f"options = {options}" if line.startswith("options") else line for line in text)
    if said == "looks like a secret":
        with pytest.raises(SettingsError, match=said):
            load(desk.settings_file())
    else:
        assert said in "".join(check(load(desk.settings_file())).lines())
