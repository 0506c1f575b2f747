"""Text of people where signs that steer a screen or a terminal would do harm: on pages, in reports, in logs."""

from __future__ import annotations

import unicodedata

# What turns the direction of writing for everything after it, up to the end of a paragraph.
_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def one_line(text: str) -> str:
    """The text as a reader sees it, in one line: without control characters and signs that turn the direction of writing."""
    line = " ".join(text.split())
    return line if line.isprintable() else "".join(sign for sign in line if not _steers(sign))


def lines(text: str) -> list[str]:
    """As `one_line`, with its lines as they were; none before the first or after the last that says something."""
    return [one_line(line) for line in text.strip().splitlines()]


def _steers(sign: str) -> bool:
    return sign in _TURNING or unicodedata.category(sign) == "Cc"


def printable(text: str) -> str:
    r"""The text for a terminal or a log: what a reader would not see, line breaks too, is spelt out: `\x1b`, `\n`."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
