"""Streamlit's scripts and styles, packed and kept ready: plotly alone is 4.7 MB, which Streamlit reads and serves as it is each time."""

from __future__ import annotations

import asyncio
import gzip
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from posixpath import normpath
from threading import Lock, Thread, get_native_id

import brotli
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALLEST = 1024
# What browsers read, the smallest first: they read br over TLS and from this machine alone.
ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "br": partial(brotli.compress, mode=brotli.MODE_TEXT, quality=6),
    "gzip": partial(gzip.compress, compresslevel=6),
}
# A tenth smaller again, for forty times the time.
TIGHT: dict[str, Callable[[bytes], bytes]] = {"br": partial(brotli.compress, mode=brotli.MODE_TEXT, quality=11)}
# Streamlit's own, and those of components such as the SQL page's editor.
FOLDERS = ("/static/", "/_stcore/bidi-components/")
# Says that a name stands for this content for ever. Streamlit answers any name that it does not know with its page, which says otherwise.
FOR_EVER = "immutable"
LEAST_URGENT = 19
# A first visit's tiles wait for dozens of small scripts; one of this size holds the browser up for half a second once it is there. So it
# is sent when no small one was asked for in QUIET_SECONDS, or after PATIENCE_SECONDS.
HEAVY = 800_000
QUIET_SECONDS = 0.45
PATIENCE_SECONDS = 1.0
# Packing tight takes a core even from a thread that gives way: a visit beside it took a second longer. So it waits until nobody comes.
IDLE_SECONDS = 10.0


@dataclass(frozen=True)
class Packed:
    """An answer as it is sent."""

    headers: list[tuple[bytes, bytes]]
    body: bytes


class CompressedAssets:
    """Packs each of Streamlit's own files when it is first asked for, answers from memory from then on, and packs it tighter in the
    background. What it keeps is bounded by what Streamlit brings: a name that stands for a content for ever, written in one way."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: dict[tuple[str, str], Packed] = {}
        self._to_tighten: list[tuple[tuple[str, str], bytes]] = []
        self._is_tightening = False
        self._lock = Lock()
        self._last_small = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_asset(scope):
            await self.app(scope, receive, send)
            return
        name = scope["path"], _encodings(scope)[0]
        kept = self._kept.get(name)
        if kept:
            await self._send(
                send, {"type": "http.response.start", "status": 200, "headers": [*kept.headers]}, kept.body
            )
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
                await self._answer(name, start, bytes(body), send)

        await self.app(scope, receive, collect)

    async def _answer(self, name: tuple[str, str], start: Message, body: bytes, send: Send) -> None:
        headers = MutableHeaders(raw=start["headers"])
        if start["status"] == 200 and len(body) >= SMALLEST and "content-encoding" not in headers:
            path, encoding = name
            smaller = await run_in_threadpool(ENCODINGS[encoding], body)
            headers["content-encoding"] = encoding
            headers.add_vary_header("accept-encoding")
            if FOR_EVER in headers.get("cache-control", "") and normpath(path) == path and name not in self._kept:
                self._kept[name] = _packed(start["headers"], smaller)
                if encoding in TIGHT:
                    self._tighten_later(name, body)
            body = smaller
            headers["content-length"] = str(len(body))
        await self._send(send, start, body)

    async def _send(self, send: Send, start: Message, body: bytes) -> None:
        if len(body) < HEAVY:
            self._last_small = time.monotonic()
        else:
            latest = time.monotonic() + PATIENCE_SECONDS
            while (left := min(latest, self._last_small + QUIET_SECONDS) - time.monotonic()) > 0:
                await asyncio.sleep(left)
        await send(start)
        await send({"type": "http.response.body", "body": body})

    def _tighten_later(self, name: tuple[str, str], body: bytes) -> None:
        with self._lock:
            self._to_tighten.append((name, body))
            if not self._is_tightening:
                self._is_tightening = True
                Thread(target=self._tighten, name="packing", daemon=True).start()

    def _tighten(self) -> None:
        """One after the other while nobody comes, in a thread that ends when nothing is left."""
        _give_way()
        while True:
            with self._lock:
                if not self._to_tighten:
                    self._is_tightening = False
                    return
                name, body = self._to_tighten.pop(0)
            while (left := self._last_small + IDLE_SECONDS - time.monotonic()) > 0:
                time.sleep(left)
            self._kept[name] = _packed(self._kept[name].headers, TIGHT[name[1]](body))


def _packed(headers: list[tuple[bytes, bytes]], body: bytes) -> Packed:
    """These headers with the length of this body."""
    own = MutableHeaders(raw=[*headers])
    own["content-length"] = str(len(body))
    return Packed(own.raw, body)


def _give_way() -> None:
    """Lets everything else on the machine go before this thread, where threads have a priority of their own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, get_native_id(), LEAST_URGENT)


def _is_asset(scope: Scope) -> bool:
    """A script or style of Streamlit's or of a component, asked for whole by a browser that has none of it and reads something compressed."""
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].endswith((".js", ".css")):
        return False
    headers = Headers(scope=scope)
    return (
        any(folder in scope["path"] for folder in FOLDERS)
        and bool(_encodings(scope))
        and not any(name in headers for name in ("range", "if-none-match", "if-modified-since"))
    )


def _encodings(scope: Scope) -> list[str]:
    """The encodings that the browser reads, the smallest first."""
    offered = Headers(scope=scope).get("accept-encoding", "").split(",")
    read = {name.partition(";")[0].strip() for name in offered if name.replace(" ", "").partition(";q=")[2] != "0"}
    return [encoding for encoding in ENCODINGS if encoding in read]
