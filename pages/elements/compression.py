"""Compressed scripts and styles: plotly alone is 4.7 MB, which Streamlit serves as it is."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import brotli
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALLEST = 1024
# What browsers read, the smallest first: they read br over TLS and from this machine alone.
ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, mode=brotli.MODE_TEXT, quality=6),
    "gzip": lambda body: gzip.compress(body, 6),
}
# Streamlit's own, and those of components such as the SQL page's editor.
FOLDERS = ("/static/", "/_stcore/bidi-components/")


class CompressedAssets:
    """Compresses each of Streamlit's own files once and keeps it: their names change with their content."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: dict[tuple[str, str], bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_asset(scope):
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def collect(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                await self._answer(scope, start, bytes(body), send)

        await self.app(scope, receive, collect)

    async def _answer(self, scope: Scope, start: Message, body: bytes, send: Send) -> None:
        headers = MutableHeaders(raw=start["headers"])
        if start["status"] == 200 and len(body) >= SMALLEST and "content-encoding" not in headers:
            encoding = _encodings(scope)[0]
            kept = (scope["path"], encoding)
            if kept not in self._kept:
                self._kept[kept] = await run_in_threadpool(ENCODINGS[encoding], body)
            body = self._kept[kept]
            headers["content-encoding"] = encoding
            headers["content-length"] = str(len(body))
            headers.add_vary_header("accept-encoding")
        await send(start)
        await send({"type": "http.response.body", "body": body})


def _is_asset(scope: Scope) -> bool:
    """A script or style of Streamlit's or of a component, asked for whole by a browser that reads something compressed."""
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].endswith((".js", ".css")):
        return False
    return (
        any(folder in scope["path"] for folder in FOLDERS)
        and bool(_encodings(scope))
        and "range" not in Headers(scope=scope)
    )


def _encodings(scope: Scope) -> list[str]:
    """The encodings that the browser reads, the smallest first."""
    offered = Headers(scope=scope).get("accept-encoding", "").split(",")
    read = {name.partition(";")[0].strip() for name in offered if name.replace(" ", "").partition(";q=")[2] != "0"}
    return [encoding for encoding in ENCODINGS if encoding in read]
