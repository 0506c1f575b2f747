"""What a client proves with who it is: sent with every request, and shown nowhere."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from urllib.parse import quote

import httpx2

from warehouse.errors import AccessRefused

# Shorter words are no secrets ("Bearer" is none, either), and hiding them would make messages unreadable.
SHORTEST = 6
HIDDEN = "…"


class Credentials:
    """Headers and parameters that are secret. Raises AccessRefused for a header that cannot be sent, without quoting it."""

    def __init__(self, host: str, headers: Mapping[str, str], parameters: Mapping[str, str]) -> None:
        self.headers, self._parameters = dict(headers), dict(parameters)
        for name, value in headers.items():
            if not (value.isascii() and value.isprintable()) or value != value.strip():
                raise AccessRefused(
                    f"{host}: what would be sent as {name} has a line break, a space at its end or a letter outside ASCII: set the"
                    " secret of this source again."
                )
        self._words = _words(headers, parameters)

    def added(self, url: httpx2.URL) -> httpx2.URL:
        """An address with the secret parameters."""
        return url.copy_merge_params(self._parameters) if self._parameters else url

    def removed(self, url: httpx2.URL) -> str:
        """Path and query of an address without anything secret: services repeat parameters in the links they give."""
        for name in self._parameters:
            url = url.copy_remove_param(name) if name in url.params else url
        return self.hidden(url.raw_path.decode("ascii"))

    def hidden(self, text: str) -> str:
        """A text for people in which nothing secret stands: services quote what they were sent."""
        for word in self._words:
            text = text.replace(word, HIDDEN)
        return text


def _words(headers: Mapping[str, str], parameters: Mapping[str, str]) -> list[str]:
    """The values, the words in them and the password packed into one, as they are and as addresses write them; longest first."""
    words = set(parameters.values())
    for value in headers.values():
        words |= {value, *re.split(r"[\s=,\"']+", value), *_basic(value)}
    words |= {quote(word, safe="") for word in words}
    return sorted((word for word in words - {"Bearer"} if len(word) >= SHORTEST), key=len, reverse=True)


def _basic(value: str) -> list[str]:
    """What a header for basic authentication packs: name, password, and both."""
    try:
        pair = base64.b64decode(value.removeprefix("Basic "), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return []
    return [pair, *pair.split(":", 1)]
