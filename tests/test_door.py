"""The door: roles from what a login says, names and addresses that are refused, and whose word on a visitor counts."""

from __future__ import annotations

import http.client
import re
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect
from streamlit import config
from streamlit.file_util import get_static_dir

from pages.elements import door
from pages.elements.people import claims_of_headers, claims_of_login, person
from tests.browsing import PROJECT, dashboard, free_port, settled
from tests.small_warehouse import NOON, SmallWarehouse
from warehouse.errors import SettingsError
from warehouse.scope import EVERYTHING, Scope
from warehouse.settings import Access, Settings

ROLES = [
    {"role": "admin", "addresses": ["Ada@Example.com"]},
    {"role": "lead", "claim": "groups", "values": ["leads"], "teams": ["Phone"], "teams_claim": "teams"},
    {"role": "executive", "domains": ["board.example.com"]},
    {"role": "analyst", "domains": ["example.com"]},
]
OIDC = Access.model_validate({"login": "oidc", "roles": ROLES})
BEHIND_A_PROXY = """
[access]
login = "header"
proxies = ["{proxy}"]
claim_headers = {{ groups = "X-Forwarded-Groups" }}

[[access.roles]]
role = "lead"
claim = "groups"
values = ["leads"]
teams = ["Billing"]
"""


# --- roles --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "role", "scope"),
    [
        ({"email": "ada@example.com"}, "admin", EVERYTHING),
        ({"email": "ADA@EXAMPLE.COM", "email_verified": True}, "admin", EVERYTHING),
        ({"email": "ben@example.com"}, "analyst", EVERYTHING),
        ({"email": "eve@board.example.com"}, "executive", Scope(())),
        ({"email": "lee@elsewhere.org", "groups": ["x", "leads"]}, "lead", Scope(("Phone",))),
        ({"email": "lee@elsewhere.org", "groups": "leads", "teams": ["Chat"]}, "lead", Scope(("Chat", "Phone"))),
        ({"groups": ["leads"], "teams": "Chat"}, "lead", Scope(("Chat", "Phone"))),
        # The first role that names a person is theirs.
        ({"email": "ada@example.com", "groups": ["leads"]}, "admin", EVERYTHING),
    ],
)
def test_a_role_comes_from_address_domain_or_claim(claims: dict[str, object], role: str, scope: Scope) -> None:
    found = person(OIDC, claims)
    assert found is not None
    assert (found.role, found.scope) == (role, scope)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"email": "ada@example.org"},
        {"email": "ada@example.com.evil.org"},
        {"email": "ada@evilexample.com"},
        {"email": "ada@sub.example.com"},
        {"email": "evil.org@ada@example.com"},
        {"email": "ada@example.com", "email_verified": False},
        {"email": "ada@example.com", "email_verified": "false"},
        {"email": ["ada@example.com"]},
        {"email": "example.com"},
        {"groups": "leads of nothing"},
        {"groups": {"leads": True}},
        {"name": "ada@example.com"},
    ],
)
def test_who_is_not_named_has_no_role(claims: dict[str, object]) -> None:
    assert person(OIDC, claims) is None


def test_a_login_lasts_as_long_as_a_session() -> None:
    said = {"is_logged_in": True, "email": "ada@example.com", "iat": 1_000_000}
    twelve_hours = 12 * 3600
    assert claims_of_login(OIDC, said, now=1_000_000 + twelve_hours) == said
    assert claims_of_login(OIDC, said, now=1_000_001 + twelve_hours) == {}
    assert claims_of_login(OIDC, {**said, "is_logged_in": False}, now=1_000_000) == {}
    assert claims_of_login(OIDC, {"is_logged_in": True, "email": "ada@example.com"}, now=1_000_000) == {}


def test_a_proxys_claims_are_lists_and_nothing_without_an_address() -> None:
    access = Access.model_validate(
        {"login": "header", "proxies": ["10.0.0.0/8"], "claim_headers": {"groups": "X-Groups"}, "roles": ROLES}
    )
    assert claims_of_headers(access, {"X-Groups": "leads"}) == {}
    said = {"X-Forwarded-Email": "a@b.org", "X-Groups": "x, leads"}
    assert claims_of_headers(access, said) == {"email": "a@b.org", "groups": ["x", "leads"]}


# --- settings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("access", "message"),
    [
        ({"login": "oidc", "roles": []}, "access.roles"),
        ({"login": "header", "roles": ROLES}, "needs proxies"),
        ({"login": "oidc", "roles": [{"role": "admin"}]}, "nobody's"),
        ({"login": "oidc", "roles": [{"role": "lead", "addresses": ["a@b.c"]}]}, "a lead needs teams"),
        ({"login": "oidc", "roles": [{"role": "admin", "addresses": ["a@b.c"], "teams": ["x"]}]}, "teams are a lead's"),
        ({"login": "oidc", "roles": [{"role": "admin", "claim": "groups"}]}, "claim and values go together"),
        ({"login": "oidc", "client_secret": "x", "roles": ROLES}, "client_secret"),
    ],
)
def test_what_is_half_set_up_is_refused(access: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Settings.model_validate({"access": access})


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.5", "support.example.com"])
def test_serving_beyond_this_machine_needs_access_or_a_word(address: str) -> None:
    dashboard = {"address": address}
    with pytest.raises(ValueError, match=r"open to everyone who reaches"):
        Settings.model_validate({"dashboard": dashboard})
    assert Settings.model_validate({"dashboard": {**dashboard, "without_login": True}})
    assert Settings.model_validate({"dashboard": dashboard, "access": {"login": "oidc", "roles": ROLES}})


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_serving_this_machine_needs_nothing(address: str) -> None:
    assert Settings.model_validate({"dashboard": {"address": address}})


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        (["-m", "pipelines", "start"], '[dashboard]\naddress = "0.0.0.0"\n'),
        (["-m", "streamlit", "run", "dashboard.py", "--server.address", "0.0.0.0"], ""),
        (["-m", "streamlit", "run", "dashboard.py", "--server.address", ""], ""),
    ],
)
def test_a_start_that_would_leave_the_door_open_ends_in_one_line(
    command: list[str], settings: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "support.toml").write_text(settings, encoding="utf-8")
    monkeypatch.setenv("SUPPORT_SETTINGS", str(tmp_path / "support.toml"))
    ended = subprocess.run(
        [sys.executable, *command, *(["--server.port", str(free_port())] if "streamlit" in command else [])],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    assert "open to everyone who reaches" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("login", "message"),
    [
        ({}, "needs redirect_uri"),
        (dict.fromkeys(door.LOGIN_NAMES, "x" * 40) | {"client_secret": ""}, "needs client_secret"),
        (dict.fromkeys(door.LOGIN_NAMES, "x" * 40) | {"cookie_secret": "hush"}, "shorter than 32"),
    ],
)
def test_a_login_that_cannot_work_is_refused_without_saying_a_secret(login: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message) as refusal:
        door.refuse_half_a_login(Settings(access=OIDC), login)
    assert "hush" not in str(refusal.value)
    assert "xxx" not in str(refusal.value)


def test_secrets_of_the_login_come_from_the_environment() -> None:
    given = {"SUPPORT_LOGIN_CLIENT_ID": "dashboard", "SUPPORT_LOGIN_CLIENT_SECRET": "", "PATH": "/bin"}
    assert door.login_secrets(given) == {"client_id": "dashboard"}


# --- requests -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "hosts", "is_known"),
    [
        ("127.0.0.1:8501", (), True),
        ("[::1]:8501", (), True),
        ("10.1.2.3", (), True),
        ("localhost:8501", (), True),
        (socket.gethostname(), (), True),
        ("evil.example.org", (), False),
        ("127.0.0.1.evil.org", (), False),
        ("", (), False),
        ("127.0.0.1:port", (), True),
        ("support.example.com", ("Support.example.com",), True),
        ("support.example.com.:443", ("support.example.com",), True),
        ("localhost", ("support.example.com",), True),
        ("10.1.2.3", ("support.example.com",), False),
        ("evil@support.example.com", ("support.example.com",), True),
        ("support.example.com@evil.org", ("support.example.com",), False),
        ("[broken", (), False),
    ],
)
def test_a_dashboard_answers_to_its_own_names(host: str, hosts: tuple[str, ...], is_known: bool) -> None:
    assert door.is_host_known(host, hosts) is is_known


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallWarehouse:
    desk = SmallWarehouse(tmp_path_factory.mktemp("door"))
    desk.change(NOON, agent="Ada", team="Billing")
    desk.change(NOON, agent="Zacharias", team="Orders")
    desk.wait(NOON, 60, agent="Zacharias", team="Orders")
    return desk


@pytest.fixture(scope="module")
def address(small: SmallWarehouse) -> Iterator[str]:
    with dashboard(small.publish()) as served:
        yield served


def asked(address: str, path: str, **headers: str) -> http.client.HTTPResponse:
    host, port = urlsplit(address).netloc.split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    return answer


def test_a_page_asked_for_under_a_strange_name_is_refused(address: str) -> None:
    assert asked(address, "/").status == 200
    assert asked(address, "/", Host="evil.example.org").status == 421
    assert asked(address, "/_stcore/health", Host="probe.of.a.balancer").status == 200
    assert asked(address, "/_stcore/stream", Host="evil.example.org", **WEBSOCKET).status in (403, 421)


WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def test_a_page_of_another_site_cannot_open_a_socket(address: str) -> None:
    host = urlsplit(address).netloc
    assert asked(address, "/_stcore/stream", Host=host, Origin="http://evil.example.org", **WEBSOCKET).status == 403
    assert asked(address, "/_stcore/stream", Host=host, Origin=address, **WEBSOCKET).status == 101


@pytest.mark.parametrize(
    "path", ["/_stcore/upload_file/a/b", "/_stcore/agent/interact", "/_stcore/agent/openapi.json", "/_stcore/agent/mcp"]
)
def test_addresses_that_nobody_needs_are_closed(path: str, address: str) -> None:
    assert asked(address, path).status == 404


def test_metrics_are_for_this_machines_own_monitoring(address: str) -> None:
    assert asked(address, "/_stcore/metrics").status == 200
    assert asked(address, "/_stcore/metrics", **{"X-Forwarded-For": "10.1.1.1"}).status == 404


def test_browsers_are_told_what_pages_may_do(address: str) -> None:
    headers = asked(address, "/").headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert "unsafe" not in policy["script-src"]
    assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
    assert headers["referrer-policy"] == "same-origin"
    assert "strict-transport-security" not in headers
    assert "access-control-allow-origin" not in headers


def test_scripts_are_told_what_holds_for_scripts(address: str) -> None:
    script = next(Path(get_static_dir(), "static", "js").glob("index.*.js"))
    headers = asked(address, f"/static/js/{script.name}").headers
    assert headers["content-type"].startswith("application/javascript")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "content-security-policy" not in headers


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("client.showErrorDetails", "none"),
        ("client.showErrorLinks", False),
        ("server.enableXsrfProtection", True),
        ("server.enableCORS", True),
        ("server.enableAgentApi", False),
        ("server.enableStaticServing", False),
        ("browser.gatherUsageStats", False),
        ("global.developmentMode", False),
    ],
)
def test_streamlit_itself_is_set_as_a_security_review_wants_it(option: str, value: object) -> None:
    assert config.get_option(option) == value


# --- a proxy in front ---------------------------------------------------------------------------------------------------


@contextmanager
def proxy(target: str, headers: dict[str, str]) -> Iterator[str]:
    """A proxy on loopback that adds headers to each request, one request a connection; gives its address."""
    port = int(urlsplit(target).netloc.split(":")[1])
    added = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    class Pass(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            head = b""
            while b"\r\n\r\n" not in head and (read := self.request.recv(65536)):
                head += read
            if not head:
                return
            first, rest = head.split(b"\r\n", 1)
            if b"upgrade: websocket" not in rest.lower():
                rest = re.sub(rb"(?i)connection: [^\r]*\r\n", b"", rest)
                rest = b"Connection: close\r\n" + rest
            with socket.create_connection(("127.0.0.1", port)) as upstream:
                upstream.sendall(first + b"\r\n" + added.encode() + rest)
                back = threading.Thread(target=_pour, args=(upstream, self.request), daemon=True)
                back.start()
                _pour(self.request, upstream)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Pass) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _pour(origin: socket.socket, target: socket.socket) -> None:
    try:
        while data := origin.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


def text_of(browser: Browser, address: str, **headers: str) -> str:
    context = browser.new_context(extra_http_headers=headers)
    page = context.new_page()
    page.goto(f"{address}/agents?period=all")
    expect(page.get_by_test_id("stAppViewContainer")).to_be_visible(timeout=60_000)
    settled(page)
    text = page.locator("body").inner_text()
    context.close()
    return text


@pytest.mark.browser
def test_the_word_of_a_trusted_proxy_counts(small: SmallWarehouse, browser: Browser) -> None:
    settings = small.settings_file()
    settings.write_text(settings.read_text() + BEHIND_A_PROXY.format(proxy="127.0.0.1/32"), encoding="utf-8")
    said = {"X-Forwarded-Email": "lee@example.com", "X-Forwarded-Groups": "staff, leads"}
    with dashboard(settings) as served:
        assert "Nothing to see without a login" in text_of(browser, served)
        with proxy(served, said) as address:
            text = text_of(browser, address)
    assert "Nobody to show" in text
    assert "Zacharias" not in text


@pytest.mark.browser
@pytest.mark.parametrize("forwarded", ["10.9.9.9", "10.9.9.9:443", "1.2.3.4, 10.9.9.9"])
def test_nobody_else_is_believed(forwarded: str, small: SmallWarehouse, browser: Browser) -> None:
    settings = small.settings_file()
    settings.write_text(settings.read_text() + BEHIND_A_PROXY.format(proxy="10.9.9.9/32"), encoding="utf-8")
    said = {"X-Forwarded-Email": "lee@example.com", "X-Forwarded-Groups": "leads", "X-Forwarded-For": forwarded}
    with dashboard(settings) as served, proxy(served, said) as address:
        assert "Nothing to see without a login" in text_of(browser, address)


def test_trust_in_proxies_is_said_in_one_place() -> None:
    access = Access.model_validate({"login": "header", "proxies": ["10.0.0.1"], "roles": ROLES})
    door.refuse_other_trust(Settings(access=access), {})
    with pytest.raises(SettingsError, match="FORWARDED_ALLOW_IPS"):
        door.refuse_other_trust(Settings(access=access), {"FORWARDED_ALLOW_IPS": "*"})
