"""Colours: a channel has its own, the same on every page; everything else is ink and grey; red is a crossed limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Theme = Literal["light", "dark"]


@dataclass(frozen=True)
class Palette:
    """The inks of one theme. `email` to `web` stay apart for every kind of colour vision."""

    email: str
    chat: str
    phone: str
    social: str
    web: str
    other: str
    ink: str
    muted: str
    line: str
    grid: str
    paper: str
    limit: str

    def channel(self, name: str | None) -> str:
        """The colour of a channel; grey for one that has none of its own."""
        known = {"email": self.email, "chat": self.chat, "phone": self.phone, "social": self.social, "web": self.web}
        return known.get(name or "", self.other)


LIGHT = Palette(
    email="#204372",
    chat="#925126",
    phone="#167867",
    social="#EB5BAE",
    web="#A98B4C",
    other="#8A909B",
    ink="#1B1F27",
    muted="#5A6270",
    line="#9AA1AC",
    grid="#E8EAEE",
    paper="#FFFFFF",
    limit="#B3261E",
)

DARK = Palette(
    email="#6697ED",
    chat="#ED8A4C",
    phone="#7FD2B9",
    social="#935A89",
    web="#726D30",
    other="#79818D",
    ink="#E8EAED",
    muted="#A3ABB8",
    line="#6F7783",
    grid="#2A3038",
    paper="#14171C",
    limit="#F28B82",
)


def of(theme: Theme) -> Palette:
    """The palette of a theme."""
    return DARK if theme == "dark" else LIGHT
