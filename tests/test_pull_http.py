"""Any JSON over HTTP, from support.toml alone: a made-up service with every way of paging, every way of asking who is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from pipelines.sources import marks, paging
from pipelines.sources.check import check
from tests.conftest import Desk
from tests.faults import Changed, Status
from tests.pulling import PullCase, PullScenarios, Tables
from tests.serving import Asked, FakeService, Reply
from warehouse.errors import SettingsError
from warehouse.settings import load
from warehouse.sources import Progress

START = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
HOUR = 3600
SIZE = 3
COLUMNS = """
records = "data.items"
key = ["id"]
columns = { ticket_id = "id", created_at = "opened", updated_at = "changed", status = "state", channel = "came_by", agent = "owner.name" }
values.status = { Done = "solved", Fresh = "new" }
nulls = ["-"]
"""
LIST = "select ticket_id, created_at::varchar, status, channel, agent from tickets where source = 'desk'"


def _ticket(number: int, after: float = 0, **more: Any) -> dict[str, Any]:
    """Ticket `number`, opened an hour after the one before it and changed so many hours `after` that."""
    at = START + number * HOUR
    owner = {"name": ["Ada", "Ben"][number % 2]} if number % 4 else None
    ticket = {
        "id": number,
        "opened": _iso(at),
        "changed": _iso(at + after * HOUR),
        "state": ["Done", "Fresh"][number % 2],
    }
    return ticket | {"came_by": ["email", "chat", "-"][number % 3], "owner": owner} | more


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(ticket: dict[str, Any]) -> tuple[Any, ...]:
    """What LIST gives of it."""
    channel = None if ticket["came_by"] == "-" else ticket["came_by"]
    owner = ticket["owner"] and ticket["owner"]["name"]
    opened = ticket["opened"].replace("T", " ").rstrip("Z")
    return str(ticket["id"]), opened, {"Done": "solved", "Fresh": "new"}[ticket["state"]], channel, owner


class FakeDesk(FakeService):
    """Tickets in order of change, by cursor (/cursor), links (/header, /body), number (/page) and offset (/offset), all at once (/all)."""

    def __init__(self) -> None:
        super().__init__()
        self.tickets = [_ticket(number) for number in range(1, 12)]
        self.is_allowed: Callable[[Asked], bool] = lambda asked: True
        self.route("GET", "/api/cursor", self._by_cursor)
        self.route("GET", "/api/(header|body)", self._by_link)
        self.route("GET", "/api/page", self._by_page)
        self.route("GET", "/api/offset", self._by_offset)
        self.route("GET", "/api/all", lambda asked: {"data": {"items": self._found(asked)}})

    def refuse(self, asked: Asked) -> Reply | None:
        return None if self.is_allowed(asked) else Reply(401, {"error": "who are you?"})

    def _found(self, asked: Asked) -> list[dict[str, Any]]:
        since = asked.query.get("since", "")
        return sorted(
            (one for one in self.tickets if one["changed"] >= since), key=lambda one: (one["changed"], one["id"])
        )

    def _by_cursor(self, asked: Asked) -> Any:
        """A cursor is the last ticket of the page before, as services with stable cursors have it."""
        changed, _, number = asked.query.get("after", "").partition("/")
        found = [one for one in self._found(asked) if (one["changed"], one["id"]) > (changed, int(number or 0))]
        last = found[SIZE - 1] if len(found) > SIZE else None
        meta = {"next": last and f"{last['changed']}/{last['id']}", "more": last is not None}
        return {"data": {"items": found[:SIZE]}, "meta": meta}

    def _by_link(self, asked: Asked, place: str) -> Any:
        start = int(asked.query.get("start", 0))
        found = self._found(asked)
        since = f"&since={asked.query['since']}" if "since" in asked.query else ""
        link = f"/api/{place}?start={start + SIZE}{since}" if start + SIZE < len(found) else None
        body = {"data": {"items": found[start : start + SIZE]}}
        if place == "body":
            return body | {"links": {"next": link and self.address + link}}
        first = f'<{self.address}/api/header>; rel="first"'
        return Reply(200, body, {"link": f'{first}, <{link}>; title="a, b"; rel="last next"' if link else first})

    def _by_page(self, asked: Asked) -> Any:
        page, size = int(asked.query["page"]), int(asked.query.get("size", SIZE))
        items = self._found(asked)[(page - 1) * size : page * size]
        return {"data": {"items": items}} if items or page == 1 else Reply(404, {"detail": "Invalid page."})

    def _by_offset(self, asked: Asked) -> Any:
        skip = int(asked.query.get("skip", 0))
        found = self._found(asked)
        return {"data": {"items": found[skip : skip + SIZE]}, "more": len(found) > skip + SIZE}


def _section(address: str, request: str, more: str = "") -> str:
    return f"""
[sources.desk]
kind = "http"
address = "{address}/api/"
request = "{request}"
rows = "ticket"
first_wait = 0.01
requests_a_minute = 100000
{COLUMNS}
{more}
"""


PROGRESS = 'progress = { parameter = "since", field = "changed", overlap = "1h" }'
SORTED = 'progress = { parameter = "since", field = "changed", overlap = "1h", sorted = true }'
CURSOR = 'paging = { by = "cursor", parameter = "after", next = "meta.next", more = "meta.more" }'
HEADER = 'paging = { by = "link" }'
BODY = 'paging = { by = "link", next = "links.next" }'
PAGE = f'paging = {{ by = "page", parameter = "page", size = {SIZE}, size_parameter = "size" }}'
OFFSET = 'paging = { by = "offset", parameter = "skip", more = "more" }'


class HttpCase(PullCase):
    """One way of paging; the scenarios of tests/pulling.py on each."""

    kind = "http"
    secrets: ClassVar = {"SUPPORT_DESK_TOKEN": "a token"}
    renamed = ("tickets", "state")
    requests_when_quiet = 1

    def __init__(self, request: str, *more: str) -> None:
        self.request, self.more = request, "\n".join(("since = 2026-03-01", 'auth = "bearer"', *more))

    def start(self) -> FakeService:
        service = FakeDesk()
        service.is_allowed = lambda asked: asked.headers.get("authorization") == "Bearer a token"
        return service.start()

    def settings(self, address: str) -> str:
        return _section(address, self.request, self.more)

    def grow(self, service: FakeDesk) -> None:
        service.tickets[4] = _ticket(5, after=100, state="Fresh", owner={"name": "Cem"})
        service.tickets += [_ticket(number) for number in range(13, 18)]

    def be_late(self, service: FakeDesk) -> None:
        service.tickets.append(_ticket(12, after=-1.5))
        service.tickets[0] = _ticket(1, after=11, state="Done")

    def delete(self, service: FakeDesk) -> None:
        """Such a service tells of it by a status, if at all."""

    def rename_field(self, body: Any) -> Any:
        for one in body["data"]["items"]:
            one["status"] = one.pop("state")
        return body

    def expected(self, service: FakeDesk) -> Tables:
        return {LIST: [_row(one) for one in service.tickets]}


class TestCursor(PullScenarios):
    case = HttpCase("cursor", CURSOR, PROGRESS)


class TestNumberedPagesOldestFirst(PullScenarios):
    case = HttpCase("page", PAGE, SORTED)


class TestLinks(PullScenarios):
    case = HttpCase("header", HEADER, PROGRESS)


@pytest.fixture
def service() -> Iterator[FakeDesk]:
    with FakeDesk() as service:
        yield service


@pytest.fixture
def pulled(desk: Desk, service: FakeDesk) -> Callable[..., list[str]]:
    """Pulls with a section of its own; returns what went wrong."""

    def pull(request: str, *more: str, **replaced: str) -> list[str]:
        section = _section(service.address, request, "\n".join(more))
        for old, new in replaced.items():
            section = section.replace(old, new)
        desk.sections[:] = [section]
        return desk.run().problems

    return pull


Pulled = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("request_path", "way"),
    [("cursor", CURSOR), ("header", HEADER), ("body", BODY), ("page", PAGE), ("offset", OFFSET), ("all", "")],
)
def test_every_way_of_paging_gives_every_row(
    desk: Desk, service: FakeDesk, pulled: Pulled, request_path: str, way: str
) -> None:
    assert pulled(request_path, way) == []
    assert sorted(desk.ask(LIST)) == sorted(_row(one) for one in service.tickets)


def test_pages_of_unknown_size_end_where_the_service_knows_no_further_one(
    desk: Desk, service: FakeDesk, pulled: Pulled
) -> None:
    assert pulled("page", 'paging = { by = "page", parameter = "page" }') == []
    assert desk.ask("select count(*) from tickets") == [(11,)]
    assert [asked.query["page"] for asked in service.requests] == ["1", "2", "3", "4", "5"]


def test_a_service_that_gives_fewer_rows_than_asked_for_is_noticed(service: FakeDesk, pulled: Pulled) -> None:
    (problem,) = pulled(
        "offset", 'paging = { by = "offset", parameter = "skip", size = 100, size_parameter = "limit" }'
    )
    assert "after a page of 3 rows, fewer than paging.size, there came more" in problem
    assert pulled("offset", 'paging = { by = "offset", parameter = "skip", size = 3 }') == []


def test_fixed_parameters_go_with_every_page(service: FakeDesk, pulled: Pulled) -> None:
    pulled("offset", OFFSET, 'parameters = { view = "all open", order = "asc" }')
    assert {asked.query["view"] for asked in service.requests} == {"all open"}


@pytest.mark.parametrize(
    ("auth", "is_allowed"),
    [
        ('auth = "bearer"', lambda asked: asked.headers["authorization"] == "Bearer t0ken&secret"),
        ('auth = "basic"\nuser = "me"', lambda asked: asked.headers["authorization"] == "Basic bWU6dDBrZW4mc2VjcmV0"),
        ('auth = "header"\nauth_name = "X-Key"', lambda asked: asked.headers["x-key"] == "t0ken&secret"),
        ('auth = "query"\nauth_name = "key"', lambda asked: asked.query["key"] == "t0ken&secret"),
    ],
)
def test_who_asks_is_proved_and_the_secret_is_kept_nowhere(
    desk: Desk, service: FakeDesk, pulled: Pulled, monkeypatch: pytest.MonkeyPatch, auth: str, is_allowed: Any
) -> None:
    monkeypatch.setenv("SUPPORT_DESK_TOKEN", "t0ken&secret")
    service.is_allowed = is_allowed
    assert pulled("body", BODY, auth) == []
    assert desk.ask("select count(*) from tickets") == [(11,)]
    kept = b"".join(path.read_bytes() for path in (desk.folder / "data").rglob("*") if path.is_file())
    assert b"t0ken" not in kept


def test_a_service_that_repeats_the_secret_in_its_links_does_not_bring_it_onto_the_disk(
    desk: Desk, service: FakeDesk, pulled: Pulled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPPORT_DESK_TOKEN", "t0ken-secret")
    service.faults.always(Status(403), at=3)
    service.faults.always(Changed(_with_secret_in_link))
    assert pulled("body", BODY, 'auth = "query"\nauth_name = "key"')
    progress = (desk.folder / "data" / "received" / "desk" / "progress.json").read_text(encoding="utf-8")
    assert "start=6" in progress
    assert "t0ken" not in progress


def _with_secret_in_link(body: Any) -> Any:
    if body["links"]["next"]:
        body["links"]["next"] += "&key=t0ken-secret"
    return body


def test_a_pull_that_is_interrupted_goes_on_where_it_was(desk: Desk, service: FakeDesk, pulled: Pulled) -> None:
    service.faults.always(Status(403), at=3)
    assert pulled("cursor", CURSOR, PROGRESS)
    service.faults.clear()
    service.forget()
    assert pulled("cursor", CURSOR, PROGRESS) == []
    assert [asked.query["after"].partition("/")[2] for asked in service.requests] == ["6", "9"]
    assert desk.ask("select count(*) from tickets") == [(11,)]


def test_a_place_that_the_service_forgot_is_looked_for_anew(desk: Desk, service: FakeDesk, pulled: Pulled) -> None:
    service.faults.always(Status(403), at=3)
    pulled("cursor", CURSOR, PROGRESS)
    service.faults.clear()
    service.faults.once(Status(410))
    service.forget()
    assert pulled("cursor", CURSOR, PROGRESS) == []
    assert desk.ask("select count(*) from tickets") == [(11,)]
    assert "after" not in service.requests[1].query


def test_what_marks_progress_moves_only_at_the_end_where_rows_come_in_no_order(
    desk: Desk, service: FakeDesk, pulled: Pulled
) -> None:
    """The newest row comes first, and the pull is interrupted after it."""
    service.tickets[0] = _ticket(1, after=500)
    service.route("GET", "/api/newest", lambda asked: _newest_first(service, asked))
    way = 'paging = { by = "offset", parameter = "skip", more = "more" }'
    service.faults.always(Status(403), at=2)
    assert pulled("newest", way, PROGRESS)
    service.faults.clear()
    service.faults.once(Status(410))
    assert pulled("newest", way, PROGRESS) == []
    assert desk.ask("select count(*) from tickets") == [(11,)]


def _newest_first(service: FakeDesk, asked: Asked) -> Any:
    skip, found = int(asked.query.get("skip", 0)), service._found(asked)[::-1]
    return {"data": {"items": found[skip : skip + SIZE]}, "more": len(found) > skip + SIZE}


def test_a_cursor_that_stays_good_is_where_the_next_pull_goes_on(desk: Desk, service: FakeDesk, pulled: Pulled) -> None:
    service.route("GET", "/api/feed", lambda asked: _feed(service, asked))
    way = 'paging = { by = "cursor", parameter = "after", next = "next", continues = true }'
    assert pulled("feed", way) == []
    service.tickets.append(_ticket(12))
    service.forget()
    assert pulled("feed", way) == []
    assert [asked.query["after"] for asked in service.requests] == ["11", "12"]
    assert desk.ask("select count(*) from tickets") == [(12,)]


def _feed(service: FakeDesk, asked: Asked) -> Any:
    start = int(asked.query.get("after", 0))
    found = service.tickets[start : start + SIZE]
    return {"data": {"items": found}, "next": start + len(found)}


def test_a_cursor_that_comes_again_and_a_link_to_itself_end_with_a_line(service: FakeDesk, pulled: Pulled) -> None:
    service.faults.always(Changed(lambda body: body | {"meta": {"next": "2026-03-01/0", "more": True}}), path="cursor")
    service.faults.always(Changed(lambda body: body | {"links": {"next": "/api/body?start=3"}}), path="body")
    for request, way in (("cursor", CURSOR), ("body", BODY)):
        (problem,) = pulled(request, way)
        assert f"/api/{request} names as the next page one that was read already" in problem
    assert len(service.requests) == 4


def test_a_service_that_ignores_the_page_number_is_noticed(service: FakeDesk, pulled: Pulled) -> None:
    (problem,) = pulled("offset", 'paging = { by = "page", parameter = "p" }')
    assert "the same rows come whatever p is asked for" in problem
    assert len(service.requests) == 2


def test_a_link_to_another_host_is_not_followed(service: FakeDesk, pulled: Pulled) -> None:
    service.faults.always(Changed(lambda body: body | {"links": {"next": "https://elsewhere.example/api/body"}}))
    (problem,) = pulled("body", BODY)
    assert "https://elsewhere.example/api/body" in problem


@pytest.mark.parametrize(
    ("records", "body", "said"),
    [
        ("data.rows", None, "has no 'data.rows' (it has: items)"),
        ("tickets", None, "has no 'tickets' (it has: data)"),
        ("data", None, "data is no list of rows (it has: items)"),
        ("", None, "the answer is no list of rows (it has: data)"),
        ("data.items", {"data": {"items": ["a"]}}, "the rows are no objects"),
        ("data.items", {"data": [1]}, "has no 'data.items' (it is a list)"),
    ],
)
def test_an_answer_without_rows_where_they_should_be_is_said(
    service: FakeDesk, pulled: Pulled, records: str, body: Any, said: str
) -> None:
    if body:
        service.faults.always(Changed(lambda _: body))
    (problem,) = pulled("all", **{'records = "data.items"': f'records = "{records}"'})
    assert said in problem


def test_a_list_is_read_without_records_and_null_is_no_rows(desk: Desk, service: FakeDesk, pulled: Pulled) -> None:
    service.route("GET", "/api/list", lambda asked: service.tickets)
    service.route("GET", "/api/null", lambda asked: {"data": {"items": None}})
    assert pulled("null") == []
    assert pulled("list", **{'records = "data.items"': ""}) == []
    assert desk.ask("select count(*) from tickets") == [(11,)]


def test_a_field_that_rows_leave_out_is_said_until_it_is_named_as_one(
    desk: Desk, service: FakeDesk, pulled: Pulled
) -> None:
    for one in service.tickets[:2]:
        del one["came_by"]
    pulled("all")
    ((reason, count),) = desk.ask("select reason, count(*) from rejected_rows group by reason")
    assert reason.startswith("has no field 'came_by' (it has: id, opened, changed")
    assert count == 2
    pulled("all", 'may_lack = ["came_by"]')
    assert desk.ask("select count(*) from tickets") == [(11,)]


def test_a_mark_that_no_row_has_is_said(service: FakeDesk, pulled: Pulled) -> None:
    (problem,) = pulled("all", 'progress = { parameter = "since", field = "modified" }')
    assert "no row has a field 'modified' (they have: came_by, changed, id" in problem


def test_a_mark_in_another_format_is_said(service: FakeDesk, pulled: Pulled) -> None:
    (problem,) = pulled("all", 'progress = { parameter = "since", field = "changed", format = "epoch" }')
    assert "changed is not in the format 'epoch'" in problem


@pytest.mark.parametrize(
    ("form", "mark", "overlap", "asked"),
    [
        ("iso", "2026-03-02T10:00:00Z", 60, "2026-03-02T09:59:00Z"),
        ("iso", "2026-03-02T10:00:00.750Z", 60, "2026-03-02T09:59:00Z"),
        ("iso", "2026-03-02T10:00:00+02:00", 3600, "2026-03-02T09:00:00+02:00"),
        ("iso", "2026-03-02 10:00:00", 1, "2026-03-02 09:59:59"),
        ("iso", "2026-03-02", 60, "2026-03-01"),
        ("epoch", 1772445600, 60, "1772445540"),
        ("epoch", "1772445600.9", 0, "1772445600"),
        ("epoch_ms", 1772445600500, 60, "1772445540500"),
        ("text", "A-17", 60, "A-17"),
    ],
)
def test_a_mark_is_asked_for_as_the_service_writes_it(form: Any, mark: Any, overlap: float, asked: str) -> None:
    assert marks.asked(Progress(parameter="since", field="at", format=form, overlap=overlap), mark) == asked


@pytest.mark.parametrize(
    ("form", "values", "newest"),
    [
        ("iso", ["2026-03-02T10:00:00+02:00", "2026-03-02T09:00:00Z", None], "2026-03-02T09:00:00Z"),
        ("text", ["9", "10", ""], "10"),
        ("text", [9, 10], 10),
        ("epoch", ["9", 10.5], 10.5),
    ],
)
def test_the_newest_mark_is_the_newest_and_not_the_greatest_text(form: Any, values: list[Any], newest: Any) -> None:
    progress = Progress(parameter="since", field="at", format=form)
    assert marks.newest(progress, [{"at": value} for value in values], None, "here") == newest


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ('<https://a.example/?p=2>; rel="next", <https://a.example/?p=9>; rel="last"', "https://a.example/?p=2"),
        ("<https://a.example/?p=9>; rel=last, <https://a.example/?p=2>; rel=next", "https://a.example/?p=2"),
        ('<?a=1,2;b=3>; title="x, <y>; rel=next"; rel="prev next"', "?a=1,2;b=3"),
        ('<https://a.example/?p=1>; rel="prev"', None),
        ("", None),
    ],
)
def test_a_link_header_is_read_as_rfc_8288_says(header: str, target: str | None) -> None:
    assert paging.linked(header) == target


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('auth = "basic"', "needs `user`"),
        ('auth = "query"', "needs `auth_name`"),
        ('paging = { by = "cursor", parameter = "after" }', "needs `next`"),
        ('paging = { by = "page" }', "needs `parameter`"),
        ('parameters = { api_key = "x" }', 'use auth = "query"'),
        ("since = 2026-01-01", "since needs `progress`"),
        ('delimiter = ";"', "delimiter is not allowed"),
    ],
)
def test_settings_that_cannot_be_right_are_refused(desk: Desk, more: str, said: str) -> None:
    desk.sections[:] = [_section("https://desk.example.com", "all", more)]
    with pytest.raises(SettingsError, match=said):
        load(desk.settings_file())


def test_check_says_what_is_missing_and_then_what_is_there(
    desk: Desk, service: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sections[:] = [_section(service.address, "cursor", f'auth = "bearer"\n{CURSOR}')]
    assert "the secret desk_token is missing" in "".join(check(load(desk.settings_file())).lines())
    monkeypatch.setenv("SUPPORT_DESK_TOKEN", "a token")
    assert check(load(desk.settings_file())).is_good
    assert len(service.requests) == 1
    assert not list((desk.folder / "data").rglob("*.gz"))
