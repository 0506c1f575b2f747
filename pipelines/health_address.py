"""The address at which `serve` says how it does: /healthz for a monitor, /metrics for Prometheus."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry

from pipelines.figures import Figures
from pipelines.watch import Watch
from warehouse.exposition import exposed, registry
from warehouse.section import is_of_this_machine
from warehouse.settings import Health

log = logging.getLogger("pipelines")
SLOWEST_SECONDS = 10
GOOD, NOT_GOOD, UNKNOWN_PATH, OTHER_NAME = 200, 503, 404, 421


@contextmanager
def answering(settings: Health, watch: Watch) -> Iterator[None]:
    """Answers meanwhile, in threads of its own. An address that cannot be had is said, and everything else goes on."""
    server = _server(settings, watch)
    if server is None:
        yield
        return
    threading.Thread(target=server.serve_forever, args=(0.1,), name="health address", daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _server(settings: Health, watch: Watch) -> Server | None:
    if settings.port == 0:
        return None
    try:
        return Server(settings, watch)
    except OSError as error:
        log.warning(
            f"the health address {settings.address}:{settings.port} cannot be served: {error.strerror or error}."
            " Everything else goes on. Set another port in support.toml under [health], or port = 0 for none"
        )
        return None


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, settings: Health, watch: Watch) -> None:
        self.address_family = socket.AF_INET6 if ":" in settings.address else socket.AF_INET
        self.is_of_this_machine = is_of_this_machine(settings.address)
        figures = registry(Figures(watch))
        self.answers: dict[str, Callable[[str], tuple[int, str, bytes]]] = {
            "/healthz": lambda _: _health(watch),
            "/metrics": lambda accept: _metrics(figures, accept),
        }
        super().__init__((settings.address, settings.port), Handler)


def _health(watch: Watch) -> tuple[int, str, bytes]:
    told = watch.document()
    status = GOOD if told["state"] == "ok" else NOT_GOOD
    return status, "application/json", json.dumps(told, indent=1).encode()


def _metrics(figures: CollectorRegistry, accept: str) -> tuple[int, str, bytes]:
    return GOOD, *exposed(figures, accept)


class Handler(BaseHTTPRequestHandler):
    """A request a connection."""

    server: Server
    timeout = SLOWEST_SECONDS
    server_version, sys_version = "support", ""

    def do_GET(self) -> None:
        self._send(*self._answer())

    do_HEAD = do_GET

    def _answer(self) -> tuple[int, str, bytes]:
        name = urlsplit(f"//{self.headers.get('Host', '')}").hostname or ""
        if self.server.is_of_this_machine and not is_of_this_machine(name):
            # Else a browser on this machine could be pointed here by somebody else's name server.
            return OTHER_NAME, "text/plain", b"Ask by the address, such as 127.0.0.1.\n"
        answer = self.server.answers.get(urlsplit(self.path).path)
        if answer is None:
            return UNKNOWN_PATH, "text/plain", b"There are /healthz and /metrics.\n"
        return answer(self.headers.get("Accept", ""))

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged."""
