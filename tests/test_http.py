"""The client that services are pulled with, against real servers that fail in every way that real services do."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import resource
import socket
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from pipelines.sources.http import Backoff, Http, Limits, Pause, Remaining, TimeUp
from tests.scripted_service import OK, Answering, Asked, Service, answer, cut, dripping, silent
from warehouse.errors import AccessRefused, AnswerRefused, SourceError, SourceUnreachable

QUICK = Backoff(first=0.002, longest=0.01)
KEY = "sk_live_0123456789"
GZIP = {"content-encoding": "gzip"}

Serve = Callable[..., Service]
Ask = Callable[..., Http]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a service with a script."""
    services: list[Service] = []

    def start(*script: bytes | Answering, **more: Any) -> Service:
        services.append(Service(list(script), **more))
        return services[-1]

    yield start
    for service in services:
        service.close()


@pytest.fixture
def client() -> Iterator[Ask]:
    """A client of an address, that has ten seconds."""
    clients: list[Http] = []

    def make(
        address: str | Service, *, seconds: float | None = 10, stop: threading.Event | None = None, **more: Any
    ) -> Http:
        pause = Pause(stop or threading.Event(), seconds)
        where = address if isinstance(address, str) else address.address
        clients.append(
            Http(where, pause=pause, **{"backoff": QUICK, "headers": {"authorization": f"Bearer {KEY}"}, **more})
        )
        return clients[-1]

    yield make
    for http in clients:
        http.close()


# Asking and answering


def test_an_answer_is_what_the_service_said_and_when(serve: Serve, client: Ask) -> None:
    service = serve(answer({"tickets": [1, 2]}, headers={"X-Total": "2"}))
    before = datetime.now(UTC)
    got = client(service).get("/api/v2/tickets", {"page": 2, "include": "stats", "nothing": None})
    assert (got.json(), got.content) == ({"tickets": [1, 2]}, b'{"tickets": [1, 2]}')
    assert (got.status, got.headers["x-total"]) == (200, "2")
    assert before <= got.received_at <= datetime.now(UTC)
    assert got.address == service.asked[0].target == "/api/v2/tickets?page=2&include=stats"


def test_a_request_says_who_asks_and_takes_gzip(serve: Serve, client: Ask) -> None:
    service = serve(answer())
    client(service).get("x")
    sent = service.asked[0].headers
    assert sent["user-agent"] == "support-operations-dashboard"
    assert (sent["accept"], sent["accept-encoding"]) == ("application/json", "gzip")
    assert sent["authorization"] == f"Bearer {KEY}"


def test_a_post_sends_json_and_is_repeated_whole(serve: Serve, client: Ask) -> None:
    service = serve(answer(status=502), answer())
    client(service).post("search", {"query": "ü"}, parameters={"page": 1})
    assert [asked.method for asked in service.asked] == ["POST", "POST"]
    assert json.loads(service.asked[1].body) == {"query": "ü"}
    assert service.asked[1].headers["content-type"] == "application/json"
    assert service.asked[1].target == "/search?page=1"


def test_the_path_of_the_address_stands_before_every_path(serve: Serve, client: Ask) -> None:
    service = serve(answer())
    assert client(f"{service.address}/desk/").get("/api/tickets").address == "/desk/api/tickets"


def test_the_next_page_is_asked_as_the_service_wrote_it(serve: Serve, client: Ask) -> None:
    service = serve(answer())
    link = f"{service.address}/t.json?cursor=MTY%3D%3D%7C%7C&page%5Bsize%5D=100&q=a+b"
    assert client(service).get(link).address == service.asked[0].target == link.removeprefix(service.address)


def test_requests_are_counted_with_those_that_failed(serve: Serve, client: Ask) -> None:
    http = client(serve(answer(status=500), answer(status=500), answer()))
    http.get("x")
    http.get("x")
    assert http.requests == 4


def test_an_answer_that_need_not_be_json_comes_as_it_is(serve: Serve, client: Ask) -> None:
    content = b"\xef\xbb\xbfid,\x00\xff"
    assert client(serve(answer(content))).get("export", expects="bytes").content == content


# Failures that pass


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 520, 529])
def test_a_failure_that_may_pass_is_asked_again(status: int, serve: Serve, client: Ask) -> None:
    service = serve(answer(b"<h1>Oops</h1>", status), answer(b"", status), answer())
    assert client(service).get("tickets").json() == OK
    assert len(service.asked) == 3


WHOLE = answer({"tickets": list(range(1000))})
PACKED = gzip.compress(json.dumps({"tickets": list(range(1000))}).encode())
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
BROKEN: dict[str, bytes | Answering] = {
    "fewer bytes than announced": cut(WHOLE, 100),
    "no head": cut(WHOLE, len(WHOLE)),
    "half a head": cut(WHOLE, len(WHOLE) - 20),
    "a chunk cut": cut(CHUNKED + b'8\r\n{"a": 1}\r\n0\r\n\r\n', 8),
    "no last chunk": cut(CHUNKED + b'8\r\n{"a": 1}\r\n', 0),
    "a chunk without a length": CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
    "gzip cut": answer(PACKED[:-20], headers=GZIP),
    "gzip without its sum": answer(PACKED[:-8], headers=GZIP),
    "gzip damaged": answer(PACKED[:200] + b"\0" + PACKED[201:], headers=GZIP),
    "no gzip": answer(b"{}", headers=GZIP),
    "json cut": answer(b'{"tickets": [1, 2'),
    "an empty body": answer(b""),
    "not a number": answer(b'{"score": NaN}'),
    "no utf-8": answer(b'{"subject": "\xff"}'),
    "endless brackets": answer(b"[" * 200_000),
    "a login page": answer(b"<html>Sign in</html>", headers={"content-type": "text/html"}),
    "no HTTP": cut(b"SSH-2.0-OpenSSH_9.2\r\n", 0),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_answer_is_asked_again_and_never_used(how: str, serve: Serve, client: Ask) -> None:
    service = serve(BROKEN[how], BROKEN[how], answer())
    assert client(service).get("tickets").json() == OK
    assert len(service.asked) == 3


SMALL = json.dumps({"id": 7, "subject": "späte Post", "tags": ["a", None, 1.5e3]}).encode()
CUTS: dict[str, list[bytes | Answering]] = {
    "by a closed connection": [cut(answer(SMALL), last) for last in range(1, len(answer(SMALL)) + 1)],
    "by a proxy": [answer(SMALL[:length]) for length in range(len(SMALL))],
    "when packed": [answer(gzip.compress(SMALL)[:length], headers=GZIP) for length in range(len(gzip.compress(SMALL)))],
}


@pytest.mark.parametrize("how", CUTS)
def test_an_answer_cut_at_any_byte_is_never_used(how: str, serve: Serve, client: Ask) -> None:
    service = serve(*CUTS[how], answer())
    assert client(service, backoff=Backoff(0, 0, attempts=1000), seconds=60).get("tickets").json() == OK
    assert len(service.asked) == len(CUTS[how]) + 1


@pytest.mark.parametrize("how", BROKEN)
def test_an_answer_that_stays_broken_ends_with_one_line(how: str, serve: Serve, client: Ask) -> None:
    service = serve(BROKEN[how])
    with pytest.raises(
        SourceUnreachable, match=r"/tickets gave no good answer: asked 6 times, the last time "
    ) as error:
        client(service).get("tickets?token=abc")
    assert len(service.asked) == 6
    assert "\n" not in str(error.value)
    assert "abc" not in str(error.value)


def test_a_login_page_is_named_as_such(serve: Serve, client: Ask) -> None:
    with pytest.raises(SourceUnreachable, match="200 with a web page where JSON is expected"):
        client(serve(BROKEN["a login page"])).get("tickets")


def test_a_service_that_stays_down_is_said_with_what_it_answers(serve: Serve, client: Ask) -> None:
    service = serve(answer(b"<html><title>Down</title> for\nmaintenance</html>", 503))
    with pytest.raises(SourceUnreachable) as error:
        client(service).get("tickets")
    where = service.address.removeprefix("http://")
    assert str(error.value) == (
        f"{where}/tickets gave no good answer: asked 6 times, the last time it answered 503 (Down for maintenance)."
        " The next pull asks again; if this goes on, look whether the service is up and can be reached from here."
    )


def test_nobody_there_is_said_as_such(client: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    http = client(f"http://127.0.0.1:{port}")
    with pytest.raises(SourceUnreachable, match=r"asked 6 times, the last time there was no connection \(.*refused\)"):
        http.get("tickets")
    assert http.requests == 6


def test_a_service_that_says_nothing_is_asked_again(serve: Serve, client: Ask) -> None:
    service = serve(silent(1), answer())
    assert client(service, timeout=0.1).get("tickets").json() == OK


def test_an_answer_that_comes_in_drops_is_no_answer(serve: Serve, client: Ask) -> None:
    drops = [bytes([byte]) for byte in answer({"slow": "x" * 500})]
    service = serve(dripping(drops, 0.02), answer())
    began = time.monotonic()
    assert client(service, timeout=0.2).get("tickets").json() == OK
    assert time.monotonic() - began < 6


def test_the_waits_between_attempts_grow(serve: Serve, client: Ask) -> None:
    service = serve(answer(status=500))
    with pytest.raises(SourceUnreachable):
        client(service, backoff=Backoff(first=0.02, longest=10, attempts=5)).get("tickets")
    waits = [later.at - asked.at for asked, later in zip(service.asked, service.asked[1:], strict=False)]
    assert [wait >= least for wait, least in zip(waits, (0.02, 0.04, 0.08, 0.16), strict=True)] == [True] * 4
    assert sum(waits) < 3


# Limits


def test_too_many_requests_are_met_with_more_patience_than_failures(serve: Serve, client: Ask) -> None:
    service = serve(*[answer(status=429)] * 20, answer())
    assert client(service).get("tickets").json() == OK
    assert len(service.asked) == 21


def test_too_many_requests_without_end_are_said_with_what_to_do(serve: Serve, client: Ask) -> None:
    with pytest.raises(SourceUnreachable, match=r"it answered 429.* Set a lower requests_a_minute"):
        client(serve(answer(status=429)), backoff=Backoff(0.001, 0.001, attempts_at_429=3)).get("tickets")


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(status: int, serve: Serve, client: Ask) -> None:
    service = serve(answer(status=status, headers={"Retry-After": "0.3"}), answer())
    client(service).get("tickets")
    assert 0.3 <= service.asked[1].at - service.asked[0].at < 2


def test_a_date_to_retry_after_is_read_by_the_clock_of_the_service(serve: Serve, client: Ask) -> None:
    theirs = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)
    dates = {
        "Date": format_datetime(theirs, usegmt=True),
        "Retry-After": format_datetime(theirs + timedelta(seconds=1), usegmt=True),
    }
    service = serve(answer(status=429, headers=dates), answer())
    client(service).get("tickets")
    assert 1 <= service.asked[1].at - service.asked[0].at < 5


def test_retry_after_holds_back_every_request_to_the_service(serve: Serve, client: Ask) -> None:
    service = serve(answer(status=429, headers={"Retry-After": "0.4"}), answer())
    http = client(service)
    first = threading.Thread(target=http.get, args=("tickets",))
    first.start()
    while not http.requests or not service.asked:
        time.sleep(0.01)
    time.sleep(0.05)
    http.get("agents")
    first.join()
    assert [asked.at - service.asked[0].at >= 0.4 for asked in service.asked] == [False, True, True]


@pytest.mark.parametrize("nonsense", ["soon", "-5", "1e999", "nan", "Mon, 99 Foo 2026", ""])
def test_a_retry_after_that_cannot_be_read_is_no_wait(nonsense: str, serve: Serve, client: Ask) -> None:
    service = serve(answer(status=429, headers={"Retry-After": nonsense}), answer())
    assert client(service).get("tickets").json() == OK


def test_a_retry_after_past_the_end_of_the_pull_ends_it_at_once(serve: Serve, client: Ask) -> None:
    service = serve(answer(b"slow down", 429, {"Retry-After": "3600"}))
    began = time.monotonic()
    with pytest.raises(TimeUp) as up:
        client(service, backoff=Backoff(first=3, longest=3)).get("tickets")
    assert time.monotonic() - began < 1
    assert up.value.because is not None
    assert "/tickets gave no good answer: asked 1 times, the last time it answered 429 (slow down)" in up.value.because


def test_no_minute_of_the_service_sees_more_requests_than_allowed(serve: Serve, client: Ask) -> None:
    service = serve(answer())
    http = client(service, limits=Limits(5, minute=0.5))
    threads = [threading.Thread(target=lambda: [http.get("x") for _ in range(4)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    starts = sorted(asked.at for asked in service.asked)
    assert len(starts) == 16
    assert all(later - start >= 0.5 for start, later in zip(starts, starts[5:], strict=False))


def test_a_request_that_arrives_late_counts_from_when_it_arrived(serve: Serve, client: Ask) -> None:
    def late(connection: socket.socket, asked: Asked) -> None:
        time.sleep(0.3)
        asked.at = time.monotonic()
        connection.sendall(answer(headers={"connection": "close"}))

    service = serve(late, answer())
    http = client(service, limits=Limits(1, minute=0.4))
    http.get("x")
    http.get("x")
    assert service.asked[1].at - service.asked[0].at >= 0.4


def test_what_a_minute_allows_may_be_asked_at_once(serve: Serve, client: Ask) -> None:
    http = client(serve(answer()), requests_a_minute=20)
    for _ in range(20):
        http.get("x")
    with pytest.raises(TimeUp):
        http.get("x")


def test_a_pace_goes_on_with_the_next_client(serve: Serve, client: Ask) -> None:
    service = serve(answer())
    first = client(service, limits=Limits(2, minute=0.4))
    first.get("x")
    first.get("x")
    client(service, limits=first.limits).get("x")
    assert service.asked[2].at - service.asked[0].at >= 0.4


def _left(left: int, resets: float, **more: str) -> bytes:
    return answer(headers={"X-Left": str(left), "X-Resets": str(resets), "X-Total": "100", **more})


@pytest.mark.parametrize(
    ("left", "reserve", "waits"),
    [(0, 0, True), (1, 0, False), (10, 10, True), (11, 10, False), (20, 0.2, True), (21, 0.2, False)],
)
def test_the_reserve_of_requests_is_left_alone_until_the_reset(
    left: int, reserve: float, waits: bool, serve: Serve, client: Ask
) -> None:
    service = serve(_left(left, 0.3))
    http = client(service, remaining=Remaining("x-left", "x-resets", reserve=reserve, total="x-total"))
    http.get("x")
    http.get("x")
    assert (service.asked[1].at - service.asked[0].at >= 0.3) == waits


def test_a_reset_can_be_an_instant_of_the_clock_of_the_service(serve: Serve, client: Ask) -> None:
    theirs = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    service = serve(_left(0, theirs.timestamp() + 0.3, Date=format_datetime(theirs, usegmt=True)))
    http = client(service, remaining=Remaining("x-left", "x-resets", resets_as="epoch"))
    http.get("x")
    http.get("x")
    assert 0.3 <= service.asked[1].at - service.asked[0].at < 5


def test_a_service_that_tells_no_reset_is_left_alone_for_its_window(serve: Serve, client: Ask) -> None:
    service = serve(answer(headers={"X-Left": "0"}))
    http = client(service, remaining=Remaining("x-left", window=0.3))
    http.get("x")
    http.get("x")
    assert service.asked[1].at - service.asked[0].at >= 0.3


# The time of a pull


def test_no_request_is_sent_after_the_time_is_up(serve: Serve, client: Ask) -> None:
    service = serve(answer())
    http = client(service, seconds=0)
    with pytest.raises(TimeUp):
        http.get("tickets")
    assert (http.requests, service.asked) == (0, [])


def test_a_wait_that_goes_past_the_end_is_not_begun() -> None:
    began = time.monotonic()
    with pytest.raises(TimeUp):
        Pause(threading.Event(), 1).sleep(5)
    assert time.monotonic() - began < 0.2


def test_a_pause_without_a_limit_goes_on_until_it_is_stopped() -> None:
    stop = threading.Event()
    pause = Pause(stop, None)
    pause.check()
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(TimeUp):
        pause.sleep(1e12)
    with pytest.raises(TimeUp):
        pause.check()


SLOW: dict[str, Answering] = {
    "silent": silent(5),
    "a head in drops": dripping([b"HTTP/1.1 200 OK\r\n", *[f"x-{n}: {n}\r\n".encode() * 50 for n in range(100)]], 0.05),
    "a body in drops": dripping([answer(b"", headers={"content-length": "9999999"}), *[b" " * 5000] * 100], 0.05),
    "an error in drops": dripping([answer(b"", 500, headers={"content-length": "9999999"}), *[b" "] * 100], 0.05),
}


@pytest.mark.parametrize("how", SLOW)
@pytest.mark.parametrize("ends", ["by its time", "by a stop"])
def test_a_slow_answer_does_not_outlast_the_pull(how: str, ends: str, serve: Serve, client: Ask) -> None:
    stop = threading.Event()
    http = client(serve(SLOW[how]), seconds=0.5 if ends == "by its time" else None, stop=stop)
    threading.Timer(0.5, stop.set).start()
    began = time.monotonic()
    with pytest.raises(TimeUp):
        http.get("tickets")
    assert time.monotonic() - began < 3


def test_a_proxy_of_the_environment_is_used_and_does_not_outlast_the_pull(
    serve: Serve, client: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(answer(), SLOW["a head in drops"])
    monkeypatch.setenv("HTTP_PROXY", proxy.address)
    http = client("http://desk.example.com", seconds=1)
    assert http.get("tickets").json() == OK
    assert proxy.asked[0].target == "http://desk.example.com/tickets"
    with pytest.raises(TimeUp):
        http.get("tickets")


# What a service refuses


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_asked_once_and_said_without_them(status: int, serve: Serve, client: Ask) -> None:
    said = {"error": f"Couldn't authenticate {KEY}", "more": "x" * 1000}
    service = serve(answer(said, status))
    with pytest.raises(AccessRefused) as error:
        client(service).get("/api/v2/tickets?email=ada@example.com")
    message = str(error.value)
    assert len(service.asked) == 1
    assert f"{service.address.removeprefix('http://')}/api/v2/tickets refuses access: {status} (" in message
    assert "Couldn't authenticate …" in message
    assert "Check the secret of this source" in message
    assert len(message) < 400
    assert KEY not in message
    assert "ada@" not in message


@pytest.mark.parametrize("status", [400, 404, 409, 410, 422, 501])
def test_an_answer_that_says_no_is_asked_once_and_tells_its_status(status: int, serve: Serve, client: Ask) -> None:
    service = serve(answer(b"no such\x1b[31m thing", status))
    with pytest.raises(AnswerRefused, match=rf"/tickets/7 answers {status} \(no such\[31m thing\)") as error:
        client(service).get("tickets/7")
    assert (error.value.status, len(service.asked)) == (status, 1)


# Secrets and redirects


def test_a_redirect_on_the_same_host_is_followed_and_the_address_stays_as_asked(serve: Serve, client: Ask) -> None:
    service = serve(answer(b"", 302, {"Location": "/v3/tickets?page=1"}), answer())
    assert client(service).get("v2/tickets").address == "/v2/tickets"
    assert service.asked[1].target == "/v3/tickets?page=1"
    assert service.asked[1].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(("status", "method"), [(301, "POST"), (307, "POST"), (308, "POST"), (303, "GET")])
def test_a_post_stays_a_post_where_it_moved(status: int, method: str, serve: Serve, client: Ask) -> None:
    service = serve(answer(b"", status, {"Location": "/new"}), answer())
    client(service).post("old", {"a": 1})
    assert (service.asked[1].method, service.asked[1].body) == (method, b'{"a": 1}' if method == "POST" else b"")


def test_redirects_in_a_circle_end(serve: Serve, client: Ask) -> None:
    service = serve(answer(b"", 302, {"Location": "/x"}))
    with pytest.raises(AnswerRefused, match="redirected more than 5 times"):
        client(service).get("x")
    assert len(service.asked) == 6


@pytest.mark.parametrize(
    "where",
    ["http://127.0.0.2:{port}/in?sig=abc", "//127.0.0.2:{port}/in?sig=abc", "http://127.0.0.1:{port}/in?sig=abc"],
)
def test_a_redirect_elsewhere_is_refused_and_named_without_its_query(where: str, serve: Serve, client: Ask) -> None:
    thief = serve(answer(), host=where.split("/")[2].split(":")[0])
    location = where.format(port=thief.port)
    service = serve(answer(b"", 302, {"Location": location}))
    with pytest.raises(AnswerRefused) as error:
        client(service).get("tickets")
    assert f"{location.partition('?')[0].removeprefix('http:')}, and secrets go only to {service.address}" in str(
        error.value
    )
    assert "abc" not in str(error.value)
    assert thief.asked == []


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.2:{port}/t",
        "https://127.0.0.1:{port}/t",
        "http://user:pw@127.0.0.1:{port}/t",
        "http://127.0.0.1:1/t",
        "ftp://127.0.0.1:{port}/t",
    ],
)
def test_a_next_page_elsewhere_is_refused_before_anything_is_sent(link: str, serve: Serve, client: Ask) -> None:
    service = serve(answer())
    http = client(service)
    with pytest.raises(AnswerRefused) as error:
        http.get(link.format(port=service.port))
    assert (http.requests, service.asked) == (0, [])
    assert "pw" not in str(error.value)


def test_a_redirect_to_nowhere_is_refused(serve: Serve, client: Ask) -> None:
    with pytest.raises(AnswerRefused, match="/x answers 302 without saying where to"):
        client(serve(answer(b"", 302))).get("x")
    with pytest.raises(AnswerRefused, match=r"http://…@desk:port is no address"):
        client(serve(answer(b"", 302, {"Location": "http://me:pw@desk:port?sig=abc"}))).get("x")


@pytest.mark.parametrize(
    "address",
    ["desk.example.com", "ftp://desk.example.com", "https://", "https://me:pw@desk.example.com", "https://desk:port"],
)
def test_an_address_that_cannot_be_asked_is_refused_at_the_start(address: str, client: Ask) -> None:
    with pytest.raises(AnswerRefused, match="address") as error:
        client(address)
    assert "pw" not in str(error.value)


def test_a_path_is_never_a_host(serve: Serve, client: Ask) -> None:
    service = serve(answer())
    client(service).get("//127.0.0.2/tickets")
    assert service.asked[0].headers["host"] == f"127.0.0.1:{service.port}"


def test_a_link_without_secrets_may_lead_anywhere_and_carries_none(serve: Serve, client: Ask) -> None:
    storage = serve(answer(b"", 302, {"Location": "/file?sig=abc"}), answer(b"PK"), host="127.0.0.2")
    http = client(serve(answer()), parameters={"api_key": KEY})
    got = http.get(f"{storage.address}/signed?sig=abc", expects="bytes", without_secrets=True)
    assert (got.content, got.address) == (b"PK", f"{storage.address}/signed")
    assert [asked.target for asked in storage.asked] == ["/signed?sig=abc", "/file?sig=abc"]
    assert not any(KEY in str(asked) for asked in storage.asked)


def test_a_link_without_secrets_does_not_leave_tls(serve: Serve, client: Ask) -> None:
    with pytest.raises(AnswerRefused, match=r"leads to http://127\.0\.0\.1"):
        client("https://127.0.0.1:1").get("http://127.0.0.1:1/file", without_secrets=True)


def test_secret_parameters_are_sent_and_never_shown(
    serve: Serve, client: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service = serve(answer(), answer({"error": f"bad api_key={KEY}"}, 422))
    http = client(service, parameters={"api_key": KEY}, headers={})
    assert http.get(f"{service.address}/t?api_key={KEY}&page=2").address == "/t?page=2"
    assert service.asked[0].target == f"/t?api_key={KEY}&page=2"
    with pytest.raises(AnswerRefused) as error:
        http.get("t")
    assert service.asked[1].target == f"/t?api_key={KEY}"
    assert KEY not in str(error.value) + caplog.text
    assert not [record for record in caplog.records if record.name.startswith(("httpx2", "httpcore2"))]


@pytest.mark.parametrize("echo", [KEY, "ada@example.com/token:" + KEY, "Basic {packed}", "{packed}", "p%2Fw%2Bx%3D1"])
def test_what_a_service_repeats_of_a_password_is_hidden(echo: str, serve: Serve, client: Ask) -> None:
    packed = base64.b64encode(f"ada@example.com/token:{KEY}".encode()).decode()
    http = client(
        serve(answer({"you sent": echo.format(packed=packed)}, 403)),
        headers={"Authorization": f"Basic {packed}"},
        parameters={"key": "p/w+x=1"},
    )
    with pytest.raises(AccessRefused) as error:
        http.get("x")
    assert not any(word in str(error.value) for word in (KEY, packed, "p%2Fw"))


@pytest.mark.parametrize(
    "key", ["with\nbreak", "with\r\nx-other: header", "ends with space ", "Schlüssel-ß", "“quoted”"]
)
def test_a_secret_that_cannot_be_sent_is_said_without_it(key: str, client: Ask) -> None:
    with pytest.raises(
        AccessRefused, match=r"^127\.0\.0\.1: what would be sent as authorization has a line break"
    ) as error:
        client("http://127.0.0.1:1", headers={"Authorization": key})
    assert key not in str(error.value)


def test_cookies_of_a_service_are_not_kept(serve: Serve, client: Ask) -> None:
    service = serve(answer(headers={"Set-Cookie": "session=1"}))
    http = client(service)
    http.get("x")
    http.get("x")
    assert "cookie" not in service.asked[1].headers


# Size and kind of an answer


def test_an_answer_at_its_limit_is_taken_and_one_above_it_is_refused(serve: Serve, client: Ask) -> None:
    service = serve(answer(b"x" * 1000), answer(b"x" * 1001))
    http = client(service, largest_bytes=1000)
    assert len(http.get("export", expects="bytes").content) == 1000
    with pytest.raises(
        AnswerRefused,
        match=r"/export answers with more than 1,000 bytes\. .* raise largest_answer of this source in support\.toml",
    ):
        http.get("export", expects="bytes")
    assert len(service.asked) == 2


def test_a_small_answer_that_unpacks_to_hundreds_of_megabytes_is_stopped_early(serve: Serve, client: Ask) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([*(packer.compress(b"\0" * (1 << 24)) for _ in range(16)), packer.flush()])
    http = client(serve(answer(bomb, headers=GZIP)), largest_bytes=4_000_000)
    tracemalloc.start()
    with pytest.raises(AnswerRefused, match="more than 4,000,000 bytes"):
        http.get("export")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16_000_000


def test_an_endless_answer_is_stopped(serve: Serve, client: Ask) -> None:
    empty = gzip.compress(b"")
    endless = dripping([answer(b"", headers={**GZIP, "content-length": "999999999"}), *[empty * 5000] * 50], 0)
    with pytest.raises(AnswerRefused, match="more than 1,000,000 bytes"):
        client(serve(endless), largest_bytes=1_000_000).get("export")


def test_a_packed_answer_is_the_same_as_a_plain_one(serve: Serve, client: Ask) -> None:
    content = json.dumps({"text": ["x" * 3_000_000, "ü"]}).encode()
    parts = gzip.compress(content[:1000]) + gzip.compress(content[1000:]) + b"\0" * 100
    service = serve(*(answer(packed, headers=GZIP) for packed in (gzip.compress(content), parts)))
    http = client(service)
    assert [http.get("x").content == content for _ in range(2)] == [True, True]


def test_an_encoding_that_was_not_asked_for_is_refused(serve: Serve, client: Ask) -> None:
    with pytest.raises(AnswerRefused, match="encoding that was not asked for: br"):
        client(serve(answer(b"x", headers={"content-encoding": "br"}))).get("x")


@pytest.mark.parametrize(
    "content",
    [
        '\ufeff{"a": "ü"}'.encode(),
        '\ufeff\ufeff{"a": "ü"}'.encode(),
        '{"a": "ü"}'.encode("utf-16"),
        '{"a": "ü"}'.encode("latin-1"),
    ],
)
def test_json_is_utf_8_however_it_came(content: bytes, serve: Serve, client: Ask) -> None:
    got = client(serve(answer(content, headers={"content-type": "application/json; charset=ISO-8859-1"}))).get("x")
    assert (got.content, got.json()) == ('{"a": "ü"}'.encode(), {"a": "ü"})


def test_half_an_emoji_becomes_a_replacement_character_and_whole_ones_stay(serve: Serve, client: Ask) -> None:
    sent = rb'["cut \ud83d", "\ude00", "\uD83D\uDE00", "\\ud83d", "\ud83d\ud83d\ude00", "\n\u00fc"]'
    got = client(serve(answer(sent))).get("x")
    assert got.json() == ["cut \ufffd", "\ufffd", "😀", "\\ud83d", "\ufffd😀", "\nü"]
    assert json.loads(got.content) == got.json()


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def _tls(authority: trustme.CA, *names: str, **more: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **more).configure_cert(context)
    return context


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    return tmp_path / "authority.pem"


def test_a_service_with_an_authority_of_its_own_is_asked(
    authority: trustme.CA, trusted: Path, serve: Serve, client: Ask
) -> None:
    service = serve(answer(), tls=_tls(authority, "127.0.0.1"))
    assert client(service, certificates=trusted).get("tickets").json() == OK


@pytest.mark.parametrize(
    ("names", "more", "why"),
    [
        (["other.example"], {}, "IP address mismatch"),
        (["127.0.0.1"], {"not_after": datetime(2020, 1, 1, tzinfo=UTC)}, "certificate has expired"),
    ],
)
def test_a_wrong_certificate_is_refused_at_once(
    names: list[str], more: dict[str, Any], why: str, authority: trustme.CA, trusted: Path, serve: Serve, client: Ask
) -> None:
    service = serve(answer(), tls=_tls(authority, *names, **more))
    http = client(service, certificates=trusted)
    with pytest.raises(
        SourceUnreachable, match=rf"the certificate of 127\.0\.0\.1 is not trusted \(.*{why}.*\)\. If the service has"
    ):
        http.get("tickets")
    assert (http.requests, service.asked) == (1, [])


def test_an_unknown_authority_is_refused_at_once_with_what_to_do(
    authority: trustme.CA, serve: Serve, client: Ask
) -> None:
    service = serve(answer(), tls=_tls(authority, "127.0.0.1"))
    with pytest.raises(SourceUnreachable, match="name a file with its certificate as `certificates` of the source"):
        client(service).get("tickets")
    assert service.asked == []


def test_the_authorities_of_the_system_stay_trusted_beside_a_file(trusted: Path, client: Ask) -> None:
    own, both = client("https://127.0.0.1:1"), client("https://127.0.0.1:1", certificates=trusted)
    counts = [http._client._transport._pool._ssl_context.cert_store_stats()["x509_ca"] for http in (own, both)]
    assert counts[1] == counts[0] + 1
    assert counts[0] > 0


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_file_without_certificates_is_named(content: str | None, tmp_path: Path, client: Ask) -> None:
    path = tmp_path / "authority.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(
        SourceUnreachable,
        match=r"authority\.pem is no file of certificates \(PEM\) that can be read: check `certificates`",
    ):
        client("https://127.0.0.1:1", certificates=path)


def test_a_slow_answer_over_tls_comes_whole(authority: trustme.CA, trusted: Path, serve: Serve, client: Ask) -> None:
    pieces = [WHOLE[start : start + 2000] for start in range(0, len(WHOLE), 2000)]
    service = serve(dripping(pieces, 0.4), tls=_tls(authority, "127.0.0.1"))
    assert client(service, certificates=trusted).get("tickets").json() == {"tickets": list(range(1000))}


def test_a_slow_answer_over_tls_does_not_outlast_the_pull(
    authority: trustme.CA, trusted: Path, serve: Serve, client: Ask
) -> None:
    http = client(serve(SLOW["a head in drops"], tls=_tls(authority, "127.0.0.1")), certificates=trusted, seconds=0.5)
    began = time.monotonic()
    with pytest.raises(TimeUp):
        http.get("tickets")
    assert time.monotonic() - began < 3


# Several threads, large bodies


def test_several_threads_may_ask_at_once(serve: Serve, client: Ask) -> None:
    def echo(connection: socket.socket, asked: Asked) -> None:
        connection.sendall(answer({"asked": asked.target}, headers={"connection": "close"}))

    http = client(serve(echo))
    wrong: list[str] = []

    def ask(thread: int) -> None:
        wrong.extend(path for n in range(20) if http.get(path := f"/{thread}/{n}").json() != {"asked": path})

    threads = [threading.Thread(target=ask, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (wrong, http.requests) == ([], 160)


def test_large_bodies_are_read_fast_and_not_kept(serve: Serve, client: Ask) -> None:
    ticket = {
        "id": 1,
        "subject": "Where is my order? 😀",
        "tags": ["a", "b"],
        "custom": {"x": None},
        "text": "words " * 100,
    }
    page = json.dumps({"tickets": [ticket] * 3700}).encode()
    http = client(serve(answer(gzip.compress(page, 1), headers=GZIP)))
    http.get("warm")
    tracemalloc.start()
    sizes = []
    for _ in range(3):
        http.get("tickets")
        sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    for _ in range(10):
        http.get("tickets")
    seconds = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
    assert sizes[2] - sizes[0] < 1_000_000
    assert len(page) * 10 / seconds > 5_000_000


def test_every_refusal_is_an_error_of_the_source(serve: Serve, client: Ask) -> None:
    for status in (401, 404, 500):
        with pytest.raises(SourceError):
            client(serve(answer(status=status)), backoff=Backoff(0.001, 0.001, attempts=1)).get("x")
