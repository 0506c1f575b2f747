"""An object storage that speaks S3 on a local port: lists by prefix page by page, gives objects whole or in part, and proves signatures."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

from tests.serving import Asked, FakeService, Reply

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG"
START = 1_769_904_000


@dataclass(frozen=True)
class Stored:
    """An object's content and when it was put there."""

    content: bytes
    at: float

    @property
    def tag(self) -> str:
        return f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'


class FakeS3(FakeService):
    """The bucket `exports`: `objects` by their keys; `page` is how many of them a listing names at once."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, Stored] = {}
        self.page = 3
        self.route("GET", "/exports/?", self._list)
        self.route("GET", "/exports/(.+)", self._get)

    def put(self, key: str, content: str | bytes, after: float = 0) -> None:
        """An object, as if put there so many seconds after the first of February 2026."""
        self.objects[key] = Stored(content.encode() if isinstance(content, str) else content, START + after)

    def refuse(self, asked: Asked) -> Reply | None:
        given = re.search(
            r"Credential=([^/]+)/(\d+)/([^/]+)/.*SignedHeaders=([^,]+),\s*Signature=(\w+)",
            asked.headers.get("authorization", ""),
        )
        if given is None:
            return _error(403, "AccessDenied")
        key, day, region, signed, signature = given.groups()
        if key != KEY:
            return _error(403, "InvalidAccessKeyId")
        return (
            None
            if signature == _signature(asked, day, region, signed.split(";"))
            else _error(403, "SignatureDoesNotMatch")
        )

    def _list(self, asked: Asked) -> Reply:
        assert asked.query["list-type"] == "2"
        after = asked.query.get("continuation-token", "")
        keys = sorted(key for key in self.objects if key.startswith(asked.query.get("prefix", "")) and key > after)
        page, rest = keys[: self.page], keys[self.page :]
        named = "".join(map(self._named, page))
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if rest else ""
        body = (
            f"<ListBucketResult><IsTruncated>{str(bool(rest)).lower()}</IsTruncated>{token}{named}</ListBucketResult>"
        )
        return Reply(200, body.encode(), {"content-type": "application/xml"})

    def _named(self, key: str) -> str:
        stored = self.objects[key]
        at = datetime.fromtimestamp(stored.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        size = len(stored.content)
        return f"<Contents><Key>{escape(key)}</Key><LastModified>{at}</LastModified><ETag>{escape(stored.tag)}</ETag><Size>{size}</Size></Contents>"

    def _get(self, asked: Asked, path: str) -> Reply:
        stored = self.objects.get(unquote(path))
        if stored is None:
            return _error(404, "NoSuchKey")
        if asked.headers.get("if-match", stored.tag) != stored.tag:
            return _error(412, "PreconditionFailed")
        headers = {
            "etag": stored.tag,
            "last-modified": format_datetime(datetime.fromtimestamp(stored.at, UTC), usegmt=True),
        }
        part = re.fullmatch(r"bytes=(\d+)-(\d*)", asked.headers.get("range", ""))
        if not part:
            return Reply(200, stored.content, headers)
        start, end = int(part[1]), int(part[2] or len(stored.content) - 1)
        told = f"bytes {start}-{end}/{len(stored.content)}"
        return Reply(206, stored.content[start : end + 1], headers | {"content-range": told})


def _signature(asked: Asked, day: str, region: str, signed: list[str]) -> str:
    """What AWS Signature Version 4 makes of the request with our secret."""
    query = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(asked.pairs))
    headers = "".join(f"{name}:{' '.join(asked.headers[name].split())}\n" for name in signed)
    lines = [asked.method, asked.path, query, headers, ";".join(signed), asked.headers["x-amz-content-sha256"]]
    scope = f"{day}/{region}/s3/aws4_request"
    request = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    to_sign = "\n".join(["AWS4-HMAC-SHA256", asked.headers["x-amz-date"], scope, request])
    key = f"AWS4{SECRET}".encode()
    for part in (*scope.split("/"), to_sign):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def _error(status: int, code: str, **more: Any) -> Reply:
    return Reply(
        status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode(), {"content-type": "application/xml"}
    )
