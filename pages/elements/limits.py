"""How many visitors may be inside at once, and how much one may ask: beyond that there is a polite no, and those inside go on."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME

# Pages only read; what they write comes by their socket.
METHODS = ("GET", "HEAD", "OPTIONS")
LONGEST_ADDRESS = 16_000
LARGEST_HEADERS = 32_000
STREAM = "/_stcore/stream"
# What stands under these is part of a page, or for monitoring: whoever is inside needs it.
PARTS = ("/_stcore/", "/static/", "/media/", "/component/", "/api/", "/oauth2callback", "/auth/")
RETRY_SECONDS = 15
# Messages of a visitor: so many at once, then so many a second; the rest waits. A hand on a slider sends ten.
BURST, PER_SECOND = 200, 20.0
_FULL = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="{seconds}">
<meta name="viewport" content="width=device-width"><title>Support: all places are taken</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 20vh auto; padding: 0 1rem; color: #1b1f27 }}
@media (prefers-color-scheme: dark) {{ body {{ background: #14171c; color: #e8eaed }} }}</style></head>
<body><h1>All places are taken</h1><p>As many people look at this dashboard as it serves at once ({most}). This page looks again
every {seconds} seconds and lets you in as soon as somebody leaves.</p>
<p>Whoever looks after it can raise <code>most_viewers</code> under <code>[dashboard]</code> in support.toml.</p></body></html>
"""


class Limits:
    """Lets at most so many visitors in, and of each request only what a page can need."""

    def __init__(self, app: ASGIApp, most_viewers: int) -> None:
        self.app = app
        self.most_viewers = most_viewers
        # Open pages, by the cookie of their browser.
        self._inside: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        visitor = cookie_parser(Headers(scope=scope).get("cookie", "")).get(XSRF_COOKIE_NAME, "")
        refusal = self._refusal(scope, visitor)
        if refusal:
            await refusal(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"].endswith(STREAM):
            await self._stay(scope, receive, send, visitor)
        else:
            await self.app(scope, receive, send)

    async def _stay(self, scope: Scope, receive: Receive, send: Send, visitor: str) -> None:
        """A visit, from the opening of its socket to its end."""
        self._inside[visitor] += 1
        try:
            await self.app(scope, _paced(receive), send)
        finally:
            self._inside[visitor] -= 1
            self._inside += Counter()  # forgets those who left

    def _refusal(self, scope: Scope, visitor: str) -> Response | None:
        if scope["type"] == "http" and scope["method"] not in METHODS:
            return PlainTextResponse("Pages are only read here", 405, {"allow": ", ".join(METHODS)})
        if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_ADDRESS:
            return PlainTextResponse(f"An address has at most {LONGEST_ADDRESS:,} characters here", 414)
        if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEADERS:
            return PlainTextResponse(f"Headers have at most {LARGEST_HEADERS:,} bytes here", 431)
        if self._inside.total() < self.most_viewers or not self._opens_a_page(scope, visitor):
            return None
        words = _FULL.format(seconds=RETRY_SECONDS, most=self.most_viewers)
        return HTMLResponse(words, 503, {"retry-after": str(RETRY_SECONDS), "cache-control": "no-store"})

    def _opens_a_page(self, scope: Scope, visitor: str) -> bool:
        """Whether a request would make one more visitor. Somebody inside who loads a page anew leaves the old one then."""
        if scope["type"] == "websocket":
            return bool(scope["path"].endswith(STREAM))
        is_inside = visitor != "" and self._inside[visitor] > 0
        return not is_inside and not any(part in scope["path"] for part in PARTS)


def _paced(receive: Receive) -> Receive:
    """What a visitor sends, no faster than people do: the connection waits, and nothing is lost."""
    left, seen = float(BURST), time.monotonic()

    async def paced() -> Message:
        nonlocal left, seen
        message = await receive()
        now = time.monotonic()
        left, seen = min(left + (now - seen) * PER_SECOND, BURST) - 1, now
        if left < 0:
            await asyncio.sleep(-left / PER_SECOND)
        return message

    return paced
