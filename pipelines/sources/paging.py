"""How a service is asked for the next page, as [sources.NAME.paging] of support.toml says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from pipelines.sources.http import Answer
from pipelines.sources.marks import found
from warehouse.errors import AnswerRefused
from warehouse.sources import Paging

# A cursor, the URL of a link, a page number or an offset.
Position = str | int
# What services write where there is no next page.
NO_CURSOR = (None, "", 0, "0", False)
FIRST = {"page": 1, "offset": 0}
_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[\w*-]+(?:\s*=\s*(?:\"[^\"]*\"|[^\s\",;]*))?)*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\",;]*))", re.IGNORECASE)


@dataclass(frozen=True)
class Turn:
    """What comes after a page: where the next one is (None: it names none), and whether this was the last one now."""

    next: Position | None
    is_last: bool


def first(paging: Paging) -> Position | None:
    """Where the first page is; None: nothing says it."""
    return FIRST.get(paging.by) if paging.first is None else paging.first


def parameters(paging: Paging, position: Position | None) -> dict[str, Any]:
    """What is asked of paging. A link says all of it itself."""
    size = {paging.size_parameter: paging.size} if paging.size_parameter else {}
    return size | ({paging.parameter: position} if paging.parameter and position is not None else {})


def turn(paging: Paging, answer: Answer, url: str, position: Position | None, rows: Sequence[Any]) -> Turn:
    """What comes after the answer to `url`, asked at a position. Raises AnswerRefused where it contradicts itself."""
    more = _more(paging, answer, url)
    if paging.by in FIRST:
        step = 1 if paging.by == "page" else len(rows)
        return Turn(
            int(position or 0) + step, not rows or (len(rows) < (paging.size or 1) if more is None else not more)
        )
    named = _named(paging, answer, url)
    if more and named is None and paging.by != "none":
        raise AnswerRefused(
            f"{url}: {paging.more} says that there are more pages, and {_where(paging)} names no next one."
        )
    is_quiet = paging.continues and more is None and not rows
    return Turn(named, named is None or more is False or is_quiet)


def _more(paging: Paging, answer: Answer, url: str) -> bool | None:
    """What the page says of another one after it; None where nothing says it."""
    if paging.more is None:
        return None
    says = found(answer.json(), paging.more)
    if says is None:
        raise AnswerRefused(f"{url}: the answer has no {paging.more!r}, which paging.more names in support.toml.")
    return says not in (False, 0, "false", "0", "")


def _named(paging: Paging, answer: Answer, url: str) -> Position | None:
    """The next cursor or link."""
    if paging.by == "none":
        return None
    named = found(answer.json(), paging.next) if paging.next else linked(answer.headers.get("link", ""))
    if named in NO_CURSOR:
        return None
    if not isinstance(named, str | int):
        raise AnswerRefused(f"{url}: {_where(paging)} is no {paging.by}: set paging.next in support.toml.")
    return str(httpx2.URL(url).join(str(named)).copy_with(fragment=None)) if paging.by == "link" else named


def _where(paging: Paging) -> str:
    return paging.next or "the header Link"


def linked(header: str) -> str | None:
    """The target of rel=next in a header Link (RFC 8288)."""
    for link in _LINK.finditer(header):
        rel = _REL.search(link[2])
        if rel and "next" in (rel[1] or rel[2] or "").lower().split():
            return link[1]
    return None
