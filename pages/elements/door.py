"""What stands between the network and the pages: who may ask for what, whose word on a visitor counts, and what browsers are told."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address
from socket import getfqdn, gethostname
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.errors import StreamlitSecretNotFoundError
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME
from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks

from pages.elements import links, wall
from pages.elements.people import claims_of_headers, claims_of_login, person
from warehouse.errors import SettingsError
from warehouse.secrets import environment_name
from warehouse.section import is_of_this_machine
from warehouse.settings import Access, Settings

# Addresses that no page needs: uploads, and driving the pages without a browser.
CLOSED = ("/_stcore/upload_file", "/_stcore/agent/")
# For this machine's own monitoring, and the monitors that support.toml names.
OF_MONITORS = ("/_stcore/metrics", "/api/metrics")
# Says that the server is up and nothing else: whoever watches over it may ask by any name.
PROBE = "/_stcore/health"
# What only visitors with a role may fetch: files that pages made for them.
OF_VISITORS = ("/media/",)
LOOPBACK = (ip_address("127.0.0.1"), ip_address("::1"))
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
# The scripts that stand in Streamlit's own page and in ours, by content: any other inline script is refused by the browser.
INLINE_SCRIPTS = ("\n      window.prerenderReady = false\n    ", links.BACK, wall.RELOAD)
# What is only ever a part of a page: a browser that is led there shows text, or keeps a file.
PARTS = ("text/javascript", "application/javascript", "text/css", "font/")
LOGIN_NAMES = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
SHORTEST_SECRET = 32


def refuse_open_door(settings: Settings, address: str | None) -> None:
    """Raises SettingsError where the server is told to listen beyond this machine for anybody who asks; no address means everywhere."""
    try:
        settings.refuse_open_door(address or "every address of this machine")
    except ValueError as error:
        raise SettingsError(f"support.toml: {error}") from error


def refuse_other_trust(settings: Settings, environment: Mapping[str, str] = os.environ) -> None:
    """Raises SettingsError where uvicorn is told to believe in proxies of its own: the door could not tell who is at the other end."""
    if settings.access and settings.access.login == "header" and environment.get("FORWARDED_ALLOW_IPS"):
        raise SettingsError(
            'FORWARDED_ALLOW_IPS is set: with login = "header", proxies are named under [access] in support.toml alone'
        )


def login_secrets(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """What Streamlit's login needs: [auth] of its secrets file, and over it SUPPORT_LOGIN_CLIENT_SECRET and its like."""
    try:
        of_file = st.secrets.get("auth", {})
    except StreamlitSecretNotFoundError:
        of_file = {}
    given = {name: environment.get(environment_name(f"login_{name}"), "") for name in LOGIN_NAMES}
    return {**of_file, **{name: value for name, value in given.items() if value}}


def refuse_half_a_login(settings: Settings, login: Mapping[str, object]) -> None:
    """Raises SettingsError where [access] asks for a login that cannot work or cannot be trusted. Says names, never values."""
    access = settings.access
    if access is None or access.login != "oidc":
        return
    provider = login.get(access.provider) if access.provider else login
    both = {**login, **(provider if isinstance(provider, Mapping) else {})}
    missing = next((name for name in LOGIN_NAMES if not both.get(name)), None)
    if missing:
        raise SettingsError(
            f"[access] login needs {missing}: set it under [auth] in .streamlit/secrets.toml, or as {environment_name(f'login_{missing}')}"
        )
    if len(str(both["cookie_secret"])) < SHORTEST_SECRET:
        raise SettingsError(
            f"[access] login: cookie_secret is shorter than {SHORTEST_SECRET} characters, so logins could be forged; "
            "make one with: python -c 'import secrets; print(secrets.token_hex(32))'"
        )


@dataclass(frozen=True)
class Rules:
    """What the door goes by. `hosts`: the names under which browsers may ask; none: addresses and this machine's own names. `monitors`:
    who may ask for metrics, besides this machine."""

    hosts: tuple[str, ...] = ()
    access: Access | None = None
    is_https: bool = False
    monitors: tuple[IPv4Network | IPv6Network, ...] = ()

    @cached_property
    def identity_headers(self) -> set[str]:
        """Headers that say who a visitor is, in small letters."""
        if self.access is None or self.access.login != "header":
            return set()
        return {name.lower() for name in (self.access.header, *self.access.claim_headers.values())}

    @property
    def proxies(self) -> Sequence[IPv4Network | IPv6Network]:
        return self.access.proxies if self.access else ()


class Door:
    """Refuses what nobody needs, takes off what only a trusted proxy may say, and tells browsers what pages may do."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self.rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_proxied = _is_within(scope, headers, self.rules.proxies)
        if not is_proxied and self.rules.identity_headers:
            scope = {
                **scope,
                "headers": [
                    pair for pair in scope["headers"] if pair[0].decode("latin-1") not in self.rules.identity_headers
                ],
            }
        refusal = self._refusal(scope, headers)
        is_https = (
            self.rules.is_https
            or scope["scheme"] in ("https", "wss")
            or (is_proxied and headers.get("x-forwarded-proto") == "https")
        )

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _tell_browser(MutableHeaders(raw=message["headers"]), headers.get("host", ""), is_https, scope["path"])
            await send(message)

        if refusal is None:
            await self.app(scope, receive, with_headers)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refusal[1]})
        else:
            await PlainTextResponse(refusal[1], refusal[0])(scope, receive, with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Status and words where a request is refused; None: it may come in."""
        path = scope["path"]
        if path == PROBE:
            return None
        if not is_host_known(headers.get("host", ""), self.rules.hosts):
            return (
                421,
                "This dashboard is not served under that name. Its names are set under [dashboard] hosts in support.toml.",
            )
        if path.startswith(CLOSED):
            return 404, "Not found"
        if path.startswith(OF_MONITORS) and not (
            _is_of_this_machine(scope, headers) or _is_within(scope, headers, self.rules.monitors)
        ):
            return 404, "Not found"
        if path.startswith(OF_VISITORS) and not self._has_role(Headers(scope=scope)):
            return 403, "Log in first"
        return None

    def _has_role(self, headers: Headers) -> bool:
        access = self.rules.access
        if access is None:
            return True
        if access.login == "header":
            return person(access, claims_of_headers(access, headers)) is not None
        signed = _get_signed_cookie_with_chunks(cookie_parser(headers.get("cookie", "")), USER_COOKIE_NAME)
        return signed is not None and person(access, claims_of_login(access, json.loads(signed))) is not None


def is_host_known(host: str, hosts: Sequence[str]) -> bool:
    """Whether a Host header names this dashboard. An address cannot be pointed here by somebody else's name server, a name can."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if hosts:
        return name in {known.lower() for known in hosts} or name in ("localhost", "127.0.0.1", "::1")
    return _is_address(name) or name in _own_names()


@cache
def _own_names() -> frozenset[str]:
    """What this machine calls itself, asked once: the whole name comes from a name server."""
    return frozenset({"localhost", gethostname().lower(), getfqdn().lower()})


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_within(scope: Scope, headers: Headers, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Whether the other end of the connection itself lies in one of these networks.

    What this machine's own loopback forwards, uvicorn names after the first address in X-Forwarded-For: whoever is named there was not seen.
    """
    client = scope.get("client")
    if not client or not _is_address(client[0]):
        return False
    forwarded = {part.strip().rsplit("]:", 1)[0].strip("[]") for part in headers.get("x-forwarded-for", "").split(",")}
    named = forwarded | {part.rpartition(":")[0] for part in forwarded if part.count(":") == 1}
    ends = LOOPBACK if client[0] in named else (ip_address(client[0]),)
    return any(end in network for end in ends for network in networks)


def _is_of_this_machine(scope: Scope, headers: Headers) -> bool:
    address, _ = scope.get("client") or ("", 0)
    return is_of_this_machine(address) and not any(name in headers for name in FORWARDED)


def _tell_browser(headers: MutableHeaders, host: str, is_https: bool, path: str) -> None:
    """The headers of a response by which a browser holds pages to what they need. Scripts, styles and fonts come without those that
    hold for pages alone: a first visit fetches over a hundred of them, and these are 0.7 KB."""
    headers["x-content-type-options"] = "nosniff"
    headers["cross-origin-resource-policy"] = "same-origin"
    if not headers.get("content-type", "").startswith(PARTS):
        headers["content-security-policy"] = content_security_policy(host)
        headers["x-frame-options"] = "DENY"
        headers["referrer-policy"] = "same-origin"
        headers["permissions-policy"] = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
        headers["cross-origin-opener-policy"] = "same-origin"
    if path.startswith(OF_VISITORS):
        headers["cache-control"] = "private, no-store"
    if is_https:
        headers["strict-transport-security"] = "max-age=31536000"
        cookies = [
            value if "secure" in value.lower().split("; ") else f"{value}; Secure"
            for value in headers.getlist("set-cookie")
        ]
        del headers["set-cookie"]
        for cookie in cookies:
            headers.append("set-cookie", cookie)


def content_security_policy(host: str) -> str:
    """What a page may load and talk to: this server, and nothing else."""
    sockets = f" ws://{host} wss://{host}" if host else ""
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' {_inline_scripts()}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self'{sockets}",
            "worker-src 'self' blob:",
            "frame-src 'self'",
            "frame-ancestors 'none'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
        )
    )


@cache
def _inline_scripts() -> str:
    """The scripts that may stand in a page, by the hash of their content."""
    digests = (hashlib.sha256(script.encode()).digest() for script in INLINE_SCRIPTS)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
