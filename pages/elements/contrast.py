"""How well text can be read on a colour."""

from __future__ import annotations


def readable_on(fill: str) -> str:
    """Black or white, whichever stands out more from a colour: one of them always does enough."""
    return max(("#000000", "#FFFFFF"), key=lambda ink: contrast(ink, fill))


def contrast(first: str, second: str) -> float:
    """How two colours (#RRGGBB) stand out from each other, 1 to 21, as WCAG 2 defines it."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
