"""Limits: a crowd, slow connections and large requests are refused politely, and whoever is inside goes on."""

from __future__ import annotations

import asyncio
import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from streamlit.web.server.starlette.starlette_server import _get_uvicorn_config_kwargs
from uvicorn.protocols.http.auto import AutoHTTPProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus

from pages.elements import connections, limits
from tests.browsing import dashboard
from tests.small_warehouse import NOON, SmallWarehouse
from tests.viewer import Visit, visit

MOST = 3
SETTINGS = f"""
[dashboard]
most_viewers = {MOST}
largest_request = "1MB"
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    desk = SmallWarehouse(tmp_path_factory.mktemp("limits"))
    desk.change(NOON)
    settings = desk.publish()
    settings.write_text(settings.read_text(encoding="utf-8") + SETTINGS, encoding="utf-8")
    with dashboard(settings) as served:
        yield served


def asked(
    address: str, path: str = "/", method: str = "GET", **headers: str
) -> tuple[int, http.client.HTTPMessage, str]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    try:
        return answer.status, answer.headers, answer.read().decode(errors="replace")
    finally:
        connection.close()


def crowd(inside: ExitStack, address: str, count: int) -> list[Visit]:
    """So many visitors who have their page open until the end of the block."""
    return [inside.enter_context(visit(address)) for _ in range(count)]


def is_let_in(address: str, seconds: float = 60) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if asked(address)[0] == 200:
            return True
        time.sleep(0.1)
    return False


def _heard_out(visitor: Visit) -> None:
    while True:
        visitor.socket.recv(timeout=60)


def raw(address: str) -> socket.socket:
    host, port = urlsplit(address).netloc.split(":")
    return socket.create_connection((host, int(port)), timeout=60)


# --- viewers --------------------------------------------------------------------------------------------------------------


def test_whoever_comes_when_all_places_are_taken_is_told_so_and_when_to_come_again(address: str) -> None:
    with ExitStack() as inside:
        crowd(inside, address, MOST)
        status, headers, words = asked(address, "/wait_times?period=7d")
        assert (status, headers["retry-after"]) == (503, str(limits.RETRY_SECONDS))
        assert "All places are taken" in words
        assert f'http-equiv="refresh" content="{limits.RETRY_SECONDS}"' in words
        assert headers["content-security-policy"]
        with pytest.raises(InvalidStatus) as refusal:
            inside.enter_context(visit(address))
        assert refusal.value.response.status_code == 503


def test_those_inside_go_on_while_a_crowd_is_refused(address: str) -> None:
    assert is_let_in(address)
    with ExitStack() as inside:
        viewer, *_ = crowd(inside, address, MOST)
        for _ in range(10):
            for _ in range(5):
                assert asked(address)[0] == 503
            viewer.run()
            assert viewer.problems == []
        assert asked(address, "/_stcore/health")[0] == 200
        assert asked(address, "/api/health")[0] == 200


def test_a_place_that_becomes_free_is_given_away(address: str) -> None:
    assert is_let_in(address)
    with ExitStack() as inside:
        crowd(inside, address, MOST - 1)
        with visit(address) as leaving:
            leaving.run()
            assert asked(address)[0] == 503
        assert is_let_in(address)
        inside.enter_context(visit(address)).run()


def test_somebody_inside_may_load_the_page_anew(address: str) -> None:
    assert is_let_in(address)
    cookie = {"Cookie": "_streamlit_xsrf=of-this-browser"}
    with ExitStack() as inside:
        crowd(inside, address, MOST - 1)
        inside.enter_context(visit(address, headers=cookie))
        assert asked(address)[0] == 503
        assert asked(address, **cookie)[0] == 200


# --- requests -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_is_taken_but_questions(method: str, address: str) -> None:
    status, headers, _ = asked(address, "/", method)
    assert (status, headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_long_addresses_and_large_headers_are_refused(address: str) -> None:
    assert asked(address, f"/?period={'7' * limits.LONGEST_ADDRESS}")[0] == 414
    assert asked(address, **{"X-Large": "x" * limits.LARGEST_HEADERS})[0] == 431
    assert is_let_in(address)


def test_a_message_that_is_too_large_ends_its_visit_and_no_other(address: str) -> None:
    with visit(address) as viewer:
        viewer.run()
        with visit(address) as other:
            other.socket.send(b"x" * 1_500_000)
            with pytest.raises(ConnectionClosed, match="1009"):
                _heard_out(other)
        viewer.run()


def test_a_visitor_who_asks_without_a_pause_waits_and_the_others_do_not() -> None:
    """Of 260 messages 200 are taken at once, the rest at twenty a second."""

    async def taken(count: int) -> float:
        async def receive() -> dict[str, object]:
            return {"type": "websocket.receive"}

        paced = limits._paced(receive)
        began = time.monotonic()
        for _ in range(count):
            await paced()
        return time.monotonic() - began

    quick, slow = asyncio.run(taken(limits.BURST)), asyncio.run(taken(limits.BURST + 20))
    assert slow - quick > 0.8


# --- connections ----------------------------------------------------------------------------------------------------------


def test_more_connections_than_viewers_need_are_told_to_come_again(address: str) -> None:
    most = connections.A_VIEWER * MOST + connections.BESIDE
    assert is_let_in(address)
    with ExitStack() as inside, visit(address) as viewer:
        held = [inside.enter_context(raw(address)) for _ in range(most + 20)]
        answers = [_answer_at_once(one) for one in held[-10:]]
        assert all(answer.startswith(b"HTTP/1.1 503") and b"retry-after: 10" in answer for answer in answers)
        viewer.run()
    assert is_let_in(address)


def _answer_at_once(connection: socket.socket) -> bytes:
    """What comes though nothing was asked."""
    answer = b""
    while part := connection.recv(4096):
        answer += part
    return answer


def test_a_connection_that_does_not_say_what_it_wants_is_ended(address: str) -> None:
    with raw(address) as slow, raw(address) as silent, visit(address) as viewer:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        began = time.monotonic()
        assert silent.recv(1) == b""
        assert slow.recv(1) == b""
        assert time.monotonic() - began >= connections.REQUEST_SECONDS / 2
        viewer.run()


def test_no_packer_stays_with_a_viewer_between_messages(address: str) -> None:
    assert is_let_in(address)
    with visit(address) as viewer:
        viewer.run()
        assert viewer.problems == []
        response = viewer.socket.response
        assert response is not None
        agreed = response.headers["sec-websocket-extensions"]
        assert "server_no_context_takeover" in agreed
        assert "client_no_context_takeover" in agreed


def test_streamlit_still_listens_through_the_protocol_that_is_bounded() -> None:
    assert "http" not in _get_uvicorn_config_kwargs()  # so it is uvicorn's own choice
    assert {"connection_made", "data_received"} <= set(vars(AutoHTTPProtocol))
