"""The fake services themselves: what they answer, what they count, and what goes wrong when it is told to."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.faults import Changed, Cut, Html, Malformed, Oversized, Redirect, Reset, Slow, Status
from tests.serving import Asked, FakeService, Limit, Quota, Reply


class Counting(FakeService):
    """Numbers, three on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.route("GET", r"/numbers", self._page)
        self.route("GET", r"/numbers/(\d+)", lambda asked, number: {"number": int(number)})
        self.route("POST", r"/numbers", lambda asked: Reply(201, asked.json()))
        self.route("GET", r"/broken", lambda asked: 1 / 0)

    def _page(self, asked: Asked) -> Any:
        page = int(asked.query.get("page", "1"))
        return {"numbers": [*range(page * 3 - 3, page * 3)]}

    def quota_headers(self, quota: Quota) -> dict[str, str]:
        return {"x-left": str(quota.remaining)}


@pytest.fixture
def service() -> Iterator[Counting]:
    with Counting() as service:
        yield service


@pytest.fixture
def client(service: Counting) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=service.address, trust_env=False, timeout=5) as client:
        yield client


def _statuses(client: httpx2.Client, *paths: str) -> list[int]:
    return [client.get(path).status_code for path in paths]


def test_requests_are_answered_by_their_route_and_kept_in_order(service: Counting, client: httpx2.Client) -> None:
    assert client.get("/numbers?page=2").json() == {"numbers": [3, 4, 5]}
    assert client.get("/numbers/7").json() == {"number": 7}
    assert client.post("/numbers", json={"new": 1}).status_code == 201
    assert client.get("/nothing/here").status_code == 404
    first, *_, last = service.requests
    assert (first.method, first.path, first.query, first.status) == ("GET", "/numbers", {"page": "2"}, 200)
    assert (last.number, last.status, len(service.asked_for("numbers"))) == (4, 404, 3)


def test_answers_are_gzipped_on_one_connection_that_stays_open(service: Counting, client: httpx2.Client) -> None:
    began = time.monotonic()
    answers = [client.get("/numbers", params={"page": page}) for page in range(1, 51)]
    assert time.monotonic() - began < 1
    assert {answer.headers["content-encoding"] for answer in answers} == {"gzip"}
    assert len(service._connections) == 1
    assert "content-encoding" not in client.get("/numbers", headers={"accept-encoding": "identity"}).headers


def test_above_the_limit_is_429_until_the_window_ends(service: Counting, client: httpx2.Client) -> None:
    service.limit = Limit(2, seconds=0.6)
    assert _statuses(client, "/numbers", "/numbers/1") == [200, 200]
    refused = client.get("/numbers")
    assert (refused.status_code, refused.headers["x-left"], service.over_limit) == (429, "0", 1)
    time.sleep(float(refused.headers["retry-after"]))
    again = client.get("/numbers")
    assert (again.status_code, again.headers["x-left"], service.over_limit, service.too_early) == (200, "1", 1, 0)


def test_a_limit_may_hold_for_some_paths_only(service: Counting, client: httpx2.Client) -> None:
    service.limits[r"^/numbers/\d"] = Limit(1, seconds=60)
    assert _statuses(client, "/numbers/1", "/numbers", "/numbers/2", "/numbers") == [200, 200, 429, 200]


def test_who_comes_back_before_the_time_they_were_told_is_counted(service: Counting, client: httpx2.Client) -> None:
    service.faults.storm(Status(429, retry_after=0.4), times=1)
    assert _statuses(client, "/numbers", "/numbers") == [429, 200]
    time.sleep(0.4)
    assert _statuses(client, "/numbers") == [200]
    assert (service.too_early, service.over_limit) == (1, 0)


def test_faults_choose_requests_by_their_number_and_path(service: Counting, client: httpx2.Client) -> None:
    service.faults.once(Status(500), at=2, path=r"/numbers/\d")
    service.faults.once(Status(503), at=4)
    assert _statuses(client, "/numbers/1", "/numbers", "/numbers/2", "/numbers", "/numbers/3") == [
        200,
        200,
        500,
        503,
        200,
    ]
    assert [asked.fault for asked in service.faults.happened] == ["Status", "Status"]


def test_each_distinct_request_fails_once(service: Counting, client: httpx2.Client) -> None:
    service.faults.each_once(Status(500))
    paths = ["/numbers?page=1", "/numbers?page=2", "/numbers?page=1", "/numbers?page=2"]
    assert _statuses(client, *paths) == [500, 500, 200, 200]
    assert [client.post("/numbers", json=number).status_code for number in (1, 2, 1, 2)] == [500, 500, 201, 201]


def test_from_the_third_request_on_until_it_is_cleared(service: Counting, client: httpx2.Client) -> None:
    service.faults.always(Status(401), at=3)
    assert _statuses(client, *["/numbers"] * 4) == [200, 200, 401, 401]
    service.faults.clear()
    assert _statuses(client, "/numbers") == [200]


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_cut_answer_promises_more_than_it_brings(service: Counting, client: httpx2.Client, encoding: str) -> None:
    service.faults.once(Cut())
    with pytest.raises(httpx2.RemoteProtocolError):
        client.get("/numbers", headers={"accept-encoding": encoding})
    assert client.get("/numbers").json() == {"numbers": [0, 1, 2]}


def test_a_reset_connection_brings_nothing(service: Counting, client: httpx2.Client) -> None:
    service.faults.once(Reset())
    with pytest.raises(httpx2.ReadError):
        client.get("/numbers")
    assert (service.requests[0].status, client.get("/numbers").status_code) == (None, 200)


def test_malformed_json_and_pages_for_people_look_like_good_answers(service: Counting, client: httpx2.Client) -> None:
    service.faults.once(Malformed())
    service.faults.once(Html(), at=2)
    malformed, page = client.get("/numbers"), client.get("/numbers")
    assert (malformed.status_code, malformed.headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert malformed.text == '{"numbers":'
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_a_field_may_change_its_name(service: Counting, client: httpx2.Client) -> None:
    service.faults.always(Changed(lambda body: {"figures": body["numbers"]}), path="^/numbers$")
    assert client.get("/numbers").json() == {"figures": [0, 1, 2]}


def test_an_answer_may_be_late_or_too_large_or_elsewhere(service: Counting, client: httpx2.Client) -> None:
    service.faults.once(Slow(0.2))
    service.faults.once(Oversized(1_000_000), at=2)
    service.faults.once(Redirect("http://localhost:1"), at=3)
    began = time.monotonic()
    assert client.get("/numbers").json() == {"numbers": [0, 1, 2]}
    assert time.monotonic() - began >= 0.2
    large = client.get("/numbers")
    assert (len(large.content) > 1_000_000, large.json()) == (True, {"numbers": [0, 1, 2]})
    assert client.get("/numbers?page=2").headers["location"] == "http://localhost:1/numbers?page=2"


def test_a_client_is_killed_in_the_middle_of_an_answer(service: Counting) -> None:
    script = f"import httpx2\nfor page in range(9): print(httpx2.get('{service.address}/numbers').text, flush=True)"
    service.faults.kill(lambda: process.pid, at=2)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=os.environ, text=True)
    assert process.communicate()[0].count("numbers") == 1
    assert (process.returncode, len(service.requests)) == (-9, 2)


def test_a_handler_that_fails_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="the fake service itself failed"), Counting() as service:
        assert httpx2.get(f"{service.address}/broken", trust_env=False).status_code == 500


def test_a_closed_service_is_gone(service: Counting, client: httpx2.Client) -> None:
    assert _statuses(client, "/numbers") == [200]
    port = int(service.address.rsplit(":", 1)[1])
    service.close()
    with pytest.raises(httpx2.TransportError):
        client.get("/numbers")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
