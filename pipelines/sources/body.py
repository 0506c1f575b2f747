"""What an answer holds: decompressed, within its limit, complete, and JSON where that was asked for."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

# A small answer can unpack to gigabytes: it is unpacked in pieces, and looked at after each.
PIECE = 1 << 20
GZIP = b"\x1f\x8b"
BYTE_ORDER_MARK = "\ufeff"
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
# One escape of a JSON text, in order from its beginning: a pair of surrogates, half of one, or any other.
ESCAPE = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<half>\\u[dD][89a-fA-F]..)|\\.", re.DOTALL)


class Broken(Exception):
    """A body that is not what the service sent; the text completes "its answer was ..."."""


class TooLarge(Exception):
    """A body larger than its limit."""


class StrangeEncoding(Exception):
    """A body packed in a way that was not asked for."""


def read(chunks: Iterable[bytes], encoding: str, largest: int) -> bytes:
    """The body, decompressed. Raises TooLarge soon after its limit in bytes is passed, and Broken where it ends too early."""
    pieces, size = [], 0
    for piece in unpacked(_bounded(chunks, largest), encoding):
        size += len(piece)
        if size > largest:
            raise TooLarge
        pieces.append(piece)
    return b"".join(pieces)


def unpacked(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """A body's bytes as the service means them; `encoding` is its header Content-Encoding."""
    if encoding.strip().lower() in ("", "identity"):
        return iter(chunks)
    if encoding.strip().lower() in ("gzip", "x-gzip"):
        return _gunzipped(chunks)
    raise StrangeEncoding(encoding)


def _bounded(chunks: Iterable[bytes], largest: int) -> Iterator[bytes]:
    """The chunks as they came, packed ones too, up to the limit: an endless body may unpack to nothing at all."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > largest:
            raise TooLarge
        yield chunk


def _gunzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    stream, begun = zlib.decompressobj(16 + zlib.MAX_WBITS), False
    try:
        for chunk in chunks:
            data, begun = chunk, True
            while data:
                if stream.eof and not data.startswith(GZIP[:1]):
                    return  # padding after the end
                if stream.eof:
                    stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
                yield stream.decompress(data, PIECE)
                data = stream.unused_data if stream.eof else stream.unconsumed_tail
        yield stream.flush()
    except zlib.error as error:
        raise Broken(f"damaged gzip ({error})") from error
    if begun and not stream.eof:
        raise Broken("gzip that ends too early")


def as_json(content: bytes, charset: str | None) -> tuple[bytes, Any]:
    """A body as UTF-8 without byte order marks, and what it says. Raises Broken where it is not valid JSON.

    Half an emoji, where a service cut a text within one, becomes U+FFFD: no database takes it.
    """
    try:
        text = _text(content, charset).lstrip(BYTE_ORDER_MARK)
        if SURROGATE.search(text):
            text = ESCAPE.sub(_whole, text)
        return text.encode(), json.loads(text, parse_constant=_refuse)
    except (ValueError, LookupError, RecursionError) as error:
        raise Broken("no valid JSON") from error


def _text(content: bytes, charset: str | None) -> str:
    """JSON is Unicode whatever an answer's charset says; only where it cannot be is that asked."""
    try:
        return content.decode(json.detect_encoding(content))
    except UnicodeDecodeError:
        return content.decode(charset or "utf-8")


def _whole(escape: re.Match[str]) -> str:
    return "\\ufffd" if escape["half"] else escape[0]


def _refuse(constant: str) -> None:
    """NaN and Infinity: Python's reader takes them, others refuse the whole page for one."""
    raise ValueError(f"{constant} is no JSON")
