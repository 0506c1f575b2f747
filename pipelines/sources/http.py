"""The client that services are pulled with: paced, patient, and careful with secrets."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, Literal

import httpx2

from pipelines.sources import body as bodies
from pipelines.sources.credentials import Credentials
from pipelines.sources.limits import Limits, Remaining, retry_after
from pipelines.sources.patience import AskAgain, Backoff, Patience
from pipelines.sources.pause import Pause, TimeUp
from pipelines.sources.trust import authorities, certificate_fault, connection_fault
from warehouse.errors import AccessRefused, AnswerRefused, SourceUnreachable
from warehouse.texts import one_line

__all__ = ["Answer", "Backoff", "Http", "Limits", "Pause", "Remaining", "TimeUp"]

AGENT = "support-operations-dashboard"
REDIRECTS = 5
# Of an answer that says no, this much is read and this much quoted.
SAID_BYTES, SAID_CHARACTERS = 16_384, 200
# An answer that comes slower than this counts as one that does not come; its first seconds (the time-out) are not looked at.
SLOWEST_BYTES_A_SECOND = 1_000
ASK_AGAIN = {408, 429, 500, 502, 503, 504, *range(520, 531)}
MOVED = {301, 302, 303, 307, 308}
Expects = Literal["json", "bytes"]
ACCEPTED: dict[Expects, str] = {"json": "application/json", "bytes": "*/*"}

# They log every address and what is sent: secrets would stand in logs.
for chatty in ("httpx2", "httpcore2"):
    logging.getLogger(chatty).setLevel(logging.WARNING)


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
        return f"{self.url.netloc.decode()}{self.url.path}"


class Http:
    """Asks one service. May be used from several threads, which share its limits.

    `headers` and `parameters` go with every request and are secret. `certificates` is a file of authorities trusted beside those of the
    system. `limits`, instead of `requests_a_minute` and `remaining`, are those of an earlier client of the same service.
    Every question raises AccessRefused, SourceUnreachable or AnswerRefused with one line for a person, or TimeUp.
    """

    def __init__(
        self,
        address: str,
        *,
        pause: Pause,
        headers: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
        requests_a_minute: float | None = None,
        largest_bytes: int = 64_000_000,
        timeout: float = 30,
        certificates: Path | None = None,
        remaining: Remaining | None = None,
        limits: Limits | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self._base = _url(address)
        self._credentials = Credentials(self._base.host, _lower(headers or {}), parameters or {})
        self._pause, self._timeout, self._largest = pause, timeout, largest_bytes
        self._backoff = backoff or Backoff()
        self.limits = limits or Limits(requests_a_minute, remaining)
        self.requests = 0
        self._counting = threading.Lock()
        self._client = httpx2.Client(
            verify=authorities(certificates),
            headers={"user-agent": AGENT, "accept-encoding": "gzip"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
        )

    def get(
        self,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        expects: Expects = "json",
        without_secrets: bool = False,
    ) -> Answer:
        """Asks for a path below the address, or for a whole URL on the same host. Parameters that are None are left out.

        `without_secrets` sends nothing of this client's headers and parameters, and may therefore go to any host.
        """
        sent = _lower({"Accept": ACCEPTED[expects], **(headers or {})})
        return self._ask(Question("GET", self._url_of(path, parameters), None, sent, expects, without_secrets))

    def post(
        self,
        path: str,
        body: Any = None,
        *,
        parameters: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        expects: Expects = "json",
    ) -> Answer:
        """As `get`, sending `body` as JSON. It is repeated like a get: what it asks for must do no harm when done twice."""
        sent = _lower({"Accept": ACCEPTED[expects], "Content-Type": "application/json", **(headers or {})})
        content = None if body is None else json.dumps(body).encode()
        return self._ask(Question("POST", self._url_of(path, parameters), content, sent, expects, False))

    def close(self) -> None:
        self._client.close()

    def _url_of(self, path: str, parameters: Mapping[str, Any] | None) -> httpx2.URL:
        is_whole = re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", path)
        url = _url(path if is_whole else f"{str(self._base).rstrip('/')}/{path.lstrip('/')}")
        given = {name: value for name, value in (parameters or {}).items() if value is not None}
        return url.copy_merge_params(given) if given else url

    def _ask(self, question: Question) -> Answer:
        """Asks until there is an answer, patience ends or the time is up."""
        self._may_go_to(question.url, question)
        patience = Patience(self._backoff)
        try:
            return patience.attempts(self._pause)(self._once, question)
        except AskAgain as last:
            raise SourceUnreachable(_given_up(question, patience, last)) from last
        except TimeUp as up:
            told = patience.told()
            raise TimeUp(str(up), told and f"{question.place} gave no good answer: {told}.") from up

    def _once(self, asked: Question) -> Answer:
        question = asked
        for _ in range(REDIRECTS + 1):
            with self._sent(question) as response:
                if response.status_code not in MOVED:
                    return self._answer(asked, response)
                question = self._moved(question, response)
        raise AnswerRefused(
            f"{asked.place} is redirected more than {REDIRECTS} times: ask at the address where that ends."
        )

    @contextmanager
    def _sent(self, question: Question) -> Iterator[httpx2.Response]:
        """The answer to one request, its body still to be read. What goes wrong with the connection meanwhile is worth asking again."""
        self.limits.take(self._pause)
        self._pause.check()
        with self._counting:
            self.requests += 1
        try:
            with self._client.stream(
                question.method,
                question.url if question.without_secrets else self._credentials.added(question.url),
                headers=question.headers
                if question.without_secrets
                else {**self._credentials.headers, **question.headers},
                content=question.content,
                timeout=self._seconds(),
            ) as response:
                yield response
        except httpx2.TransportError as error:
            raise self._failure(question, error) from error

    def _seconds(self) -> float:
        """How long the next request may take: its time-out, or what is left of the pull."""
        return min(self._timeout, max(self._pause.left(), 0.001))

    def _failure(self, question: Question, error: httpx2.TransportError) -> Exception:
        reason = certificate_fault(error)
        if reason is None:
            return AskAgain(connection_fault(error, self._timeout))
        return SourceUnreachable(
            f"{question.place}: the certificate of {question.url.host} is not trusted ({reason}). If the service has an authority of"
            " its own, name a file with its certificate as `certificates` of the source in support.toml."
        )

    def _answer(self, asked: Question, response: httpx2.Response) -> Answer:
        headers = _lower(response.headers)
        self.limits.learn(headers)
        if not 200 <= response.status_code < 300:
            raise self._refusal(asked, response, headers)
        received_at = datetime.now(UTC)
        content, parsed = self._content(asked, response), None
        if asked.expects == "json":
            content, parsed = _json(content, response)
        return Answer(self._address(asked), response.status_code, headers, content, received_at, parsed)

    def _refusal(self, asked: Question, response: httpx2.Response, headers: Mapping[str, str]) -> Exception:
        """What to raise for an answer that says no."""
        status, wait = response.status_code, None
        if status in (429, 503) and (wait := retry_after(headers)) is not None:
            self.limits.hold(wait)
        said = self._said(response)
        if status in ASK_AGAIN:
            return AskAgain(f"it answered {said}", wait, throttled=status == 429)
        if status in (401, 403):
            return AccessRefused(
                f"{asked.place} refuses access: {said}. Check the secret of this source and what it may read."
            )
        return AnswerRefused(f"{asked.place} answers {said}. Check the address and settings of this source.", status)

    def _said(self, response: httpx2.Response) -> str:
        """Status and the beginning of what a service says with it: one line without anything secret."""
        content = b""
        try:
            for piece in bodies.unpacked(response.iter_raw(), response.headers.get("content-encoding", "")):
                content += piece[:SAID_BYTES]
                if len(content) >= SAID_BYTES:
                    break
        except (bodies.Broken, bodies.StrangeEncoding, httpx2.TransportError):
            pass  # the status says enough
        text = one_line(re.sub(r"<[^>]*>", " ", content.decode("utf-8", "replace")))
        quoted = self._credentials.hidden(text)[:SAID_CHARACTERS]
        return f"{response.status_code} ({quoted})" if quoted else str(response.status_code)

    def _content(self, asked: Question, response: httpx2.Response) -> bytes:
        try:
            return bodies.read(self._chunks(response), response.headers.get("content-encoding", ""), self._largest)
        except bodies.TooLarge:
            raise AnswerRefused(
                f"{asked.place} answers with more than {self._largest:,} bytes. If that is right, raise largest_answer of this source in"
                " support.toml."
            ) from None
        except bodies.StrangeEncoding as error:
            raise AnswerRefused(
                f"{asked.place} answers in an encoding that was not asked for: {one_line(str(error))[:40]}."
            ) from None
        except bodies.Broken as error:
            raise AskAgain(f"its answer was {error}") from error

    def _chunks(self, response: httpx2.Response) -> Iterator[bytes]:
        """The body as it comes; TimeUp where the time of the pull is up meanwhile, and a time-out where it hardly comes."""
        began, size = time.monotonic(), 0
        for chunk in response.iter_raw():
            yield chunk
            size += len(chunk)
            self._pause.check()
            if size < SLOWEST_BYTES_A_SECOND * (time.monotonic() - began - self._timeout):
                raise httpx2.ReadTimeout("it hardly comes")

    def _moved(self, question: Question, response: httpx2.Response) -> Question:
        """The question at the place that a redirect names."""
        location = response.headers.get("location")
        if not location:
            raise AnswerRefused(
                f"{question.place} answers {response.status_code} without saying where to.", response.status_code
            )
        url = question.url.join(_url(location)).copy_with(fragment=None)
        self._may_go_to(url, question)
        if response.status_code == 303:
            return replace(question, url=url, method="GET", content=None)
        return replace(question, url=url)

    def _may_go_to(self, url: httpx2.URL, question: Question) -> None:
        """Raises AnswerRefused where what is secret would go to another host, or without TLS."""
        there = f"{url.scheme}://{url.netloc.decode()}{url.path}"
        if url.userinfo:
            raise AnswerRefused(
                f"{self._base.host}: an address that holds a name or a password is not asked ({there})."
            )
        if question.without_secrets and url.scheme in {"https", self._base.scheme}:
            return
        if (url.scheme, url.host, url.port) != (self._base.scheme, self._base.host, self._base.port):
            raise AnswerRefused(
                f"{self._base.host} leads to {there}, and secrets go only to {self._base.scheme}://{self._base.netloc.decode()}. If the"
                " service has moved, change `address` of the source in support.toml."
            )

    def _address(self, asked: Question) -> str:
        """Path and query as asked; a link that is asked without secrets is one itself: of it only where it leads."""
        if asked.without_secrets:
            return f"{asked.url.scheme}://{asked.place}"
        return self._credentials.removed(asked.url)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    """One value a header, however its name is written; the last one given."""
    return {name.lower(): value for name, value in headers.items()}


def _given_up(question: Question, patience: Patience, last: AskAgain) -> str:
    do = "The next pull asks again; if this goes on, look whether the service is up and can be reached from here."
    if last.throttled:
        do = "Set a lower requests_a_minute for this source in support.toml."
    return f"{question.place} gave no good answer: {patience.told()}. {do}"


def _json(content: bytes, response: httpx2.Response) -> tuple[bytes, Any]:
    try:
        return bodies.as_json(content, response.charset_encoding)
    except bodies.Broken as error:
        is_page = "html" in response.headers.get("content-type", "").lower()
        what = "a web page where JSON is expected" if is_page else "something that is not valid JSON"
        raise AskAgain(f"it answered {response.status_code} with {what}") from error


def _url(text: str) -> httpx2.URL:
    try:
        return httpx2.URL(text)
    except httpx2.InvalidURL as error:
        raise AnswerRefused(
            f"an address that is none: {one_line(text.partition('?')[0])[:SAID_CHARACTERS]}."
        ) from error
