"""Scripts and styles on their way to a browser: packed whole, kept where their names stand for them, small ones first."""

from __future__ import annotations

import asyncio
import gzip
import random
import time
from collections.abc import Callable, Mapping

import brotli
import pytest
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from pages.elements import compression
from pages.elements.compression import CompressedAssets

SCRIPT = b"let waiting = 1;\n" * 500
FOR_EVER = {"cache-control": "public, immutable, max-age=31536000"}


def assets(script: bytes = SCRIPT, headers: Mapping[str, str] = FOR_EVER) -> tuple[CompressedAssets, list[str]]:
    """What packs before something that answers each path with a script, and the paths that this was asked for."""
    asked: list[str] = []

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])
        await Response(script, media_type="text/javascript", headers=dict(headers))(scope, receive, send)

    return CompressedAssets(served), asked


async def fetch(app: CompressedAssets, path: str, encoding: str = "br", **more: str) -> tuple[dict[str, str], bytes]:
    """Headers and body as a browser gets them."""

    async def nothing() -> Message:
        return {"type": "http.request"}

    async def keep(message: Message) -> None:
        messages.append(message)

    messages: list[Message] = []
    told = {"accept-encoding": encoding, **more}
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in told.items()]
    await app({"type": "http", "method": "GET", "path": path, "headers": pairs}, nothing, keep)
    headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
    return headers, b"".join(message.get("body", b"") for message in messages[1:])


def fetched(path: str, encoding: str) -> tuple[dict[str, str], bytes]:
    return asyncio.run(fetch(assets()[0], path, encoding))


@pytest.mark.parametrize("path", ["/static/js/plotly.js", "/_stcore/bidi-components/support.sql_editor/editor.js"])
@pytest.mark.parametrize(
    ("read", "sent", "unpacked"),
    [
        ("gzip, deflate, br;q=0.8", "br", brotli.decompress),
        ("gzip, deflate", "gzip", gzip.decompress),
        ("gzip, br;q=0", "gzip", gzip.decompress),
    ],
)
def test_scripts_are_sent_whole_and_as_small_as_the_browser_reads(
    path: str, read: str, sent: str, unpacked: Callable[[bytes], bytes]
) -> None:
    headers, body = fetched(path, read)
    assert headers["content-encoding"] == sent
    assert int(headers["content-length"]) == len(body) < len(SCRIPT) / 10
    assert unpacked(body) == SCRIPT


@pytest.mark.parametrize(("path", "encoding"), [("/static/js/plotly.js", "identity"), ("/media/table.js", "gzip")])
def test_what_is_no_script_of_streamlits_or_not_asked_for_compressed_is_left_alone(path: str, encoding: str) -> None:
    headers, body = fetched(path, encoding)
    assert "content-encoding" not in headers
    assert body == SCRIPT


def test_what_stands_for_its_content_for_ever_is_answered_from_memory_and_packed_tighter_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compression, "IDLE_SECONDS", 0.1)
    # Words at random: what can be packed tighter, as repetitions cannot.
    script = " ".join(random.Random(7).choices(["let", "waiting", "=", "1", ";", "answer"], k=5000)).encode()
    app, asked = assets(script)
    headers, first = asyncio.run(fetch(app, "/static/js/a.js"))
    until = time.monotonic() + 60
    while len(again := asyncio.run(fetch(app, "/static/js/a.js"))[1]) == len(first) and time.monotonic() < until:
        time.sleep(0.2)
    assert len(again) < len(first)
    assert brotli.decompress(again) == script
    assert asked == ["/static/js/a.js"]
    later, _ = asyncio.run(fetch(app, "/static/js/a.js"))
    assert later == headers | {"content-length": str(len(again))}


def test_visitors_who_come_at_once_have_a_script_packed_tight_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tightened: list[bytes] = []
    monkeypatch.setattr(compression, "IDLE_SECONDS", 0.0)
    monkeypatch.setitem(compression.TIGHT, "br", lambda body: tightened.append(body) or brotli.compress(body))
    app, _ = assets()

    async def all_at_once() -> None:
        await asyncio.gather(*(fetch(app, "/static/js/a.js") for _ in range(5)))

    asyncio.run(all_at_once())
    until = time.monotonic() + 60
    while app._is_tightening and time.monotonic() < until:
        time.sleep(0.05)
    assert tightened == [SCRIPT]


@pytest.mark.parametrize("path", ["/static/./js/a.js", "/static/js//a.js", "/static/css/../js/a.js"])
def test_other_ways_to_write_a_name_take_no_memory(path: str) -> None:
    app, asked = assets()
    for _ in range(2):
        assert brotli.decompress(asyncio.run(fetch(app, path))[1]) == SCRIPT
    assert asked == [path, path]


@pytest.mark.parametrize("header", ["if_none_match", "if_modified_since", "range"])
def test_what_is_asked_for_in_part_or_if_new_is_streamlits_to_answer(header: str) -> None:
    app, asked = assets()
    for _ in range(2):
        asyncio.run(fetch(app, "/static/js/a.js", **{header: "x"}))
    assert len(asked) == 2


def test_an_answer_that_may_change_is_not_kept() -> None:
    """Streamlit answers any name that it does not know with its page: kept, they would fill the memory."""
    app, asked = assets(headers={"cache-control": "no-cache"})
    for _ in range(2):
        asyncio.run(fetch(app, "/static/js/made_up.js"))
    assert len(asked) == 2


async def _heavy_beside_small(app: CompressedAssets) -> list[str]:
    """What is there first, of a heavy script and of small ones asked for just before and after it."""
    come: list[str] = []

    async def come_for(path: str) -> None:
        await fetch(app, path)
        come.append(path)

    await fetch(app, "/static/js/small.css")
    heavy = asyncio.create_task(come_for("/static/js/heavy.js"))
    for number in range(5):
        await asyncio.sleep(compression.QUIET_SECONDS / 10)
        await come_for(f"/static/js/small{number}.css")
    await heavy
    return come


def test_a_heavy_script_lets_small_ones_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "HEAVY", 1000)
    noise = random.Random(7).randbytes(4000)

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        content = noise if "heavy" in scope["path"] else SCRIPT
        await Response(content, media_type="text/javascript", headers=FOR_EVER)(scope, receive, send)

    app = CompressedAssets(served)
    assert asyncio.run(_heavy_beside_small(app))[-1] == "/static/js/heavy.js"
    monkeypatch.setattr(compression, "PATIENCE_SECONDS", 0.0)
    assert asyncio.run(_heavy_beside_small(app))[0] == "/static/js/heavy.js"
