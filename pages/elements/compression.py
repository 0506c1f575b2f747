"""Compressed scripts and styles: plotly alone is 4.7 MB, which Streamlit serves as it is."""

from __future__ import annotations

import gzip

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALLEST = 1024
LEVEL = 6
# Streamlit's own, and those of components such as the SQL page's editor.
FOLDERS = ("/static/", "/_stcore/bidi-components/")


class CompressedAssets:
    """Compresses each of Streamlit's own files once and keeps it: their names change with their content."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: dict[str, bytes] = {}

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
                await self._answer(scope["path"], start, bytes(body), send)

        await self.app(scope, receive, collect)

    async def _answer(self, path: str, start: Message, body: bytes, send: Send) -> None:
        headers = MutableHeaders(raw=start["headers"])
        if start["status"] == 200 and len(body) >= SMALLEST and "content-encoding" not in headers:
            if path not in self._kept:
                self._kept[path] = await run_in_threadpool(gzip.compress, body, LEVEL)
            body = self._kept[path]
            headers["content-encoding"] = "gzip"
            headers["content-length"] = str(len(body))
            headers.add_vary_header("accept-encoding")
        await send(start)
        await send({"type": "http.response.body", "body": body})


def _is_asset(scope: Scope) -> bool:
    """A script or style of Streamlit's or of a component, asked for whole by a browser that reads gzip."""
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].endswith((".js", ".css")):
        return False
    headers = Headers(scope=scope)
    return (
        any(folder in scope["path"] for folder in FOLDERS)
        and "gzip" in headers.get("accept-encoding", "")
        and "range" not in headers
    )
