"""Text of people on its way into Markdown: it stays text."""

from __future__ import annotations

import re

from pages.elements import format
from warehouse.texts import lines, one_line

_MARKUP = "\\`*_{}[]()#+-.!|~<>:$&="
# Streamlit reads addresses, icons, emoji and arrows in text that is unbroken, escaped or not: an empty piece breaks it.
_FUSED = re.compile(r"(?<=:)(?=[^\s\d]|\d+:)|(?<=@)(?=\S)|(?<=www)(?=\.)|(?<=[-<>~])(?=[->=])", re.IGNORECASE)
_APART = ":small[]"


def plain(text: str) -> str:
    """Text of people as text, in one line: nothing in it is Markdown. An em dash where there is nothing to see."""
    shown = one_line(text)
    if text and not shown:
        return format.EM_DASH
    return _APART.join(
        "".join(f"\\{sign}" if sign in _MARKUP else sign for sign in part) for part in _FUSED.split(shown)
    )


def plain_lines(text: str) -> str:
    """As `plain`, with its lines as they were."""
    return "  \n".join(map(plain, lines(text)))
