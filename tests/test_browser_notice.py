"""The notice that new data is held back, in a real browser: it comes and goes on pages that are open, without a reload."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsing import dashboard, opened, photographed, settled, watched
from tests.conftest import Desk
from warehouse import checking

pytestmark = pytest.mark.browser
HEADER = "ticket_id,created_at,channel,team,agent,first_response_at\n"
NEVER = checking.Check(
    "keys_are_unique", "error", "a row stands more than once", "select source, ticket_id as example from store.tickets"
)
NOTICE = "New data has been held back since"


def _deliver(desk: Desk, number: int) -> None:
    rows = [f"T{number}-{row},2026-01-01T1{row}:00:00Z,email,Billing,Ada,\n" for row in range(9)]
    desk.deliver(f"tickets/{number}.csv", HEADER + "".join(rows))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    made = Desk(tmp_path_factory.mktemp("notice"))
    made.source("tickets", "ticket")
    _deliver(made, 1)
    made.run()
    return made


@pytest.fixture(scope="module")
def address(desk: Desk) -> Iterator[str]:
    with dashboard(desk.settings_file()) as served:
        yield served


@pytest.mark.parametrize("path", ["", "queue_volume", "sql"])
def test_the_notice_comes_and_goes_on_an_open_page(
    desk: Desk, address: str, page: Page, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(page, f"{address}/{path}")
    page.evaluate("window.neverReloaded = true")
    expect(page.get_by_text(NOTICE)).to_have_count(0)
    _deliver(desk, len(path) + 2)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(checking, "checks", lambda: [NEVER])
        desk.run()
    expect(page.get_by_text(NOTICE)).to_be_visible(timeout=60_000)
    expect(page.get_by_text("A row stands more than once (tickets).")).to_be_visible()
    desk.run()
    expect(page.get_by_text(NOTICE)).to_have_count(0, timeout=60_000)
    assert page.evaluate("window.neverReloaded") is True


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_notice_leads_to_data_health_on_every_screen(
    desk: Desk, address: str, browser: Browser, scheme: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _deliver(desk, 100 + width)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(checking, "checks", lambda: [NEVER])
        desk.run()
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, locale="en-GB")  # type: ignore[arg-type]
    page = watched(context)
    opened(page, address)
    expect(page.get_by_text(NOTICE)).to_be_visible()
    photographed(page, f"notice-{scheme}-{width}")
    page.locator(".st-key-notice").get_by_role("link").click()
    expect(page.get_by_text("What to do", exact=True)).to_be_visible(timeout=60_000)
    settled(page)
    context.close()
