"""Any JSON over HTTP, from support.toml alone: a made-up service with every way of paging, every way of asking who is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from tests.conftest import Desk
from tests.faults import Changed
from tests.pulling import PullCase, PullScenarios, Tables
from tests.serving import Asked, FakeService, Reply

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
    ("request_path", "paging"),
    [("cursor", CURSOR), ("header", HEADER), ("body", BODY), ("page", PAGE), ("offset", OFFSET), ("all", "")],
)
def test_every_way_of_paging_gives_every_row(
    desk: Desk, service: FakeDesk, pulled: Pulled, request_path: str, paging: str
) -> None:
    assert pulled(request_path, paging) == []
    assert sorted(desk.ask(LIST)) == sorted(_row(one) for one in service.tickets)


def test_pages_of_unknown_size_end_where_the_service_knows_no_further_one(
    desk: Desk, service: FakeDesk, pulled: Pulled
) -> None:
    assert pulled("page", 'paging = { by = "page", parameter = "page" }') == []
    assert desk.ask("select count(*) from tickets") == [(11,)]
    assert [asked.query["page"] for asked in service.requests] == ["1", "2", "3", "4", "5"]


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
    service.faults.always(Changed(_with_secret_in_link))
    assert pulled("body", BODY, 'auth = "query"\nauth_name = "key"') == []
    assert b"t0ken" not in (desk.folder / "data" / "received" / "desk" / "progress.json").read_bytes()


def _with_secret_in_link(body: Any) -> Any:
    if body["links"]["next"]:
        body["links"]["next"] += "&key=t0ken-secret"
    return body
