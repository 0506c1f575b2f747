"""Who may see what. Every page asks here in its first line."""

from __future__ import annotations


def require(page: str) -> None:
    """Stops the page unless this visitor may see it.

    Off: everyone who reaches the address sees every page, and dashboard and settings listen on 127.0.0.1 alone.
    Roles belong here and nowhere else.
    """
    del page
