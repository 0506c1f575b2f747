"""What a fake service hears and says: a request as it came in, and the reply to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Asked:
    """One request as it came in; `status` is what was answered, None where the connection was reset before any answer.

    Names of headers are in lower case. `query` has the last value of each name, `pairs` every one. `at` is time.monotonic().
    `fault` names what was done to the answer (`Status`, `Cut`, ...), None where it went out whole.
    """

    number: int
    method: str
    path: str
    pairs: list[tuple[str, str]]
    headers: dict[str, str]
    content: bytes
    at: float
    status: int | None = None
    fault: str | None = None
    address: str = ""
    query: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, number: int, method: str, target: str, headers: Mapping[str, str], content: bytes, at: float) -> Asked:
        parts = urlsplit(target)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        lower = {name.lower(): value for name, value in headers.items()}
        return cls(number, method, parts.path, pairs, lower, content, at, address=target, query=dict(pairs))

    def json(self) -> Any:
        """The JSON that was sent with it."""
        return json.loads(self.content)

    def same_as(self) -> tuple[str, str, bytes]:
        """What makes it the same request as another: method, path with query, body."""
        return self.method, self.address, self.content


@dataclass
class Reply:
    """An answer: `body` is JSON (anything json.dumps takes) or bytes as they are; None is an empty body.

    `headers` go out beside content-type, content-length and content-encoding, which are seen to (content-type may be given).
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        """The bytes of the body before any compression."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()

    def content_type(self) -> str:
        is_json = self.body is not None and not isinstance(self.body, bytes)
        return "application/json; charset=utf-8" if is_json else "application/octet-stream"
