"""Logging in at a real OpenID provider on loopback, as each role, in a real browser: what reaches the browser is what the role may see."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest
from oidc_provider_mock import User, run_server_in_thread
from playwright.sync_api import Browser, Page, WebSocket, expect

from pages.elements.sitemap import ENTRIES
from tests import scoped_desk
from tests.browsing import dashboard, free_port, settled

pytestmark = pytest.mark.browser
ACCESS = """
[access]
login = "oidc"

[[access.roles]]
role = "admin"
addresses = ["ada@example.com"]

[[access.roles]]
role = "analyst"
claim = "groups"
values = ["insights"]

[[access.roles]]
role = "executive"
domains = ["board.example.com"]

[[access.roles]]
role = "lead"
claim = "groups"
values = ["support-leads"]
teams_claim = "teams"
"""
PEOPLE = [
    User(sub="admin", claims={"email": "Ada@example.com", "email_verified": True, "name": "Ada <b>Admin</b>"}),
    User(sub="analyst", claims={"email": "ann@example.com", "groups": ["insights"], "name": "Ann"}),
    User(sub="executive", claims={"email": "eve@board.example.com", "email_verified": True, "name": "Eve"}),
    User(
        sub="lead",
        claims={"email": "lee@example.com", "groups": ["support-leads"], "teams": ["Billing"], "name": "Lee"},
    ),
    User(sub="stranger", claims={"email": "sam@elsewhere.example.com", "email_verified": True, "name": "Sam"}),
    User(sub="impostor", claims={"email": "ada@example.com", "email_verified": False, "name": "Ada"}),
]
# Written out by hand: whose page it is.
ALLOWED = {
    "lead": {
        "live",
        "queue_volume",
        "wait_times",
        "consistency",
        "trends",
        "agents",
        "customer_voice",
        "weekly_summary",
        "glossary",
        "tickets",
        "ticket",
    },
    "executive": {
        "live",
        "queue_volume",
        "wait_times",
        "consistency",
        "trends",
        "customer_voice",
        "weekly_summary",
        "glossary",
        "tickets",
        "ticket",
    },
    "analyst": {entry.path for entry in ENTRIES},
    "admin": {entry.path for entry in ENTRIES},
}
PAGES = [entry.path for entry in ENTRIES]


@dataclass
class Place:
    """A desk, the provider that says who is who, and what a dashboard needs to log people in there."""

    settings: Path
    port: int
    secrets: dict[str, str]

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def data(self) -> Path:
        return self.settings.parent / "data"

    def hidden_from(self, role: str) -> set[str]:
        """Names that a role must not learn."""
        everybody = scoped_desk.agents_of(self.data)
        return everybody - {"lead": scoped_desk.agents_of(self.data, "Billing")}.get(role, set())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    settings = scoped_desk.publish(tmp_path_factory.mktemp("login"), ACCESS)
    port = free_port()
    with run_server_in_thread(user_claims=PEOPLE, require_nonce=True) as provider:
        yield Place(
            settings,
            port,
            {
                "SUPPORT_LOGIN_REDIRECT_URI": f"http://localhost:{port}/oauth2callback",
                "SUPPORT_LOGIN_COOKIE_SECRET": "c" * 64,
                "SUPPORT_LOGIN_CLIENT_ID": "dashboard",
                "SUPPORT_LOGIN_CLIENT_SECRET": "of-the-provider",
                "SUPPORT_LOGIN_SERVER_METADATA_URL": f"http://127.0.0.1:{provider.server_port}/.well-known/openid-configuration",
            },
        )


@pytest.fixture(scope="module")
def server(place: Place) -> Iterator[str]:
    with dashboard(place.settings, place.port, place.secrets):
        yield place.address


@dataclass
class Visit:
    """A browser of one person, and everything that reached it over the socket."""

    page: Page
    address: str
    frames: list[bytes] = field(default_factory=list)

    def go(self, page: str, **query: str | list[str]) -> str:
        """Opens a page afresh and returns its text; `frames` holds what it was sent."""
        self.frames.clear()
        path = "" if page == "live" else page
        self.page.goto(f"{self.address}/{path}?{urlencode(query, doseq=True)}")
        expect(self.page.get_by_test_id("stAppViewContainer")).to_be_visible(timeout=60_000)
        settled(self.page)
        self.page.wait_for_timeout(300)
        return self.page.locator("body").inner_text()

    def told(self, names: set[str]) -> list[str]:
        """Which of the names reached the browser, in the page or in what it was sent."""
        sent = b"\n".join(self.frames).decode("utf-8", "replace") + self.page.content()
        return sorted(name for name in names if name in sent)


@contextmanager
def visiting(browser: Browser, address: str) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, locale="en-GB")
    visit = Visit(context.new_page(), address)
    visit.page.on("websocket", lambda socket: _listen(socket, visit.frames))
    yield visit
    context.close()


def _listen(socket: WebSocket, frames: list[bytes]) -> None:
    socket.on(
        "framereceived", lambda payload: frames.append(payload if isinstance(payload, bytes) else payload.encode())
    )


@contextmanager
def logged_in(browser: Browser, address: str, who: str) -> Iterator[Visit]:
    with visiting(browser, address) as visit:
        visit.go("live")
        visit.page.get_by_role("button", name="Log in").click()
        visit.page.get_by_role("button", name=who, exact=True).click()
        visit.page.wait_for_url(f"{address}/**", timeout=60_000)
        settled(visit.page)
        yield visit


@pytest.mark.parametrize("page", PAGES)
def test_the_first_request_to_a_fresh_server_sees_nothing_without_a_login(
    page: str, browser: Browser, place: Place
) -> None:
    with dashboard(place.settings, place.port, place.secrets), visiting(browser, place.address) as visit:
        text = visit.go(page, source="sample", id=scoped_desk.busiest_ticket(place.data))
        assert "Log in to see" in text
        assert visit.told(place.hidden_from("nobody") | {"Billing", "sample_tickets"}) == []
        assert visit.page.get_by_test_id("stTopNavLink").count() == 0


def addresses(role: str, page: str, hidden: list[str], ticket: str) -> list[dict[str, str | list[str]]]:
    """What an address can ask for: every parameter that a page reads, with names that are not for the visitor; where names are hidden,
    nothing but the period, too, and a wall."""
    name, first_name = hidden[0], hidden[0].split()[0]
    everything: dict[str, str | list[str]] = {
        "period": "all",
        "days": ["2026-02-01", "2026-02-20"],
        "from": "2026-02-01T00:00:00",
        "to": "2026-03-01T00:00:00",
        "week": "2026-W08",
        "source": "sample",
        "team": "Orders",
        "channel": ["email", "chat"],
        "agent": hidden[:2],
        "open": name,
        "q": first_name,
        "words": first_name,
        "id": ticket,
        "which": "created",
        "metric": "csat",
        "by": "day",
        "split": "agent",
        "part": "agent",
        "parts": "agent",
        "moved": "agent",
        "trend_bar": "agent",
        "limits": "true",
        "together": "true",
        "helpers": "true",
        "mix": "as counted",
        "answers": "all answers",
        "texts": "all",
        "times": "mine",
        "table": "agents",
        "feed": "sample_tickets",
        "reason": "x",
        "as_table": "true",
    }
    plain: dict[str, str | list[str]] = {"period": "all", "source": "sample", "id": ticket}
    if role in ("analyst", "admin"):
        return [everything]
    return [everything, plain, *([{**plain, "wall": page, "every": "600"}] if page in ("live", "agents") else [])]


@pytest.mark.parametrize("role", ALLOWED)
def test_each_role_sees_its_pages_and_no_name_that_is_not_for_it(
    role: str, browser: Browser, server: str, place: Place
) -> None:
    hidden = sorted(place.hidden_from(role))
    with logged_in(browser, server, role) as visit:
        for page in PAGES:
            for query in addresses(role, page, hidden, scoped_desk.busiest_ticket(place.data)):
                text = visit.go(page, **query)
                assert ("is not among the pages of your role" in text) == (page not in ALLOWED[role]), (page, query)
                if role in ("lead", "executive"):
                    # What the address itself asks for comes back in it, and in "left out of the filter".
                    asked = {
                        name for value in query.values() for name in ([value] if isinstance(value, str) else value)
                    }
                    assert visit.told(set(hidden) - asked) == [], (page, query)


def test_a_lead_sees_their_own_agents_by_name_and_others_in_sum(browser: Browser, server: str, place: Place) -> None:
    own = scoped_desk.agents_of(place.data, "Billing")
    with logged_in(browser, server, "lead") as visit:
        visit.go("agents", period="all")
        assert set(visit.told(own)) == own
        assert visit.told({"Agents of Orders"}) == ["Agents of Orders"]


@pytest.mark.parametrize("who", ["stranger", "impostor"])
def test_a_login_without_a_role_sees_nothing(who: str, browser: Browser, server: str, place: Place) -> None:
    with logged_in(browser, server, who) as visit:
        for page in ("live", "agents", "tickets"):
            assert "This login has no role here" in visit.go(page)
            assert visit.told(place.hidden_from("nobody") | {"Billing"}) == []


@pytest.mark.parametrize("role", ALLOWED)
def test_downloads_hold_what_the_role_may_see_and_are_for_nobody_without_a_login(
    role: str, browser: Browser, server: str, place: Place, tmp_path: Path
) -> None:
    with logged_in(browser, server, role) as visit:
        visit.go("tickets", period="all", which="created")
        visit.page.get_by_role("button", name="Download").first.click()
        with visit.page.expect_response("**/media/**") as answered, visit.page.expect_download() as started:
            visit.page.get_by_role("button", name="CSV").click()
        started.value.save_as(tmp_path / "tickets.csv")
        table = (tmp_path / "tickets.csv").read_text(encoding="utf-8-sig")
        assert len(table.splitlines()) > 100
        by_name = {"executive": set(), "lead": scoped_desk.agents_of(place.data, "Billing")}
        everybody = scoped_desk.agents_of(place.data)
        assert {name for name in everybody if name in table} == by_name.get(role, everybody)
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(answered.value.url)


def test_what_is_written_is_signed_by_the_login(browser: Browser, server: str, place: Place) -> None:
    with logged_in(browser, server, "admin") as visit:
        visit.go("live")
        visit.page.get_by_role("button", name="View").click()
        expect(visit.page.get_by_text("Logged in as Ada <b>Admin</b>, admin.")).to_be_visible()
        expect(visit.page.get_by_label("Your name")).to_have_count(0)
        visit.page.get_by_label("Save this view as").fill("Morning")
        visit.page.get_by_role("button", name="Save", exact=True).click()
        expect(visit.page.get_by_text("Saved.")).to_be_visible()
    (written,) = (place.data / "written" / "view").glob("*.jsonl")
    assert '"author": "Ada <b>Admin</b>"' in written.read_text(encoding="utf-8")


def test_logging_out_ends_it(browser: Browser, server: str, place: Place) -> None:
    with logged_in(browser, server, "lead") as visit:
        visit.go("live")
        visit.page.get_by_role("button", name="View").click()
        visit.page.get_by_role("button", name="Log out").click()
        visit.page.get_by_role("button", name="End session").click()
        expect(visit.page.get_by_role("button", name="Log in")).to_be_visible(timeout=30_000)
        assert "Log in to see" in visit.go("agents")


def test_a_forged_cookie_is_no_login(browser: Browser, server: str, place: Place) -> None:
    with logged_in(browser, server, "executive") as visit:
        context = visit.page.context
        for cookie in context.cookies():
            if cookie["name"].startswith("_streamlit_user"):
                assert cookie["httpOnly"]
                assert cookie["sameSite"] == "Lax"
                context.add_cookies([{**cookie, "value": cookie["value"][:-4] + "AAAA"}])  # type: ignore[list-item]
        assert "Log in to see" in visit.go("weekly_summary")
