"""A question to a service, and what its answer is: good, worth asking again, or a no."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import httpx2

from pipelines.sources import body
from pipelines.sources.credentials import Credentials
from pipelines.sources.limits import retry_after
from pipelines.sources.patience import AskAgain
from warehouse.errors import AccessRefused, AnswerRefused
from warehouse.texts import one_line

ASK_AGAIN = {408, 429, 500, 502, 503, 504, *range(520, 531)}
# Of an answer that says no, this much is read and this much quoted.
SAID_BYTES, SAID_CHARACTERS = 16_384, 200
Expects = Literal["json", "bytes"]


@dataclass(frozen=True)
class Answer:
    """One good answer. Where JSON was asked for, `content` is UTF-8 without a byte order mark, whatever it came in."""

    address: str  # path and query as asked, without anything secret
    status: int
    headers: Mapping[str, str]  # lower case names
    content: bytes  # decompressed
    received_at: datetime  # UTC, aware
    _parsed: Any = field(default=None, repr=False)

    def json(self) -> Any:
        """What the content says: known to be valid JSON where that was asked for, else ValueError where it is not."""
        return json.loads(self.content) if self._parsed is None else self._parsed


@dataclass(frozen=True)
class Question:
    """One request, without what is secret."""

    method: str
    url: httpx2.URL
    content: bytes | None
    headers: Mapping[str, str]
    expects: Expects
    without_secrets: bool

    @property
    def place(self) -> str:
        """Host and path: what messages name."""
        return one_line(f"{self.url.netloc.decode()}{self.url.path}")


def read(response: httpx2.Response, asked: Question, address: str, largest: int) -> Answer:
    """A good answer, whole. Raises AnswerRefused where it is larger than `largest` bytes, and AskAgain where it is broken."""
    headers, received_at = {name.lower(): value for name, value in response.headers.items()}, datetime.now(UTC)
    content, parsed = _content(response, asked, largest), None
    if asked.expects == "json":
        content, parsed = _json(content, response)
    return Answer(address, response.status_code, headers, content, received_at, parsed)


def refused(
    response: httpx2.Response, asked: Question, credentials: Credentials
) -> AskAgain | AccessRefused | AnswerRefused:
    """What to raise for an answer that says no."""
    status, said = response.status_code, _said(response, credentials)
    if status in ASK_AGAIN:
        return AskAgain(f"it answered {said}", retry_after(response.headers), throttled=status == 429)
    if status in (401, 403):
        return AccessRefused(
            f"{asked.place} refuses access: {said}. Check the secret of this source and what it may read."
        )
    return AnswerRefused(f"{asked.place} answers {said}. Check the address and settings of this source.", status)


def _said(response: httpx2.Response, credentials: Credentials) -> str:
    """Status and the beginning of what a service says with it: one line without anything secret."""
    content = b""
    try:
        for piece in body.unpacked(response.iter_raw(), response.headers.get("content-encoding", "")):
            content += piece[:SAID_BYTES]
            if len(content) >= SAID_BYTES:
                break
    except (body.Broken, body.StrangeEncoding, httpx2.TransportError):
        pass  # the status says enough
    text = one_line(re.sub(r"<[^>]*>", " ", content.decode("utf-8", "replace")))
    quoted = credentials.hidden(text)[:SAID_CHARACTERS]
    return f"{response.status_code} ({quoted})" if quoted else str(response.status_code)


def _content(response: httpx2.Response, asked: Question, largest: int) -> bytes:
    try:
        return body.read(response.iter_raw(), response.headers.get("content-encoding", ""), largest)
    except body.TooLarge:
        raise AnswerRefused(
            f"{asked.place} answers with more than {largest:,} bytes. If that is right, raise largest_answer of this source in support.toml."
        ) from None
    except body.StrangeEncoding as error:
        raise AnswerRefused(
            f"{asked.place} answers in an encoding that was not asked for: {one_line(str(error))[:40]}."
        ) from None
    except body.Broken as error:
        raise AskAgain(f"its answer was {error}") from error


def _json(content: bytes, response: httpx2.Response) -> tuple[bytes, Any]:
    try:
        return body.as_json(content, response.charset_encoding)
    except body.Broken as error:
        is_page = "html" in response.headers.get("content-type", "").lower()
        what = "a web page where JSON is expected" if is_page else "something that is not valid JSON"
        raise AskAgain(f"it answered {response.status_code} with {what}") from error
