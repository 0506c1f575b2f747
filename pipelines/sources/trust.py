"""Connections: which authorities are trusted, and what went wrong with one, in words."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx2

from warehouse.errors import SourceUnreachable
from warehouse.texts import one_line


def authorities(certificates: Path | None) -> ssl.SSLContext:
    """Those of this system, and those of the file. Raises SourceUnreachable where it holds none."""
    context = httpx2.create_ssl_context()
    try:
        if certificates is not None:
            context.load_verify_locations(cafile=certificates)
    except OSError as error:
        raise SourceUnreachable(
            f"{certificates} is no file of certificates (PEM) that can be read: check `certificates` of the source in support.toml."
        ) from error
    return context


def certificate_fault(error: BaseException | None) -> str | None:
    """Why a certificate was not trusted; None where something else went wrong."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return None


def connection_fault(error: httpx2.TransportError, timeout: float) -> str:
    """What happened instead of an answer, as the end of "the last time ..."."""
    if isinstance(error, httpx2.ConnectTimeout):
        return f"there was no connection within {timeout:g} s"
    if isinstance(error, httpx2.TimeoutException):
        return f"there was no answer within {timeout:g} s"
    if isinstance(error, httpx2.ConnectError):
        return f"there was no connection ({one_line(str(error))})"
    return f"the connection broke ({one_line(str(error)) or type(error).__name__})"
