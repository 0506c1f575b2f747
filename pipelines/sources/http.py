"""The client that services are pulled with: paced, patient, and careful with secrets."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any

import httpx2

from pipelines.sources.answer import Answer, Expects, Question, read, refused
from pipelines.sources.connection import CONNECT_SECONDS, authorities, certificate_fault, connection_fault, watch
from pipelines.sources.credentials import Credentials
from pipelines.sources.limits import Limits, Remaining
from pipelines.sources.patience import AskAgain, Backoff, Patience
from pipelines.sources.pause import Pause, TimeUp
from warehouse.errors import AnswerRefused, SourceUnreachable
from warehouse.texts import one_line

__all__ = ["Answer", "Backoff", "Http", "Limits", "Pause", "Remaining", "TimeUp"]

AGENT = "support-operations-dashboard"
REDIRECTS = 5
MOVED = {301, 302, 303, 307, 308}
ACCEPTED: dict[Expects, str] = {"json": "application/json", "bytes": "*/*"}

# They log whole addresses and what answers set: secrets would stand in logs.
for chatty in ("httpx2", "httpcore2"):
    logging.getLogger(chatty).setLevel(logging.WARNING)


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
        if self._base.scheme not in ("http", "https") or not self._base.host or self._base.userinfo:
            raise AnswerRefused(
                "the address of a service is https://, its host and perhaps a path, without a name or a password in it."
            )
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
        watch(self._client, pause)

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
        slot = self.limits.take(self._pause)
        self._pause.check()
        with self._counting:
            self.requests += 1
        url, headers = question.url, question.headers
        if not question.without_secrets:
            url, headers = self._credentials.added(url), {**self._credentials.headers, **headers}
        try:
            with self._client.stream(
                question.method, url, headers=headers, content=question.content, timeout=self._seconds()
            ) as response:
                self.limits.arrived(slot)
                yield response
        except httpx2.TransportError as error:
            self.limits.arrived(slot)
            raise self._failure(question, error) from error

    def _seconds(self) -> httpx2.Timeout:
        """How long the next request may wait: its time-out, or what is left of the pull."""
        seconds = min(self._timeout, max(self._pause.left(), 0.001))
        return httpx2.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))

    def _failure(self, question: Question, error: httpx2.TransportError) -> Exception:
        reason = certificate_fault(error)
        if reason is None:
            return AskAgain(connection_fault(error, self._timeout))
        return SourceUnreachable(
            f"{question.place}: the certificate of {question.url.host} is not trusted ({reason}). If the service has an authority of"
            " its own, name a file with its certificate as `certificates` of the source in support.toml."
        )

    def _answer(self, asked: Question, response: httpx2.Response) -> Answer:
        self.limits.learn(response.headers)
        if 200 <= response.status_code < 300:
            return read(response, asked, self._address(asked), self._largest)
        refusal = refused(response, asked, self._credentials)
        if isinstance(refusal, AskAgain):
            self.limits.hold(refusal.wait)
        raise refusal

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


def _url(text: str) -> httpx2.URL:
    try:
        return httpx2.URL(text)
    except httpx2.InvalidURL:
        shown = re.sub(r"//[^/]*@", "//…@", one_line(text.partition("?")[0]))[:200]
        raise AnswerRefused(f"{shown} is no address: check the address of this source.") from None
