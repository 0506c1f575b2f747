"""A real HTTP server on loopback that answers by a script: bytes as they go over the wire, well-formed or not."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

OK = {"ok": True}


@dataclass
class Asked:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    at: float


Answering = Callable[[socket.socket, Asked], None]


@dataclass
class Service:
    """Gives the answers of `script` in order, the last one again and again; an entry is bytes or a function that sends them."""

    script: list[bytes | Answering] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]
        self.address = f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"
        self._turn = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as stream:
                while asked := _request(stream):
                    answer = self._next(asked)
                    if callable(answer):
                        answer(connection, asked)
                        return
                    connection.sendall(answer)
        except OSError:
            connection.close()

    def _next(self, asked: Asked) -> bytes | Answering:
        with self._turn:
            self.asked.append(asked)
            return self.script[min(len(self.asked), len(self.script)) - 1]


def _request(stream: Any) -> Asked | None:
    first = stream.readline().decode("latin-1").split()
    if len(first) < 3:
        return None
    headers = {}
    while line := stream.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    return Asked(first[0], first[1], headers, body, time.monotonic())


def answer(content: object = OK, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """A whole answer: bytes as they are, everything else as JSON."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    lines = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + body


def cut(whole: bytes, last: int) -> Answering:
    """An answer whose `last` bytes never come: the connection closes before them."""
    return lambda connection, _: connection.sendall(whole[: len(whole) - last])


def dripping(pieces: Iterable[bytes], seconds: float) -> Answering:
    """An answer in pieces, `seconds` apart."""

    def drip(connection: socket.socket, _: Asked) -> None:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(seconds)

    return drip


def silent(seconds: float) -> Answering:
    return lambda _connection, _asked: time.sleep(seconds)
