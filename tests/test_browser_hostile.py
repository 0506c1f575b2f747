"""Hostile text in a real browser: nothing runs, nothing is made of it, nothing is fetched, and it is read as it was written."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pages.elements.sitemap import ENTRIES, Entry
from tests import hostile
from tests.browsing import PROJECT, dashboard, opened, served, settled
from tests.conftest import Desk

pytestmark = pytest.mark.browser

# What only hostile text would make.
MADE_OF_TEXT = """
    #hk, u, del, .katex, [onerror], [onload], img[src="x"], iframe, img[src*="hk.example"],
    img[alt="Streamlit logo"], [data-testid=stMarkdownContainer] table, [data-testid=stMarkdownContainer] h1,
    .hoverlayer a, .infolayer a, .xtick a, .ytick a
"""
LOOK = """selector => ({
    ran: window.ran ?? null,
    made: [...document.querySelectorAll(selector)].map(element => element.outerHTML.slice(0, 200)),
    icons: [...document.querySelectorAll('[data-testid=stIconMaterial]')].filter(icon => icon.innerText === 'home').length,
    away: [...document.links].filter(link => link.hostname !== location.hostname).map(link => link.href),
    coloured: [...document.querySelectorAll('.stMarkdownColoredText')].filter(span => span.innerText === 'hk').length,
    steering: [...document.querySelectorAll('[data-testid=stMain], .js-plotly-plot')].filter(
        element => /[\\u202e\\u2066\\u001b\\u0007]/.test(element.textContent)).length,
})"""
NOTHING = {"ran": None, "made": [], "away": [], "icons": 0, "coloured": 0, "steering": 0}
# Further ways of Streamlit's Markdown, each shown as it is written.
DIALECT = [
    "https://hk.example/a?b=c&d",
    "WWW.HK.EXAMPLE",
    "(www.hk.example)",
    "mailto:hk@hk.example",
    "<http://hk.example>",
    "a.b@hk.co,c@d.hk",
    "hk:smile:hk",
    ":+1:",
    ":material_home:",
    ":red-background[hk]",
    ":red-badge[hk]",
    ":small[hk]",
    ':color[hk]{foreground="red"}',
    ":shimmer[hk]",
    ":foo[hk]{.a}",
    "::hk[hk]{a=b}",
    "<->",
    "<-",
    "->",
    "--",
    ">=",
    "<=",
    "~=",
    "$hk$",
    "$$hk$$",
    "\\(hk\\)",
    "&copy;",
    "&#60;b&#62;",
    "&amp;lt;",
    "#hk",
    "+",
    "-",
    "*",
    "1.",
    "1)",
    ">",
    "***",
    "---",
    "===",
    "[hk]",
    "[hk][hk]",
    "[hk]:http://hk.example",
    "[^hk]",
    "![hk]",
    "```hk```",
    "~hk~",
    "H~2~O",
    "hk^2^",
    "==hk==",
    "\\",
    "\\\\*hk\\\\*",
    "]",
    "[[",
    "**",
    "__hk__",
    "*hk*",
    "hk_hk_hk",
    "12:30:45",
    "|a|b|",
    "<!--hk-->",
    "<script>hacked(1)</script>",
    "javascript:hacked(1)",
    "data:text/html,hk",
    "//hk.example",
    "{{hk}}",
    "%s",
    "'",
    '"',
    "`",
]
SENTENCES = (
    "# hk",
    "1. hk",
    "1) hk",
    "- hk",
    "+ hk",
    "* hk",
    "> hk",
    "- [ ] hk",
    "a -> b",
    "a -- b",
    "a >= b",
    "| a | b |",
    ":::hk a :::",
)
WAYS = {
    "alone": "st.markdown(plain(text))",
    "bold, beside a time that loads emoji": "st.markdown(f'**{plain(text)}** 12:30:45')",
    "small": "quiet(plain(text))",
    "label": "st.button(plain(text), key=f'button {place}')",
    "tile": "st.metric(plain(text), 1)",
}


@pytest.fixture(scope="module")
def address(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard on what tests/hostile.py delivers."""
    desk = Desk(tmp_path_factory.mktemp("hostile"))
    hostile.deliver(desk)
    desk.run()
    with dashboard(desk.folder / "support.toml") as served:
        yield served


@pytest.fixture
def wary(page: Page) -> Page:
    """A page that fails the test where it asks anybody but its server, or opens a dialog."""
    strangers: list[str] = []
    ours = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(ours) else strangers.append(request.url))
    page.on("dialog", lambda dialog: strangers.append(dialog.message))
    page.add_init_script("window.hacked = (...said) => { window.ran = said }")
    page.strangers = strangers  # type: ignore[attr-defined]
    return page


def assert_nothing_happened(page: Page) -> None:
    assert page.evaluate(LOOK, MADE_OF_TEXT) == NOTHING
    assert page.strangers == []  # type: ignore[attr-defined]


def path_of(entry: Entry, **query: str) -> str:
    of_ticket = {"source": "desk", "id": hostile.ticket_id(42), "texts": "true"} if entry.path == "ticket" else {}
    return f"{'' if entry is ENTRIES[0] else entry.path}?{urllib.parse.urlencode(of_ticket | query)}"


def hovers(page: Page) -> set[str]:
    """What marks of a page's first charts say when pointed at."""
    said: set[str] = set()
    for plot in page.locator(".js-plotly-plot").all()[:4]:
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        assert box is not None
        for place in range(20):
            page.mouse.move(
                box["x"] + box["width"] * (0.4 + place % 2 / 5), box["y"] + box["height"] * (place + 0.5) / 20
            )
            said |= set(plot.locator(".hoverlayer .hovertext").all_text_contents())
    return said


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.path)
def test_nothing_runs_and_nothing_is_made_of_text_on_any_page(address: str, wary: Page, entry: Entry) -> None:
    opened(wary, f"{address}/{path_of(entry)}")
    wary.wait_for_timeout(1500)
    assert_nothing_happened(wary)
    assert wary.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth") <= 0


@pytest.mark.parametrize("path", ["", "wait_times", "trends?split=team", "customer_voice"])
def test_marks_say_text_of_people_as_it_was_written(address: str, wary: Page, path: str) -> None:
    opened(wary, f"{address}/{path}")
    wary.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=30_000)
    wary.wait_for_timeout(1000)
    said = hovers(wary)
    assert any("hk" in text for text in said)
    assert [text for text in said if "&#" in text or "&lt;/" in text or "&amp;lt" in text] == []
    assert_nothing_happened(wary)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.path)
def test_nothing_runs_and_nothing_is_made_of_an_address(address: str, wary: Page, entry: Entry) -> None:
    filters = dict.fromkeys(("team", "agent", "channel", "period", "q", "words", "topic", "feed"), hostile.EVERYTHING)
    opened(wary, f"{address}/{path_of(entry, **filters)}")
    wary.wait_for_timeout(800)
    assert_nothing_happened(wary)


@pytest.mark.parametrize(
    ("path", "button"),
    [("", "View"), ("trends", "Definition"), ("trends", "Note something"), ("weekly_summary", "Download")],
)
def test_nothing_runs_and_nothing_is_made_of_text_in_what_opens(
    address: str, wary: Page, path: str, button: str
) -> None:
    opened(wary, f"{address}/{path}")
    wary.get_by_role("button", name=button).first.click()
    expect(wary.get_by_test_id("stPopoverBody")).to_be_visible(timeout=10_000)
    settled(wary)
    assert_nothing_happened(wary)


def test_the_choices_of_a_filter_are_read_as_they_were_written(address: str, wary: Page) -> None:
    opened(wary, address)
    wary.get_by_test_id("stMultiSelect").nth(0).click()
    for name in ("element", "link", "address", "colour", "icon", "template"):
        expect(wary.get_by_role("option", name=hostile.TEXTS[name], exact=True)).to_be_visible(timeout=10_000)
    assert_nothing_happened(wary)


def as_read(text: str) -> str:
    """The text in one line, as HTML shows it, without what steers."""
    return " ".join("".join(sign for sign in text if sign not in hostile.STEERING).split())


@pytest.fixture
def dialect(browser: Browser, tmp_path: Path) -> Iterator[str]:
    """A page with nothing but texts, each in every way that pages show texts."""
    texts = [*hostile.ALL, *DIALECT, *SENTENCES]
    ways = "\n".join(
        f"    with st.container(key=f'{number}-{{place}}'):\n        {way}" for number, way in enumerate(WAYS.values())
    )
    (tmp_path / "app.py").write_text(
        f"import json, sys\nsys.path.insert(0, {str(PROJECT)!r})\nimport streamlit as st\n"
        "from pages.elements.markdown import plain\nfrom pages.elements.tiles import quiet\n"
        f"for place, text in enumerate(json.loads({json.dumps(texts)!r})):\n{ways}\n",
        encoding="utf-8",
    )
    with served(str(tmp_path / "app.py")) as address:
        yield address


def test_plain_text_is_read_as_it_was_written_whatever_markdown_makes_of_it(dialect: str, wary: Page) -> None:
    texts = [*hostile.ALL, *DIALECT, *SENTENCES]
    wary.goto(dialect)
    wary.locator(f".st-key-{len(WAYS) - 1}-{len(texts) - 1}").wait_for(timeout=60_000)
    settled(wary)
    wary.wait_for_timeout(1000)
    script = "number => [...document.querySelectorAll(`[class*='st-key-${number}-']`)].map(place => place.querySelector('button, label, [data-testid=stMarkdownContainer]')?.textContent)"
    for number, way in enumerate(WAYS):
        more = " 12:30:45" if "time" in way else ""
        # Elements are fetched when first shown: on a busy machine a place is empty for a while.
        wary.wait_for_function(f"number => !({script})(number).includes(undefined)", arg=number)
        shown = dict(zip(texts, wary.evaluate(script, number), strict=True))
        assert {text: said for text, said in shown.items() if said != as_read(text) + more} == {}, way
    assert_nothing_happened(wary)
